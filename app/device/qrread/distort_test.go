//go:build cgo && linux && !android && !nozxing

package qrread

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"yizhan/core/qr"
)

// shot is how a code is photographed: where the plane of the code lies before the
// camera, and what light, lens and sensor do to it.
type shot struct {
	module       float64 // pixels of the frame that a module is wide, seen straight
	tilt, turn   float64 // degrees: of the plane away from the camera, and within itself
	bend         float64 // of paper around a bottle: radius in widths of the code; 0 is flat
	blur, motion float64 // in modules: of the lens, and of the hand
	contrast     float64 // share that is left; 0 is all of it
	noise        float64 // standard deviation in greys
	shadow       float64 // share of light that it takes from half the picture
	glare        float64 // share of the code's width that a lamp's reflection is wide
	moire        float64 // strength of a screen's grid against the sensor's
	smudge       float64 // share of the code that is covered
	invert       bool    // light on dark
	jpeg         int     // quality that a chat leaves; 0 is untouched
}

// distortions are the kinds, each from mild to hard.
var distortions = []struct {
	kind  string
	shots [3]shot
}{
	{"far away", [3]shot{{module: 3}, {module: 2}, {module: 1.5}}},
	{"turned", [3]shot{{turn: 10}, {turn: 31}, {turn: 137}}},
	{"slanted", [3]shot{{tilt: 25, turn: 5}, {tilt: 40, turn: 20}, {tilt: 55, turn: 20}}},
	{"bent", [3]shot{{bend: 1.5}, {bend: 1}, {bend: 0.7}}},
	{"out of focus", [3]shot{{blur: 0.3}, {blur: 0.5}, {blur: 0.7}}},
	{"hand moves", [3]shot{{motion: 0.7}, {motion: 1.2}, {motion: 1.7}}},
	{"noise", [3]shot{{noise: 15}, {noise: 30}, {noise: 50}}},
	{"low light", [3]shot{{contrast: 0.4, noise: 8}, {contrast: 0.2, noise: 8}, {contrast: 0.12, noise: 8}}},
	{"shadow", [3]shot{{shadow: 0.4}, {shadow: 0.65}, {shadow: 0.8, tilt: 20}}},
	{"glare", [3]shot{{glare: 0.2}, {glare: 0.35}, {glare: 0.5}}},
	{"screen moiré", [3]shot{{moire: 0.25}, {moire: 0.5, turn: 4}, {moire: 0.75, turn: 4}}},
	{"smudged", [3]shot{{smudge: 0.03}, {smudge: 0.06}, {smudge: 0.09}}},
	{"light on dark", [3]shot{{invert: true}, {invert: true, turn: 20, blur: 0.3}, {invert: true, tilt: 35, noise: 20}}},
	{"sent in a chat", [3]shot{{jpeg: 30}, {jpeg: 12}, {jpeg: 5, module: 3}}},
	{"phone held up", [3]shot{{tilt: 15, turn: 8, blur: 0.25, noise: 8, moire: 0.2}, {tilt: 25, turn: 15, blur: 0.35, noise: 12, moire: 0.3, glare: 0.12},
		{tilt: 35, turn: 25, blur: 0.45, noise: 16, moire: 0.4, glare: 0.2}}},
	{"crumpled slip", [3]shot{{bend: 2, tilt: 15, shadow: 0.3, blur: 0.25}, {bend: 1.2, tilt: 25, shadow: 0.5, blur: 0.35, smudge: 0.02},
		{bend: 0.9, tilt: 35, shadow: 0.6, blur: 0.45, smudge: 0.04}}},
}

const frameWidth, frameHeight = 800, 600

