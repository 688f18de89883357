package mapdraw

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"golang.org/x/image/font/basicfont"
	"pgregory.net/rapid"

	"yizhan/core/geo"
	"yizhan/core/mappack"
)

var center = geo.Point{Lat: 24.48, Lon: 118.09}.Fix()

func at(east, north float64) geo.Fix { return geo.PlaneAt(center).Fix(east, north) }

func square(x, y, half float64) []geo.Fix {
	return []geo.Fix{at(x-half, y-half), at(x+half, y-half), at(x+half, y+half), at(x-half, y+half)}
}

// TestThereAndBack: a place on the picture is the same place on the ground.
func TestThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := View{geo.Fix{Lat: rapid.Int32Range(-8e8, 8e8).Draw(t, "lat"), Lon: rapid.Int32Range(-17e8, 17e8).Draw(t, "lon")}, rapid.Float64Range(8, 20).Draw(t, "zoom"), 1080, 1920}
		x, y := rapid.Float64Range(0, 1080).Draw(t, "x"), rapid.Float64Range(0, 1920).Draw(t, "y")
		if x2, y2 := v.XY(v.Fix(x, y)); math.Abs(x-x2) > 0.5 || math.Abs(y-y2) > 0.5 {
			t.Fatalf("%v, %v came back as %v, %v", x, y, x2, y2)
		}
	})
}

// TestTilesMeet: the tiles of a zoom lie beside each other without a gap.
func TestTilesMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zoom, side := rapid.Float64Range(11, 20).Draw(t, "zoom"), rapid.SampledFrom([]int{256, 512}).Draw(t, "side")
		v := View{center, zoom, side, side}
		x, y := v.Corner()
		column, row := int(x)/side, int(y)/side
		tile := Tile(zoom, side, column, row)
		if px, py := tile.Corner(); math.Abs(px-float64(column*side)) > 0.1 || math.Abs(py-float64(row*side)) > 0.1 {
			t.Fatalf("tile %d, %d begins at %v, %v, not at %v, %v", column, row, px, py, column*side, row*side)
		}
		if px, py := tile.XY(v.Fix(0, 0)); math.Abs(px-(x-float64(column*side))) > 0.1 || math.Abs(py-(y-float64(row*side))) > 0.1 {
			t.Fatalf("the corner lies at %v, %v of its tile, not at %v, %v", px, py, x-float64(column*side), y-float64(row*side))
		}
	})
}

