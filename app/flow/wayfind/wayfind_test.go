package wayfind

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/app/flow/stations"
	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/station"
	"yizhan/core/walk"
)

var (
	zone   = time.FixedZone("UTC+8", 8*3600)
	now    = time.Date(2026, 11, 21, 14, 5, 0, 0, zone)
	origin = geo.Point{Lat: 31.25, Lon: 120.61}
)

func at(east, north float64) geo.Fix { return geo.PlaneAt(origin.Fix()).Fix(east, north) }

// ground is a square of streets 400 m long, steps that cut its corner, and a street beyond a river.
func ground() Ground {
	var b walk.Builder
	b.Add([]int64{1, 2, 3, 4, 1}, []geo.Fix{at(0, 0), at(400, 0), at(400, 400), at(0, 400), at(0, 0)}, "环城路", walk.Street, 0)
	b.Add([]int64{1, 3}, []geo.Fix{at(0, 0), at(400, 400)}, "百步梯", walk.Stairs, walk.HasSteps)
	b.Add([]int64{8, 9}, []geo.Fix{at(2000, -800), at(2000, 800)}, "对岸路", walk.Street, 0)
	return Ground{Hash: "1", Name: "云鹭市", Attribution: "© OSM", Box: geo.Box{Min: at(-500, -900), Max: at(2500, 900)}, Graph: b.Build()}
}

func place(i int, east, north float64, hours string, facilities ...string) station.Station {
	p := at(east, north).Point()
	return station.Station{ID: id.Station(fmt.Sprintf("S%d", i)), Name: fmt.Sprintf("%d号驿站", i), Kind: "care", Lat: p.Lat, Lon: p.Lon, Datum: "WGS84", Hours: hours, Facilities: facilities}
}

func given(messages ...Message) State {
	data := stations.Data{Stations: []station.Station{
		place(1, 0, 0, "每天 24小时"),                     // here
		place(2, 100, 0, "每天 06:00-11:00", "water"),   // closed
		place(3, 400, 400, "每天 08:00-18:00", "water"), // 566 m by the steps, 800 m without
		place(4, 400, 10, "每天 08:00-20:00"),           // 410 m
		place(5, 2000, 0, "每天 24小时", "water"),         // beyond the river
		{ID: "S6", Name: "无图驿站", Hours: "每天 24小时"},
	}}
	s := State{}
	for _, m := range append([]Message{Stations{stations.Tick{Now: now}}, Stations{stations.Loaded{Data: data}}, Home{origin, true, "S1"}, Mapped{ground()}, Resized{1000, 600}}, messages...) {
		s = s.Update(m)
	}
	return s
}

func listed(s State) string {
	rows, _ := s.List.Rows()
	var all []string
	for _, r := range rows {
		all = append(all, string(r.Station))
	}
	return strings.Join(all, " ")
}

// TestNearest: the nearest open one by walking, with what is asked for, at each pace, as
// long as its way then is, steps included.
func TestNearest(t *testing.T) {
	water := Stations{stations.Facility{Key: "water"}}
	for _, c := range []struct {
		messages []Message
		want     id.Station
		away     string
		listed   string
	}{
		{nil, "S4", "步行 410 米，约 6 分钟", "S1 S2 S4 S3 S5 S6"},
		{[]Message{water}, "S3", "步行 570 米，约 19 分钟", "S2 S3 S5"},
		{[]Message{water, SetPace{Wheelchair}}, "S3", "步行 800 米，约 16 分钟", "S2 S3 S5"},
		{[]Message{SetPace{Elderly}}, "S4", "步行 410 米，约 9 分钟", "S1 S2 S4 S3 S5 S6"},
		{[]Message{StandAt{"S5"}}, "", "", "S5 S4 S3 S2 S1 S6"}, // nothing can be walked to from there
	} {
		s := given(c.messages...)
		near, ok := s.Nearest()
		if near.Station != c.want || ok != (c.want != "") || near.Away.String() != c.away {
			t.Errorf("%v: nearest is %s, %s; want %s, %s", c.messages, near.Station, near.Away, c.want, c.away)
		}
		if got := listed(s); got != c.listed {
			t.Errorf("%v: listed %s, want %s", c.messages, got, c.listed)
		}
		if s.Goal != c.want || ok && s.Route == nil {
			t.Errorf("%v: the way leads to %q: %+v", c.messages, s.Goal, s.Route)
		}
		if ok && s.Length().String() != c.away {
			t.Errorf("%v: the list says %s, the way %s", c.messages, c.away, s.Length())
		}
	}
}

