package cityplan

import (
	"math"

	"yizhan/syncserver/democity/mesh"
)

// sheet is about where a place of the ground is on the sheet.
func (p *Plan) sheet(at mesh.Point) mesh.Point {
	uv := at
	for range 9 {
		uv = uv.Plus(at.Minus(p.land.ground(uv.X, uv.Y)).Times(0.85))
	}
	return uv
}

// useAt says what a face of the skeleton is.
func (p *Plan) useAt(ring []mesh.Point, at mesh.Point) use {
	if !mesh.Inside(ring, at) { // a crescent: look beside its boundary instead
		a, b := ring[0], ring[1]
		at = a.Towards(b, 0.5).Plus(b.Minus(a).Unit().Left().Times(5))
	}
	uv := p.sheet(at)
	for i, s := range p.shapes {
		if mesh.Inside(s, uv) {
			return zones[i].use
		}
	}
	switch {
	case uv.X > p.land.coastAt(uv.Y):
		return sea
	case math.Abs(uv.Y-riverAt) < p.land.riverHalf(uv.X)+50:
		return river
	case math.Abs(uv.Y-railAt(uv.X)) < 55:
		return rails
	case uv.X > p.land.coastAt(uv.Y)-180:
		return shoreline
	case p.outside(at) > 1100:
		return country
	}
	return homes
}

// allot says what each block is for.
func (p *Plan) allot() {
	for _, b := range p.blocks {
		if b.use == homes || b.use == country {
			b.use = p.allotted(b)
		}
		if far, rare := rarely[b.use]; rare && p.near(b, far) {
			b.use = homes
		}
	}
	p.landmarks()
}

// rarely is how many metres lie between two of a kind.
var rarely = map[use]float64{park: 520, trade: 430, school: 560}

// near reports whether a block of the same use as b lies so near.
func (p *Plan) near(b *block, far float64) bool {
	for _, o := range p.blocks {
		if o == b {
			return false // those after it have no use yet
		}
		if o.use == b.use && o.at.Distance(b.at) < far {
			return true
		}
	}
	return false
}

// allotted draws a use by the block's part of the city.
func (p *Plan) allotted(b *block) use {
	_, _, width := mesh.Axis(b.ring)
	if b.size/float64(len(b.ring)) < 200 || width < 45 || b.size < 3500 {
		return verge
	}
	core := b.at.Distance(mesh.Point{X: 200, Y: -100})
	lot := p.r.IntN(100)
	pick := func(uses ...use) use { return uses[lot*len(uses)/100] }
	switch {
	case b.size > 120_000:
		return country
	case b.use == country && p.outside(b.at) > 2200:
		return pick(country, country, country, country, country, village, village, works)
	case b.use == country:
		return pick(homes, works, works, village, country, country)
	case core < 900:
		return pick(offices, offices, offices, trade, trade, homes, homes, homes, park)
	case core < 1900:
		return pick(homes, homes, homes, homes, homes, offices, offices, trade, school, park)
	case b.at.X < -4300 || b.at.Y > 3100:
		return pick(homes, homes, works, works, works, works, village, park)
	}
	return pick(homes, homes, homes, homes, homes, homes, homes, homes, homes, homes, homes, homes, homes, homes, trade, offices, school, village, park, works)
}

// landmarks gives every part of the city what it needs once: hospitals, markets,
// squares.
func (p *Plan) landmarks() {
	for _, want := range []struct {
		use   use
		least float64 // square metres
		at    []mesh.Point
	}{
		{square, 8_000, []mesh.Point{{X: 60, Y: 1000}, {X: -1600, Y: 200}, {X: 700, Y: -2900}}},
		{hospital, 22_000, []mesh.Point{{X: -900, Y: 650}, {X: 2300, Y: 500}, {X: -3600, Y: -400}, {X: 700, Y: -3300}, {X: -300, Y: 2500}, {X: -4800, Y: -3500}}},
		{market, 9_000, []mesh.Point{{X: 640, Y: -420}, {X: -1700, Y: -1200}, {X: -2900, Y: 700}, {X: 2700, Y: -900}, {X: -600, Y: -2600}, {X: 1900, Y: -3600}, {X: -700, Y: 1700}, {X: 1200, Y: 2700}, {X: -4600, Y: 400}, {X: 3600, Y: 1400}, {X: -3500, Y: -2600}, {X: -5600, Y: -1500}}},
		{park, 12_000, []mesh.Point{{X: 330, Y: 330}, {X: -700, Y: -300}, {X: 1300, Y: -1000}}},
	} {
		for _, at := range want.at {
			var best *block
			for _, b := range p.blocks {
				ordinary := b.use == homes || b.use == offices || b.use == trade || b.use == works
				if ordinary && b.size > want.least && b.size < 4*want.least && (best == nil || b.at.Distance(at) < best.at.Distance(at)) {
					best = b
				}
			}
			if best != nil {
				best.use = want.use
			}
		}
	}
}
