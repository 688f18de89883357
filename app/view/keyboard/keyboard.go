// Package keyboard draws keys for machines that have none: letters with pinyin
// candidates, a number pad, and a pad of initials. What a touch means is the flow's
// business (app/flow/ime).
package keyboard

import (
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/flow/ime"
	"yizhan/app/look"
	"yizhan/app/say"
)

// Keyboard is a whole keyboard. It is made once for a page and drawn at each change.
type Keyboard struct {
	scale look.Scale
	send  func(ime.Message)
	bar   *fyne.Container // what is being composed
	keys  *fyne.Container
	state ime.State
	drawn bool
}

// New makes a keyboard; send is called on the UI goroutine.
func New(s look.Scale, send func(ime.Message)) *Keyboard {
	k := &Keyboard{scale: s, send: send, bar: container.NewStack(), keys: container.NewStack()}
	return k
}

// Room is how many characters of candidates fit into a width (ime.New).
func Room(s look.Scale, width float32) int {
	return max(4, int((width-2*s.Pad-2*leaf(s)-2*gap(s))/s.Title))
}

// Object is what goes onto the page: as wide as its place, HeightFor high.
func (k *Keyboard) Object() fyne.CanvasObject {
	return look.Fill(k.scale.Line, 0, look.Pad(gap(k.scale), gap(k.scale), look.Column(gap(k.scale), k.bar, k.keys)))
}

// Draw shows a state.
func (k *Keyboard) Draw(state ime.State) {
	if !k.drawn || state.Mode != k.state.Mode || state.Upper != k.state.Upper {
		k.keys.Objects = []fyne.CanvasObject{look.Column(gap(k.scale), k.rows(state)...)}
		k.keys.Refresh()
	}
	if !k.drawn || state.Typed != k.state.Typed || state.Page != k.state.Page || !reflect.DeepEqual(state.Candidates(), k.state.Candidates()) {
		k.bar.Objects = []fyne.CanvasObject{k.composing(state)}
		k.bar.Refresh()
	}
	k.state, k.drawn = state, true
}

// gap is between two keys, leaf the width of a key that turns a page.
func gap(s look.Scale) float32  { return s.Gap * 0.35 }
func leaf(s look.Scale) float32 { return s.Button }

// composing is the letters above the candidates.
func (k *Keyboard) composing(state ime.State) fyne.CanvasObject {
	s := k.scale
	note := state.Typed
	if note == "" && state.Mode == ime.Chinese && state.Poor() {
		note = look.Say(say.T("词库不在，只能一个字一个字地打。"))
	}
	letters := look.NewText(note, look.Style{Em: s.Small, Colour: s.Muted, Max: 1})
	var words []fyne.CanvasObject
	for i, text := range state.Candidates() {
		style := look.Style{Em: s.Title, Colour: s.Ink, Align: fyne.TextAlignCenter, Max: 1}
		if i == 0 && state.Page == 0 {
			style.Bold, style.Colour = true, s.Brand
		}
		width := float32(len([]rune(text))+1) * s.Title
		words = append(words, look.Fixed(width, height(s), look.NewTap(look.AtLeast(height(s), look.NewText(text, style)), func() { k.send(ime.Pick{N: i}) })))
	}
	list := look.Row(0, len(words), append(words, look.Space(height(s)))...)
	turn := func(sign string, by int, possible bool) fyne.CanvasObject {
		if !possible {
			return look.Fixed(leaf(s), height(s), look.Space(0))
		}
		return look.Fixed(leaf(s), height(s), k.key(sign, s.Title, false, ime.Leaf{By: by}))
	}
	row := look.Row(gap(s), 0, list, turn("◀", -1, state.Page > 0), turn("▶", 1, state.Page+1 < state.Pages()))
	return look.Fill(s.Surface, s.Radius/2, look.Pad(gap(s), s.Pad/2, look.Column(0, look.AtLeast(s.Small*1.5, letters), row)))
}

// letters and signs, row by row.
var (
	letters = []string{"qwertyuiop", "asdfghjkl", "zxcvbnm"}
	signs   = []string{"1234567890", "-/:;()@&+=", "，。？！、：；“”《》"}
)

func (k *Keyboard) rows(state ime.State) []fyne.CanvasObject {
	s := k.scale
	del := cell{1.5, k.word(say.T("删除"), ime.Backspace{})}
	if state.Mode == ime.Symbols {
		rows := []fyne.CanvasObject{k.line(signs[0]), k.line(signs[1])}
		third := append(k.cells(signs[2], false), del)
		return append(rows, line(s, third...), line(s, cell{2, k.word(say.T("字母"), ime.More{})}, cell{6, k.word(say.T("空格"), ime.Space{})}, cell{2, k.main(say.T("完成"))}))
	}
	upper := state.Upper
	second := append([]cell{{0.5, nil}}, k.cells(letters[1], upper)...)
	third := []cell{{1.5, k.word(say.T("分隔"), ime.Key{Rune: '\''})}}
	if state.Mode == ime.English {
		third = []cell{{1.5, k.key("↑", s.Title, upper, ime.Shift{})}}
	}
	third = append(append(third, k.cells(letters[2], upper)...), del)
	comma, stop := '，', '。'
	if state.Mode == ime.English {
		comma, stop = ',', '.'
	}
	return []fyne.CanvasObject{line(s, k.cells(letters[0], upper)...), line(s, append(second, cell{0.5, nil})...), line(s, third...),
		line(s, cell{1.5, k.word(say.T("符号"), ime.More{})}, cell{1.5, k.word(say.T("中/英"), ime.Language{})},
			cell{1, k.sign(comma)}, cell{3, k.word(say.T("空格"), ime.Space{})}, cell{1, k.sign(stop)}, cell{2, k.main(say.T("完成"))})}
}

func (k *Keyboard) line(text string) fyne.CanvasObject { return line(k.scale, k.cells(text, false)...) }

func (k *Keyboard) cells(text string, upper bool) (all []cell) {
	for _, r := range text {
		if upper {
			r -= 'a' - 'A'
		}
		all = append(all, cell{1, k.sign(r)})
	}
	return all
}

func (k *Keyboard) sign(r rune) fyne.CanvasObject {
	return k.key(string(r), k.scale.Title, false, ime.Key{Rune: r})
}

func (k *Keyboard) word(text say.Text, m ime.Message) fyne.CanvasObject {
	return k.key(look.Say(text), k.scale.Small, false, m)
}

// main is the key that finishes.
func (k *Keyboard) main(text say.Text) fyne.CanvasObject {
	s := k.scale
	label := look.NewText(look.Say(text), look.Style{Em: s.Small, Bold: true, Colour: s.OnBrand, Align: fyne.TextAlignCenter, Max: 1})
	return look.NewTap(look.Fill(s.Brand, s.Radius/2, look.AtLeast(height(s), label)), func() { k.send(ime.Enter{}) })
}

func (k *Keyboard) key(text string, em float32, chosen bool, m ime.Message) fyne.CanvasObject {
	return key(k.scale, text, em, chosen, func() { k.send(m) })
}
