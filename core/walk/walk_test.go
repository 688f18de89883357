package walk

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/geo"
)

// town is a place to put test ways around.
var town = geo.Point{Lat: 24.48, Lon: 118.09}

// at is a place so many metres east and north of the town.
func at(east, north float64) geo.Fix { return geo.PlaneAt(town.Fix()).Fix(east, north) }

// lay adds a way over points of a net whose meshes are 100 m wide; a point's number is row·1000+column.
func lay(b *Builder, name string, kind Kind, rights Rights, refs ...int64) {
	fixes := make([]geo.Fix, len(refs))
	for i, r := range refs {
		fixes[i] = at(float64(r%1000)*100, float64(r/1000)*100)
	}
	b.Add(refs, fixes, name, kind, rights)
}

// shortest is a plain search over all points of the ways, the places as two more
// points: what Route has to agree with.
func shortest(b *Builder, g *Graph, from, to Spot, who Profile) float64 {
	type link struct {
		to     int64
		metres float64
	}
	links := map[int64][]link{}
	join := func(a, b int64, metres float64, rights Rights) {
		links[a] = append(links[a], link{b, metres})
		if rights&OnlyForward == 0 || metres == 0 { // where both are one point nobody walks
			links[b] = append(links[b], link{a, metres})
		}
	}
	for i := range g.Edges() {
		e := g.edges[i]
		if e.rights&HasSteps != 0 && !who.Steps {
			continue
		}
		type stop struct {
			node  int64
			along float64
		}
		stops := []stop{{int64(e.from), 0}, {int64(e.to), float64(e.mm) / 1000}}
		for k, s := range []Spot{from, to} {
			if int(s.edge) == i {
				stops = append(stops, stop{-1 - int64(k), float64(s.along) / 1000})
			}
		}
		slices.SortStableFunc(stops, func(a, b stop) int {
			return cmp.Compare(math.Round(a.along*1e6), math.Round(b.along*1e6))
		})
		for k := 1; k < len(stops); k++ {
			join(stops[k-1].node, stops[k].node, stops[k].along-stops[k-1].along, e.rights)
		}
	}
	best, done := map[int64]float64{-1: 0}, map[int64]bool{}
	for {
		node, least := int64(0), math.Inf(1)
		for n, m := range best {
			if !done[n] && m < least {
				node, least = n, m
			}
		}
		if math.IsInf(least, 1) {
			return -1
		}
		if node == -2 {
			return least
		}
		done[node] = true
		for _, l := range links[node] {
			if old, ok := best[l.to]; !ok || least+l.metres < old {
				best[l.to] = least + l.metres
			}
		}
	}
}

// TestShortest lays random nets of ways, some of them one-way or with steps, and
// compares routes, rankings and what a decoded graph says with a plain search.
func TestShortest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &Builder{}
		lay(b, "环路", Street, 0, 0, 6, 6006, 6000, 0)
		for range rapid.IntRange(1, 12).Draw(t, "ways") {
			ref := rapid.Int64Range(0, 6).Draw(t, "row")*1000 + rapid.Int64Range(0, 6).Draw(t, "column")
			refs := []int64{ref}
			for range rapid.IntRange(1, 6).Draw(t, "points") {
				next := refs[len(refs)-1] + rapid.SampledFrom([]int64{1, -1, 1000, -1000, 1001}).Draw(t, "step")
				if next%1000 <= 6 && next >= 0 && next/1000 <= 6 {
					refs = append(refs, next)
				}
			}
			lay(b, rapid.SampledFrom([]string{"", "学堂路"}).Draw(t, "name"), Footway, rapid.SampledFrom([]Rights{0, 0, HasSteps, OnlyForward}).Draw(t, "rights"), refs...)
		}
		built := b.Build()
		g, err := Decode(built.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if len(built.shape) == 0 && len(g.shape) == 0 { // nil or empty, both are none
			built.shape = g.shape
		}
		if !reflect.DeepEqual(built, g) {
			t.Fatal("the decoded graph is another")
		}
		who := rapid.SampledFrom([]Profile{Ordinary, Wheelchair}).Draw(t, "who")
		var spots []Spot
		for range 4 {
			p := at(rapid.Float64Range(-20, 620).Draw(t, "east"), rapid.Float64Range(-20, 620).Draw(t, "north"))
			if s, ok := g.Snap(p, who); ok {
				spots = append(spots, s)
			}
		}
		for _, from := range spots {
			ranked := g.Rank(from, spots, who)
			for i, to := range spots {
				want := shortest(b, g, from, to, who)
				r, ok := g.Route(from, to, who)
				got := r.Metres - from.Off - to.Off
				if ok != (want >= 0) || ok != (ranked[i].Metres >= 0) || ok && (math.Abs(got-want) > 0.01 || math.Abs(ranked[i].Metres-r.Metres) > 0.01) {
					t.Fatalf("from %+v to %+v: route %v %v, ranked %v, want %v", from, to, ok, got, ranked[i], want)
				}
				if ok && math.Abs(ranked[i].Minutes-r.Minutes) > 1e-9 {
					t.Fatalf("from %+v to %+v: route %v minutes, ranked %v", from, to, r.Minutes, ranked[i].Minutes)
				}
				if ok && math.Abs(sum(r.Steps)-r.Metres) > 0.01 {
					t.Fatalf("the steps are %v m long, the route %v m", sum(r.Steps), r.Metres)
				}
				if ok && math.Abs(length(r.Points)-got) > 0.5 {
					t.Fatalf("the line is %v m long, the route %v m", length(r.Points), got)
				}
			}
		}
	})
}

