package mesh

import (
	"math"
	"slices"
)

// Point is a place on the plane, or a way from one place to another, in metres
// east and north.
type Point struct{ X, Y float64 }

// Plus adds a way.
func (p Point) Plus(q Point) Point { return Point{p.X + q.X, p.Y + q.Y} }

// Minus is the way from q to p.
func (p Point) Minus(q Point) Point { return Point{p.X - q.X, p.Y - q.Y} }

// Times makes a way so many times as long.
func (p Point) Times(k float64) Point { return Point{p.X * k, p.Y * k} }

// Towards goes a part of the way to q.
func (p Point) Towards(q Point, part float64) Point { return p.Plus(q.Minus(p).Times(part)) }

// Length is a way's.
func (p Point) Length() float64 { return math.Hypot(p.X, p.Y) }

// Distance is the length of the way to q.
func (p Point) Distance(q Point) float64 { return q.Minus(p).Length() }

// Angle is where a way leads, counter-clockwise from east.
func (p Point) Angle() float64 { return math.Atan2(p.Y, p.X) }

// Left is the way turned by a quarter to the left.
func (p Point) Left() Point { return Point{-p.Y, p.X} }

// Unit is the way of one metre in the same direction.
func (p Point) Unit() Point {
	if l := p.Length(); l > 0 {
		return p.Times(1 / l)
	}
	return Point{1, 0}
}

// Dot is the product of two ways' lengths and the cosine between them.
func (p Point) Dot(q Point) float64 { return p.X*q.X + p.Y*q.Y }

// Cross is the product of two ways' lengths and the sine from p to q.
func (p Point) Cross(q Point) float64 { return p.X*q.Y - p.Y*q.X }

// Heading is the way of one metre at an angle.
func Heading(angle float64) Point {
	sin, cos := math.Sincos(angle)
	return Point{cos, sin}
}

// Meet says where two pieces cross, as parts of each.
func Meet(a, b, c, d Point) (s, t float64, ok bool) {
	ab, cd := b.Minus(a), d.Minus(c)
	k := ab.Cross(cd)
	if math.Abs(k) < 1e-9*(ab.Length()*cd.Length()+1e-9) {
		return 0, 0, false
	}
	s, t = c.Minus(a).Cross(cd)/k, c.Minus(a).Cross(ab)/k
	return s, t, s >= 0 && s <= 1 && t >= 0 && t <= 1
}

// Area is what a ring, which does not repeat its first point, encloses; negative if it
// runs clockwise.
func Area(ring []Point) (sum float64) {
	for i, p := range ring {
		sum += p.Cross(ring[(i+1)%len(ring)])
	}
	return sum / 2
}

// Centre is a ring's centre of gravity.
func Centre(ring []Point) Point {
	var c Point
	total := 0.0
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		k := p.Minus(ring[0]).Cross(q.Minus(ring[0]))
		c, total = c.Plus(p.Plus(q).Plus(ring[0]).Times(k/3)), total+k
	}
	if total == 0 {
		return ring[0]
	}
	return c.Times(1 / total)
}

// Inside reports whether a ring encloses a point.
func Inside(ring []Point, p Point) (in bool) {
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		if (a.Y > p.Y) != (b.Y > p.Y) && p.X < a.X+(p.Y-a.Y)/(b.Y-a.Y)*(b.X-a.X) {
			in = !in
		}
	}
	return in
}

// Beside is the point of a piece nearest to p, and its part of the piece.
func Beside(p, a, b Point) (Point, float64) {
	ab := b.Minus(a)
	if l := ab.Dot(ab); l > 0 {
		t := min(1, max(0, p.Minus(a).Dot(ab)/l))
		return a.Towards(b, t), t
	}
	return a, 0
}

// Gap is the distance from a point to the nearest piece of a ring.
func Gap(ring []Point, p Point) float64 {
	least := math.Inf(1)
	for i, a := range ring {
		q, _ := Beside(p, a, ring[(i+1)%len(ring)])
		least = min(least, q.Distance(p))
	}
	return least
}

// Axis is the direction in which the narrowest box around a ring is longest, with
// the box's length and width.
func Axis(ring []Point) (angle, length, width float64) {
	best := math.Inf(1)
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		if a.Distance(b) < 1 {
			continue
		}
		way := b.Minus(a).Unit()
		lo, hi := Span(ring, way)
		lo2, hi2 := Span(ring, way.Left())
		if area := (hi - lo) * (hi2 - lo2); area < best-1e-6 {
			best, angle, length, width = area, way.Angle(), hi-lo, hi2-lo2
			if width > length {
				angle, length, width = way.Left().Angle(), width, length
			}
		}
	}
	return angle, length, width
}

// Span is how far a ring reaches along a way of one metre.
func Span(ring []Point, way Point) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, p := range ring {
		lo, hi = min(lo, p.Dot(way)), max(hi, p.Dot(way))
	}
	return lo, hi
}

// Smooth cuts a line's corners off so many times; a ring stays closed.
func Smooth(line []Point, times int, ring bool) []Point {
	for range times {
		var out []Point
		for i := range line {
			k := i + 1
			if k == len(line) {
				if !ring {
					break
				}
				k = 0
			}
			out = append(out, line[i].Towards(line[k], 0.25), line[i].Towards(line[k], 0.75))
		}
		if !ring {
			out = append(append([]Point{line[0]}, out[1:len(out)-1]...), line[len(line)-1])
		}
		line = out
	}
	return line
}

// Inset moves a counter-clockwise ring's sides inwards, each by its own distance;
// nil where nothing sensible is left.
func Inset(ring []Point, by func(i int) float64) []Point {
	ring = slices.Clone(ring)
	out := make([]Point, 0, len(ring))
	for i, p := range ring {
		before, after := ring[(i+len(ring)-1)%len(ring)], ring[(i+1)%len(ring)]
		in, on := p.Minus(before).Unit(), after.Minus(p).Unit()
		d1, d2 := by((i+len(ring)-1)%len(ring)), by(i)
		a, b := p.Plus(in.Left().Times(d1)), p.Plus(on.Left().Times(d2))
		q := a.Towards(b, 0.5)
		if k := in.Cross(on); math.Abs(k) > 0.15 {
			if corner := a.Plus(in.Times(b.Minus(a).Cross(on) / k)); corner.Distance(p) < 3*max(d1, d2) {
				q = corner
			}
		}
		if Inside(ring, q) && Gap(ring, q) > 0.6*min(d1, d2) {
			out = append(out, q)
		}
	}
	if len(out) < 3 || Area(out) < 100 {
		return nil
	}
	for i := range out { // a ring that crosses itself is none
		for k := i + 2; k < len(out); k++ {
			if _, _, ok := Meet(out[i], out[i+1], out[k], out[(k+1)%len(out)]); ok && (k+1)%len(out) != i {
				return nil
			}
		}
	}
	return out
}
