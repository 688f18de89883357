package look

import (
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"

	"yizhan/app/say"
	"yizhan/core/qr"
)

var pictures = flag.String("pictures", "", "write pictures of the widgets in every palette and size into this `folder`")

// gallery is a page with every widget.
func gallery(s Scale) fyne.CanvasObject {
	nothing := func() {}
	idle := NewIdle(s, nothing)
	idle.Set(20, 60)
	modules, err := qr.Bitmap("2KCEVA7A7A7A7A7A7A7A7")
	if err != nil {
		panic(err)
	}
	focused := NewButton(s, Main, "键盘选中的按钮", nothing)
	focused.FocusGained()
	pressed := NewIconButton(s, Second, IconScan, "按下的按钮", nothing)
	pressed.MouseDown(nil)
	tap := NewTap(s.Card(s.Heading("按下的卡片：科园区职工家庭观影（可带一名 1.4 米以下子女）", true), s.Remark("二〇二六年十一月")), nothing)
	tap.MouseDown(nil)
	badges := Row(s.Gap, -1, s.Badge(Plain, "即将开始"), s.Badge(Good, "已核准"), s.Badge(Wait, "候补"), s.Badge(Bad, "已满"))
	body := Column(s.Gap,
		s.Panel(Plain, say.Plain("还没有活动"), say.Plain("本机还没有收到活动。"), say.Plain("有新活动时会出现在这里。")),
		s.Panel(Good, say.Plain("已核准"), say.Plain("票有效，请按张数发放。"), say.Text{}),
		s.Panel(Wait, say.Plain("暂准待核"), say.Plain("连上网络以后会有结果。"), say.Plain("不用重复办理。")),
		s.Panel(Bad, say.Plain("拒绝"), say.Plain("您单位的名额已经用完。"), say.Plain("单位里有人退票后可以再试，详情请问单位工会。")),
		badges, tap,
		NewButton(s, Main, "抢票", nothing), focused, pressed,
		NewIconButton(s, Main, IconPrinter, "打印凭条", nothing),
		NewButton(s, Second, "A long English label that does not fit on one line of a narrow phone", nothing),
		NewButton(s, Dead, "名额已满", nil),
		s.Choices("选领取站点", []Choice{{Text: "仙桥街道职工服务站", Note: "仙桥路 18 号院东门北侧", Chosen: true, Tap: nothing},
			{Text: "科园区爱心驿站（创业大街与科技三路交叉口东北角地铁站 B 出口旁）", Tap: nothing}, {Text: "石井站", Note: "今天不开放", Dead: true}}),
		s.Card(s.Stepper(2, 1, 2, "2 张", "每人最多 2 张", func(int) {})),
		Row(s.Gap, -1, s.Toggle("大字", true, nothing), s.Toggle("高对比", false, nothing), s.Toggle("English", false, nothing), s.Toggle("读给我听", false, nothing)),
		Grid(3, s.Gap, s.Tile(IconActivity, "活动", "3 项可以报名", nothing), s.Tile(IconTicket, "领票", "", nothing), s.Tile(IconPlace, "站点地图", "", nothing)),
		Grid(4, s.Gap, s.Tile(IconCheckIn, "签到", "", nothing), s.Tile(IconHelp, "帮助", "", nothing), s.Tile(IconPerson, "我的", "", nothing), s.Tile(IconSettings, "设置", "", nothing)),
		Grid(4, s.Gap, s.Tile(IconPhone, "手机", "", nothing), s.Tile(IconSearch, "查找", "", nothing), s.Tile(IconMessage, "消息", "", nothing), s.Tile(IconMute, "静音", "", nothing)),
		Grid(4, s.Gap, s.Tile(IconHome, "首页", "", nothing), s.Tile(IconList, "名单", "", nothing), s.Tile(IconScan, "扫码", "", nothing), s.Tile(IconSpeaker, "读", "", nothing)),
		Square(360, QR(modules)),
	)
	page, _ := s.Page(Page{Title: "全部部件", Back: nothing, Staff: nothing, Aloud: nothing, Finish: nothing, Low: s.Button > 100,
		Body: body, Still: true, Banner: idle, Foot: NewButton(s, Main, "下一步", nothing)})
	return page
}

// Every widget can be drawn in every size and palette, and fits its width.
func TestGallery(t *testing.T) {
	th := themed(t, Phone)
	for name, sizes := range map[string]Sizes{"kiosk": KioskSizes, "phone": PhoneSizes, "staff": StaffSizes} {
		width := map[string]float32{"kiosk": 1080, "phone": 412, "staff": 480}[name]
		for i, size := range sizes {
			for _, palette := range Palettes() {
				s := size.In(palette)
				fyne.CurrentApp().Settings().SetTheme(th.With(s))
				page := gallery(s)
				page.Resize(fyne.NewSize(width, heightFor(page, width)))
				if *pictures != "" {
					picture(t, page, width, filepath.Join(*pictures, fmt.Sprintf("%s-%d-%s.png", name, i, palette.Name)))
				}
			}
		}
	}
}

func picture(t *testing.T, o fyne.CanvasObject, width float32, file string) {
	t.Helper()
	c := software.NewCanvas()
	c.SetPadded(false)
	c.SetContent(o)
	c.Resize(fyne.NewSize(width, heightFor(o, width)))
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, c.Capture()); err != nil {
		t.Fatal(err)
	}
}
