package walk

import (
	"fmt"
	"math"

	"yizhan/core/geo"
)

// Turn is what to do at the end of a step.
type Turn uint8

// Turns.
const (
	Arrive Turn = iota
	Ahead
	HalfLeft
	Left
	HalfRight
	Right
	Around
)

// Step is one part of a route: so far along one way, and then a turn.
type Step struct {
	Name   string // of the way, "" if it has none
	Kind   Kind
	Metres float64
	Toward float64 // bearing at its beginning, in degrees
	Turn   Turn    // at its end
	First  int     // where it begins among the route's points
	Beside bool    // off the ways: from where somebody stands to the way named, or from there to the goal
}

// aside is how many metres beside a way are told as a step of their own.
const aside = 15.0

// glance is how many metres before and behind a corner tell which way it turns.
const glance = 12.0

// describe lays the legs' points in a row, and tells the steps.
func (g *Graph) describe(legs []leg, from, to Spot) (points []geo.Fix, steps []Step) {
	points = []geo.Fix{from.At}
	for i, l := range legs {
		e := g.edges[l.edge]
		first, metres := len(points)-1, math.Abs(float64(l.to)-float64(l.from))/1000
		points = g.follow(points, l)
		if i == len(legs)-1 {
			points = append(points, to.At)
		} else {
			points = append(points, g.nodes[e.to])
			if l.to < l.from || l.to == 0 {
				points[len(points)-1] = g.nodes[e.from]
			}
		}
		name, kind := g.names[e.name], e.kind
		if n := len(steps); n > 0 {
			last := &steps[n-1]
			corner := name == "" && turn(points, first, len(points)-1) > Ahead
			if last.Name == name && last.Kind == kind && !corner || metres < glance && kind != Stairs && kind != Crossing {
				last.Metres += metres
				continue
			}
			if last.Metres < glance && last.Kind != Stairs && last.Kind != Crossing { // a few paces on the way to this
				last.Name, last.Kind, last.Metres = name, kind, last.Metres+metres
				continue
			}
		}
		steps = append(steps, Step{Name: name, Kind: kind, Metres: metres, First: first})
	}
	for i := range steps {
		s := &steps[i]
		end := len(points) - 1
		if i+1 < len(steps) {
			end = steps[i+1].First
			s.Turn = turn(points, end, len(points)-1)
		}
		s.Toward = geo.Bearing(points[s.First], look(points, s.First, end, glance))
	}
	return points, beside(steps, from.Off, to.Off, len(points)-1)
}

// beside tells the stretches from where somebody stands to the first way, and from the
// last one to the goal: short ones belong to the steps next to them.
func beside(steps []Step, before, after float64, end int) []Step {
	first, last := steps[0], steps[len(steps)-1]
	if after < aside {
		steps[len(steps)-1].Metres += after
	} else {
		steps = append(steps, Step{Name: last.Name, Kind: last.Kind, Metres: after, First: end, Beside: true})
	}
	if before < aside {
		steps[0].Metres += before
		return steps
	}
	return append([]Step{{Name: first.Name, Kind: first.Kind, Metres: before, Turn: Ahead, Beside: true}}, steps...)
}

// follow adds the points of an edge that lie strictly within a leg, in its direction.
func (g *Graph) follow(points []geo.Fix, l leg) []geo.Fix {
	at, total := []float64{}, 0.0
	g.pieces(l.edge, func(a, b geo.Fix) {
		total += geo.Distance(a.Point(), b.Point())
		at = append(at, total)
	})
	inner := g.inner(int(l.edge))
	scale := 0.0
	if total > 0 {
		scale = float64(g.edges[l.edge].mm) / total
	}
	low, high := float64(min(l.from, l.to)), float64(max(l.from, l.to))
	for i := range inner {
		k := i
		if l.to < l.from {
			k = len(inner) - 1 - i
		}
		if mm := at[k] * scale; mm > low && mm < high {
			points = append(points, inner[k])
		}
	}
	return points
}

// look is the point so many metres from points[i] towards points[end], or the last
// one before that.
func look(points []geo.Fix, i, end int, metres float64) geo.Fix {
	step, start := 1, points[i]
	if end < i {
		step = -1
	}
	for i != end {
		i += step
		if geo.Distance(start.Point(), points[i].Point()) >= metres {
			break
		}
	}
	return points[i]
}

