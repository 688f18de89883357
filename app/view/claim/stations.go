package claim

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/flow/claim"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	board "yizhan/app/view/wayfind"
)

func (v *View) seek(m wayfind.Message) { v.Send(claim.Sought{Message: m}) }

// stations is the map over the list, or over one station.
func (v *View) stations(m Model, strip fyne.CanvasObject) fyne.CanvasObject {
	s := v.scale
	v.places.Scale = s
	b := board.Board{Scale: s, State: m.Seek, Send: v.seek, Places: v.places, OpenURL: v.Open}
	top := []fyne.CanvasObject{s.Header(look.Say(b.Title()), v.send(claim.Back{})), strip}
	if b.HasMap() && v.Map != nil {
		top = append(top, container.New(band(s.Button*4.4), v.Map))
	}
	return v.frame(look.Column(0, top...), b.Whole(), nil)
}

// DrawMap shows the part of the map that a finger has moved to.
func (v *View) DrawMap(s wayfind.State) {
	if v.last.Page == claim.Places && v.Map != nil {
		v.Map.Draw(s)
	}
}

// band is as wide as its place, and so high.
type band float32

// Layout implements fyne.Layout.
func (b band) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(size)
	}
}

// MinSize implements fyne.Layout.
func (b band) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, float32(b)) }
