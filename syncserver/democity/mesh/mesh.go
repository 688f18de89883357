// Package mesh divides the plane by lines: it joins lines where they cross, finds
// the faces between them, and lets faces be cut further, so that what lies on both
// sides of a line shares its points.
package mesh

import (
	"cmp"
	"math"
	"slices"
)

// Mesh is the points, in metres, and the pieces of lines between them.
type Mesh struct {
	At     []Point
	splits map[[2]int32]int32 // piece, smaller end first → a point put into it since
	kinds  map[[2]int32]uint8 // piece → what its maker calls it
}

// New gives a mesh without points.
func New() *Mesh { return &Mesh{splits: map[[2]int32]int32{}, kinds: map[[2]int32]uint8{}} }

// Add puts a point that lies on no line.
func (m *Mesh) Add(p Point) int32 {
	m.At = append(m.At, p)
	return int32(len(m.At) - 1)
}

func piece(a, b int32) [2]int32 { return [2]int32{min(a, b), max(a, b)} }

// Kind is what the piece between two points was called, 0 where nothing was said.
func (m *Mesh) Kind(a, b int32) uint8 { return m.kinds[piece(a, b)] }

// SetKind names the pieces of a line.
func (m *Mesh) SetKind(line []int32, kind uint8) {
	for i := 1; i < len(line); i++ {
		m.kinds[piece(line[i-1], line[i])] = kind
	}
}

// Split puts a point into a piece; both halves keep its kind. Whoever holds a line
// with that piece sees the point after Expand. A piece that was split before is split
// where p lies beside it.
func (m *Mesh) Split(a, b int32, p Point) int32 {
	if n, ok := m.splits[piece(a, b)]; ok {
		_, t := Beside(m.At[n], m.At[a], m.At[b])
		if _, own := Beside(p, m.At[a], m.At[b]); own < t {
			return m.Split(a, n, p)
		}
		return m.Split(n, b, p)
	}
	n := m.Add(p)
	m.splits[piece(a, b)] = n
	if kind, ok := m.kinds[piece(a, b)]; ok {
		m.kinds[piece(a, n)], m.kinds[piece(n, b)] = kind, kind
	}
	return n
}

// Expand gives a line with the points that were put into it.
func (m *Mesh) Expand(line []int32) []int32 {
	out := make([]int32, 0, len(line)+8)
	for i, n := range line {
		if i > 0 {
			out = m.between(out, line[i-1], n)
		}
		out = append(out, n)
	}
	return out
}

// Around gives a closed face, which does not repeat its first point, expanded.
func (m *Mesh) Around(face []int32) []int32 {
	out := m.Expand(append(slices.Clone(face), face[0]))
	return out[:len(out)-1]
}

func (m *Mesh) between(out []int32, a, b int32) []int32 {
	n, ok := m.splits[piece(a, b)]
	if !ok {
		return out
	}
	return m.between(append(m.between(out, a, n), n), n, b)
}

// Points gives where points lie.
func (m *Mesh) Points(line []int32) []Point {
	out := make([]Point, len(line))
	for i, n := range line {
		out[i] = m.At[n]
	}
	return out
}

// weld is how near two crossings, in metres, are one.
const weld = 4.0

// Cross adds lines, joined where they cross, and gives each one's points.
func (m *Mesh) Cross(lines [][]Point) [][]int32 {
	type part struct{ line, at int }
	var parts []part
	cuts := make([][][]cut, len(lines))
	for i, l := range lines {
		cuts[i] = make([][]cut, len(l))
		for k := 1; k < len(l); k++ {
			parts = append(parts, part{i, k})
		}
	}
	left := func(p part) float64 { return min(lines[p.line][p.at-1].X, lines[p.line][p.at].X) }
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(left(a), left(b)), a.line-b.line, a.at-b.at)
	})
	for i, p := range parts {
		a, b := lines[p.line][p.at-1], lines[p.line][p.at]
		for _, q := range parts[i+1:] {
			if left(q) > max(a.X, b.X) {
				break
			}
			if q.line == p.line && max(q.at-p.at, p.at-q.at) < 2 {
				continue
			}
			if s, t, ok := Meet(a, b, lines[q.line][q.at-1], lines[q.line][q.at]); ok {
				where := a.Towards(b, s)
				cuts[p.line][p.at] = append(cuts[p.line][p.at], cut{s, where})
				cuts[q.line][q.at] = append(cuts[q.line][q.at], cut{t, where})
			}
		}
	}
	return m.weave(lines, cuts)
}

