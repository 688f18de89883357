package doctor

import (
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
)

// Camera is how the camera of a counter stands.
type Camera uint8

// Cameras. NotUsed says nothing: the device is not meant to have one, or nobody looked.
const (
	NotUsed Camera = iota
	Opening
	Sees
	Missing
	Unplugged
)

// Parts is the hardware of a counter, as far as somebody has looked.
type Parts struct {
	Camera  Camera
	Tried   bool      // codes were listened for
	Scanned time.Time // when the last one came from a scanner; zero for never
	Printer *Finding  // app/flow/slip puts its state into words; nil where nobody asked
}

// Examine says how each of them is, and what to do.
func (p Parts) Examine() (all []Finding) {
	camera := say.T("摄像头")
	switch p.Camera {
	case Opening:
		all = append(all, Finding{flow.Wait, camera, say.T("正在打开摄像头。"), say.Text{}})
	case Sees:
		all = append(all, Finding{flow.Good, camera, say.T("摄像头正常，有画面。"), say.Text{}})
	case Missing:
		all = append(all, Finding{flow.Wait, camera, say.T("没有找到摄像头。"), say.T("要用摄像头扫码，请接上它；扫码枪和短码照常能用。")})
	case Unplugged:
		all = append(all, Finding{flow.Bad, camera, say.T("摄像头断开了。"), say.T("请检查插头，插好后会自动恢复；在那之前请用扫码枪或输入短码。")})
	}
	switch {
	case p.Tried && p.Scanned.IsZero():
		all = append(all, Finding{flow.Good, say.T("扫码"), say.T("要试扫码枪，现在随便扫一个码。"), say.Text{}})
	case p.Tried:
		all = append(all, Finding{flow.Good, say.T("扫码"), say.T("%s 收到一个码，扫码正常。", p.Scanned.Format("15:04:05")), say.Text{}})
	}
	if p.Printer != nil {
		all = append(all, *p.Printer)
	}
	return all
}
