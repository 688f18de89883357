package osmimport

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/image/font/opentype"

	"yizhan/assets"
	"yizhan/core/geo"
	"yizhan/core/mapdraw"
	"yizhan/core/mappack"
	"yizhan/core/walk"
)

// samples are real extracts that lie beside the repository on some machines; none
// of them is part of it. YIZHAN_MAPS names another place.
func samples(t testing.TB) []string {
	t.Helper()
	dir := os.Getenv("YIZHAN_MAPS")
	if dir == "" {
		dir = "../../../shared/data/maps"
	}
	var files []string
	for _, pattern := range []string{"*.osm", "*.osm.pbf", "*.osm.gz"} {
		some, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, some...)
	}
	if len(files) == 0 {
		t.Skipf("no map extracts at %s; set YIZHAN_MAPS to a folder of .osm or .osm.pbf files", dir)
	}
	return files
}

// TestSamples: on each real map, 1,000 random pairs of places have the lengths of a
// plain search over every single point; and what it takes stays small.
func TestSamples(t *testing.T) {
	for _, file := range samples(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			r, p, g := bring(t, file, Options{})
			km2 := p.Box.Area() / 1e6
			t.Logf("%d features, %.1f km, %.1f km², %d bytes, %.0f KB/km²", r.Features, r.Metres/1000, km2, p.Size, float64(p.Size)/1000/km2)
			if p.Size > 5_000_000 || float64(p.Size)/1000 > max(64, 300*km2) {
				t.Errorf("the pack has %d bytes for %.1f km²", p.Size, km2)
			}
			compare(t, g, p)
		})
	}
}

// compare walks from 20 random places to 50 each.
func compare(t *testing.T, g *walk.Graph, p *mappack.Pack) {
	t.Helper()
	m, r := meshOf(g), rand.New(rand.NewPCG(7, 7))
	anywhere := func() (geo.Fix, walk.Spot) {
		for {
			f := geo.Fix{Lat: p.Box.Min.Lat + r.Int32N(p.Box.Max.Lat-p.Box.Min.Lat), Lon: p.Box.Min.Lon + r.Int32N(p.Box.Max.Lon-p.Box.Min.Lon)}
			if s, ok := g.Snap(f, walk.Ordinary); ok {
				return f, s
			}
		}
	}
	for range 20 {
		f, from := anywhere()
		if off := m.nearest(f); from.Off > off+50.01 {
			t.Fatalf("%v was put on a way %v m off; one is %v m off", f, from.Off, off)
		}
		metres := m.from(from.At)
		var spots []walk.Spot
		for range 50 {
			_, to := anywhere()
			spots = append(spots, to)
		}
		ranked := g.Rank(from, spots, walk.Ordinary)
		for i, to := range spots {
			want := m.to(metres, from.At, to.At)
			route, ok := g.Route(from, to, walk.Ordinary)
			got := route.Metres - from.Off - to.Off
			if ok != !math.IsInf(want, 1) || ok && math.Abs(got-want) > 0.25+want/2000 || ok != (ranked[i].Metres >= 0) || ok && math.Abs(ranked[i].Metres-route.Metres) > 0.002 {
				t.Fatalf("from %v to %v: %v, %v and ranked %v, a plain search says %v", from.At, to.At, ok, got, ranked[i], want)
			}
		}
	}
}

// mesh is the graph point by point, as a plain search wants it.
type mesh struct {
	at    []geo.Fix
	links [][]link
	lines []line
}

type link struct {
	to     int
	metres float64
}

type line struct {
	a, b    int
	forward bool
}

func meshOf(g *walk.Graph) *mesh {
	m := &mesh{at: make([]geo.Fix, g.Nodes()), links: make([][]link, g.Nodes())}
	for i := range g.Edges() {
		w := g.Way(i)
		last := w.From
		for k, f := range w.Points {
			n := w.From
			switch {
			case k == len(w.Points)-1:
				n = w.To
			case k > 0:
				n, m.links = len(m.at), append(m.links, nil)
				m.at = append(m.at, f)
			}
			m.at[n] = f
			if k > 0 {
				d := geo.Distance(m.at[last].Point(), f.Point())
				forward := w.Rights&walk.OnlyForward != 0
				m.links[last] = append(m.links[last], link{n, d})
				if !forward {
					m.links[n] = append(m.links[n], link{last, d})
				}
				m.lines = append(m.lines, line{last, n, forward})
			}
			last = n
		}
	}
	return m
}

