package main

import (
	"fmt"
	"math"
	"strings"
)

// plot is how the time that a load takes grows with it, on logarithmic scales, beside
// what grows in proportion.
type plot struct {
	file, what string
	x, y       string // axes
	points     []point
}

// point is one load, and what it took: the value of a figure, or load/value for a rate.
type point struct {
	load       float64
	name, unit string
}

var plots = []plot{
	{"growth-grants.svg", "row 1", "callers, who each wait for every answer", "milliseconds until each has an answer", []point{
		{1000, "Grant1000/x1", "decisions/s"}, {2000, "Grant1000/x2", "decisions/s"}, {4000, "Grant1000/x4", "decisions/s"}, {8000, "Grant1000/x8", "decisions/s"}}},
	{"growth-storm.svg", "row 4", "phones that are connected, 20 presses each", "milliseconds for one press of each", []point{
		{1250, "Storm/devices=1250", "answers/s"}, {2500, "Storm/devices=2500", "answers/s"}, {5000, "Storm/devices=5000", "answers/s"}, {10000, "Storm/devices=10000", "answers/s"}}},
	{"growth-bootstrap.svg", "row 8", "people on the lists of a staff tablet", "milliseconds to its first sync", []point{
		{10_000, "Bootstrap/rows=10000", "tablet-usable-s"}, {100_000, "Bootstrap/rows=100000", "tablet-usable-s"}, {1_000_000, "Bootstrap/rows=1000000", "tablet-usable-s"}}},
}

// took gives the measured times in milliseconds; ok is false where one is missing.
func (p plot) took(f Figures) (ms []float64, ok bool) {
	for _, one := range p.points {
		v := f[one.name][one.unit]
		if v <= 0 {
			return nil, false
		}
		if rate(one.unit) {
			v = one.load / v
		}
		ms = append(ms, 1000*v)
	}
	return ms, true
}

// growth is the worst of the times in units of what the first point predicts.
func (p plot) growth(f Figures) (worst float64, ok bool) {
	ms, ok := p.took(f)
	if !ok {
		return 0, false
	}
	for i, v := range ms[1:] {
		worst = max(worst, v/(ms[0]*p.points[i+1].load/p.points[0].load))
	}
	return worst, true
}

// Sizes of a plot, in pixels.
const (
	width, height           = 640, 400
	left, right, top, below = 80, 84, 46, 56
)

// Draw gives the plot as SVG, or nothing where a figure is missing.
func (p plot) Draw(f Figures) string {
	ms, ok := p.took(f)
	if !ok {
		return ""
	}
	first, last := p.points[0].load, p.points[len(p.points)-1].load
	linear := ms[0] * last / first
	low, high := ms[0], linear
	for _, v := range ms {
		low, high = min(low, v), max(high, v)
	}
	low, high = low/1.5, high*1.5
	at := func(load, v float64) (x, y float64) {
		return left + (width-left-right)*math.Log(load/first)/math.Log(last/first), height - below - (height-top-below)*math.Log(v/low)/math.Log(high/low)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="13" fill="#222222">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	text := func(x, y float64, anchor, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, s)
	}
	line := func(x1, y1, x2, y2 float64, style string) {
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`+"\n", x1, y1, x2, y2, style)
	}
	for decade := math.Ceil(math.Log10(low)); decade <= math.Log10(high); decade++ {
		v := math.Pow(10, decade)
		_, y := at(first, v)
		line(left, y, width-right, y, `stroke="#dddddd"`)
		text(left-8, y+4, "end", number(v))
	}
	line(left, height-below, width-right, height-below, `stroke="#222222"`)
	line(left, top, left, height-below, `stroke="#222222"`)
	x1, y1 := at(first, ms[0])
	x2, y2 := at(last, linear)
	line(x1, y1, x2, y2, `stroke="#888888" stroke-dasharray="6 4"`)
	var path []string
	for i, v := range ms {
		x, y := at(p.points[i].load, v)
		path = append(path, fmt.Sprintf("%.1f,%.1f", x, y))
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="4" fill="#0b5cad"/>`+"\n", x, y)
		text(x+9, y+16, "start", number(v)) // below the line, which rises
		text(x, height-below+18, "middle", number(p.points[i].load))
	}
	fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="#0b5cad" stroke-width="2"/>`+"\n", strings.Join(path, " "))
	text(left, 20, "start", p.y)
	text(width-right, 20, "end", "dashed: in proportion to the load")
	text((left+width-right)/2, height-16, "middle", p.x)
	b.WriteString("</svg>\n")
	return b.String()
}
