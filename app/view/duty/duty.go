// Package duty draws what staff have to look at.
package duty

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/duty"
	"yizhan/app/look"
	"yizhan/app/say"
)

// List draws the lines.
func List(s look.Scale, lines []duty.Line) fyne.CanvasObject {
	if len(lines) == 0 {
		return s.Panel(flow.Good, look.Say(say.T("没有待办")), look.Say(say.T("现在没有要处理的事，也没有异常。")), "")
	}
	objects := make([]fyne.CanvasObject, len(lines))
	for i, l := range lines {
		objects[i] = s.Card(look.Row(s.Gap, 0, s.Heading(look.Say(l.Title), true), s.Badge(l.Tone, look.Say(l.Badge))), s.Remark(look.Say(l.Note)))
	}
	return look.Column(s.Gap, objects...)
}
