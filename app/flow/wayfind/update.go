package wayfind

import (
	"math"

	"yizhan/app/flow"
	"yizhan/app/flow/stations"
	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/station"
	"yizhan/core/walk"
)

// Update gives the next state.
func (s State) Update(m Message) State {
	switch m := m.(type) {
	case Mapped:
		if m.Hash != s.Ground.Hash {
			s.Ground = m.Ground
			s = s.located()
			return s.fit()
		}
	case Home:
		return s.atHome(m)
	case Stations:
		return s.listed(m.Message)
	case Pick:
		s.Picking = m.On
	case StandAt:
		if p, ok := s.pin(m.Station); ok {
			return s.stand(asker{Station, p.At, p.Station})
		}
	case SetPace:
		s.Pace = min(m.Pace, Wheelchair)
		s = s.located()
	case Open:
		if s.List.Shown != "" {
			s.Page = m.Page
		}
	case With:
		s.App = m.App
	case Back:
		return s.back()
	case Forget:
		return s.forget()
	default:
		return s.look(m)
	}
	return s
}

// look is what fingers do on the map.
func (s State) look(m Message) State {
	switch m := m.(type) {
	case Resized:
		first := s.Width == 0
		if s.Width, s.Height = m.Width, m.Height; first {
			return s.fit()
		}
	case Pan:
		v := s.View()
		s.Camera.Center = s.inside(v.Fix(float64(v.Width)/2-float64(m.DX), float64(v.Height)/2-float64(m.DY)))
	case Zoom:
		return s.zoom(m)
	case Tap:
		return s.tap(m)
	case Fit:
		return s.fit()
	}
	return s
}

func (s State) atHome(m Home) State {
	before := s.home
	if s.home = (asker{}); m.Placed {
		s.home = asker{Machine, m.At.Fix(), m.Here}
	}
	if s.home != before && (s.Origin == Nowhere || s.Origin == Machine) {
		s.Origin, s.Here = s.home.origin, s.home.at
		s = s.locate(s.home)
		return s.fit()
	}
	return s
}

// stand is a person who says where they are.
func (s State) stand(a asker) State {
	s.Origin, s.Here, s.Picking = a.origin, a.at, false
	return s.locate(a).fit()
}

// locate tells the list where the person stands, and how far everything is from there.
func (s State) locate(a asker) State {
	s.List = s.List.Update(stations.Locate{Asker: stations.Asker{At: a.at.Point(), Placed: a.origin != Nowhere, Here: a.here}})
	return s.located()
}

// located ranks all stations anew, in one run over the map, and finds the way.
func (s State) located() State {
	if walks := s.walks(); walks != nil || s.List.Walked() {
		s.List = s.List.Update(stations.Ranked{From: s.List.Asker.At, Walks: walks})
	}
	return s.pinned().route()
}

// walks gives the way on foot to each station; nil where nobody knows them.
func (s State) walks() map[id.Station]stations.Walk {
	g, who := s.Ground.Graph, s.Pace.profile()
	if g == nil || s.Origin == Nowhere {
		return nil
	}
	from, ok := g.Snap(s.Here, who)
	if !ok {
		return nil
	}
	walks := map[id.Station]stations.Walk{}
	var spots []walk.Spot
	var whose []id.Station
	for _, p := range s.List.Places() {
		at, ok := p.At()
		if !ok {
			continue
		}
		walks[p.ID] = stations.Walk{}
		if spot, ok := g.Snap(at.Fix(), who); ok {
			spots, whose = append(spots, spot), append(whose, p.ID)
		}
	}
	for i, trip := range g.Rank(from, spots, who) {
		if trip.Metres >= 0 {
			walks[whose[i]] = stations.Walk{Metres: int(trip.Metres + 0.5), Minutes: minutes(trip), Reachable: true}
		}
	}
	return walks
}

// minutes is how long a trip takes, as people are told: not less than one, and no part of one.
func minutes(t walk.Trip) int { return max(1, int(math.Ceil(t.Minutes))) }

// listed passes a message to the list and follows it.
func (s State) listed(m stations.Message) State {
	before := s.List
	s.List = s.List.Update(m)
	switch m.(type) {
	case stations.Loaded:
		if !s.List.Same(before) {
			return s.located()
		}
		return s.pinned()
	case stations.Tick:
		if before.Now.Minute() == s.List.Now.Minute() && !before.Now.IsZero() {
			return s // nothing opens or closes within a minute
		}
		return s.pinned().route()
	case stations.Show:
		if s.List.Shown != "" {
			s.Page = Place
		}
		return s.pinned().route().fit()
	case stations.Back:
		s.Page = List
		return s.pinned().route()
	}
	return s.pinned().route()
}

// pinned puts what the list shows onto the map, and finds the nearest of it.
func (s State) pinned() State {
	s.Pins = nil
	rows := s.List.All()
	s.near = s.nearest(rows)
	for _, r := range rows {
		if !r.Placed {
			continue
		}
		p := Pin{Station: r.Station, Name: r.Name, At: r.At.Fix()}
		if k, ok := station.KindOf(r.Kind.String()); ok {
			p.Kind = k.Key
		}
		switch r.Tone {
		case flow.Good, flow.Wait:
			p.Open = IsOpen
		case flow.Bad:
			p.Open = IsClosed
		}
		s.Pins = append(s.Pins, p)
	}
	return s
}