// turn tells the corner at points[i].
func turn(points []geo.Fix, i, end int) Turn {
	in, out := geo.Bearing(look(points, i, 0, glance), points[i]), geo.Bearing(points[i], look(points, i, end, glance))
	by := math.Mod(out-in+540, 360) - 180 // to the right
	switch size := math.Abs(by); {
	case size < 30:
		return Ahead
	case size > 155:
		return Around
	case size < 60 && by < 0:
		return HalfLeft
	case size < 60:
		return HalfRight
	case by < 0:
		return Left
	}
	return Right
}

// words are how ways, turns and directions are called in one language.
type words struct {
	kinds     [kinds]string
	turns     [Around + 1]string
	compass   [8]string
	along, by string // with direction, way and length
	onto, off string // to the first way, and from the last one
	leave     string // a turn: the goal lies beside the way
	metres    string
	km        string
}

var chinese = words{
	kinds:   [kinds]string{"道路", "步行道", "小路", "台阶", "人行横道", "人行天桥", "地下通道", "步行街", "内部道路"},
	turns:   [...]string{"到达", "直行", "向左前方走", "左转", "向右前方走", "右转", "掉头"},
	compass: [...]string{"北", "东北", "东", "东南", "南", "西南", "西", "西北"},
	along:   "沿%s步行 %s，%s", by: "向%s", onto: "先走 %s，到%s上", off: "再走 %s，到达", leave: "离开这条路",
	metres: "%.0f 米", km: "%.1f 公里",
}

var english = words{
	kinds:   [kinds]string{"the road", "the footway", "the path", "the steps", "the crossing", "the footbridge", "the underpass", "the pedestrian street", "the service road"},
	turns:   [...]string{"you are there", "straight on", "bear left", "turn left", "bear right", "turn right", "turn back"},
	compass: [...]string{"north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"},
	along:   "walk along %s for %s, then %s", by: "head %s: ", onto: "first walk %s to %s", off: "walk another %s, and you are there", leave: "leave it",
	metres: "%.0f m", km: "%.1f km",
}

// Chinese says a route, one sentence a step.
func (r Route) Chinese() []string { return chinese.say(r.Steps) }

// English says a route, one sentence a step. Names stay as the map has them.
func (r Route) English() []string { return english.say(r.Steps) }

func (w *words) say(steps []Step) (lines []string) {
	lengths := w.lengths(steps)
	for i, s := range steps {
		name := s.Name
		switch {
		case name != "" && (s.Kind == Footbridge || s.Kind == Underpass || s.Kind == Stairs):
			name += " (" + w.kinds[s.Kind] + ")"
		case name == "" && s.Kind < kinds:
			name = w.kinds[s.Kind]
		case name == "":
			name = w.kinds[Street] // a kind from a newer map
		}
		turn := w.turns[s.Turn]
		if i+1 < len(steps) && steps[i+1].Beside {
			turn = w.leave
		}
		line := fmt.Sprintf(w.along, name, lengths[i], turn)
		switch {
		case s.Beside && i == 0:
			line = fmt.Sprintf(w.onto, lengths[i], name)
		case s.Beside:
			line = fmt.Sprintf(w.off, lengths[i])
		case i == 0 || i == 1 && steps[0].Beside:
			line = fmt.Sprintf(w.by, w.compass[int(s.Toward/45+0.5)%8]) + line
		}
		lines = append(lines, line)
	}
	return lines
}

// lengths rounds each step to ten metres, which somebody can pace out, and so that
// together they are as long as the whole, rounded.
func (w *words) lengths(steps []Step) (all []string) {
	walked, told := 0.0, 0.0
	for _, s := range steps {
		walked += s.Metres
		here := math.Round(walked/10)*10 - told
		told += here
		switch {
		case s.Metres >= 995:
			all = append(all, fmt.Sprintf(w.km, s.Metres/1000))
		default:
			all = append(all, fmt.Sprintf(w.metres, max(5, here)))
		}
	}
	return all
}
