package look

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow"
	"yizhan/app/say"
)

// The pieces below are what pages are made of, each in the sizes of its scale.

// Text is running text in ink.
func (s Scale) Text(text string) *Text { return NewText(text, Style{Em: s.Body, Colour: s.Ink}) }

// Remark is small second text.
func (s Scale) Remark(text string) *Text { return NewText(text, Style{Em: s.Small, Colour: s.Muted}) }

// Heading is bold text in title size, at most two lines where short is set.
func (s Scale) Heading(text string, short bool) *Text {
	style := Style{Em: s.Title, Bold: true, Colour: s.Ink}
	if short {
		style.Max = 2
	}
	return NewText(text, style)
}

// Badge is a word on a soft coloured ground.
func (s Scale) Badge(t Tone, text string) fyne.CanvasObject {
	c := s.Shade(t)
	if t == flow.Plain {
		c.Soft, c.Edge, c.OnSoft = s.Idle, s.Idle, s.OnIdle
	}
	label := NewText(text, Style{Em: s.Small, Bold: true, Colour: c.OnSoft, Align: fyne.TextAlignCenter})
	size := label.MinSize()
	return Fixed(size.Width+s.Gap*1.4, size.Height+s.Gap*0.5, Bordered(c.Soft, c.border(), s.Radius/2, Middle(0, label)))
}

// Card is a white box with a border.
func (s Scale) Card(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return Bordered(s.Surface, s.Line, s.Radius, Pad(s.Pad*0.9, s.Pad, Column(s.Gap*0.6, objects...)))
}

// Panel is an outcome: shape, word and sentences on a soft ground of its tone.
func (s Scale) Panel(t Tone, word, sentence, next say.Text) fyne.CanvasObject {
	c := s.Shade(t)
	lines := []fyne.CanvasObject{NewText(Say(word), Style{Em: s.Head, Bold: true, Colour: c.OnSoft})}
	for _, text := range []say.Text{sentence, next} {
		if !text.Empty() {
			lines = append(lines, s.Text(Say(text)))
		}
	}
	body := Column(s.Gap*0.5, lines...)
	if t != flow.Plain {
		body = Row(s.Gap*1.2, 1, Fixed(s.Head*2, s.Head*2, Mark(t, c.OnSoft)), body)
	}
	return Bordered(c.Soft, c.border(), s.Radius, Pad(s.Pad, s.Pad, body))
}

// Selectable is one of several that can be tapped, outlined where it is the open one.
func (s Scale) Selectable(open bool, o fyne.CanvasObject) fyne.CanvasObject {
	fill, line := s.Surface, s.Line
	if open {
		fill, line = s.BrandLo, s.Brand
	}
	return Bordered(fill, line, s.Radius, o)
}

// Fact is a label with its text beneath.
func (s Scale) Fact(label, text string) fyne.CanvasObject {
	return Column(2, s.Remark(label), s.Text(text))
}

// Tab is one of the words at the foot of a page.
func (s Scale) Tab(text string, chosen bool, tap func()) fyne.CanvasObject {
	style := Style{Em: s.Body, Colour: s.Muted, Align: fyne.TextAlignCenter}
	fill := s.Surface
	if chosen {
		style.Colour, style.Bold, fill = s.Brand, true, s.BrandLo
	}
	return NewTap(Fill(fill, 0, AtLeast(s.Button*1.1, NewText(text, style))), tap)
}

// AtLeast gives an object a least height and centres it within.
func AtLeast(height float32, o fyne.CanvasObject) fyne.CanvasObject {
	b := &box{objects: []fyne.CanvasObject{o}}
	b.height = func(width float32) float32 { return max(height, heightFor(o, width)) }
	b.arrange = func(s fyne.Size) {
		h := heightFor(o, s.Width)
		place(o, 0, (s.Height-h)/2, s.Width, h)
	}
	b.ExtendBaseWidget(b)
	return b
}