func packOf(t testing.TB, features ...*mappack.Feature) *mappack.Pack {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.map")
	w, err := mappack.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, f := range features {
		if err := w.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(mappack.About{Area: "a", Attribution: "(c) OSM"}, []byte{0}); err != nil {
		t.Fatal(err)
	}
	p, err := mappack.Open(path, "a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestWhatIsWhere: colours at places by hand: a lake with an island in it, whichever
// way round its rings run, a street over it, a route over the street.
func TestWhatIsWhere(t *testing.T) {
	for turned := range 4 {
		outer, hole := square(0, 0, 200), square(-100, 100, 60)
		if turned&1 == 1 {
			outer = []geo.Fix{outer[3], outer[2], outer[1], outer[0]}
		}
		if turned&2 == 2 {
			hole = []geo.Fix{hole[3], hole[2], hole[1], hole[0]}
		}
		p := packOf(t,
			&mappack.Feature{Class: mappack.Water, Area: true, Rings: [][]geo.Fix{hole, outer}},
			&mappack.Feature{Class: mappack.Tertiary, Name: "road", Rings: [][]geo.Fix{{at(-5000, -100), at(5000, -100)}}},
		)
		style := Day(nil)
		v := View{center, 16, 400, 300}
		img, err := Draw(context.Background(), p, v, style, []geo.Fix{at(40, -100), at(150, -100)})
		if err != nil {
			t.Fatal(err)
		}
		for where, want := range map[geo.Fix]color.RGBA{
			at(0, 0): style.Pens[mappack.Water].Fill, at(-100, 100): style.Ground, at(260, 0): style.Ground,
			at(-100, -100): style.Pens[mappack.Tertiary].Line, at(100, -100): style.Route,
		} {
			x, y := v.XY(where)
			if got := img.RGBAAt(int(x), int(y)); got != want {
				t.Errorf("turned %d: at %v there is %v, want %v", turned, where, got, want)
			}
		}
	}
}

// TestNames: no name covers another, a name that is there already is not repeated
// beside itself, and whose data it is stands in the corner.
func TestNames(t *testing.T) {
	var features []*mappack.Feature
	for i := range 40 {
		features = append(features, &mappack.Feature{Class: mappack.Poi, Name: string(rune('A'+i%26)) + " long name", Rings: [][]geo.Fix{{at(float64(i%7)*30-100, float64(i/7)*30-80)}}})
	}
	p := packOf(t, features...)
	c := newCanvas(View{center, 17, 500, 400}, Day(basicfont.Face7x13))
	c.by, c.img = p.Attribution, image.NewRGBA(c.whole())
	if err := p.Features(context.Background(), c.Box(0), 17, func(f *mappack.Feature) error { c.take(f); return nil }); err != nil {
		t.Fatal(err)
	}
	boxes := c.write()
	if len(boxes) < 8 || len(boxes) > 40 {
		t.Errorf("%d names were written", len(boxes))
	}
	for i, a := range boxes {
		for _, b := range boxes[:i] {
			if a.Overlaps(b) {
				t.Errorf("%v covers %v", a, b)
			}
		}
		if !a.In(c.img.Bounds()) {
			t.Errorf("%v is cut off", a)
		}
	}
	inked := 0
	for x := boxes[0].Min.X; x < 500; x++ {
		for y := boxes[0].Min.Y; y < 400; y++ {
			if c.img.RGBAAt(x, y).A != 0 {
				inked++
			}
		}
	}
	if inked < 100 {
		t.Error("nothing says whose data it is")
	}
}

// TestEveryClassHasAPen finds a class that would be written in no colour at all.
func TestEveryClassHasAPen(t *testing.T) {
	for _, style := range []*Style{Day(nil), Night(nil), Contrast(nil)} {
		for class, pen := range style.Pens {
			if pen.Text.A == 0 {
				t.Errorf("class %d has no pen", class)
			}
		}
	}
}

func TestRefusesSizes(t *testing.T) {
	p := packOf(t, &mappack.Feature{Class: mappack.Water, Rings: [][]geo.Fix{{at(0, 0), at(1, 1)}}})
	for _, v := range []View{{center, 16, 0, 10}, {center, 16, 10, -1}, {center, 16, 100_000, 10}, {center, 21, 10, 10}, {center, -1, 10, 10}, {center, math.NaN(), 10, 10}} {
		if _, err := Draw(context.Background(), p, v, Night(nil), nil); err == nil {
			t.Errorf("%+v was drawn", v)
		}
	}
	if _, err := Draw(context.Background(), p, View{center, 0, 64, 64}, Contrast(nil), nil); err != nil {
		t.Error(err)
	}
}

// TestNamesThatStay: names that are on the screen keep their places when the map has
// moved, no name covers another, and a name's picture shows all of it.
func TestNamesThatStay(t *testing.T) {
	var features []*mappack.Feature
	for i := range 120 {
		x, y := float64(i*37%600)-300, float64(i*53%500)-250
		features = append(features, &mappack.Feature{Class: mappack.Poi, Name: fmt.Sprintf("place %d", i), Rings: [][]geo.Fix{{at(x, y)}}})
	}
	p, style := packOf(t, features...), Day(basicfont.Face7x13)
	rapid.Check(t, func(rt *rapid.T) {
		v := View{center, 17, 600, 500}
		before, err := Names(context.Background(), p, v, style, nil)
		if err != nil {
			rt.Fatal(err)
		}
		v.Center = at(rapid.Float64Range(-40, 40).Draw(rt, "east"), rapid.Float64Range(-40, 40).Draw(rt, "north"))
		after, err := Names(context.Background(), p, v, style, before)
		if err != nil {
			rt.Fatal(err)
		}
		box := func(n Name) image.Rectangle {
			x, y := v.XY(n.At)
			size := style.Word(n).Bounds().Size()
			return image.Rectangle{Max: size}.Add(image.Pt(int(x)-size.X/2, int(y)-size.Y/2))
		}
		for _, n := range before {
			stays := slices.ContainsFunc(after, func(m Name) bool { return m.Text == n.Text })
			if !stays && box(n).In(v.whole().Inset(2)) {
				rt.Fatalf("%s stood at %v and is gone", n.Text, box(n))
			}
		}
		for i, a := range after {
			for _, b := range after[:i] {
				if box(a).Inset(2).Overlaps(box(b).Inset(2)) {
					rt.Fatalf("%s covers %s", a.Text, b.Text)
				}
			}
		}
	})
}

// BenchmarkDraw draws a picture of a kiosk's width over a net of streets and houses.
func BenchmarkDraw(b *testing.B) {
	var features []*mappack.Feature
	for i := range 40 {
		x := float64(i)*50 - 1000
		features = append(features, &mappack.Feature{Class: mappack.SideStreet, Name: "street", Rings: [][]geo.Fix{{at(x, -1200), at(x, 1200)}}},
			&mappack.Feature{Class: mappack.Secondary, Name: "road", Rings: [][]geo.Fix{{at(-1200, x), at(1200, x)}}})
		for k := range 40 {
			features = append(features, &mappack.Feature{Class: mappack.Building, Area: true, Rings: [][]geo.Fix{square(x+25, float64(k)*50-975, 15)}})
		}
	}
	p := packOf(b, features...)
	for _, side := range []int{256, 512, 1080} {
		b.Run(fmt.Sprint(side), func(b *testing.B) {
			for b.Loop() {
				if _, err := Draw(b.Context(), p, View{center, 16, side, side}, Day(nil), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestNamesRunDownSteepStreets: a Chinese name on a street to the north is a column, one
// with Latin letters or on a street to the east a line.
func TestNamesRunDownSteepStreets(t *testing.T) {
	p := packOf(t,
		&mappack.Feature{Class: mappack.Primary, Name: "云鹭大道", Rings: [][]geo.Fix{{at(-150, -300), at(-130, 300)}}},
		&mappack.Feature{Class: mappack.Primary, Name: "G15", Rings: [][]geo.Fix{{at(150, -300), at(130, 300)}}},
		&mappack.Feature{Class: mappack.Primary, Name: "石泉路", Rings: [][]geo.Fix{{at(-300, 10), at(300, 0)}}},
	)
	style := Day(basicfont.Face7x13)
	names, err := Names(context.Background(), p, View{center, 16, 600, 600}, style, nil)
	if err != nil || len(names) != 3 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, n := range names {
		if n.Down != (n.Text == "云鹭大道") {
			t.Errorf("%+v", n)
		}
		if size := style.Word(n).Bounds().Size(); n.Down != (size.Y > size.X) {
			t.Errorf("%s is %v", n.Text, size)
		}
	}
}

// TestNamesStandInTheirAreas: also where the middle of the box lies outside.
func TestNamesStandInTheirAreas(t *testing.T) {
	bent := []geo.Fix{at(-200, -200), at(200, -200), at(200, -120), at(-120, -120), at(-120, 200), at(-200, 200)}
	p := packOf(t, &mappack.Feature{Class: mappack.Water, Area: true, Name: "L", Rings: [][]geo.Fix{bent}})
	v := View{center, 16, 600, 600}
	names, err := Names(context.Background(), p, v, Day(basicfont.Face7x13), nil)
	if err != nil || len(names) != 1 {
		t.Fatalf("%v, %v", names, err)
	}
	var ring orb.Ring
	for _, f := range append(bent, bent[0]) {
		x, y := v.XY(f)
		ring = append(ring, orb.Point{x, y})
	}
	if x, y := v.XY(names[0].At); !within(ring, orb.Point{x, y}) {
		t.Errorf("the name stands at %v, %v", x, y)
	}
}
