package shelltest

import (
	"cmp"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	xdraw "golang.org/x/image/draw"

	"yizhan/app/flow/settings"
	"yizhan/app/shell"
)

var screens = flag.String("screens", "", "write sheets with pictures of the pages into this `folder`; make screens does it for docs/SCREENS.md")

// Album makes a sheet of each page that a test has opened: in Chinese and in English,
// each in standard and in large print.
type Album struct {
	Env   *shell.Env
	Name  string // of the shell and its size, the first part of the files' names
	Width int    // of one picture on the sheet, in pixels
	Ready func() // waits until all of the page is drawn; may be nil
}

// Take writes the sheet of the page that is shown. Without -screens it does nothing.
func (a Album) Take(t testing.TB, page string) {
	t.Helper()
	if *screens == "" {
		return
	}
	before := a.Env.Settings()
	var shots []image.Image
	for _, language := range []string{settings.Chinese, settings.English} {
		for _, print := range []settings.Print{settings.Standard, settings.Large} {
			a.Env.Choose(settings.SetLanguage{Name: language})
			a.Env.Choose(settings.SetPrint{Print: print})
			if a.Ready != nil {
				a.Ready()
			}
			shots = append(shots, a.Env.Window.Canvas().Capture())
		}
	}
	a.Env.Choose(settings.SetLanguage{Name: before.Language})
	a.Env.Choose(settings.SetPrint{Print: before.Print})
	f, err := os.Create(filepath.Join(*screens, a.Name+"-"+page+".png"))
	if err != nil {
		t.Fatal(err)
	}
	best := png.Encoder{CompressionLevel: png.BestCompression}
	if err := errors.Join(best.Encode(f, few(sheet(shots, a.Width))), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// margin is between the pictures of a sheet.
const margin = 8

// sheet puts pictures beside each other, wide ones two in a row.
func sheet(shots []image.Image, width int) *image.RGBA {
	size := shots[0].Bounds().Size()
	height := width * size.Y / size.X
	row := len(shots)
	if size.X > size.Y {
		row = 2
	}
	all := image.NewRGBA(image.Rect(0, 0, row*(width+margin)-margin, (len(shots)+row-1)/row*(height+margin)-margin))
	xdraw.Draw(all, all.Bounds(), image.NewUniform(color.Gray{0x80}), image.Point{}, xdraw.Src)
	for i, shot := range shots {
		at := image.Pt(i%row*(width+margin), i/row*(height+margin))
		xdraw.CatmullRom.Scale(all, image.Rect(at.X, at.Y, at.X+width, at.Y+height), shot, shot.Bounds(), xdraw.Src, nil)
	}
	return all
}

// shades is how many colours a sheet keeps: so many as four bits hold.
const shades = 16

// few gives a picture in its commonest colours, which takes a third of the room.
func few(img *image.RGBA) *image.Paletted {
	type bucket struct {
		n    int
		best color.RGBA
		seen map[color.RGBA]int
	}
	buckets := map[uint16]*bucket{}
	for i := 0; i < len(img.Pix); i += 4 {
		c := color.RGBA{img.Pix[i], img.Pix[i+1], img.Pix[i+2], 0xFF}
		key := uint16(c.R>>4)<<8 | uint16(c.G>>4)<<4 | uint16(c.B>>4)
		b := buckets[key]
		if b == nil {
			b = &bucket{seen: map[color.RGBA]int{}}
			buckets[key] = b
		}
		b.n++
		b.seen[c]++
		if b.seen[c] > b.seen[b.best] {
			b.best = c
		}
	}
	most := slices.SortedFunc(maps.Values(buckets), func(a, b *bucket) int { return cmp.Compare(b.n, a.n) })
	var palette color.Palette
	for _, b := range most[:min(shades, len(most))] {
		palette = append(palette, b.best)
	}
	out, nearest := image.NewPaletted(img.Bounds(), palette), map[color.RGBA]uint8{}
	for i := range out.Pix {
		c := color.RGBA{img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], 0xFF}
		at, ok := nearest[c]
		if !ok {
			at = uint8(palette.Index(c))
			nearest[c] = at
		}
		out.Pix[i] = at
	}
	return out
}