func (s State) pin(station id.Station) (Pin, bool) {
	for _, p := range s.Pins {
		if p.Station == station {
			return p, true
		}
	}
	return Pin{}, false
}

// route finds the way to the place that is shown, or else to the nearest open one.
func (s State) route() State {
	s.Goal, s.Route, s.Trouble = s.List.Shown, nil, None
	if s.Goal == "" {
		near, ok := s.Nearest()
		if !ok {
			return s
		}
		s.Goal = near.Station
	}
	goal, placed := s.pin(s.Goal)
	g, who := s.Ground.Graph, s.Pace.profile()
	switch {
	case g == nil:
		s.Trouble = NoMap
	case !placed:
		s.Trouble = NotPlaced
	case s.Origin == Nowhere:
		s.Trouble = NoOrigin
	}
	if s.Trouble != None {
		return s
	}
	from, ok := g.Snap(s.Here, who)
	if !ok {
		s.Trouble = OffRoad
		return s
	}
	to, ok := g.Snap(goal.At, who)
	if ok {
		var r walk.Route
		if r, ok = g.Route(from, to, who); ok {
			s.Route = &r
		}
	}
	if !ok {
		s.Trouble = NoWay
	}
	return s
}

func (s State) back() State {
	switch s.Page {
	case Way, Take:
		s.Page = Place
	case Place:
		return s.listed(stations.Back{})
	}
	s.Picking = false
	return s
}

// forget is the state for the next person.
func (s State) forget() State {
	s.Page, s.Pace, s.Picking, s.App = List, Ordinary, false, Amap
	s.List = s.List.Update(stations.Back{}).Update(stations.Clear{})
	s.Origin, s.Here = s.home.origin, s.home.at
	return s.locate(s.home).fit()
}

// zoom keeps the place under the finger where it is.
func (s State) zoom(m Zoom) State {
	v := s.View()
	at := v.Fix(float64(m.X), float64(m.Y))
	s.Camera.Zoom = min(Nearest, max(Farthest, s.Camera.Zoom+m.By))
	v.Zoom = float64(s.Camera.Zoom)
	x, y := v.XY(at)
	s.Camera.Center = s.inside(v.Fix(float64(v.Width)/2+x-float64(m.X), float64(v.Height)/2+y-float64(m.Y)))
	return s
}

// inside keeps the middle of the screen on the map.
func (s State) inside(f geo.Fix) geo.Fix {
	if b := s.Ground.Box; !b.Empty() {
		f.Lat, f.Lon = min(b.Max.Lat, max(b.Min.Lat, f.Lat)), min(b.Max.Lon, max(b.Min.Lon, f.Lon))
	}
	return f
}

// thumb is how far from a pin a finger may come down, in dp.
const thumb = 44

// tap opens the station under the finger, or says where the person stands.
func (s State) tap(m Tap) State {
	v := s.View()
	if s.Picking {
		return s.stand(asker{origin: Pointed, at: v.Fix(float64(m.X), float64(m.Y))})
	}
	best, found := thumb*1.0, id.Station("")
	for _, p := range s.Pins {
		x, y := v.XY(p.At)
		if d := math.Hypot(x-float64(m.X), y-thumb/2-float64(m.Y)); d < best { // a pin stands above its place
			best, found = d, p.Station
		}
	}
	if found == "" {
		return s
	}
	return s.listed(stations.Show{Station: found})
}

// fit shows the way as near as it goes onto the screen, or where the person stands.
func (s State) fit() State {
	box := geo.NoBox()
	if s.Origin != Nowhere {
		box = box.With(s.Here)
	}
	if goal, ok := s.pin(s.Goal); ok {
		box = box.With(goal.At)
	}
	if s.Route != nil {
		for _, f := range s.Route.Points {
			box = box.With(f)
		}
	}
	if box.Empty() {
		if box = s.Ground.Box; box.Empty() {
			return s
		}
	}
	middle := geo.Fix{Lat: box.Min.Lat + (box.Max.Lat-box.Min.Lat)/2, Lon: box.Min.Lon + (box.Max.Lon-box.Min.Lon)/2}
	edge := s.edges()
	for s.Camera.Zoom = usual + 1; ; s.Camera.Zoom-- {
		s.Camera.Center = middle
		if v := s.View(); v.Width > 0 {
			s.Camera.Center = v.Fix((float64(v.Width)+edge.right-edge.left)/2, (float64(v.Height)+edge.bottom-edge.top)/2)
		}
		if s.Width == 0 || s.Camera.Zoom <= Farthest || s.shows(box) {
			return s
		}
	}
}

// edges are what a way keeps free at the sides of the map, in dp: pins stand above their
// places, and buttons at the right.
type edges struct{ left, right, top, bottom float64 }

func (s State) edges() edges {
	if s.Width < 6*thumb || s.Height < 4*thumb {
		return edges{}
	}
	return edges{left: 1.2 * thumb, right: 3 * thumb, top: 2 * thumb, bottom: thumb}
}

// shows reports whether a box lies on the screen, clear of the edges.
func (s State) shows(b geo.Box) bool {
	v, edge := s.View(), s.edges()
	for _, f := range []geo.Fix{b.Min, b.Max} {
		x, y := v.XY(f)
		if x < edge.left || y < edge.top || x > float64(v.Width)-edge.right || y > float64(v.Height)-edge.bottom {
			return false
		}
	}
	return true
}
