package osmimport

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"

	"yizhan/core/geo"
	"yizhan/core/mappack"
)

// join puts lines together at their ends, as long as another begins there. Lines
// whose direction means something are never turned.
func join(pieces []piece, directed bool) (joined []piece) {
	ends := map[int64][]int{} // node → pieces that begin or end there
	for i, p := range pieces {
		if p.refs[0] == p.refs[1] {
			continue
		}
		ends[p.refs[0]] = append(ends[p.refs[0]], i)
		if !directed {
			ends[p.refs[1]] = append(ends[p.refs[1]], i)
		}
	}
	used := make([]bool, len(pieces))
	take := func(ref int64) (piece, bool) {
		for _, i := range ends[ref] {
			if used[i] {
				continue
			}
			used[i] = true
			p := pieces[i]
			if p.refs[0] != ref {
				p.refs[0], p.refs[1], p.at = p.refs[1], p.refs[0], slices.Clone(p.at)
				slices.Reverse(p.at)
			}
			return p, true
		}
		return piece{}, false
	}
	begun := map[int64]bool{} // nodes where a line ends, and another may begin
	if directed {
		for _, p := range pieces {
			begun[p.refs[1]] = true
		}
	}
	for round := range 2 { // first the lines that nothing leads to
		for i, p := range pieces {
			if used[i] || round == 0 && directed && begun[p.refs[0]] {
				continue
			}
			used[i] = true
			p.at = slices.Clone(p.at)
			for p.refs[0] != p.refs[1] {
				next, ok := take(p.refs[1])
				if !ok {
					break
				}
				p.refs[1], p.at = next.refs[1], append(p.at, next.at[1:]...)
			}
			joined = append(joined, p)
		}
	}
	return joined
}

func bound(b geo.Box) orb.Bound {
	sw, ne := b.Min.Point(), b.Max.Point()
	return orb.Bound{Min: orb.Point{sw.Lon, sw.Lat}, Max: orb.Point{ne.Lon, ne.Lat}}
}

func lineOf(at []geo.Fix) orb.LineString {
	line := make(orb.LineString, len(at))
	for i, f := range at {
		p := f.Point()
		line[i] = orb.Point{p.Lon, p.Lat}
	}
	return line
}

func fixesOf[L ~[]orb.Point](line L) []geo.Fix {
	at := make([]geo.Fix, len(line))
	for i, p := range line {
		at[i] = geo.Point{Lat: p[1], Lon: p[0]}.Fix()
	}
	return at
}

// clipped is the part of a feature inside a box, or nil.
func clipped(f *mappack.Feature, box geo.Box) *mappack.Feature {
	own := f.Box()
	if !own.Meets(box) {
		return nil
	}
	if box.Holds(own.Min) && box.Holds(own.Max) {
		return f
	}
	cut := &mappack.Feature{Class: f.Class, Area: f.Area, Name: f.Name}
	for _, ring := range f.Rings {
		line := lineOf(ring)
		if !f.Area {
			for _, part := range clip.LineString(bound(box), line) {
				cut.Rings = append(cut.Rings, fixesOf(part))
			}
			continue
		}
		part := clip.Ring(bound(box), append(orb.Ring(line), line[0]))
		if len(part) > 3 {
			cut.Rings = append(cut.Rings, fixesOf(part[:len(part)-1]))
		}
	}
	if len(cut.Rings) == 0 {
		return nil
	}
	return cut
}

// seaOf closes coastlines to sea inside a box; nil means that there is none. Water
// lies to the right of a coastline, so that a line is followed to where it leaves
// the box, and the border clockwise from there to where the next one enters.
func seaOf(coast []piece, box geo.Box) *mappack.Feature {
	sea := &mappack.Feature{Class: mappack.Sea, Area: true}
	edge := bound(box)
	var open []orb.LineString
	islands := false
	for _, p := range join(coast, true) {
		line := lineOf(p.at)
		closed := p.refs[0] == p.refs[1] && len(line) > 3
		outside := slices.IndexFunc(line, func(q orb.Point) bool { return !edge.Contains(q) })
		if closed && outside < 0 {
			sea.Rings = append(sea.Rings, p.at[:len(p.at)-1])
			islands = islands || orb.Ring(line).Orientation() == orb.CCW
			continue
		}
		if closed { // begin outside, so that no part is cut in two
			line = append(slices.Clone(line[outside:]), line[1:outside+1]...)
		}
		for _, part := range clip.LineString(edge, line) {
			if len(part) > 1 {
				open = append(open, part)
			}
		}
	}
	if len(open) == 0 && len(sea.Rings) == 0 {
		return nil
	}
	if len(open) == 0 && islands {
		sea.Rings = append(sea.Rings, corners(box))
	}
	sea.Rings = append(sea.Rings, along(open, edge)...)
	return sea
}

func corners(b geo.Box) []geo.Fix {
	return []geo.Fix{b.Min, {Lat: b.Max.Lat, Lon: b.Min.Lon}, b.Max, {Lat: b.Min.Lat, Lon: b.Max.Lon}}
}

// along closes lines along a border. A line that ends inside, because the file was
// cut there, is taken to go straight to the border.
func along(open []orb.LineString, edge orb.Bound) (rings [][]geo.Fix) {
	used := make([]bool, len(open))
	for i := range open {
		if used[i] {
			continue
		}
		var ring orb.LineString
		for k := i; !used[k]; {
			used[k] = true
			ring = append(append(append(ring, onto(place(open[k][0], edge), edge)), open[k]...), onto(place(open[k][len(open[k])-1], edge), edge))
			out := place(open[k][len(open[k])-1], edge)
			next, nearest := k, math.Inf(1)
			for j := range open {
				ahead := math.Mod(place(open[j][0], edge)-out+8, 4)
				if ahead < nearest {
					next, nearest = j, ahead
				}
			}
			for corner := math.Floor(out) + 1; corner < out+nearest; corner++ {
				ring = append(ring, onto(math.Mod(corner, 4), edge))
			}
			k = next
		}
		rings = append(rings, fixesOf(ring))
	}
	return rings
}

// place says how far around the border the nearest point of it lies, clockwise
// from the north-west corner, a side for each whole number.
func place(p orb.Point, edge orb.Bound) float64 {
	x := min(1, max(0, (p[0]-edge.Min[0])/(edge.Max[0]-edge.Min[0])))
	y := min(1, max(0, (p[1]-edge.Min[1])/(edge.Max[1]-edge.Min[1])))
	best, at := 1-y, x // on the north side
	for _, side := range [][2]float64{{1 - x, 2 - y}, {y, 3 - x}, {x, 3 + y}} {
		if side[0] < best {
			best, at = side[0], side[1]
		}
	}
	return math.Mod(at, 4)
}

// onto is the point so far around the border.
func onto(place float64, edge orb.Bound) orb.Point {
	side, t := math.Modf(place)
	w, h := edge.Max[0]-edge.Min[0], edge.Max[1]-edge.Min[1]
	switch side {
	case 0:
		return orb.Point{edge.Min[0] + t*w, edge.Max[1]}
	case 1:
		return orb.Point{edge.Max[0], edge.Max[1] - t*h}
	case 2:
		return orb.Point{edge.Max[0] - t*w, edge.Min[1]}
	}
	return orb.Point{edge.Min[0], edge.Min[1] + t*h}
}
