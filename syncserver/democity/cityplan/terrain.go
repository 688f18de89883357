package cityplan

import (
	"math"
	"math/rand/v2"

	"yizhan/syncserver/democity/mesh"
)

// The map's half width and half height in metres.
const (
	halfWidth  = 7000.0
	halfHeight = 6000.0
)

// terrain is the lie of the land. The plan is first thought of on a straight sheet,
// u to the east and v to the north, where the river and the coast are easy to say,
// and then bent onto the ground.
type terrain struct {
	phase [10]float64
	turn  mesh.Point // the whole city, turned a little
	zero  mesh.Point
}

const riverAt = -1750.0 // v of the river's middle

func newTerrain(r *rand.Rand) *terrain {
	t := &terrain{turn: mesh.Heading((4 + 5*r.Float64()) * math.Pi / 180)}
	for i := range t.phase {
		t.phase[i] = r.Float64() * 0.8
	}
	t.zero = t.bent(mesh.Point{})
	return t
}

// ground is where a point of the sheet lies; the sheet's middle stays where it is.
func (t *terrain) ground(u, v float64) mesh.Point {
	p := t.bent(mesh.Point{X: u, Y: v}).Minus(t.zero)
	return mesh.Point{X: p.X*t.turn.X - p.Y*t.turn.Y, Y: p.X*t.turn.Y + p.Y*t.turn.X}
}

// bent lets the land follow the river's bends near it, and waver elsewhere.
func (t *terrain) bent(p mesh.Point) mesh.Point {
	u, v := p.X, p.Y
	bend := 620*math.Sin(u/1250+0.6+t.phase[0]) + 260*math.Sin(u/560+t.phase[1])*math.Exp(-u*u/2e7)
	near := math.Exp(-(v - riverAt) * (v - riverAt) / (2 * 1500 * 1500))
	return mesh.Point{
		X: u + 190*math.Sin(v/1400+t.phase[2]) + 110*math.Sin((u+v)/900+t.phase[3]),
		Y: v + bend*near + 170*math.Sin(u/1700+t.phase[4]) + 80*math.Sin((u-v)/800+t.phase[5]),
	}
}

// riverHalf is half the river's width, which grows towards its mouth.
func (t *terrain) riverHalf(u float64) float64 {
	return 85 + 45*(u+7000)/11000 + 18*math.Sin(u/430+t.phase[6]) + max(0, u-3600)*0.16
}

// coastAt is u of the shore: sea lies to the east.
func (t *terrain) coastAt(v float64) float64 {
	bay := 520 * math.Exp(-(v-2300)*(v-2300)/(2*900*900))
	return 4750 + 420*math.Sin(v/1500+0.8+t.phase[7]) + 170*math.Sin(v/520+t.phase[8]) - bay
}

// shape is a closed curve of the sheet, between an ellipse and a rectangle.
type shape struct {
	u, v, a, b float64
	square     float64 // 1 an ellipse, smaller the more like a rectangle
	waver      float64
	phase      float64
}

func (s shape) at(angle float64) (u, v float64) {
	sin, cos := math.Sincos(angle)
	k := 1 + s.waver*math.Sin(3*angle+s.phase) + s.waver*0.6*math.Sin(5*angle+2*s.phase)
	bow := func(x float64) float64 { return math.Copysign(math.Pow(math.Abs(x), s.square), x) }
	return s.u + s.a*k*bow(cos), s.v + s.b*k*bow(sin)
}

func (s shape) ring(n int) (uv []mesh.Point) {
	for i := range n {
		u, v := s.at(2 * math.Pi * float64(i) / float64(n))
		uv = append(uv, mesh.Point{X: u, Y: v})
	}
	return uv
}

func (t *terrain) onGround(uv []mesh.Point) []mesh.Point {
	out := make([]mesh.Point, len(uv))
	for i, p := range uv {
		out[i] = t.ground(p.X, p.Y)
	}
	return out
}
