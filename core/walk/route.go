package walk

import (
	"math"
	"slices"

	"yizhan/core/geo"
)

// Profile is how somebody walks.
type Profile struct {
	Pace      float64 // metres a minute on the level
	StepsPace float64 // metres a minute on steps
	Steps     bool    // can use steps at all
}

// Profiles that people choose from.
var (
	Ordinary   = Profile{Pace: 75, StepsPace: 30, Steps: true}
	Elderly    = Profile{Pace: 50, StepsPace: 15, Steps: true}
	Wheelchair = Profile{Pace: 50}
)

// minutes is how long somebody walks so many metres, some of them on steps.
func (who Profile) minutes(metres, steps float64) float64 {
	if steps == 0 {
		return metres / who.Pace
	}
	return (metres-steps)/who.Pace + steps/who.StepsPace
}

// unreached is the distance of what has not been come to.
const unreached = math.MaxInt64

// search is one run of Dijkstra's algorithm, or of A* where there is one goal. Its
// memory is used again: what a node says counts only if it is of this run.
type search struct {
	*Graph
	who   Profile
	run   uint32
	seen  []reached
	queue queue
	goal  *Spot // the only goal, if there is one
	flat  float64
}

// reached is a node that a search has come to.
type reached struct {
	mm    uint32 // millimetres from the start; nobody walks the 4,294 km that go into it
	steps uint32 // of them on steps
	via   int32  // end by which it was left last on the way here
	run   uint32
}

// search begins a run; rest ends it.
func (g *Graph) search(from Spot, who Profile, goal *Spot) *search {
	s, ok := g.resting.Get().(*search)
	if !ok {
		s = &search{Graph: g, seen: make([]reached, len(g.nodes))}
	}
	if s.run++; s.run == 0 {
		clear(s.seen)
		s.run = 1
	}
	s.who, s.goal, s.queue = who, goal, s.queue[:0]
	if goal != nil { // a degree of longitude is never taken for longer than it is
		far := min(90, max(math.Abs(goal.At.Point().Lat), g.farthest())+0.1)
		s.flat = math.Cos(far * math.Pi / 180)
	}
	e := g.edges[from.edge]
	s.reach(e.to, int64(e.mm-from.along), e.steps(e.mm-from.along), from.edge*2)
	if e.rights&OnlyForward == 0 || from.along == 0 { // whoever stands at its end need not walk it
		s.reach(e.from, int64(from.along), e.steps(from.along), from.edge*2+1)
	}
	return s
}

// rest gives the memory of a run to the next.
func (s *search) rest() {
	s.goal = nil
	s.resting.Put(s)
}

// mm is how far a node is from the start as far as it is known.
func (s *search) mm(node int32) int64 {
	if n := &s.seen[node]; n.run == s.run {
		return int64(n.mm)
	}
	return unreached
}

// farthest is the greatest distance from the equator, in degrees.
func (g *Graph) farthest() float64 {
	return max(math.Abs(g.index.min.Point().Lat), math.Abs(float64(g.index.min.Lat)+float64(g.index.rows+1)*cell)/1e7)
}

// reach notes a shorter way to a node.
func (s *search) reach(node int32, mm int64, steps uint32, by int32) {
	n := &s.seen[node]
	if n.run == s.run && mm >= int64(n.mm) || mm > math.MaxUint32 {
		return
	}
	*n = reached{uint32(mm), steps, by, s.run}
	s.queue.push(waiting{mm + s.ahead(node), node, uint32(mm)})
}

// ahead is a length that the way from a node to the only goal does not fall below.
func (s *search) ahead(node int32) int64 {
	if s.goal == nil {
		return 0
	}
	const perFix = 11.11 // millimetres of a ten-millionth of a degree, rounded down
	n := s.nodes[node]
	dy := float64(int64(n.Lat) - int64(s.goal.At.Lat))
	dx := float64(int64(n.Lon)-int64(s.goal.At.Lon)) * s.flat
	return max(0, int64(math.Sqrt(dx*dx+dy*dy)*perFix*0.998)-40)
}

// next settles the nearest open node; false means that all were reached.
func (s *search) next() (node int32, ok bool) {
	for len(s.queue) > 0 {
		top := s.queue.pop()
		node = top.node
		at := s.seen[node]
		if at.mm != top.at {
			continue // a shorter way was found since
		}
		for i := s.first[node]; i < s.first[node+1]; i++ {
			a := &s.arcs[i]
			if a.shut {
				continue
			}
			steps := at.steps
			if a.rights&HasSteps != 0 {
				if !s.who.Steps {
					continue
				}
				steps += a.mm
			}
			s.reach(a.to, int64(at.mm)+int64(a.mm), steps, a.end)
		}
		return node, true
	}
	return 0, false
}

// to is the way's length to a spot as far as it is known, and the node it comes
// over; -1 if it stays on the edge where it begins.
func (s *search) to(from, goal Spot) (mm int64, over int32) {
	e := &s.edges[goal.edge]
	mm, over = unreached, -1
	if from.edge == goal.edge && (goal.along >= from.along || e.rights&OnlyForward == 0) {
		mm = max(int64(goal.along)-int64(from.along), int64(from.along)-int64(goal.along))
	}
	if d := s.mm(e.from); d != unreached && d+int64(goal.along) < mm {
		mm, over = d+int64(goal.along), e.from
	}
	if d := s.mm(e.to); d != unreached && (e.rights&OnlyForward == 0 || goal.along == e.mm) && d+int64(e.mm-goal.along) < mm {
		mm, over = d+int64(e.mm-goal.along), e.to
	}
	return mm, over
}

