package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"yizhan/app/flow"
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
	fill, on := s.Soft(t)
	if t == flow.Plain {
		fill, on = s.Idle, s.OnIdle
	}
	label := NewText(text, Style{Em: s.Small, Bold: true, Colour: on, Align: fyne.TextAlignCenter})
	size := label.MinSize()
	return Fixed(size.Width+s.Gap*1.4, size.Height+s.Gap*0.5, Fill(fill, s.Radius/2, Middle(0, label)))
}

// Card is a white box with a border.
func (s Scale) Card(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return Bordered(s.Surface, s.Line, s.Radius, Pad(s.Pad*0.9, s.Pad, Column(s.Gap*0.6, objects...)))
}

// Panel is an outcome: shape, word and sentences on a soft ground of its tone.
func (s Scale) Panel(t Tone, word, sentence, next string) fyne.CanvasObject {
	c := s.Shade(t)
	lines := []fyne.CanvasObject{NewText(word, Style{Em: s.Head, Bold: true, Colour: c.OnSoft})}
	for _, text := range []string{sentence, next} {
		if text != "" {
			lines = append(lines, s.Text(text))
		}
	}
	body := Column(s.Gap*0.5, lines...)
	if t != flow.Plain {
		body = Row(s.Gap*1.2, 1, Fixed(s.Head*2, s.Head*2, Mark(t, c.OnSoft)), body)
	}
	return Bordered(c.Soft, c.border(), s.Radius, Pad(s.Pad, s.Pad, body))
}

// Fact is a label with its text beneath.
func (s Scale) Fact(label, text string) fyne.CanvasObject {
	return Column(2, s.Remark(label), s.Text(text))
}

// Header is the coloured bar on top of a page; back may be nil.
func (s Scale) Header(title string, back func()) fyne.CanvasObject {
	label := NewText(title, Style{Em: s.Head, Bold: true, Colour: s.OnBar, Max: 1})
	bar := AtLeast(s.Button, Pad(0, s.Pad, label))
	if back != nil {
		arrow := NewTap(Fixed(s.Button, s.Button, Fixed(s.Head, s.Head, sign("back", signBack, s.OnBar))), back)
		bar = Row(0, 1, arrow, Pad(0, 0, label))
	}
	return Fill(s.Bar, 0, bar)
}

// Option is one of several to choose from, marked where it is chosen.
func (s Scale) Option(text, note string, chosen bool, tap func()) fyne.CanvasObject {
	fill, line, ring := s.Surface, s.Line, s.Muted
	if chosen {
		fill, line, ring = s.BrandLo, s.Brand, s.Brand
	}
	dot := canvas.NewCircle(s.Surface)
	dot.StrokeColor, dot.StrokeWidth = ring, 2
	if chosen {
		dot.StrokeWidth = s.Body * 0.3
	}
	words := []fyne.CanvasObject{s.Text(text)}
	if note != "" {
		words = append(words, s.Remark(note))
	}
	row := Row(s.Gap, 1, Fixed(s.Body*1.1, s.Body*1.1, dot), Column(2, words...))
	return NewTap(Bordered(fill, line, s.Radius, AtLeast(s.Button, Pad(s.Gap*0.7, s.Gap, row))), tap)
}

// Toggle is a switch that shows by its sign, its frame and its colour that it is on.
func (s Scale) Toggle(text string, on bool, tap func()) fyne.CanvasObject {
	style := Style{Em: s.Small, Bold: true, Colour: s.Brand, Align: fyne.TextAlignCenter, Max: 2}
	if !on {
		return NewTap(Bordered(s.Surface, s.Brand, s.Radius, AtLeast(s.Button, Pad(0, s.Gap*0.3, NewText(text, style)))), tap)
	}
	style.Colour = s.OnBrand
	label := Column(0, Fixed(s.Small, s.Small, sign("check", signCheck, s.OnBrand)), NewText(text, style))
	return NewTap(Bordered(s.Brand, s.Brand, s.Radius, AtLeast(s.Button, Pad(0, s.Gap*0.3, label))), tap)
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
