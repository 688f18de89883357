package roster_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"yizhan/core/id"
	"yizhan/syncserver/democity"
	"yizhan/syncserver/roster"
)

// TestImportCountsExactly is scenario P of the field notes at a twentieth of its
// size: every planted fault is found, in every shape of the file, and nothing else.
func TestImportCountsExactly(t *testing.T) {
	c, err := democity.New(democity.Options{Seed: 3, Now: today})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]id.Org{}
	for _, o := range c.Orgs {
		known[roster.Key(o.Name)] = o.ID
	}
	o := roster.Options{Demo: true, Today: today, Known: func(key string) (id.Org, bool) { x, ok := known[key]; return x, ok }}
	for name, v := range map[string]democity.Variant{"plain": democity.Plain, "titled": democity.Titled, "two rows": democity.TwoRow, "shuffled": democity.Shuffled, "GBK": democity.GBK, "UTF-8": democity.UTF8} {
		ext := ".xlsx"
		if v >= democity.GBK {
			ext = ".csv"
		}
		path := filepath.Join(t.TempDir(), "花名册"+ext)
		good, err := c.WriteRoster(path, v, democity.Plant{Spoiled: 40, CheckDigits: 11, Duplicates: 14})
		if err != nil {
			t.Fatal(err)
		}
		w, err := roster.Read(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := w.Check(o)
		kinds := map[roster.Kind]int{}
		for _, p := range r.Problems {
			kinds[p.Kind]++
		}
		if len(r.People) != good || good != 2000-40-11-14 || len(kinds) != 3 || kinds[roster.SpoiledID] != 40 || kinds[roster.CheckDigit] != 11 || kinds[roster.Duplicate] != 14 {
			t.Errorf("%s: %d people, want %d; problems %v", name, len(r.People), good, kinds)
		}
		out := filepath.Join(t.TempDir(), "错误.xlsx")
		if err := roster.WriteErrors(w, r.Problems, out); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := roster.Read(out)
		if err != nil {
			t.Errorf("%s, error copy: %v", name, err)
			continue
		}
		if r2 := again.Check(o); len(r2.People) != good || len(r2.Problems) != len(r.Problems) {
			t.Errorf("%s, error copy: %d people, %d problems; want %d and %d", name, len(r2.People), len(r2.Problems), good, len(r.Problems))
		}
	}
}

// BenchmarkImport43000 reads and checks the park's roster: 43,000 rows of 24
// columns with 860 spoiled numbers and 300 duplicates. peak-MB is the largest
// heap seen.
func BenchmarkImport43000(b *testing.B) {
	c, err := democity.New(democity.Options{Seed: 1, Tier: democity.Park, Now: today})
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "花名册.xlsx")
	good, err := c.WriteRoster(path, democity.Titled, democity.Plant{Spoiled: 860, Duplicates: 300})
	if err != nil {
		b.Fatal(err)
	}
	c = nil
	runtime.GC()
	peak, stop := heapPeak()
	cpu := cpuSeconds(b)
	b.ResetTimer()
	for range b.N {
		w, err := roster.Read(path)
		if err != nil {
			b.Fatal(err)
		}
		r := w.Check(roster.Options{Demo: true, Today: today})
		if n := r.Count(); len(r.People) != good || good != 41_840 || n.Errors != 860 || n.Duplicates != 300 {
			b.Fatalf("%d people, %+v", len(r.People), n)
		}
	}
	b.StopTimer()
	close(stop)
	b.ReportMetric(float64(peak.Load()>>20), "peak-MB")
	b.ReportMetric(43_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric((cpuSeconds(b)-cpu)/float64(b.N), "cpu-s") // says more than the clock on a machine with other work
}

// BenchmarkErrorCopy43000 writes the error copy of the same roster.
func BenchmarkErrorCopy43000(b *testing.B) {
	c, err := democity.New(democity.Options{Seed: 1, Tier: democity.Park, Now: today})
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "花名册.xlsx")
	if _, err := c.WriteRoster(path, democity.Titled, democity.Plant{Spoiled: 860, Duplicates: 300}); err != nil {
		b.Fatal(err)
	}
	w, err := roster.Read(path)
	if err != nil {
		b.Fatal(err)
	}
	problems := w.Check(roster.Options{Demo: true, Today: today}).Problems
	peak, stop := heapPeak()
	b.ResetTimer()
	for i := range b.N {
		if err := roster.WriteErrors(w, problems, filepath.Join(b.TempDir(), fmt.Sprint(i)+".xlsx")); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	close(stop)
	b.ReportMetric(float64(peak.Load()>>20), "peak-MB")
}

// cpuSeconds is the processor time that this process has used.
func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// heapPeak watches the heap until stop is closed.
func heapPeak() (*atomic.Uint64, chan struct{}) {
	var peak atomic.Uint64
	stop := make(chan struct{})
	go func() {
		var m runtime.MemStats
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapInuse))
			}
		}
	}()
	return &peak, stop
}