// off is how far a place is from a line, and how far along it.
func (m *mesh) off(p geo.Fix, l line) (off, along float64) {
	plane := geo.PlaneAt(p)
	ax, ay := plane.XY(m.at[l.a])
	bx, by := plane.XY(m.at[l.b])
	dx, dy := bx-ax, by-ay
	if dx != 0 || dy != 0 {
		along = min(1, max(0, -(ax*dx+ay*dy)/(dx*dx+dy*dy)))
	}
	return math.Hypot(ax+along*dx, ay+along*dy), along
}

func (m *mesh) nearest(p geo.Fix) float64 {
	best := math.Inf(1)
	for _, l := range m.lines {
		off, _ := m.off(p, l)
		best = min(best, off)
	}
	return best
}

// on are the lines that a place lies on.
func (m *mesh) on(p geo.Fix) (lines []line, along []float64) {
	for _, l := range m.lines {
		a, b := m.at[l.a], m.at[l.b]
		if p.Lat < min(a.Lat, b.Lat)-20 || p.Lat > max(a.Lat, b.Lat)+20 || p.Lon < min(a.Lon, b.Lon)-20 || p.Lon > max(a.Lon, b.Lon)+20 {
			continue
		}
		if off, at := m.off(p, l); off < 0.02 {
			lines, along = append(lines, l), append(along, at)
		}
	}
	return lines, along
}

func (m *mesh) length(l line) float64 { return geo.Distance(m.at[l.a].Point(), m.at[l.b].Point()) }

func (m *mesh) from(p geo.Fix) []float64 {
	metres := make([]float64, len(m.at))
	for i := range metres {
		metres[i] = math.Inf(1)
	}
	q := &queue{}
	put := func(n int, d float64) {
		if d < metres[n] {
			metres[n] = d
			heap.Push(q, link{n, d})
		}
	}
	lines, along := m.on(p)
	for i, l := range lines {
		put(l.b, (1-along[i])*m.length(l))
		if !l.forward {
			put(l.a, along[i]*m.length(l))
		}
	}
	for q.Len() > 0 {
		if top := heap.Pop(q).(link); top.metres == metres[top.to] {
			for _, l := range m.links[top.to] {
				put(l.to, top.metres+l.metres)
			}
		}
	}
	return metres
}

func (m *mesh) to(metres []float64, from, p geo.Fix) float64 {
	best := math.Inf(1)
	starts, begun := m.on(from)
	lines, along := m.on(p)
	for i, l := range lines {
		best = min(best, metres[l.a]+along[i]*m.length(l))
		if !l.forward {
			best = min(best, metres[l.b]+(1-along[i])*m.length(l))
		}
		for k, s := range starts {
			if s == l && (along[i] >= begun[k] || !l.forward) {
				best = min(best, math.Abs(along[i]-begun[k])*m.length(l))
			}
		}
	}
	return best
}

// queue is the heap of the standard library, so that nothing of walk is in it.
type queue []link

// Len is for container/heap.
func (q queue) Len() int { return len(q) }

// Less is for container/heap.
func (q queue) Less(i, j int) bool { return q[i].metres < q[j].metres }

// Swap is for container/heap.
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is for container/heap.
func (q *queue) Push(x any) { *q = append(*q, x.(link)) }

// Pop is for container/heap.
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// porto is the largest sample, which the benchmarks walk in.
func porto(b *testing.B) (*mappack.Pack, *walk.Graph) {
	for _, file := range samples(b) {
		if filepath.Base(file) == "r5r-porto-alegre.osm.pbf" {
			_, p, g := bring(b, file, Options{})
			return p, g
		}
	}
	b.Skip("r5r-porto-alegre.osm.pbf is not there; set YIZHAN_MAPS to its folder")
	return nil, nil
}

