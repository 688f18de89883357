package keyboard

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/flow/ime"
	"yizhan/app/look"
	"yizhan/app/say"
)

// Numbers is a pad of digits, for the last four of a phone or a PIN. It sends Key,
// Backspace and Reset, which clears the field.
func Numbers(s look.Scale, send func(ime.Message)) fyne.CanvasObject {
	return pad(s, 3, "123456789", "0", send)
}

// Initials is a pad of letters in the order of the alphabet, for who does not know
// where the letters of a keyboard are. It sends what Numbers sends.
func Initials(s look.Scale, send func(ime.Message)) fyne.CanvasObject {
	return pad(s, 7, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "", send)
}

// pad has clearing and deleting in its last row, around what stands between them.
func pad(s look.Scale, columns int, keys, between string, send func(ime.Message)) fyne.CanvasObject {
	var objects []fyne.CanvasObject
	add := func(text string, em float32, m ime.Message) {
		objects = append(objects, key(s, text, em, false, func() { send(m) }))
	}
	for _, r := range keys {
		add(string(r), s.Title, ime.Key{Rune: r})
	}
	add(look.Say(say.T("清除")), s.Small, ime.Reset{})
	for _, r := range between {
		add(string(r), s.Title, ime.Key{Rune: r})
	}
	add(look.Say(say.T("删除")), s.Small, ime.Backspace{})
	return look.Fill(s.Line, 0, look.Pad(gap(s), gap(s), look.Grid(columns, gap(s), objects...)))
}

// height is that of a key.
func height(s look.Scale) float32 { return max(s.Button*0.85, 48, s.Target()) }

// key is one key; chosen shows that it is held down.
func key(s look.Scale, text string, em float32, chosen bool, tap func()) fyne.CanvasObject {
	fill, colour := s.Surface, s.Ink
	if chosen {
		fill, colour = s.BrandLo, s.Brand
	}
	label := look.NewText(text, look.Style{Em: em, Colour: colour, Align: fyne.TextAlignCenter, Max: 1})
	return look.NewTap(look.Fill(fill, s.Radius/2, look.AtLeast(height(s), label)), tap)
}

// cell is a key and how wide it is, in keys; without an object it is empty.
type cell struct {
	keys   float32
	object fyne.CanvasObject
}

// line is one row of keys.
func line(s look.Scale, cells ...cell) fyne.CanvasObject {
	l := &row{gap: gap(s), height: height(s)}
	var objects []fyne.CanvasObject
	for _, c := range cells {
		if c.object == nil {
			c.object = look.Space(0)
		}
		l.keys = append(l.keys, c.keys)
		objects = append(objects, c.object)
	}
	return container.New(l, objects...)
}

// row shares its width by keys.
type row struct {
	keys        []float32
	gap, height float32
}

// Layout is called by Fyne.
func (l *row) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	all := float32(0)
	for _, n := range l.keys {
		all += n
	}
	one := (size.Width + l.gap) / all
	x := float32(0)
	for i, o := range objects {
		o.Move(fyne.NewPos(x, 0))
		o.Resize(fyne.NewSize(l.keys[i]*one-l.gap, l.height))
		x += l.keys[i] * one
	}
}

// MinSize is called by Fyne.
func (l *row) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, l.height) }