type cut struct {
	t  float64
	at Point
}

// weave makes the points of lines with their crossings, welding what is near.
func (m *Mesh) weave(lines [][]Point, cuts [][][]cut) [][]int32 {
	near := map[[2]int][]int32{}
	put := func(p Point) int32 {
		x, y := int(math.Floor(p.X/weld)), int(math.Floor(p.Y/weld))
		for dx := -1; dx <= 1; dx++ {
			for dy := -1; dy <= 1; dy++ {
				for _, n := range near[[2]int{x + dx, y + dy}] {
					if m.At[n].Distance(p) < weld {
						return n
					}
				}
			}
		}
		n := m.Add(p)
		near[[2]int{x, y}] = append(near[[2]int{x, y}], n)
		return n
	}
	for i := range lines { // crossings first, so that bends are welded to them
		for k := range cuts[i] {
			for _, c := range cuts[i][k] {
				put(c.at)
			}
		}
	}
	out := make([][]int32, len(lines))
	for i, l := range lines {
		for k, p := range l {
			slices.SortFunc(cuts[i][k], func(a, b cut) int { return cmp.Compare(a.t, b.t) })
			for _, c := range append(cuts[i][k], cut{1, p}) {
				if n := put(c.at); len(out[i]) == 0 || out[i][len(out[i])-1] != n {
					out[i] = append(out[i], n)
				}
			}
		}
	}
	return out
}

// Trim cuts off what leads nowhere at the ends of lines, and gives what is left.
func (m *Mesh) Trim(lines [][]int32) [][]int32 {
	degree := make([]int, len(m.At))
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			degree[l[i-1]]++
			degree[l[i]]++
		}
	}
	for again := true; again; {
		again = false
		for i, l := range lines {
			for len(l) > 1 && degree[l[0]] == 1 {
				degree[l[0]]--
				degree[l[1]]--
				l, again = l[1:], true
			}
			for k := len(l) - 1; k > 0 && degree[l[k]] == 1; k-- {
				degree[l[k]]--
				degree[l[k-1]]--
				l, again = l[:k], true
			}
			if lines[i] = l; len(l) < 2 {
				lines[i] = nil
			}
		}
	}
	return lines
}

// Faces gives what lines enclose, each counter-clockwise. Lines must hang together.
func (m *Mesh) Faces(lines [][]int32) (faces [][]int32) {
	next := map[int32][]int32{}
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			for _, e := range [][2]int32{{l[i-1], l[i]}, {l[i], l[i-1]}} {
				if !slices.Contains(next[e[0]], e[1]) {
					next[e[0]] = append(next[e[0]], e[1])
				}
			}
		}
	}
	angle := func(a, b int32) float64 { return m.At[b].Minus(m.At[a]).Angle() }
	var nodes []int32
	for n, around := range next {
		nodes = append(nodes, n)
		slices.SortFunc(around, func(a, b int32) int { return cmp.Compare(angle(n, a), angle(n, b)) })
	}
	slices.Sort(nodes)
	used := map[[2]int32]bool{}
	for _, n := range nodes {
		for _, to := range next[n] {
			if used[[2]int32{n, to}] {
				continue
			}
			var face []int32
			for a, b := n, to; !used[[2]int32{a, b}]; {
				used[[2]int32{a, b}] = true
				face = append(face, a)
				around := next[b] // the next line to the left is the one clockwise before where we came from
				i := slices.Index(around, a)
				a, b = b, around[(i+len(around)-1)%len(around)]
			}
			if Area(m.Points(face)) > 1 {
				faces = append(faces, face)
			}
		}
	}
	return faces
}