func spots(p *mappack.Pack, g *walk.Graph, n int) (list []walk.Spot) {
	r := rand.New(rand.NewPCG(3, 3))
	for len(list) < n {
		f := geo.Fix{Lat: p.Box.Min.Lat + r.Int32N(p.Box.Max.Lat-p.Box.Min.Lat), Lon: p.Box.Min.Lon + r.Int32N(p.Box.Max.Lon-p.Box.Min.Lon)}
		if s, ok := g.Snap(f, walk.Ordinary); ok {
			list = append(list, s)
		}
	}
	return list
}

// spent reports the processor's time of a benchmark, which other work on the machine
// does not lengthen as it does the time on the clock.
func spent(b *testing.B) (end func()) {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64((used()-before).Nanoseconds())/float64(b.N), "cpu-ns/op") }
}

func BenchmarkNearestAll(b *testing.B) {
	p, g := porto(b)
	list := spots(p, g, 312)
	defer spent(b)()
	for i := 0; b.Loop(); i++ {
		g.Rank(list[i%len(list)], list, walk.Ordinary)
	}
}

// BenchmarkRoute also gives the median: half of all ways are found faster.
func BenchmarkRoute(b *testing.B) {
	p, g := porto(b)
	list := spots(p, g, 312)
	defer spent(b)()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		begun := time.Now()
		g.Route(list[i%len(list)], list[(i*7+1)%len(list)], walk.Ordinary)
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "median-ns")
}

func BenchmarkSnap(b *testing.B) {
	p, g := porto(b)
	list := spots(p, g, 312)
	defer spent(b)()
	for i := 0; b.Loop(); i++ {
		g.Snap(list[i%len(list)].At, walk.Ordinary)
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, file := range samples(b) {
		if filepath.Base(file) != "r5r-porto-alegre.osm.pbf" {
			continue
		}
		path := filepath.Join(b.TempDir(), "a.map")
		if _, err := Import(b.Context(), file, path, Options{}); err != nil {
			b.Fatal(err)
		}
		defer spent(b)()
		for b.Loop() {
			p, err := mappack.Open(path, "")
			if err != nil {
				b.Fatal(err)
			}
			body, err := p.Graph()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := walk.Decode(body); err != nil {
				b.Fatal(err)
			}
			p.Close()
		}
	}
}

// BenchmarkTile draws tiles of 256 pixels in the densest sample, without names.
func BenchmarkTile(b *testing.B) {
	for _, file := range samples(b) {
		if filepath.Base(file) != "cn-beijing-tsinghua-2017.osm" {
			continue
		}
		_, p, _ := bring(b, file, Options{})
		v := mapdraw.View{Center: geo.Fix{Lat: p.Box.Min.Lat/2 + p.Box.Max.Lat/2, Lon: p.Box.Min.Lon/2 + p.Box.Max.Lon/2}, Zoom: 16, Width: 256, Height: 256}
		defer spent(b)()
		for b.Loop() {
			if _, err := mapdraw.Draw(b.Context(), p, v, mapdraw.Day(nil), nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkFrame draws what a kiosk shows first: 1080×1080 pixels of the densest
// sample with Chinese names. The face is kept from one frame to the next, as the app keeps it.
func BenchmarkFrame(b *testing.B) {
	body, err := assets.Fonts.ReadFile("fonts/NotoSansSC-Regular.otf")
	if err != nil {
		b.Skip("no Chinese font in this build; make fonts brings it")
	}
	parsed, err := opentype.Parse(body)
	if err != nil {
		b.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 17, DPI: 72})
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range samples(b) {
		if filepath.Base(file) != "cn-beijing-tsinghua-2017.osm" {
			continue
		}
		_, p, _ := bring(b, file, Options{})
		for _, zoom := range []float64{15, 16, 17} {
			v := mapdraw.View{Center: geo.Fix{Lat: p.Box.Min.Lat/2 + p.Box.Max.Lat/2, Lon: p.Box.Min.Lon/2 + p.Box.Max.Lon/2}, Zoom: zoom, Width: 1080, Height: 1080}
			b.Run(fmt.Sprintf("zoom=%v", zoom), func(b *testing.B) {
				defer spent(b)()
				for b.Loop() {
					if _, err := mapdraw.Draw(b.Context(), p, v, mapdraw.Day(face), nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
