// Package enrol draws the page on which a new device takes its code.
package enrol

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"yizhan/app/flow"
	"yizhan/app/flow/enrol"
	"yizhan/app/look"
	"yizhan/app/say"
)

// View draws the flow's state.
type View struct {
	Scale   look.Scale
	Server  string // whom the device will belong to
	Enter   func(code string)
	Picture func()
	Scene   fyne.CanvasObject // what the camera sees; nil for none

	root  *fyne.Container
	entry *widget.Entry
}

// New makes the view; entry is where a code is typed, or scanned by a wedge scanner.
func New(s look.Scale) *View {
	v := &View{Scale: s, root: container.NewStack(), entry: widget.NewEntry()}
	v.entry.SetPlaceHolder(look.Say(say.T("登记码")))
	v.entry.OnSubmitted = func(code string) { v.Enter(code) }
	return v
}

// Object is what goes into the window.
func (v *View) Object() fyne.CanvasObject { return v.root }

// Entry is to be focused, so that a scanner's keys arrive in it.
func (v *View) Entry() fyne.Focusable { return v.entry }

// Draw shows a state.
func (v *View) Draw(st enrol.State) {
	s := v.Scale
	objects := []fyne.CanvasObject{
		s.Heading(look.Say(say.T("登记这台设备")), false),
		s.Text(look.Say(say.T("请输入工作人员给的登记码，或用扫码枪扫描登记二维码。每个码只能用一次。"))),
		look.AtLeast(s.Button, v.entry),
	}
	if v.Scene != nil {
		objects = append(objects, v.Scene)
	}
	if !st.Problem.Empty() {
		word := say.T("没有登记成功")
		if st.Erased {
			word = say.T("未登记")
		}
		objects = append(objects, s.Panel(flow.Bad, word, st.Problem, st.Next))
	}
	kind, word := look.Main, say.T("登记")
	if st.Busy || st.Done {
		kind, word = look.Dead, say.T("正在登记")
	}
	objects = append(objects, look.NewButton(s, kind, look.Say(word), func() { v.Enter(v.entry.Text) }),
		look.NewButton(s, look.Second, look.Say(say.T("选择图片")), v.Picture), s.Remark(look.Say(say.T("服务器：%s", say.Plain(v.Server)))))
	top := s.Header(look.Say(say.T("驿站")), nil)
	page := look.Fill(s.Ground, 0, look.Frame(top, look.NewScroll(look.Pad(s.Pad, s.Pad, look.Column(s.Gap, objects...))), nil))
	v.root.Objects = []fyne.CanvasObject{page}
	v.root.Refresh()
}
