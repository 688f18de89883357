// Package lock draws the pad for the PIN of a staff device.
package lock

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"yizhan/app/flow"
	"yizhan/app/flow/lock"
	"yizhan/app/look"
	"yizhan/app/say"
)

// Draw gives the pad; key takes '0' to '9', erase takes the last one back. why says
// what the PIN is asked for, and may be empty.
func Draw(s look.Scale, st lock.State, why say.Text, key func(byte), erase func()) fyne.CanvasObject {
	word, sentence := say.T("请输入密码"), why
	switch {
	case !st.Set && st.Twice:
		word, sentence = say.T("请再输一次"), say.T("两次一样才会设好。")
	case !st.Set:
		word, sentence = say.T("请设置 6 位密码"), say.T("由主管设置，不要告诉别人。忘了密码，只能重新登记这台设备。")
	case st.Busy:
		word = say.T("正在核对")
	}
	colour := s.Muted
	if !st.Why.Empty() || st.Wait > 0 {
		_, bad := s.Soft(flow.Bad)
		sentence, colour = st.Why, bad
	}
	if st.Wait > 0 {
		word, sentence = say.T("暂时不能输入"), say.T("输错太多次，请等 %d 分 %d 秒。", st.Wait/60, st.Wait%60)
	}
	// Whatever is said has the same room: keys that move under a finger are mistyped.
	room := look.AtLeast(s.Small*4.2, look.NewText(look.Say(sentence), look.Style{Em: s.Small, Colour: colour, Align: fyne.TextAlignCenter}))
	title := look.NewText(look.Say(word), look.Style{Em: s.Title, Bold: true, Colour: s.Ink, Align: fyne.TextAlignCenter, Max: 1})
	objects := []fyne.CanvasObject{title, room, dots(s, st.Typed)}
	kind := look.Second
	if st.Wait > 0 || st.Busy {
		kind = look.Dead
	}
	digit := func(k byte) fyne.CanvasObject {
		return look.NewButton(s, kind, string(rune(k)), func() { key(k) })
	}
	for _, row := range []string{"123", "456", "789"} {
		objects = append(objects, look.Row(s.Gap, -1, digit(row[0]), digit(row[1]), digit(row[2])))
	}
	objects = append(objects, look.Row(s.Gap, -1, look.Space(s.Button), digit('0'), look.NewButton(s, kind, look.Say(say.T("退格")), erase)))
	return look.Middle(s.Button*7, look.Column(s.Gap, objects...))
}

// dots shows how many digits were typed, and none of them.
func dots(s look.Scale, typed int) fyne.CanvasObject {
	side := s.Body
	all := make([]fyne.CanvasObject, lock.Digits)
	for i := range all {
		c := canvas.NewCircle(s.Surface)
		c.StrokeColor, c.StrokeWidth = s.Brand, 2
		if i < typed {
			c.FillColor = s.Brand
		}
		all[i] = look.Fixed(side, side, c)
	}
	return look.Middle(side*2*lock.Digits, look.Row(0, -1, all...))
}
