package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"yizhan/app/flow"
)

// The pieces below are what pages are made of, each in the sizes of its scale.

// Text is running text in ink.
func (s Scale) Text(text string) *Text { return NewText(text, Style{Em: s.Body, Colour: Ink}) }

// Remark is small second text.
func (s Scale) Remark(text string) *Text { return NewText(text, Style{Em: s.Small, Colour: Muted}) }

// Heading is bold text in title size, at most two lines where short is set.
func (s Scale) Heading(text string, short bool) *Text {
	style := Style{Em: s.Title, Bold: true, Colour: Ink}
	if short {
		style.Max = 2
	}
	return NewText(text, style)
}

// Badge is a word on a soft coloured ground.
func (s Scale) Badge(t Tone, text string) fyne.CanvasObject {
	fill, on := Soft(t)
	if t == flow.Plain {
		fill, on = Idle, OnIdle
	}
	label := NewText(text, Style{Em: s.Small, Bold: true, Colour: on, Align: fyne.TextAlignCenter})
	size := label.MinSize()
	return Fixed(size.Width+s.Gap*1.4, size.Height+s.Gap*0.5, Fill(fill, s.Radius/2, Middle(0, label)))
}

// Card is a white box with a border.
func (s Scale) Card(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return Bordered(Surface, Line, s.Radius, Pad(s.Pad*0.9, s.Pad, Column(s.Gap*0.6, objects...)))
}

// Panel is an outcome: shape, word and sentences on a soft ground of its tone.
func (s Scale) Panel(t Tone, word, sentence, next string) fyne.CanvasObject {
	fill, on := Soft(t)
	lines := []fyne.CanvasObject{NewText(word, Style{Em: s.Head, Bold: true, Colour: on})}
	for _, text := range []string{sentence, next} {
		if text != "" {
			lines = append(lines, s.Text(text))
		}
	}
	body := Column(s.Gap*0.5, lines...)
	if t != flow.Plain {
		body = Row(s.Gap*1.2, 1, Fixed(s.Head*2, s.Head*2, Mark(t, on)), body)
	}
	return Fill(fill, s.Radius, Pad(s.Pad, s.Pad, body))
}

// Fact is a label with its text beneath.
func (s Scale) Fact(label, text string) fyne.CanvasObject {
	return Column(2, s.Remark(label), s.Text(text))
}

// Header is the coloured bar on top of a page; back may be nil.
func (s Scale) Header(title string, back func()) fyne.CanvasObject {
	label := NewText(title, Style{Em: s.Head, Bold: true, Colour: OnBrand, Max: 1})
	bar := AtLeast(s.Button, Pad(0, s.Pad, label))
	if back != nil {
		arrow := NewTap(Fixed(s.Button, s.Button, Fixed(s.Head, s.Head, sign("back", signBack, OnBrand))), back)
		bar = Row(0, 1, arrow, Pad(0, 0, label))
	}
	return Fill(Brand, 0, bar)
}

// Option is one of several to choose from, marked where it is chosen.
func (s Scale) Option(text, note string, chosen bool, tap func()) fyne.CanvasObject {
	fill, line, ring := Surface, Line, Muted
	if chosen {
		fill, line, ring = BrandLo, Brand, Brand
	}
	dot := canvas.NewCircle(Surface)
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

// Tab is one of the words at the foot of a page.
func (s Scale) Tab(text string, chosen bool, tap func()) fyne.CanvasObject {
	style := Style{Em: s.Body, Colour: Muted, Align: fyne.TextAlignCenter}
	fill := Surface
	if chosen {
		style.Colour, style.Bold, fill = Brand, true, BrandLo
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