func sum(steps []Step) (metres float64) {
	for _, s := range steps {
		metres += s.Metres
	}
	return metres
}

func length(points []geo.Fix) (metres float64) {
	for i := 1; i < len(points); i++ {
		metres += geo.Distance(points[i-1].Point(), points[i].Point())
	}
	return metres
}

func spot(t *testing.T, g *Graph, who Profile, east, north float64) Spot {
	t.Helper()
	s, ok := g.Snap(at(east, north), who)
	if !ok {
		t.Fatalf("nothing to walk on at %v, %v", east, north)
	}
	return s
}

// TestSnap: the nearest place is on a piece, not at its ends; islands keep those
// who stand on them; scraps catch nobody.
func TestSnap(t *testing.T) {
	b := &Builder{}
	lay(b, "长街", Street, 0, 0, 20)             // 2 km without a point in between
	lay(b, "岛路", Footway, 0, 4000, 4010, 5010) // 1.1 km, 400 m further north
	lay(b, "断头", Footway, 0, 1005, 1006)       // 100 m that hang on nothing
	g := b.Build()
	s := spot(t, g, Ordinary, 555, 90)
	if x, y := geo.PlaneAt(town.Fix()).XY(s.At); math.Abs(x-555) > 0.1 || math.Abs(y) > 0.1 || math.Abs(s.Off-90) > 0.1 {
		t.Errorf("snapped to %v, %v, %v m off", x, y, s.Off)
	}
	island, near := spot(t, g, Ordinary, 500, 390), spot(t, g, Ordinary, 500, 210)
	if _, ok := g.Route(s, island, Ordinary); ok {
		t.Error("somebody walked to the island")
	}
	if _, ok := g.Route(s, near, Ordinary); !ok {
		t.Error("a place as near to the main network as to the island is not taken for it")
	}
	if ranked := g.Rank(s, []Spot{island, near}, Ordinary); ranked[0].Metres >= 0 || math.Abs(ranked[1].Metres-55-s.Off-near.Off) > 0.1 {
		t.Errorf("ranked %v", ranked)
	}
	if s, ok := g.Snap(at(555, -260), Ordinary); ok {
		t.Errorf("260 m beside the street was snapped to %+v", s)
	}
}

// TestStepsAndOneWay: who cannot use steps goes around; nobody goes against a
// one-way rule for people on foot.
func TestStepsAndOneWay(t *testing.T) {
	b := &Builder{}
	lay(b, "南路", Street, 0, 0, 2, 5)
	lay(b, "北路", Street, 0, 3000, 3002, 3005)
	lay(b, "", Stairs, HasSteps, 2, 3002)
	lay(b, "", Footway, OnlyForward, 0, 3000)
	lay(b, "", Footway, 0, 5, 3005)
	g := b.Build()
	for _, c := range []struct {
		who      Profile
		from, to [2]float64
		metres   float64
	}{
		{Ordinary, [2]float64{200, 0}, [2]float64{200, 300}, 300},
		{Wheelchair, [2]float64{200, 0}, [2]float64{200, 300}, 700},
		{Ordinary, [2]float64{200, 300}, [2]float64{200, 0}, 300},
		{Wheelchair, [2]float64{200, 300}, [2]float64{200, 0}, 900},
		{Ordinary, [2]float64{0, 100}, [2]float64{0, 200}, 100},
		{Wheelchair, [2]float64{0, 200}, [2]float64{0, 100}, 1500},
	} {
		r, ok := g.Route(spot(t, g, c.who, c.from[0], c.from[1]), spot(t, g, c.who, c.to[0], c.to[1]), c.who)
		if !ok || math.Abs(r.Metres-c.metres) > 1.5 {
			t.Errorf("%+v: %v %v", c, ok, r.Metres)
		}
	}
}

func TestWords(t *testing.T) {
	b := &Builder{}
	lay(b, "学堂路", Street, 0, 0, 1, 2, 3)
	lay(b, "清华路", Street, 0, 3, 2003, 5003)
	lay(b, "", Footbridge, 0, 2003, 2004)
	lay(b, "", Stairs, HasSteps, 2004, 3004, 3010)
	g := b.Build()
	r, ok := g.Route(spot(t, g, Ordinary, 0, 0), spot(t, g, Ordinary, 1000, 300), Ordinary)
	if !ok {
		t.Fatal("no way")
	}
	zh := "向东沿学堂路步行 300 米，左转|沿清华路步行 200 米，右转|沿人行天桥步行 100 米，左转|沿台阶步行 700 米，到达"
	if got := strings.Join(r.Chinese(), "|"); got != zh {
		t.Errorf("%s\nwant %s", got, zh)
	}
	if en := r.English(); en[0] != "head east: walk along 学堂路 for 300 m, then turn left" || en[3] != "walk along the steps for 700 m, then you are there" {
		t.Errorf("%q", en)
	}
	if want := 600.0/75 + 700.0/30; math.Abs(r.Minutes-want) > 0.05 {
		t.Errorf("%v minutes, want %v", r.Minutes, want)
	}
}

