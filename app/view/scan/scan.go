// Package scan draws what the camera sees, so that people can hold their code into
// it, and what to do where it sees nothing.
package scan

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"yizhan/app/device"
	"yizhan/app/flow"
	"yizhan/app/look"
	"yizhan/app/say"
)

// View draws sights of a camera into a place that the page leaves for it.
type View struct {
	Scale  look.Scale
	Side   float32 // longest side of the picture, in dp
	Mirror bool    // the camera looks at the person who looks at the screen

	drawn  device.Sight
	made   model // what object shows
	object fyne.CanvasObject
	photo  *canvas.Image // in object, while it is live
}

// model is all that object shows but for the picture, which moves by itself.
type model struct {
	scale  look.Scale
	side   float32
	mirror bool
	eye    device.Eye
	nearer bool
	shape  image.Point
}

// What is said where the camera was pulled out, and what to do then.
var gone, instead = say.T("摄像头断开了"), say.T("请用扫码枪或输入短码，或找工作人员")

// Words is what a sight asks people to do; empty where there is no camera.
func Words(s device.Sight) say.Text {
	switch {
	case s.Eye == device.Gone:
		return say.Join("，", gone, instead)
	case s.Eye != device.Live:
		return say.Text{}
	case s.Nearer:
		return say.T("稍微靠近一点")
	}
	return say.T("把二维码放进框里")
}

// Draw takes a sight. The picture moves by itself; where more than that changed the
// page has to put a new Object into its place. It is not to be called while something
// covers the picture: each new one draws the window.
func (v *View) Draw(s device.Sight) (changed bool) {
	before := v.drawn
	v.drawn = s
	if v.photo != nil && s.Picture != nil && s.Picture != before.Picture {
		v.photo.Image = v.turned(s.Picture)
		v.photo.Refresh()
	}
	return before.Eye != s.Eye || before.Nearer != s.Nearer || shape(before) != shape(s)
}

// Object is what stands in the place now: the picture, or a panel with what to do
// instead; nil where there is no camera, or not yet. It is the same one until Draw says
// that it changed, or the view's fields did, so that several pages may hold it.
func (v *View) Object() fyne.CanvasObject {
	now := model{v.Scale, v.Side, v.Mirror, v.drawn.Eye, v.drawn.Nearer, shape(v.drawn)}
	if now == v.made {
		return v.object
	}
	v.made, v.object, v.photo = now, nil, nil
	switch {
	case v.drawn.Eye == device.Gone:
		v.object = v.Scale.Panel(flow.Wait, gone, instead, say.Text{})
	case v.drawn.Eye == device.Live && v.drawn.Picture != nil:
		v.object = v.live()
	}
	return v.object
}

// live is the picture under a frame, and a line beneath.
func (v *View) live() fyne.CanvasObject {
	size := shape(v.drawn)
	long := float32(max(size.X, size.Y))
	w, h := v.Side*float32(size.X)/long, v.Side*float32(size.Y)/long
	v.photo = canvas.NewImageFromImage(v.turned(v.drawn.Picture))
	v.photo.FillMode = canvas.ImageFillStretch // its place has its shape
	v.photo.ScaleMode = canvas.ImageScaleFastest
	tone := flow.Plain
	if v.drawn.Nearer {
		tone = flow.Wait
	}
	fill, on := v.Scale.Strong(tone)
	inside := min(w, h) * 0.76
	picture := look.Fixed(w, h, container.NewStack(v.photo, container.NewCenter(brackets(inside, max(4, v.Side/70), fill))))
	words := look.NewText(look.Say(Words(v.drawn)), look.Style{Em: v.Scale.Body, Bold: true, Colour: on, Align: fyne.TextAlignCenter})
	return look.Column(0, picture, look.Middle(w, look.Fill(fill, 0, look.Pad(v.Scale.Gap/2, v.Scale.Gap/2, words))))
}

// brackets are the four corners of a square, with a light edge, so that they are seen
// before any ground.
func brackets(side, thick float32, fill color.Color) fyne.CanvasObject {
	arm, edge := side/5, thick/4
	var bars []fyne.CanvasObject
	bar := func(x, y, w, h, grow float32, fill color.Color) {
		r := canvas.NewRectangle(fill)
		r.Resize(fyne.NewSize(w+2*grow, h+2*grow))
		r.Move(fyne.NewPos(x-grow, y-grow))
		bars = append(bars, r)
	}
	for _, layer := range []struct {
		grow float32
		fill color.Color
	}{{edge, color.White}, {0, fill}} {
		for _, x := range []float32{0, 1} {
			for _, y := range []float32{0, 1} {
				bar(x*(side-arm), y*(side-thick), arm, thick, layer.grow, layer.fill)
				bar(x*(side-thick), y*(side-arm), thick, arm, layer.grow, layer.fill)
			}
		}
	}
	return container.NewGridWrap(fyne.NewSize(side, side), container.NewWithoutLayout(bars...))
}

func shape(s device.Sight) image.Point {
	if s.Picture == nil {
		return image.Point{}
	}
	return s.Picture.Rect.Size()
}

// turned is the picture as a mirror would show it, where that is wanted.
func (v *View) turned(p *image.Gray) image.Image {
	if !v.Mirror {
		return p
	}
	to := image.NewGray(p.Rect)
	w := p.Rect.Dx()
	for y := range p.Rect.Dy() {
		from, row := p.Pix[y*p.Stride:y*p.Stride+w], to.Pix[y*to.Stride:]
		for x, grey := range from {
			row[w-1-x] = grey
		}
	}
	return to
}