// FuzzParse: no file makes the reader panic or loop, and what it accepts is sound.
func FuzzParse(f *testing.F) {
	f.Add("a.xlsx", book(f, map[string][][]any{"会员花名册": {peopleHeader, goodRow}, "工会组织": {orgHeader, {"甲", "", ""}}, "服务站点": {stationHeader, {"Z1", "站", "驿站", "路", 118.1, 24.5, "GCJ02"}}}))
	f.Add("a.csv", []byte("姓名,证件号码,手机号码,所属工会,工作单位\n王芳,"+woman+",10012345678,测试工会,公司\n"))
	f.Add("服务站点.csv", []byte("站点编码\t名称\t类型\t地址\t经度\t纬度\t坐标系\nZ1\t站\t驿站\t路\t118\t24\tGPS\n"))
	f.Add("工会组织.csv", []byte("工会名称,上级工会\n甲,乙\n乙,甲\n丙,甲\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		w, err := roster.Parse(name, data)
		if err != nil {
			if w != nil {
				t.Error("a workbook beside an error")
			}
			return
		}
		r := w.Check(options())
		for _, p := range r.People {
			if p.Name == "" || p.Org == "" || len(p.Phone) != 14 || p.IDNumber == "" || strings.ContainsAny(p.IDNumber, " -") {
				t.Errorf("%+v", p)
			}
		}
		for _, o := range r.Orgs {
			if id.Check(string(o.ID)) != nil || o.Parent == o.ID {
				t.Errorf("%+v", o)
			}
		}
		for _, s := range r.Stations {
			if id.Check(string(s.ID)) != nil || s.Lat < 3 || s.Lat > 54 || s.Lon < 73 || s.Lon > 136 || s.Datum == "" {
				t.Errorf("%+v", s)
			}
		}
		for _, p := range r.Problems {
			if p.Row < 1 || p.Reason == "" || p.Sheet == "" && len(name) > 4 && !strings.HasPrefix(name, ".") {
				t.Errorf("%+v", p)
			}
		}
		_ = roster.WriteErrors(w, r.Problems, filepath.Join(t.TempDir(), "out.xlsx")) // may fail, must return
	})
}

// FuzzParts: the parts inside an .xlsx may be damaged in any way while the zip
// around them is sound.
func FuzzParts(f *testing.F) {
	good := book(f, map[string][][]any{"会员花名册": {peopleHeader, goodRow, with("姓名", "")}})
	names := []string{"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"}
	parts := unzip(f, good)
	f.Add([]byte(parts[names[0]]), []byte(parts[names[1]]), []byte(parts[names[2]]), []byte(parts[names[3]]), []byte(parts[names[4]]))
	f.Fuzz(func(t *testing.T, book, rels, styles, texts, sheet []byte) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, data := range parts {
			for i, fuzzed := range [][]byte{book, rels, styles, texts, sheet} {
				if name == names[i] {
					data = string(fuzzed)
				}
			}
			part, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write([]byte(data)); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		w, err := roster.Parse("a.xlsx", b.Bytes())
		if err != nil {
			return
		}
		r := w.Check(options())
		_ = roster.WriteErrors(w, r.Problems, filepath.Join(t.TempDir(), "out.xlsx")) // may fail, must return
	})
}

func unzip(t testing.TB, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(b)
	}
	return parts
}

// TestBytesOfUntouchedRowsStay: the worksheet of an error copy differs from the
// user's only in the rows with a problem, in the header, and in what lies around.
func TestBytesOfUntouchedRowsStay(t *testing.T) {
	data := book(t, map[string][][]any{"会员花名册": {peopleHeader, goodRow, with("姓名", nil), with("证件号码", man)}})
	w, err := roster.Parse("a.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out.xlsx")
	if err := roster.WriteErrors(w, w.Check(options()).Problems[:1], path); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const part = "xl/worksheets/sheet1.xml"
	before, after := strings.Split(unzip(t, data)[part], "<row "), strings.Split(unzip(t, out)[part], "<row ")
	if len(before) != 5 || len(after) != 5 {
		t.Fatalf("%d and %d rows", len(before), len(after))
	}
	// The coloured cell that was not there stands in its place, and the old width of the sheet is gone.
	if a, b := strings.Index(after[3], `r="A3"`), strings.Index(after[3], `r="B3"`); a < 0 || a > b || strings.Contains(after[0], "<dimension") {
		t.Errorf("%s%s", after[0], after[3])
	}
	for i, same := range []bool{false, false, true, false, true} { // part 0 is what stands before the rows
		if (before[i] == after[i]) != same && i > 0 {
			t.Errorf("row %d is the same: %v, want %v\n%s\n%s", i, !same, same, before[i], after[i])
		}
	}
}
