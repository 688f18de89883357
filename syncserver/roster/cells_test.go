package roster

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// FuzzCells: damaged worksheet and text-table XML gives rows or an error, in
// bounded memory: rows come in ascending order, within Excel's own limits.
func FuzzCells(f *testing.F) {
	f.Add([]byte(`<worksheet><sheetData><row r="2" hidden="1"><c r="B2" t="s"><v>1</v></c><c t="n"><v>4.4E+17</v></c></row><row/></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells></worksheet>`), []byte(`<sst><si><t>a</t></si><si><r><t>b</t></r><rPh><t>c</t></rPh></si></sst>`))
	f.Add([]byte(`<x:row r="1048577"><x:c r="XFD1" t="inlineStr"><x:is><x:t>_x000D_</x:t></x:is></x:c></x:row>`), []byte(`<si/>`))
	f.Add([]byte(`<row r="-5"><c r="ZZZZ9" t="s"><v>-1</v></c><c t="s"><v>99999999999999999999</v></c></row>`), []byte(`<si><t>`))
	f.Fuzz(func(t *testing.T, sheetXML, stringsXML []byte) {
		shared, err := sharedStrings(stringsXML)
		if err != nil {
			shared = nil
		}
		s := &sheet{name: "表"}
		_ = s.readCells(sheetXML, shared)
		last := 0
		for _, r := range s.rows {
			if r.n <= last || r.n > lastRow || len(r.cells) == 0 || len(r.cells) > maxCols {
				t.Fatalf("row %d after %d with %d cells", r.n, last, len(r.cells))
			}
			last = r.n
		}
		w := &Workbook{Name: "表"}
		if w.recognise([]*sheet{s}) == nil {
			w.Check(Options{})
		}
	})
}

func TestCellsKeepTypeAndPlace(t *testing.T) {
	s := &sheet{name: "表"}
	err := s.readCells([]byte(`<worksheet><sheetData>
		<row r="3"><c r="B3" t="s"><v>1</v></c><c r="D3"><v>999001199001010000</v></c><c t="str"><f>A1</f><v>算</v></c></row>
		<row><c t="inlineStr"><is><r><t>甲</t></r><r><t xml:space="preserve"> 乙</t></r><rPh sb="0"><t>jia</t></rPh></is></c></row>
		</sheetData><mergeCells><mergeCell ref="A1:B2"/><mergeCell ref="C4:C4"/></mergeCells></worksheet>`), []string{"零", "一"})
	if err != nil {
		t.Fatal(err)
	}
	want := []row{
		{3, []cell{{}, {"一", false}, {}, {"999001199001010000", true}, {"算", false}}},
		{4, []cell{{"甲 乙", false}}},
	}
	if len(s.rows) != 2 || len(s.merges) != 1 || s.merges[0] != (rect{1, 1, 2, 2}) {
		t.Fatalf("%+v, merges %v", s.rows, s.merges)
	}
	for i, r := range s.rows {
		if r.n != want[i].n || len(r.cells) != len(want[i].cells) {
			t.Fatalf("%+v, want %+v", r, want[i])
		}
		for k, c := range r.cells {
			if c != want[i].cells[k] {
				t.Errorf("row %d cell %d: %+v, want %+v", r.n, k, c, want[i].cells[k])
			}
		}
	}
}

func TestSharedTexts(t *testing.T) {
	got, err := sharedStrings([]byte(`<sst><si><t>甲</t></si><si><r><t>乙</t></r><r><t> 丙</t></r><rPh sb="0" eb="1"><t>yi</t></rPh></si><si/><si><t>a_x000D_&amp;b</t></si></sst>`))
	if want := []string{"甲", "乙 丙", "", "a&b"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestBoundsAreKept(t *testing.T) {
	s := &sheet{name: "表"}
	if err := s.readCells([]byte(`<row r="1048577"/>`), nil); err == nil {
		t.Error("a row beyond Excel's last was accepted")
	}
	s = &sheet{name: "表", rows: make([]row, maxRows)}
	if err := s.add(maxRows+1, []cell{{text: "x"}}); err == nil || !strings.Contains(err.Error(), "分成几个文件") {
		t.Errorf("too many rows: %v", err)
	}
	s = &sheet{name: "表", merges: make([]rect, maxMerges)}
	if err := s.merge("A1:B2"); err == nil {
		t.Error("too many merged ranges were accepted")
	}
	if err := s.readCells([]byte(`<row><c><v>1</c></row`), nil); errors.Is(err, io.EOF) {
		t.Error("broken XML reads like the end of the file")
	}
}

func TestColumnLetters(t *testing.T) {
	for n, want := range map[int]string{1: "A", 26: "Z", 27: "AA", 52: "AZ", 53: "BA", 702: "ZZ", 703: "AAA"} {
		if got := columnLetters(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
		if c, r := parseRef(want + "7"); c != n || r != 7 {
			t.Errorf("%s7 is column %d, row %d", want, c, r)
		}
	}
}

// TestCheckDigits holds published examples of both check digits.
func TestCheckDigits(t *testing.T) {
	for first, want := range map[string]byte{"11010519491231002": 'X', "44052418800101001": '4'} { // examples of GB 11643 itself
		if got := IDCheckDigit(first); got != want {
			t.Errorf("%s ends in %c, want %c", first, got, want)
		}
	}
	if !ValidOrgCode("91350100M000100Y43") { // example of GB 32100 itself
		t.Error("the example of GB 32100 is refused")
	}
	for _, bad := range []string{"91350100M000100Y44", "91350100M000100Y4", "9135O100M000100Y43", ""} {
		if ValidOrgCode(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
}
