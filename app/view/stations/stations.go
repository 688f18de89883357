// Package stations draws how somebody finds a place: a field to search, words that narrow
// the list down, the list, and the page of one place. Shells put the pieces together,
// with or without a map beside them (app/view/wayfind).
package stations

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/flow/ime"
	"yizhan/app/flow/stations"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/app/view/keyboard"
)

// View draws pieces of a page. The entry outlives a drawing, so that nobody's typing is lost.
type View struct {
	Scale look.Scale
	Send  func(stations.Message)
	Keys  bool // the machine has no keys of its own: the keyboard stands on the screen

	entry *widget.Entry
	quiet bool // the entry is changed by the view itself
}

// New makes a view; send takes messages on the UI goroutine.
func New(s look.Scale, keys bool, send func(stations.Message)) *View {
	v := &View{Scale: s, Send: send, Keys: keys, entry: widget.NewEntry()}
	v.entry.OnChanged = func(text string) {
		if !v.quiet {
			v.Send(stations.Type{Text: text})
		}
	}
	return v
}

func (v *View) send(m stations.Message) func() { return func() { v.Send(m) } }

// Search is the field of what is searched for, and a way to empty it.
func (v *View) Search(st stations.State) fyne.CanvasObject {
	s := v.Scale
	hint := look.Say(say.T("搜名称、地标、设施，打拼音也行"))
	icon := look.Fixed(s.Head, s.Head, look.IconSearch.Draw(s.Brand))
	var field fyne.CanvasObject
	if v.Keys {
		style := look.Style{Em: s.Body, Colour: s.Ink, Max: 1}
		text := st.Query()
		if st.Keys {
			text += "|"
		} else if text == "" {
			text, style.Colour = hint, s.Muted
		}
		line := s.Line
		if st.Keys {
			line = s.Brand
		}
		row := look.Row(s.Gap*0.6, 1, icon, look.NewText(text, style))
		field = look.NewTap(look.Bordered(s.Surface, line, s.Radius, look.AtLeast(s.Button, look.Pad(0, s.Gap, row))), v.send(stations.Keyboard{Open: true}))
	} else {
		v.entry.SetPlaceHolder(hint)
		if v.entry.Text != st.Text {
			v.quiet = true
			v.entry.SetText(st.Text)
			v.quiet = false
		}
		field = look.Row(s.Gap*0.6, 1, icon, v.entry)
	}
	if !st.Narrow() {
		return field
	}
	clear := look.NewButton(s, look.Second, look.Say(say.T("清除")), v.send(stations.Clear{}))
	return look.Row(s.Gap*0.6, 0, field, look.Fixed(s.Title*4.4, s.Button, clear))
}

// Filters are the words that narrow the list down.
func (v *View) Filters(st stations.State) fyne.CanvasObject {
	s := v.Scale
	more := stations.Chip{Text: say.T("更多条件"), Tap: stations.Widen{On: true}}
	if !st.Wide {
		return v.chips(append(st.Usual(), more))
	}
	open, kinds, facilities := st.Chips()
	fewer := stations.Chip{Text: say.T("收起条件"), Tap: stations.Widen{}}
	groups := []fyne.CanvasObject{v.chips([]stations.Chip{open, fewer})}
	for _, g := range []struct {
		label say.Text
		chips []stations.Chip
	}{{say.T("站点类型"), kinds}, {say.T("要有的设施"), facilities}} {
		if len(g.chips) > 0 {
			groups = append(groups, s.Remark(look.Say(g.label)), v.chips(g.chips))
		}
	}
	return look.Column(s.Gap*0.5, groups...)
}

func (v *View) chips(chips []stations.Chip) fyne.CanvasObject {
	all := make([]look.Choice, len(chips))
	for i, c := range chips {
		all[i] = look.Choice{Text: look.Say(c.Text), Chosen: c.Chosen, Tap: v.send(c.Tap)}
	}
	return v.Scale.Chips(all)
}

// Rows are the list, and what to read where it holds nothing.
func (v *View) Rows(st stations.State) []fyne.CanvasObject {
	s := v.Scale
	rows, more := st.Rows()
	if len(rows) == 0 {
		e := st.Nothing()
		all := []fyne.CanvasObject{s.Panel(look.Plain, e.Word, e.Sentence, e.Next)}
		if st.Narrow() {
			all = append(all, look.NewButton(s, look.Second, look.Say(say.T("去掉所有条件")), v.send(stations.Clear{})))
		}
		return all
	}
	text, order := st.Summary()
	all := []fyne.CanvasObject{s.Remark(look.Say(say.Join(" · ", text, order)))}
	for _, r := range rows {
		all = append(all, v.row(r))
	}
	if more > 0 {
		all = append(all, look.NewButton(s, look.Second, look.Say(say.T("再看 %d 个", more)), v.send(stations.More{})))
	}
	return all
}

// row is one place: its pin, what it is called, how far it is, whether it is open.
func (v *View) row(r stations.Row) fyne.CanvasObject {
	s := v.Scale
	words := []fyne.CanvasObject{s.Heading(r.Name, true)}
	if !r.Away.Empty() {
		words = append(words, look.NewText(look.Say(r.Away), look.Style{Em: s.Body, Bold: true, Colour: s.Ink}))
	}
	note := say.Join(" · ", r.Kind, r.Note)
	if r.Stale {
		note = say.Join(" · ", note, say.T("可能已过时"))
	}
	words = append(words, v.state(r.Tone, r.Word), s.Remark(look.Say(note)))
	pin := look.Fixed(s.Head*1.2, s.Head*1.2, s.Pin(r.Key, r.Tone, false))
	return look.NewTap(s.Card(look.Row(s.Gap*0.7, 1, pin, look.Column(s.Gap*0.3, words...))), v.send(stations.Show{Station: r.Station}))
}

// state says by sign, word and colour whether a place is open.
func (v *View) state(tone look.Tone, word say.Text) fyne.CanvasObject {
	s := v.Scale
	c := s.Shade(tone)
	label := look.NewText(look.Say(word), look.Style{Em: s.Body, Bold: true, Colour: c.OnSoft})
	sign := look.Fixed(s.Body*1.2, s.Body*1.2, look.Mark(tone, c.OnSoft))
	return look.Fill(c.Soft, s.Radius/2, look.Pad(s.Gap*0.3, s.Gap*0.6, look.Row(s.Gap*0.5, 1, sign, label)))
}

// Board is the keyboard of the screen, to stand at its foot; nil while it is closed.
func (v *View) Board(st stations.State) fyne.CanvasObject {
	if !v.Keys || !st.Typing() {
		return nil
	}
	k := keyboard.New(v.Scale, func(m ime.Message) { v.Send(stations.Key{Message: m}) })
	k.Draw(st.Board())
	return k.Object()
}