// take photographs a code.
func (s shot) take(code *image.Gray, rnd *rand.Rand) *image.Gray {
	const drawn = 4 // pixels a module in code
	modules := float64(code.Rect.Dx()) / drawn
	if s.module == 0 {
		s.module = 430 / modules // fills most of the frame
	}
	wide := modules * s.module // the code, in pixels of the frame
	sinT, cosT := math.Sincos(s.tilt * math.Pi / 180)
	sinR, cosR := math.Sincos(s.turn * math.Pi / 180)
	light := make([]float64, frameWidth*frameHeight)
	const over = 2 // samples a pixel, each way
	for y := range frameHeight {
		for x := range frameWidth {
			sum := 0.0
			for i := range over * over {
				px, py := float64(x)+(float64(i%over)+0.5)/over-frameWidth/2, float64(y)+(float64(i/over)+0.5)/over-frameHeight/2
				const far = 900.0 // pixels from the eye to the plane
				depth := far / (far*cosT - py*sinT)
				u, v := px*cosT*depth, py*depth
				u, v = cosR*u+sinR*v, cosR*v-sinR*u
				if s.bend > 0 {
					radius := s.bend * wide
					if math.Abs(u) >= radius {
						sum += 0.3
						continue
					}
					u = radius * math.Asin(u/radius)
				}
				sum += paper(code, u/wide, v/wide, s.invert)
			}
			light[y*frameWidth+x] = sum / (over * over)
		}
	}
	s.lamps(light, wide, rnd)
	light = smear(light, s.blur*s.module, s.motion*s.module)
	frame := image.NewGray(image.Rect(0, 0, frameWidth, frameHeight))
	contrast := s.contrast
	if contrast == 0 {
		contrast = 1
	}
	for i, l := range light {
		frame.Pix[i] = uint8(max(0, min(255, 128+contrast*(20+l*215-128)+s.noise*rnd.NormFloat64())))
	}
	if s.jpeg > 0 {
		var file bytes.Buffer
		_ = jpeg.Encode(&file, frame, &jpeg.Options{Quality: s.jpeg}) // into memory
		img, _ := jpeg.Decode(&file)
		return Grey(img)
	}
	return frame
}

// paper is how bright the plane is; the code reaches from -½ to ½.
func paper(code *image.Gray, u, v float64, inverted bool) float64 {
	n := float64(code.Rect.Dx())
	x, y := int(math.Floor((u+0.5)*n)), int(math.Floor((v+0.5)*n))
	l := 0.45
	if x >= 0 && y >= 0 && x < code.Rect.Dx() && y < code.Rect.Dy() {
		l = float64(code.Pix[y*code.Stride+x]) / 255
	}
	if inverted {
		return 1 - l
	}
	return l
}

// lamps puts shadow, reflection, dirt and a screen's grid over the picture.
func (s shot) lamps(light []float64, wide float64, rnd *rand.Rand) {
	angle := rnd.Float64() * math.Pi
	sin, cos := math.Sincos(angle)
	gx, gy := (rnd.Float64()-0.5)*wide*0.5, (rnd.Float64()-0.5)*wide*0.5
	type spot struct{ x, y, r float64 }
	var dirt []spot
	for range 5 {
		r := math.Sqrt(s.smudge/5/math.Pi) * wide
		dirt = append(dirt, spot{(rnd.Float64() - 0.5) * wide * 0.5, (rnd.Float64() - 0.5) * wide * 0.5, r})
	}
	for i := range light {
		x, y := float64(i%frameWidth)-frameWidth/2, float64(i/frameWidth)-frameHeight/2
		if s.moire > 0 { // two grids of nearly one width beat against each other
			beat := math.Sin(x*2.05+y*0.07) + math.Sin(y*2.11-x*0.05)
			slow := math.Sin(x*0.061+y*0.013) * math.Sin(y*0.053-x*0.017)
			light[i] *= 1 - s.moire*(0.25+0.15*beat+0.35*slow)
		}
		for _, d := range dirt {
			if math.Hypot(x-d.x, y-d.y) < d.r {
				light[i] = 0.5
			}
		}
		if s.shadow > 0 {
			light[i] *= 1 - s.shadow/(1+math.Exp((x*cos+y*sin)/12))
		}
		if s.glare > 0 {
			r := s.glare * wide / 2
			light[i] = min(1, light[i]+1.2*math.Exp(-((x-gx)*(x-gx)+(y-gy)*(y-gy))/(2*r*r)))
		}
	}
}

