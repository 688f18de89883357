package look

import (
	"fmt"
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"yizhan/app/flow"
)

// Signs are filled paths of a 24×24 field (Fyne's SVG strokes do not grow with
// the picture); a part drawn the other way round is a hole.
const (
	signGood = "M12 .8A11.2 11.2 0 0 1 12 23.2A11.2 11.2 0 0 1 12 .8z" +
		"M5.34 13.46L10.56 18.68L18.91 9.4L16.69 7.4L10.44 14.32L7.46 11.34z"
	signCheck = "M4 11L9.6 16.6L20 5L22.2 7L9.8 20.8L2 13z"
	signWait  = "M12 1.4L23.6 21.8H.4z" + "M10.8 8.6V15H13.2V8.6z" + "M12 16.4A1.4 1.4 0 0 0 12 19.2A1.4 1.4 0 0 0 12 16.4z"
	signBad   = "M4.7 2.2L12 9.5L19.3 2.2L21.8 4.7L14.5 12L21.8 19.3L19.3 21.8L12 14.5L4.7 21.8L2.2 19.3L9.5 12L2.2 4.7z"
	signNet   = "M12 4A8 8 0 0 1 12 20A8 8 0 0 1 12 4z"
	signCut   = "M12 3A9 9 0 0 1 12 21A9 9 0 0 1 12 3z" + "M12 5.8A6.2 6.2 0 0 0 12 18.2A6.2 6.2 0 0 0 12 5.8z" +
		"M3.1 19.1L19.1 3.1L20.9 4.9L4.9 20.9z"
	signBack = "M14.5 2.5L5 12L14.5 21.5L16.5 19.5L9 12L16.5 4.5z"
	signScan = "M1 7.5V1H7.5V2.8H2.8V7.5z" + "M16.5 1H23V7.5H21.2V2.8H16.5z" + "M23 16.5V23H16.5V21.2H21.2V16.5z" + "M7.5 23H1V16.5H2.8V21.2H7.5z" +
		"M5.5 5.5H11V11H5.5z" + "M13 5.5H18.5V11H13z" + "M5.5 13H11V18.5H5.5z" +
		"M13 13H15.2V15.2H13z" + "M16.3 16.3H18.5V18.5H16.3z" + "M13 16.3H15.2V18.5H13z" + "M16.3 13H18.5V15.2H16.3z"
)

func sign(name, path string, c color.Color) *canvas.Image {
	r, g, b, _ := c.RGBA()
	hex := fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="` + hex + `" d="` + path + `"/></svg>`
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