// Trip is how far it is from one place to another on foot, with the stretches between
// the ways and both places.
type Trip struct {
	Metres  float64 // negative where no way leads there
	Minutes float64 // at the profile's pace, slower on steps
}

// trip is the one to a spot, as far as it is known, and the node it comes over.
func (s *search) trip(from, goal Spot) (t Trip, over int32) {
	mm, over := s.to(from, goal)
	if mm == unreached {
		return Trip{Metres: -1}, over
	}
	e, steps := s.edges[goal.edge], uint32(0)
	switch {
	case over < 0:
		steps = e.steps(uint32(mm))
	default:
		steps = s.seen[over].steps + e.steps(uint32(mm-s.mm(over)))
	}
	t.Metres = float64(mm)/1000 + from.Off + goal.Off
	t.Minutes = s.who.minutes(t.Metres, float64(steps)/1000)
	return t, over
}

// Rank gives the trips from one place on a way to each of others, in one run.
func (g *Graph) Rank(from Spot, to []Spot, who Profile) []Trip {
	s := g.search(from, who, nil)
	defer s.rest()
	left, open := 0, make([]bool, len(g.nodes))
	for _, t := range to {
		for _, n := range []int32{g.edges[t.edge].from, g.edges[t.edge].to} {
			if !open[n] {
				left, open[n] = left+1, true
			}
		}
	}
	for left > 0 {
		node, ok := s.next()
		if !ok {
			break
		}
		if open[node] {
			left, open[node] = left-1, false
		}
	}
	trips := make([]Trip, len(to))
	for i, t := range to {
		trips[i], _ = s.trip(from, t)
	}
	return trips
}

// Route is one way on foot.
type Route struct {
	Trip
	Points []geo.Fix // from the first place on a way to the last
	Steps  []Step    // what to do, in order; together as long as the trip
}

// leg is a part of an edge, walked from one place along it to another.
type leg struct {
	edge     int32
	from, to uint32
}

// Route finds the shortest way. False means that none leads there.
func (g *Graph) Route(from, to Spot, who Profile) (Route, bool) {
	s := g.search(from, who, &to)
	defer s.rest()
	for {
		best, _ := s.to(from, to)
		if len(s.queue) == 0 || s.queue[0].mm >= best {
			break
		}
		if _, ok := s.next(); !ok {
			break
		}
	}
	t, over := s.trip(from, to)
	if t.Metres < 0 {
		return Route{}, false
	}
	r := Route{Trip: t}
	r.Points, r.Steps = g.describe(s.legs(from, to, over), from, to)
	return r, true
}

// legs follows the way back from the goal.
func (s *search) legs(from, to Spot, over int32) (legs []leg) {
	if over < 0 {
		return []leg{{to.edge, from.along, to.along}}
	}
	e := s.edges[to.edge]
	last := leg{to.edge, 0, to.along}
	if over == e.to && (over != e.from || to.along > e.mm-to.along && (e.rights&OnlyForward == 0 || to.along == e.mm)) {
		last.from = e.mm
	}
	legs = append(legs, last)
	for node := over; ; {
		by := s.seen[node].via
		e := s.edges[by/2]
		l, back := leg{by / 2, 0, e.mm}, e.from
		if by&1 == 1 {
			l, back = leg{by / 2, e.mm, 0}, e.to
		}
		// The start lies on this edge, and no node was passed before it.
		if begins := by/2 == from.edge && s.mm(node) == s.beside(from, by); begins {
			l.from = from.along
			legs = append(legs, l)
			break
		}
		legs = append(legs, l)
		node = back
	}
	slices.Reverse(legs)
	return legs
}

// beside is the length from the start to the node at the end of its own edge.
func (s *search) beside(from Spot, by int32) int64 {
	if by&1 == 1 {
		return int64(from.along)
	}
	return int64(s.edges[from.edge].mm - from.along)
}

// queue is a heap with four children to a node, which is flatter than with two.
type queue []waiting

type waiting struct {
	mm   int64 // from the start, and at least to the goal
	node int32
	at   uint32 // end of the node's distance when it was put here: another one is out of date
}

func (q *queue) push(w waiting) {
	h := append(*q, waiting{})
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 4
		if h[up].mm <= w.mm {
			break
		}
		h[i], i = h[up], up
	}
	h[i] = w
	*q = h
}

func (q *queue) pop() waiting {
	h := *q
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	for i := 0; len(h) > 0; {
		least := 4*i + 1
		if least >= len(h) {
			h[i] = last
			break
		}
		for c := least + 1; c < min(4*i+5, len(h)); c++ {
			if h[c].mm < h[least].mm {
				least = c
			}
		}
		if h[least].mm >= last.mm {
			h[i] = last
			break
		}
		h[i], i = h[least], least
	}
	*q = h
	return top
}
