package kiosk

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/pickup"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/core/id"
)

// sure shows once more what is asked for, and by whom.
func (v *View) sure(m Model) fyne.CanvasObject {
	s := v.Scale
	d := m.State.Browse.Detail()
	above := []fyne.CanvasObject{v.centred(m.State.Sure(), s.Head, true), look.NewText(d.Title, look.Style{Em: s.Title, Bold: true, Colour: s.Ink, Align: fyne.TextAlignCenter, Max: 3}),
		v.centred(m.State.Name(), s.Body, false)}
	if !d.Outcome.Word.Empty() {
		above = append(above, v.panel(d.Outcome))
	}
	var below []fyne.CanvasObject
	if d.Button.Enabled {
		below = append(below, v.choices(say.T("带孩子吗？"), d.Family, func(key string) claim.Message { return claim.WithChild{Yes: key != ""} })...)
	}
	if d.MaxSeats > 1 && d.Button.Enabled {
		below = append(below, s.Card(s.Stepper(d.Seats, 1, d.MaxSeats, look.Say(say.T("%d 张", d.Seats)), "", func(n int) { v.Send(kiosk.Choose{Message: claim.Seats{Seats: n}}) })))
	}
	below = append(below, v.choices(say.T("在哪里领取"), d.Stations, func(key string) claim.Message { return claim.Station{Station: id.Station(key)} })...)
	var facts []fyne.CanvasObject
	for _, f := range d.Facts {
		facts = append(facts, s.Fact(look.Say(f.Label), look.Say(f.Text)))
	}
	below = append(below, s.Card(facts...))
	var foot fyne.CanvasObject
	switch {
	case d.Button.Enabled:
		foot = v.button(look.Main, say.T("确认报名"), kiosk.Press{})
	case !d.Button.Text.Empty():
		foot = v.button(look.Dead, d.Button.Text, nil)
	case d.Ticket != 0:
		foot = v.button(look.Main, say.T("看我的票"), kiosk.Go{Page: kiosk.Mine})
	}
	return v.frame(m, frame{title: say.T("确认"), above: look.Column(s.Gap*0.8, above...), below: look.Column(s.Gap, below...), foot: foot})
}

// outcome is what became of the claim.
func (v *View) outcome(m Model) fyne.CanvasObject {
	w := m.State.Outcome()
	title := m.State.Browse.Detail().Title
	foot := []fyne.CanvasObject{}
	if m.State.Busy {
		foot = nil
	} else {
		if print := v.slip(m); print != nil {
			foot = append(foot, print)
		}
		foot = append(foot, look.Row(v.Scale.Gap, -1, v.button(look.Second, say.T("看看其他活动"), kiosk.Back{}), v.button(look.Second, say.T("完成并清除"), kiosk.Finish{})))
	}
	return v.verdict(m, verdict{title: say.T("办理结果"), tone: w.Tone, word: w.Word, lines: []say.Text{w.Sentence, w.Next}, about: title, slip: true, foot: foot})
}

// handed is the verdict of the counter.
func (v *View) handed(m Model) fyne.CanvasObject {
	r := m.State.Counter.Result
	foot := []fyne.CanvasObject{v.button(look.Main, say.T("完成"), kiosk.Counted{Message: pickup.Closed{}})}
	if r.Doubt {
		foot = append(foot, v.button(look.Second, say.T("工作人员确认：时间正确"), kiosk.Counted{Message: pickup.ClockRight{}}))
	}
	return v.verdict(m, verdict{title: say.T("领票"), tone: r.Tone, word: r.Word, seats: r.Seats, lines: []say.Text{r.Sentence, r.Detail, r.Next}, about: r.Title,
		hint: say.T("扫下一张也会关掉这一页"), foot: foot})
}

// entered is the verdict of the door.
func (v *View) entered(m Model) fyne.CanvasObject {
	r := m.State.Verdict
	return v.verdict(m, verdict{title: say.T("签到"), tone: r.Tone, word: r.Word, seats: r.Seats, lines: []say.Text{r.Sentence, r.Detail, r.Next}, about: r.Title,
		hint: say.T("扫下一张也会关掉这一页"), foot: []fyne.CanvasObject{v.button(look.Main, say.T("完成"), kiosk.Go{Page: kiosk.Door})}})
}

// verdict is a page in the colour of an outcome; shape and word say the same for those
// who do not see colours.
type verdict struct {
	title say.Text
	tone  flow.Tone
	word  say.Text
	seats int
	lines []say.Text
	about string
	hint  say.Text
	slip  bool
	foot  []fyne.CanvasObject
}

func (v *View) verdict(m Model, r verdict) fyne.CanvasObject {
	s := v.Scale
	fill, on := s.Strong(r.tone)
	text := func(t say.Text, em float32, bold bool, most int) fyne.CanvasObject {
		return look.NewText(look.Say(t), look.Style{Em: em, Bold: bold, Colour: on, Align: fyne.TextAlignCenter, Max: most})
	}
	wide := m.Screen.Width > m.Screen.Height
	side := s.Huge * 2
	if wide {
		side = s.Huge * 1.3
	}
	objects := []fyne.CanvasObject{look.Fixed(side, side, look.Mark(r.tone, on)), text(r.word, s.Huge, true, 2)}
	if r.seats > 0 && r.tone == flow.Good {
		objects = append(objects, text(say.T("%d 张", r.seats), s.Huge*0.7, true, 1))
	}
	for i, line := range r.lines {
		if !line.Empty() {
			em := s.Body * 1.15
			if i == 0 {
				em = s.Title
			}
			objects = append(objects, text(line, em, i == 0, 0))
		}
	}
	if r.about != "" {
		objects = append(objects, text(say.Plain(r.about), s.Body, false, 2))
	}
	if r.slip {
		objects = append(objects, v.printed(m)...)
	}
	if !r.hint.Empty() {
		objects = append(objects, text(r.hint, s.Small, false, 1))
	}
	body := look.Fill(fill, 0, look.Pad(s.Gap, s.Pad, look.Middle(0, look.Column(s.Gap*0.8, objects...))))
	return v.whole(m, r.title, body, look.Column(s.Gap*0.6, r.foot...))
}

// printed says what became of the slip.
func (v *View) printed(m Model) []fyne.CanvasObject {
	if o := m.Slip; !o.Word.Empty() {
		return []fyne.CanvasObject{v.Scale.Panel(o.Tone, o.Word, o.Sentence, o.Next)}
	}
	return nil
}

// slip is the button that prints; nil where nothing is to be printed.
func (v *View) slip(m Model) fyne.CanvasObject {
	if _, ok := m.State.Slip(); !ok || !m.Printer {
		return nil
	}
	switch {
	case m.Slip.Word.Empty():
		return look.NewIconButton(v.Scale, look.Main, look.IconPrinter, look.Say(say.T("打印凭条")), v.send(kiosk.Print{}))
	case m.Slip.Again:
		return look.NewIconButton(v.Scale, look.Second, look.IconPrinter, look.Say(say.T("再打印一张")), v.Again)
	}
	return nil
}
