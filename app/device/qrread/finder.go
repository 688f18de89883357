package qrread

import (
	"image"
	"math"
	"slices"
)

// mark is the middle of what looks like one of a symbol's three corner marks.
type mark struct {
	x, y, unit float64 // unit is the width of a module
	rows       int     // that crossed it
}

// seen reports whether three corner marks stand together like those of one symbol:
// then a code is there, and has to come nearer, or be held still. A mark is dark and
// light in the widths 1:1:3:1:1, whichever way a line crosses its middle.
func seen(g *image.Gray) bool {
	marks := marks(g)
	for i, a := range marks {
		for j, b := range marks {
			for _, c := range marks[j+1:] {
				if j != i && c != a && corner(a, b, c) {
					return true
				}
			}
		}
	}
	return false
}

// corner reports whether a is the corner between b and c: legs of one length, which
// a symbol of its size may have, at a right angle or what a slanted view makes of it.
func corner(a, b, c mark) bool {
	unit := (a.unit + b.unit + c.unit) / 3
	bx, by, cx, cy := (b.x-a.x)/unit, (b.y-a.y)/unit, (c.x-a.x)/unit, (c.y-a.y)/unit
	p, q := math.Hypot(bx, by), math.Hypot(cx, cy)
	return min(p, q) > 10 && max(p, q) < 90 && max(p, q) < 1.5*min(p, q) && math.Abs(bx*cx+by*cy) < 0.4*p*q &&
		max(a.unit, b.unit, c.unit) < 1.6*min(a.unit, b.unit, c.unit)
}

// maxMarks bounds the work that a chequered cloth makes.
const maxMarks = 40

func marks(g *image.Gray) (found []mark) {
	width, height := g.Rect.Dx(), g.Rect.Dy()
	reach := max(16, width/24) // of the neighbourhood that says what is dark
	for y := 0; y < height && len(found) < maxMarks; y++ {
		row := g.Pix[y*g.Stride : y*g.Stride+width]
		crossings(row, reach, func(middle, unit float64, threshold uint8) {
			down, ok := upright(g, int(middle), y, unit, threshold)
			if !ok {
				return
			}
			near := func(m mark) bool {
				return math.Abs(m.x-middle) < 2*unit+1 && math.Abs(m.y-down) < 2*unit+1
			}
			if i := slices.IndexFunc(found, near); i >= 0 {
				found[i].rows++
				return
			}
			found = append(found, mark{middle, down, unit, 1})
		})
	}
	return slices.DeleteFunc(found, func(m mark) bool { return float64(m.rows) < 1.5*m.unit })
}

// crossings goes along a row and gives each place where it crosses a mark: its
// middle, the width of a module, and the grey below which a pixel is dark there.
func crossings(row []uint8, reach int, each func(middle, unit float64, threshold uint8)) {
	var sum int
	for _, v := range row[:min(reach, len(row))] {
		sum += int(v)
	}
	var runs [5]int // the last five, of which the last is dark
	last, from := false, 0
	for x, v := range row {
		low, high := x-reach, x+reach
		if high < len(row) {
			sum += int(row[high])
		}
		if low > 0 {
			sum -= int(row[low-1])
		}
		mean := sum / (min(high, len(row)-1) - max(low, 0) + 1)
		dark := int(v) < mean-4
		if dark == last {
			continue
		}
		copy(runs[:], runs[1:])
		runs[4], from, last = x-from, x, dark
		if !dark {
			if unit, ok := proportions(runs); ok {
				each(float64(x)-float64(runs[4]+runs[3])-float64(runs[2])/2, unit, uint8(mean))
			}
		}
	}
}

// upright crosses a mark from top to bottom and gives its middle.
func upright(g *image.Gray, x, y int, unit float64, threshold uint8) (middle float64, ok bool) {
	var runs [5]int
	at := func(y int) uint8 { return g.Pix[y*g.Stride+x] }
	walk := func(step int, order []int) {
		dark, i := true, 0
		for yy := y; yy >= 0 && yy < g.Rect.Dy() && i < len(order); yy += step {
			if (at(yy) < threshold) != dark {
				dark = !dark
				if i++; i == len(order) {
					return
				}
			}
			if runs[order[i]]++; runs[order[i]] > int(6*unit)+2 {
				return
			}
		}
	}
	walk(-1, []int{2, 1, 0})
	up := runs[2]
	walk(1, []int{2, 3, 4})
	runs[2]-- // y itself was counted twice
	if tall, ok := proportions(runs); !ok || tall > 2*unit || unit > 2*tall {
		return 0, false
	}
	return float64(y-up+1) + float64(runs[2])/2, true
}

// proportions reports whether five runs are like 1:1:3:1:1, and the width of one.
func proportions(runs [5]int) (unit float64, ok bool) {
	total := 0
	for _, n := range runs {
		if n == 0 {
			return 0, false
		}
		total += n
	}
	unit = float64(total) / 7
	slack := unit*0.5 + 0.5 // half a pixel is lost at each edge
	for i, n := range runs {
		want := unit
		if i == 2 {
			want *= 3
		}
		if math.Abs(float64(n)-want) > slack*want/unit {
			return 0, false
		}
	}
	return unit, unit >= 1
}
