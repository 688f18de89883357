package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Choice is one of several, of which one is chosen.
type Choice struct {
	Text, Note string
	Chosen     bool
	Dead       bool // cannot be chosen now; Note says why
	Tap        func()
}

// Choices is a label with choices below it, nothing where there is none.
func (s Scale) Choices(label string, choices []Choice) fyne.CanvasObject {
	var objects []fyne.CanvasObject
	if len(choices) > 0 && label != "" {
		objects = append(objects, s.Remark(label))
	}
	for _, c := range choices {
		if c.Dead {
			objects = append(objects, s.deadOption(c.Text, c.Note))
		} else {
			objects = append(objects, s.Option(c.Text, c.Note, c.Chosen, c.Tap))
		}
	}
	return Column(s.Gap*0.6, objects...)
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

func (s Scale) deadOption(text, note string) fyne.CanvasObject {
	words := []fyne.CanvasObject{NewText(text, Style{Em: s.Body, Colour: s.OnIdle})}
	if note != "" {
		words = append(words, NewText(note, Style{Em: s.Small, Colour: s.OnIdle}))
	}
	row := Row(s.Gap, 1, Fixed(s.Body*1.1, s.Body*1.1, Mark(Bad, s.OnIdle)), Column(2, words...))
	return Fill(s.Idle, s.Radius, AtLeast(s.Button, Pad(s.Gap*0.7, s.Gap, row)))
}

// Stepper changes a number between least and most by one; text says it in words
// ("2 张"), note why it goes no further, and may be empty.
func (s Scale) Stepper(n, least, most int, text, note string, set func(int)) fyne.CanvasObject {
	step := func(sign string, to int) fyne.CanvasObject {
		kind := Second
		if to < least || to > most {
			kind = Dead
		}
		b := NewButton(s, kind, sign, func() { set(to) })
		return Fixed(s.Button*1.2, s.Button, b)
	}
	words := []fyne.CanvasObject{NewText(text, Style{Em: s.Title, Bold: true, Colour: s.Ink, Align: fyne.TextAlignCenter})}
	if note != "" {
		words = append(words, NewText(note, Style{Em: s.Small, Colour: s.Muted, Align: fyne.TextAlignCenter}))
	}
	return Row(s.Gap, 1, step("−", n-1), Column(2, words...), step("＋", n+1))
}

// Toggle is a switch that shows by its sign, its frame and its colour that it is on.
func (s Scale) Toggle(text string, on bool, tap func()) fyne.CanvasObject {
	return s.toggle(NewText(text, Style{Em: s.Small, Bold: true, Align: fyne.TextAlignCenter, Max: 2}), on, tap)
}

func (s Scale) toggle(label *Text, on bool, tap func()) fyne.CanvasObject {
	if !on {
		label.SetColour(s.Brand)
		return NewTap(Bordered(s.Surface, s.Brand, s.Radius, AtLeast(s.Button, Pad(0, s.Gap*0.3, label))), tap)
	}
	label.SetColour(s.OnBrand)
	marked := Column(0, Fixed(s.Small, s.Small, sign("check", signCheck, s.OnBrand)), label)
	return NewTap(Bordered(s.Brand, s.Brand, s.Radius, AtLeast(s.Button, Pad(0, s.Gap*0.3, marked))), tap)
}

// Chips are switches in rows as even as they come out, each of as many as have room with
// their text on two lines.
func (s Scale) Chips(chips []Choice) fyne.CanvasObject {
	gap, room := s.Gap*0.5, s.Body*4
	objects := make([]fyne.CanvasObject, len(chips))
	for i, c := range chips {
		label := NewText(c.Text, Style{Em: s.Body, Bold: true, Align: fyne.TextAlignCenter, Max: 2})
		room = max(room, label.onTwoLines())
		objects[i] = s.toggle(label, c.Chosen, c.Tap)
	}
	room += s.Gap * 0.6
	columns := func(width float32) int {
		most := max(1, min(len(chips), int((width+gap)/(room+gap))))
		rows := (len(chips) + most - 1) / most
		return (len(chips) + rows - 1) / max(1, rows)
	}
	return grid(columns, gap, objects)
}

// Tile is a large way on: an icon above its title, and a note that may be empty.
func (s Scale) Tile(icon Icon, title, note string, tap func()) fyne.CanvasObject {
	centred := func(text string, em float32, bold bool) *Text {
		style := Style{Em: em, Bold: bold, Colour: s.Ink, Align: fyne.TextAlignCenter, Max: 2}
		if !bold {
			style.Colour = s.Muted
		}
		return NewText(text, style)
	}
	objects := []fyne.CanvasObject{Fixed(s.Head*1.8, s.Head*1.8, icon.Draw(s.Brand)), centred(title, s.Title, true)}
	if note != "" {
		objects = append(objects, centred(note, s.Small, false))
	}
	return NewTap(Bordered(s.Surface, s.Brand, s.Radius, AtLeast(s.Button*2, Pad(s.Pad*0.8, s.Gap*0.6, Column(s.Gap*0.5, objects...)))), tap)
}

// List shows many rows of one height and draws only those in sight. A finger
// scrolls it on a desktop too, and no row takes the keys of a scanner.
type List struct {
	widget.BaseWidget
	inner *widget.List
}

// NewList makes a list of n rows; tap may be nil.
func NewList(height float32, n int, row func(i int) fyne.CanvasObject, tap func(i int)) *List {
	l := &List{}
	l.inner = widget.NewList(func() int { return n },
		func() fyne.CanvasObject { return container.NewStack(Space(height)) },
		func(i int, o fyne.CanvasObject) {
			stack := o.(*fyne.Container)
			stack.Objects = []fyne.CanvasObject{row(i)}
			stack.Refresh()
		})
	l.inner.HideSeparators = true
	l.inner.OnSelected = func(i int) {
		l.inner.UnselectAll()
		if on := fyne.CurrentApp().Driver().CanvasForObject(l); on != nil {
			on.Unfocus()
		}
		if tap != nil {
			tap(i)
		}
	}
	l.ExtendBaseWidget(l)
	return l
}

// Dragged scrolls with the finger.
func (l *List) Dragged(e *fyne.DragEvent) {
	l.inner.ScrollToOffset(l.inner.GetScrollOffset() - e.Dragged.DY)
}

// DragEnd is called by Fyne.
func (l *List) DragEnd() {}

// Offset is how far the list is scrolled.
func (l *List) Offset() float32 { return l.inner.GetScrollOffset() }

// SetOffset scrolls there, or as far as the rows go.
func (l *List) SetOffset(y float32) { l.inner.ScrollToOffset(y) }

// MinSize is small: a list takes the room that is left.
func (l *List) MinSize() fyne.Size { return fyne.NewSize(1, 1) }

// CreateRenderer is called by Fyne.
func (l *List) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(l.inner) }
