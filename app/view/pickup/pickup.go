// Package pickup draws the counter: an inviting page while nobody is there, and
// a verdict over the whole screen.
package pickup

import (
	"image/color"
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/flow"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/status"
	"yizhan/app/look"
	"yizhan/app/say"
	statusview "yizhan/app/view/status"
)

// Model is all that the page shows, without the countdown.
type Model struct {
	Page   pickup.Page
	Result pickup.Result
	Bar    status.Bar
	Place  say.Text // name of the station
	Help   say.Text // whom to ask
	More   say.Text // word of the button that leads to the other pages; empty for none
	Tally  say.Text // what was handed over today; empty for none
	Last   say.Text // what came of the last scan; empty for none
}

// View draws models.
type View struct {
	Scale      look.Scale
	Close      func()            // the result is read
	Picture    func()            // choose a picture to scan
	More       func()            // to the other pages
	ClockRight func()            // a person says that the clock is right
	TakeBack   func()            // a person takes the hand-over back
	Strip      func()            // to the sync page
	Short      func()            // to the page that takes a short code; nil for none
	Overrule   func()            // a supervisor hands over all the same; nil for none
	scene      fyne.CanvasObject // what the camera sees; nil for none
	root       *fyne.Container
	last       Model
	drawn      bool
	button     *look.Button
}

// New makes an empty view.
func New(s look.Scale) *View { return &View{Scale: s, root: container.NewStack()} }

// SetScale draws the page in other sizes from the next Draw on.
func (v *View) SetScale(s look.Scale) { v.Scale, v.drawn = s, false }

// SetScene puts what the camera sees into the middle of the page from the next Draw
// on; nil puts the mark back.
func (v *View) SetScene(o fyne.CanvasObject) { v.scene, v.drawn = o, false }

// Object is what goes into the window.
func (v *View) Object() fyne.CanvasObject { return v.root }

// Draw shows a model; left is the seconds until the page goes back.
func (v *View) Draw(m Model, left int) {
	if !v.drawn || !reflect.DeepEqual(m, v.last) {
		v.last, v.drawn, v.button = m, true, nil
		page := v.idle(m)
		if m.Page == pickup.Showing {
			page = v.verdict(m, left)
		}
		v.root.Objects = []fyne.CanvasObject{page}
		v.root.Refresh()
	}
	if v.button != nil {
		v.button.SetText(look.Say(done(left)))
	}
}

func (v *View) idle(m Model) fyne.CanvasObject {
	s := v.Scale
	centre := func(text say.Text, em float32, bold bool, muted bool) fyne.CanvasObject {
		style := look.Style{Em: em, Bold: bold, Colour: s.Ink, Align: fyne.TextAlignCenter}
		if muted {
			style.Colour = s.Muted
		}
		return look.NewText(look.Say(text), style)
	}
	word, how := say.T("请扫描票面二维码"), say.T("打开“我的票”，把二维码对准扫码口")
	if m.Page == pickup.Working {
		word, how = say.T("正在核对"), say.T("请稍等")
	}
	side := s.Head * 6.5
	scene := v.scene
	if scene == nil {
		scene = look.Fixed(side, side, look.Mark(flow.Plain, s.Brand))
	}
	middle := look.Column(s.Gap*1.5, scene,
		centre(word, s.Head*1.1, true, false), centre(how, s.Body, false, true))
	buttons := []fyne.CanvasObject{look.NewButton(s, look.Second, look.Say(say.T("选择图片")), v.Picture)}
	if !m.More.Empty() {
		buttons = append(buttons, look.NewButton(s, look.Second, look.Say(m.More), v.More))
	}
	if v.Short != nil {
		buttons = append(buttons, look.NewButton(s, look.Second, look.Say(say.T("输入短码")), v.Short))
	}
	lines := []fyne.CanvasObject{look.Row(s.Gap, -1, buttons...)}
	for _, line := range []say.Text{m.Tally, m.Last} {
		if !line.Empty() {
			lines = append(lines, centre(line, s.Body, true, false))
		}
	}
	foot := look.Column(s.Gap, append(lines, centre(m.Help, s.Small, false, true))...)
	top := look.Column(0, s.Header(look.Say(m.Place), nil), statusview.Strip(s, m.Bar, v.Strip))
	return look.Fill(s.Ground, 0, look.Frame(top, look.Pad(0, s.Pad, look.Middle(0, middle)), look.Pad(s.Pad, s.Pad, foot)))
}

// verdict fills the screen with the colour of the outcome; shape and word say the
// same for those who do not see colours.
func (v *View) verdict(m Model, left int) fyne.CanvasObject {
	s, r := v.Scale, m.Result
	fill, on := s.Strong(r.Tone)
	top := statusview.Strip(s, m.Bar, nil)
	var forms []fyne.CanvasObject
	for _, k := range []float32{1, 0.75, 0.55} { // long words in large print leave less room for the mark
		forms = append(forms, look.Middle(0, v.words(r, on, s.Huge*k)))
	}
	return look.Fill(fill, 0, look.Frame(top, look.Pad(0, s.Pad, look.FirstToFit(forms...)), look.Pad(s.Pad, s.Pad, v.foot(r, on, left))))
}

// words is the mark and what is said, the outcome itself in print of size em.
func (v *View) words(r pickup.Result, on color.Color, em float32) fyne.CanvasObject {
	s := v.Scale
	text := func(text say.Text, em float32, bold bool) fyne.CanvasObject {
		return look.NewText(look.Say(text), look.Style{Em: em, Bold: bold, Colour: on, Align: fyne.TextAlignCenter})
	}
	side := em * 2.4
	objects := []fyne.CanvasObject{look.Fixed(side, side, look.Mark(r.Tone, on)), text(r.Word, em, true)}
	if r.Seats > 0 && r.Tone == flow.Good {
		objects = append(objects, text(say.T("%d 张", r.Seats), em*0.8, true))
	}
	objects = append(objects, text(r.Sentence, s.Title, true))
	for _, line := range []say.Text{r.Detail, r.Next} {
		if !line.Empty() {
			objects = append(objects, text(line, s.Body*1.1, false))
		}
	}
	if r.Title != "" {
		objects = append(objects, look.Space(s.Gap), text(say.Plain(r.Title), s.Body*1.1, false))
	}
	return look.Column(s.Gap, objects...)
}

// foot is what can be done about the outcome.
func (v *View) foot(r pickup.Result, on color.Color, left int) fyne.CanvasObject {
	s := v.Scale
	v.button = look.NewButton(s, look.Second, look.Say(done(left)), v.Close)
	foot := []fyne.CanvasObject{v.button}
	if r.Ticket != 0 {
		foot = append(foot, look.NewButton(s, look.Second, look.Say(say.T("发错了，撤销")), v.TakeBack))
	}
	if r.Overrule && v.Overrule != nil {
		foot = append(foot, look.NewButton(s, look.Second, look.Say(say.T("主管放行")), v.Overrule))
	}
	if r.Doubt {
		foot = append(foot, look.NewButton(s, look.Second, look.Say(say.T("工作人员确认：时间正确")), v.ClockRight))
	}
	hint := look.NewText(look.Say(say.T("扫下一张也会关掉这一页")), look.Style{Em: s.Small, Colour: on, Align: fyne.TextAlignCenter})
	return look.Column(s.Gap, append(foot, hint)...)
}

func done(left int) say.Text { return say.T("完成（%d 秒后返回）", left) }
