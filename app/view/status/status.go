// Package status draws how fresh the device's data is: the strip on every page,
// and the page behind it.
package status

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/doctor"
	"yizhan/app/flow/status"
	"yizhan/app/look"
	"yizhan/app/say"
)

// Strip is the line on every page; tap opens the page behind it and may be nil.
func Strip(s look.Scale, b status.Bar, tap func()) fyne.CanvasObject {
	tone := flow.Good
	if !b.Online {
		tone = flow.Wait
	}
	_, on := s.Soft(tone)
	label := look.NewText(look.Say(say.Join(" · ", b.Net, b.Age, b.Waiting)), look.Style{Em: s.Small, Colour: s.Ink})
	row := look.Pad(s.Gap*0.5, s.Pad, look.Row(s.Gap*0.6, 1, look.Fixed(s.Small, s.Small, look.NetMark(b.Online, on)), label))
	if tap != nil {
		row = look.AtLeast(s.Target(), row)
	}
	line := look.Fill(s.Surface, 0, row)
	if !b.Trouble.Empty() {
		fill, on := s.Soft(flow.Bad)
		text := look.NewText(look.Say(say.Sentences(b.Trouble, b.Next)), look.Style{Em: s.Small, Bold: true, Colour: on})
		line = look.Column(0, line, look.Fill(fill, 0, look.Pad(s.Gap*0.6, s.Pad, text)))
	}
	if tap == nil {
		return line
	}
	return look.NewTap(line, tap)
}

// Sheet is what the page behind the strip says: what is not well first, and each
// with what to do; connect tries the network now.
func Sheet(s look.Scale, b status.Bar, found []doctor.Finding, who []Line, connect func()) fyne.CanvasObject {
	objects := []fyne.CanvasObject{summary(s, found)}
	var well []fyne.CanvasObject
	for _, f := range found {
		if f.Tone == flow.Good {
			well = append(well, s.Fact(look.Say(f.What), look.Say(f.Words)))
			continue
		}
		objects = append(objects, s.Panel(f.Tone, f.What, f.Words, f.Next))
	}
	if !b.Online {
		objects = append(objects, look.NewButton(s, look.Second, look.Say(say.T("现在连接")), connect))
	}
	for _, l := range who {
		well = append(well, s.Fact(l.Label, l.Text))
	}
	if len(well) > 0 {
		objects = append(objects, s.Card(well...))
	}
	return look.Column(s.Gap, objects...)
}

// summary says in a word how the device stands.
func summary(s look.Scale, found []doctor.Finding) fyne.CanvasObject {
	tone := doctor.Worst(found)
	word, sentence := say.T("一切正常"), say.T("没有要处理的事。")
	switch tone {
	case flow.Bad:
		word, sentence = say.T("需要处理"), say.T("下面红色的几项要有人处理。")
	case flow.Wait:
		word, sentence = say.T("可以使用"), say.T("下面几项请留意。")
	}
	return s.Panel(tone, word, sentence, say.Text{})
}

// Line is a labelled line of the sheet.
type Line struct{ Label, Text string }