// TestBeside: what lies beside the ways is told, and all that is told is as long as the whole.
func TestBeside(t *testing.T) {
	b := &Builder{}
	lay(b, "学堂路", Street, 0, 0, 20)
	g := b.Build()
	for _, c := range []struct {
		from, to [2]float64
		zh, en   string
	}{
		{[2]float64{4, 36}, [2]float64{98, -22}, "先走 40 米，到学堂路上|向东沿学堂路步行 90 米，离开这条路|再走 20 米，到达",
			"first walk 40 m to 学堂路|head east: walk along 学堂路 for 90 m, then leave it|walk another 20 m, and you are there"},
		{[2]float64{4, 8}, [2]float64{98, 8}, "向东沿学堂路步行 110 米，到达", "head east: walk along 学堂路 for 110 m, then you are there"},
		{[2]float64{4, 0}, [2]float64{4, 0}, "向北沿学堂路步行 5 米，到达", "head north: walk along 学堂路 for 5 m, then you are there"},
		{[2]float64{0, 0}, [2]float64{1240, 0}, "向东沿学堂路步行 1.2 公里，到达", "head east: walk along 学堂路 for 1.2 km, then you are there"},
	} {
		r, ok := g.Route(spot(t, g, Ordinary, c.from[0], c.from[1]), spot(t, g, Ordinary, c.to[0], c.to[1]), Ordinary)
		if zh, en := strings.Join(r.Chinese(), "|"), strings.Join(r.English(), "|"); !ok || zh != c.zh || en != c.en {
			t.Errorf("from %v to %v:\n%s\n%s\nwant\n%s\n%s", c.from, c.to, zh, en, c.zh, c.en)
		}
	}
}

// TestVeryLongPieces: a graph whose pieces cross half a continent each takes no
// more memory than others, and is walked on like them.
func TestVeryLongPieces(t *testing.T) {
	b := &Builder{}
	for i := range int64(3000) {
		b.Add([]int64{1, 10 + i}, []geo.Fix{at(0, 0), at(80_000, 60_000+float64(i)*10)}, "", Street, 0)
	}
	g := b.Build()
	if len(g.index.edges) != 3000 {
		t.Errorf("the index has %d entries", len(g.index.edges))
	}
	if s := spot(t, g, Ordinary, 40_000, 30_000); s.Off > 60 {
		t.Errorf("%+v", s)
	}
}

func TestNothingToWalk(t *testing.T) {
	g := (&Builder{}).Build()
	if _, ok := g.Snap(town.Fix(), Ordinary); ok || g.Edges() != 0 {
		t.Error("an empty graph has a way")
	}
	if _, err := Decode(g.Encode()); err != nil {
		t.Error(err)
	}
}

// TestFormat holds the bytes of version 1, which packs in the field are made of.
func TestFormat(t *testing.T) {
	b := &Builder{}
	b.Add([]int64{1, 2, 3}, []geo.Fix{{Lat: 10, Lon: 10}, {Lat: 10, Lon: 100_000}, {Lat: 10, Lon: 200_010}}, "路", Street, 0)
	const want = "\x01\x02\x00\x03路\x02\x14\x14\x00\x80\xb5\x18\x01\x01\x00\x02\x9e\xde\x87\x01\x00\x00\x01\x01\x00\xac\x9a\f"
	if got := string(b.Build().Encode()); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// FuzzDecode: whatever the bytes are, they give a graph or an error, and a graph
// that was taken can be walked on.
func FuzzDecode(f *testing.F) {
	b := &Builder{}
	lay(b, "环路", Street, 0, 0, 6, 6006, 6000, 0)
	lay(b, "", Stairs, HasSteps, 0, 3003, 6006)
	f.Add(b.Build().Encode())
	f.Add([]byte{1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		g, err := Decode(body)
		if err != nil {
			return
		}
		if s, ok := g.Snap(at(10, 10), Ordinary); ok {
			g.Route(s, s, Ordinary)
		}
	})
}

func TestCutAnywhere(t *testing.T) {
	b := &Builder{}
	lay(b, "环路", Street, 0, 0, 6, 6006, 6000, 0)
	lay(b, "", Stairs, HasSteps, 0, 3003, 6006)
	body := b.Build().Encode()
	for n := range body {
		if _, err := Decode(body[:n]); err == nil {
			t.Fatalf("cut after %d of %d bytes it was taken", n, len(body))
		}
	}
}
