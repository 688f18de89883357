package look

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"yizhan/app/flow"
)

// Signs are drawn as paths of a 24×24 field; COLOUR is filled in.
const (
	signGood = `<circle cx="12" cy="12" r="10.6" fill="none" stroke="COLOUR" stroke-width="2"/>` +
		`<path d="M6.8 12.4l3.6 3.6 6.8-7.6" fill="none" stroke="COLOUR" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/>`
	signWait = `<path d="M12 2.2L22.6 21H1.4z" fill="none" stroke="COLOUR" stroke-width="2" stroke-linejoin="round"/>` +
		`<path d="M12 9v5.6" fill="none" stroke="COLOUR" stroke-width="2.4" stroke-linecap="round"/><circle cx="12" cy="17.8" r="1.4" fill="COLOUR"/>`
	signBad  = `<path d="M3.5 3.5l17 17M20.5 3.5l-17 17" fill="none" stroke="COLOUR" stroke-width="4" stroke-linecap="round"/>`
	signNet  = `<circle cx="12" cy="12" r="8" fill="COLOUR"/>`
	signCut  = `<circle cx="12" cy="12" r="7" fill="none" stroke="COLOUR" stroke-width="3"/><path d="M4 20L20 4" stroke="COLOUR" stroke-width="3" stroke-linecap="round"/>`
	signBack = `<path d="M15 4l-8 8 8 8" fill="none" stroke="COLOUR" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/>`
	signScan = `<path d="M2 7V3.5A1.5 1.5 0 0 1 3.5 2H7M17 2h3.5A1.5 1.5 0 0 1 22 3.5V7M22 17v3.5a1.5 1.5 0 0 1-1.5 1.5H17M7 22H3.5A1.5 1.5 0 0 1 2 20.5V17" fill="none" stroke="COLOUR" stroke-width="1.4" stroke-linecap="round"/>` +
		`<path d="M6 6h5v5H6zM13 6h5v5h-5zM6 13h5v5H6zM13 13h2v2h-2zM16 16h2v2h-2zM13 16h2v2h-2zM16 13h2v2h-2z" fill="COLOUR"/>`
)

func sign(name, paths string, c color.Color) *canvas.Image {
	r, g, b, _ := c.RGBA()
	hex := fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">` + strings.ReplaceAll(paths, "COLOUR", hex) + `</svg>`
	i := canvas.NewImageFromResource(fyne.NewStaticResource(name+hex[1:]+".svg", []byte(svg)))
	i.FillMode = canvas.ImageFillContain
	return i
}

// Mark is the shape of a tone: circled check, triangle, cross.
func Mark(t Tone, c color.Color) *canvas.Image {
	switch t {
	case flow.Good:
		return sign("good", signGood, c)
	case flow.Wait:
		return sign("wait", signWait, c)
	case flow.Bad:
		return sign("bad", signBad, c)
	}
	return sign("scan", signScan, c)
}

// NetMark is a full dot for online and a struck ring for offline.
func NetMark(online bool, c color.Color) *canvas.Image {
	if online {
		return sign("online", signNet, c)
	}
	return sign("offline", signCut, c)
}

// quiet is the white border that a QR code needs, in modules.
const quiet = 4

// QR draws a code with the same whole number of pixels for every module:
// anything else gives scanners uneven bars.
func QR(modules [][]bool) *canvas.Raster {
	return canvas.NewRaster(func(w, h int) image.Image { return drawQR(modules, w, h) })
}

func drawQR(modules [][]bool, w, h int) image.Image {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	n := len(modules)
	step := min(w, h) / (n + 2*quiet)
	if step == 0 {
		return img // too small to be read: blank is honest, a blur is not
	}
	left, top := (w-n*step)/2, (h-n*step)/2
	for y, line := range modules {
		for x, dark := range line {
			if !dark {
				continue
			}
			for dy := range step {
				row := img.Pix[(top+y*step+dy)*img.Stride:]
				for dx := range step {
					row[left+x*step+dx] = 0
				}
			}
		}
	}
	return img
}