// smear blurs by a Gaussian, then along a line.
func smear(light []float64, sigma, length float64) []float64 {
	if sigma > 0.1 {
		reach := int(3*sigma) + 1
		kernel := make([]float64, 2*reach+1)
		for i := range kernel {
			kernel[i] = math.Exp(-float64((i-reach)*(i-reach)) / (2 * sigma * sigma))
		}
		light = convolve(convolve(light, kernel, 1, 0), kernel, 0, 1)
	}
	if n := int(length + 0.5); n > 1 {
		kernel := make([]float64, n)
		for i := range kernel {
			kernel[i] = 1
		}
		light = convolve(light, kernel, 1, 0)
	}
	return light
}

func convolve(from, kernel []float64, dx, dy int) []float64 {
	to := make([]float64, len(from))
	reach := len(kernel) / 2
	for y := range frameHeight {
		for x := range frameWidth {
			sum, weight := 0.0, 0.0
			for i, k := range kernel {
				xx, yy := x+dx*(i-reach), y+dy*(i-reach)
				if xx >= 0 && yy >= 0 && xx < frameWidth && yy < frameHeight {
					sum += k * from[yy*frameWidth+xx]
					weight += k
				}
			}
			to[y*frameWidth+x] = sum / weight
		}
	}
	return to
}

// tally counts what was read, from mild to hard.
type tally [3]int

const codes = 4 // of each kind and hardness

// TestDistorted photographs tickets in every bad way and counts what is read. All of
// the mild, and most of the hard, have to be: a counter lives of it. With -update it
// writes the table into docs/SCANNING.md.
func TestDistorted(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	var texts []string
	for range codes {
		texts = append(texts, sealed(t, rnd))
	}
	table := make([]tally, len(distortions))
	var total tally
	for i, d := range distortions {
		for hard, s := range d.shots {
			for _, text := range texts {
				code, err := qr.Image(text, 4)
				if err != nil {
					t.Fatal(err)
				}
				switch got := Search(s.take(code, rnd), Patient).Text; got {
				case text:
					table[i][hard]++
					total[hard]++
				case "":
				default:
					t.Errorf("%s: read %q, which is not there", d.kind, got)
				}
			}
		}
		t.Logf("%-14s %v of %d", d.kind, table[i], codes)
		if table[i][0] < codes {
			t.Errorf("%s: %d of %d mild ones are read, all have to be", d.kind, table[i][0], codes)
		}
	}
	all := codes * len(distortions)
	t.Logf("%-14s %v of %d", "all", total, all)
	if total[1]*100 < 95*all || total[2]*100 < 65*all {
		t.Errorf("%d and %d of %d are read; 95 %% and 65 %% have to be", total[1], total[2], all)
	}
	if *update {
		writeTable(t, table, total)
	}
}

var update = flag.Bool("update", false, "write the table of TestDistorted into docs/SCANNING.md")

// writeTable puts the table between its two marks.
func writeTable(t *testing.T, table []tally, total tally) {
	const page, from, to = "../../../docs/SCANNING.md", "<!-- distorted -->\n", "<!-- end -->"
	body, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(body), from)
	_, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| of %d each | mild | middle | hard |\n|---|---|---|---|\n", codes)
	for i, d := range distortions {
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", d.kind, table[i][0], table[i][1], table[i][2])
	}
	all := codes * len(distortions)
	share := func(n int) string { return fmt.Sprintf("**%d %%**", (100*n+all/2)/all) }
	fmt.Fprintf(&b, "| **all** | %s | %s | %s |\n", share(total[0]), share(total[1]), share(total[2]))
	if err := os.WriteFile(page, []byte(before+from+b.String()+to+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
