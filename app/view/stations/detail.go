package stations

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow/stations"
	"yizhan/app/look"
	"yizhan/app/say"
)

// Facts is what is known of a place, below its name and how far it is: why it is closed,
// today's hours and those of the week, what it looks like and has, where it stands, and how old all that is.
func (v *View) Facts(d stations.Detail) []fyne.CanvasObject {
	s := v.Scale
	var all []fyne.CanvasObject
	if !d.Notice.Empty() {
		all = append(all, s.Panel(look.Bad, d.Word, d.Notice, say.Text{}))
	}
	hours := []fyne.CanvasObject{s.Remark(look.Say(say.T("今天")))}
	if !d.Today.Empty() {
		hours = append(hours, s.Heading(look.Say(d.Today), false))
	}
	if !d.Doubt.Empty() {
		c := s.Shade(look.Wait)
		hours = append(hours, look.Fill(c.Soft, s.Radius/2, look.Pad(s.Gap*0.4, s.Gap*0.6,
			look.Row(s.Gap*0.5, 1, look.Fixed(s.Body*1.2, s.Body*1.2, look.Mark(look.Wait, c.OnSoft)), look.NewText(look.Say(d.Doubt), look.Style{Em: s.Body, Colour: c.OnSoft})))))
	}
	all = append(all, s.Card(hours...))
	if d.Picture != nil {
		all = append(all, s.Picture(d.Picture, s.Head*9))
	}
	if len(d.Facilities) > 0 {
		all = append(all, s.Card(s.Fact(look.Say(say.T("设施")), look.Say(say.Join("、", d.Facilities...)))))
	}
	var facts []fyne.CanvasObject
	for _, f := range d.Facts {
		facts = append(facts, s.Fact(look.Say(f.Label), look.Say(f.Text)))
	}
	if len(facts) > 0 {
		all = append(all, s.Card(facts...))
	}
	if len(d.Week) > 0 {
		all = append(all, v.week(d.Week))
	}
	return append(all, v.checked(d))
}

// week is a line for each day, today's in bold.
func (v *View) week(week []stations.Line) fyne.CanvasObject {
	s := v.Scale
	lines := []fyne.CanvasObject{s.Remark(look.Say(say.T("一周开放时间")))}
	for _, day := range week {
		style := look.Style{Em: s.Body, Bold: day.Today, Colour: s.Ink}
		label := look.NewText(look.Say(day.Label), style)
		lines = append(lines, look.Row(s.Gap, 1, look.Fixed(s.Body*8, label.HeightFor(s.Body*8), label), look.NewText(look.Say(day.Text), style)))
	}
	return s.Card(lines...)
}

// checked says how old what is said here is.
func (v *View) checked(d stations.Detail) fyne.CanvasObject {
	s := v.Scale
	if !d.Stale {
		return s.Remark(look.Say(d.Checked))
	}
	c := s.Shade(look.Wait)
	row := look.Row(s.Gap*0.5, 1, look.Fixed(s.Body*1.2, s.Body*1.2, look.Mark(look.Wait, c.OnSoft)), look.NewText(look.Say(d.Checked), look.Style{Em: s.Body, Colour: c.OnSoft}))
	return look.Fill(c.Soft, s.Radius/2, look.Pad(s.Gap*0.4, s.Gap*0.6, row))
}