// TestNoWay: each reason has its sentence, and what to do.
func TestNoWay(t *testing.T) {
	show := func(station id.Station) Message { return Stations{stations.Show{Station: station}} }
	far := at(-400, -400).Point()
	for _, c := range []struct {
		messages []Message
		want     Trouble
	}{
		{[]Message{show("S5")}, NoWay},
		{[]Message{show("S6")}, NotPlaced},
		{[]Message{show("S3"), Mapped{}}, NoMap},
		{[]Message{Home{}, show("S3")}, NoOrigin},
		{[]Message{Home{At: far, Placed: true}, show("S3")}, OffRoad},
		{[]Message{show("S3")}, None},
	} {
		s := given(c.messages...)
		sentence, next := s.Why()
		if s.Trouble != c.want || (s.Route == nil) != (c.want != None) || sentence.Empty() != (c.want == None) || next.Empty() != (c.want == None) {
			t.Errorf("%v: trouble %d, want %d: %s %s", c.messages, s.Trouble, c.want, sentence, next)
		}
	}
}

// TestFitShowsTheWay: whatever is chosen, all of its way lies on the screen.
func TestFitShowsTheWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := given(Resized{float32(rapid.IntRange(300, 1900).Draw(t, "width")), float32(rapid.IntRange(300, 1900).Draw(t, "height"))})
		s = s.Update(StandAt{rapid.SampledFrom([]id.Station{"S1", "S2", "S3", "S4"}).Draw(t, "from")})
		s = s.Update(Stations{stations.Show{Station: rapid.SampledFrom([]id.Station{"S1", "S2", "S3", "S4"}).Draw(t, "to")}})
		if s.Route == nil {
			t.Fatal("no way")
		}
		v := s.View()
		for _, f := range s.Route.Points {
			if x, y := v.XY(f); x < 0 || y < 0 || x > float64(v.Width) || y > float64(v.Height) {
				t.Fatalf("%v lies at %v, %v of %d×%d at zoom %d", f, x, y, v.Width, v.Height, s.Camera.Zoom)
			}
		}
	})
}

// TestFingers: what lies under a finger stays there while the map is moved and zoomed,
// unless that leaves the map.
func TestFingers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := given()
		x, y := rapid.Float32Range(0, 1000).Draw(t, "x"), rapid.Float32Range(0, 600).Draw(t, "y")
		under := s.View().Fix(float64(x), float64(y))
		dx, dy := float32(rapid.IntRange(-40, 40).Draw(t, "dx")), float32(rapid.IntRange(-40, 40).Draw(t, "dy"))
		s = s.Update(Pan{dx, dy}).Update(Zoom{rapid.IntRange(-1, 2).Draw(t, "by"), x + dx, y + dy})
		gx, gy := s.View().XY(under)
		if math.Abs(gx-float64(x+dx)) > 0.6 || math.Abs(gy-float64(y+dy)) > 0.6 {
			t.Fatalf("what lay under the finger lies at %v, %v, not %v, %v", gx, gy, x+dx, y+dy)
		}
		for range 40 {
			s = s.Update(Pan{900, 500})
		}
		if !s.Ground.Box.Holds(s.Camera.Center) || s.Update(Zoom{By: 50}).Camera.Zoom != Nearest || s.Update(Zoom{By: -50}).Camera.Zoom != Farthest {
			t.Fatalf("the camera left the map: %+v", s.Camera)
		}
	})
}

// TestTap: a finger on a pin opens its station, and elsewhere nothing, unless it is
// asked where the person stands.
func TestTap(t *testing.T) {
	s := given()
	pin, _ := s.pin("S3")
	x, y := s.View().XY(pin.At)
	if got := s.Update(Tap{float32(x) + 8, float32(y) - 20}); got.List.Shown != "S3" || got.Page != Place || got.Route == nil {
		t.Errorf("a tap on the pin shows %q", got.List.Shown)
	}
	if got := s.Update(Tap{2, 2}); got.List.Shown != "" {
		t.Errorf("a tap beside it shows %q", got.List.Shown)
	}
	there := at(400, 300)
	x, y = s.View().XY(there)
	got := s.Update(Pick{true}).Update(Tap{float32(x), float32(y)})
	if d := geo.Distance(got.Here.Point(), there.Point()); got.Origin != Pointed || d > 2 || got.Picking {
		t.Errorf("pointed at %v, %v m away", got.Here, d)
	}
	if near, _ := got.Nearest(); near.Station != "S3" || near.Away.String() != "步行 100 米，约 2 分钟" {
		t.Errorf("from there the nearest is %+v", near)
	}
}

// TestForget: nothing that one person chose is there for the next.
func TestForget(t *testing.T) {
	clean := given()
	dirty := clean
	for _, m := range []Message{SetPace{Wheelchair}, Stations{stations.Type{Text: "3号"}}, Stations{stations.Show{Station: "S3"}}, Open{Take}, With{Tencent}, Pick{true}, Tap{300, 300}, Pan{50, 50}, Zoom{1, 5, 5}} {
		dirty = dirty.Update(m)
	}
	got := dirty.Update(Forget{})
	if got.Page != List || got.Pace != Ordinary || got.Origin != Machine || got.Here != clean.Here || got.Picking || got.App != Amap || got.Goal != clean.Goal ||
		got.Camera != clean.Camera || listed(got) != listed(clean) || got.List.Narrow() || got.List.Shown != "" {
		t.Errorf("left over: %+v", got)
	}
}
