// Package settings draws what people choose about the app itself.
package settings

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow/settings"
	"yizhan/app/look"
)

// Sheet is the page of all settings.
func Sheet(s look.Scale, v settings.Values, send func(settings.Message)) fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for _, g := range v.Groups() {
		lines := []fyne.CanvasObject{s.Remark(look.Say(g.Label))}
		for _, o := range g.Options {
			lines = append(lines, s.Option(look.Say(o.Text), look.Say(o.Note), o.Chosen, func() { send(o.Send) }))
		}
		objects = append(objects, look.Column(s.Gap*0.6, lines...))
	}
	return look.Column(s.Gap*1.6, objects...)
}

// Toggles is one row of switches.
func Toggles(s look.Scale, v settings.Values, send func(settings.Message)) fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for _, t := range v.Toggles() {
		objects = append(objects, s.Toggle(look.Say(t.Text), t.On, func() { send(t.Send) }))
	}
	return look.Row(s.Gap*0.6, -1, objects...)
}
