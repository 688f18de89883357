// Package status draws how fresh the device's data is: the strip on every page,
// and the page behind it.
package status

import (
	"strings"

	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/status"
	"yizhan/app/look"
)

// Strip is the line on every page; tap opens the page behind it and may be nil.
func Strip(s look.Scale, b status.Bar, tap func()) fyne.CanvasObject {
	tone := flow.Good
	if !b.Online {
		tone = flow.Wait
	}
	_, on := look.Soft(tone)
	words := []string{b.Net, b.Age}
	if b.Waiting != "" {
		words = append(words, b.Waiting)
	}
	label := look.NewText(strings.Join(words, " · "), look.Style{Em: s.Small, Colour: look.Ink})
	row := look.Row(s.Gap*0.6, 1, look.Fixed(s.Small, s.Small, look.NetMark(b.Online, on)), label)
	line := look.Fill(look.Surface, 0, look.Pad(s.Gap*0.5, s.Pad, row))
	if b.Trouble != "" {
		fill, on := look.Soft(flow.Bad)
		text := look.NewText(b.Trouble+b.Next, look.Style{Em: s.Small, Bold: true, Colour: on})
		line = look.Column(0, line, look.Fill(fill, 0, look.Pad(s.Gap*0.6, s.Pad, text)))
	}
	if tap == nil {
		return line
	}
	return look.NewTap(line, tap)
}

// Sheet is what the page behind the strip says; connect tries the network now.
func Sheet(s look.Scale, b status.Bar, who []Line, connect func()) fyne.CanvasObject {
	tone, word := flow.Good, "已连上服务器"
	if !b.Online {
		tone, word = flow.Wait, "没有连上服务器"
	}
	waiting, next := "没有要上传的记录。", ""
	if b.Waiting != "" {
		waiting, next = b.Waiting+"。", "记录都存在本机，断电也不会丢，连上以后自动上传。"
	}
	objects := []fyne.CanvasObject{s.Panel(tone, word, b.Age+"。"+waiting, next)}
	if b.Trouble != "" {
		objects = append(objects, s.Panel(flow.Bad, "需要处理", b.Trouble, b.Next))
	}
	if !b.Online {
		objects = append(objects, look.NewButton(s, look.Second, "现在连接", connect))
	}
	var facts []fyne.CanvasObject
	for _, l := range who {
		facts = append(facts, s.Fact(l.Label, l.Text))
	}
	if len(facts) > 0 {
		objects = append(objects, s.Card(facts...))
	}
	return look.Column(s.Gap, objects...)
}

// Line is a labelled line of the sheet.
type Line struct{ Label, Text string }
