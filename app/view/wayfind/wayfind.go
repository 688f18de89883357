// Package wayfind draws the pages of the station map: what is nearest, the list, the
// way turn by turn, and what people take along on their own phones. The map itself is
// app/view/map; shells put the pieces beside each other.
package wayfind

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/app/say"
	stationsview "yizhan/app/view/stations"
	"yizhan/core/qr"
)

// Board draws pieces of a page from a state.
type Board struct {
	Scale   look.Scale
	State   wayfind.State
	Send    func(wayfind.Message)
	Places  *stationsview.View // the list, and what is known of a place
	Print   func()             // a slip with the way; nil where nothing prints
	OpenURL func(url string)   // on the person's own phone; nil on a machine of the station
	Beside  bool               // there is room for a photo beside what is read first
}

// Title is the page's.
func (b Board) Title() say.Text {
	switch b.State.Page {
	case wayfind.Place:
		return say.T("站点")
	case wayfind.Way:
		return say.T("怎么走")
	case wayfind.Take:
		return say.T("带走路线")
	}
	return say.T("站点地图")
}

// HasMap reports whether the map belongs on the page.
func (b Board) HasMap() bool {
	return b.State.Ground.Graph != nil && b.State.Page != wayfind.Take && !b.State.List.Keys
}

func (b Board) send(m wayfind.Message) func() { return func() { b.Send(m) } }

func (b Board) list(m stations.Message) func() { return b.send(wayfind.Stations{Message: m}) }

func (b Board) large(text say.Text, em float32, bold bool) fyne.CanvasObject {
	return look.NewText(look.Say(text), look.Style{Em: em, Bold: bold, Colour: b.Scale.Ink, Align: fyne.TextAlignCenter, Max: 3})
}

// Head is what is read first, in large letters.
func (b Board) Head() fyne.CanvasObject {
	switch b.State.Page {
	case wayfind.Place, wayfind.Way:
		return b.placeHead()
	case wayfind.Take:
		return b.code()
	}
	return b.nearest()
}

// nearest is the nearest place that is open and has what is asked for.
func (b Board) nearest() fyne.CanvasObject {
	s := b.Scale
	if b.State.Picking {
		return look.Column(s.Gap*0.6, b.sign(look.IconAim), b.large(say.T("您站在哪里？"), s.Head, true), b.large(say.T("请在地图上点您站的地方"), s.Body, false))
	}
	near, ok := b.State.Nearest()
	if !ok {
		objects := []fyne.CanvasObject{b.sign(look.IconPlace), b.large(say.T("附近的站点"), s.Head, true)}
		if _, order := b.State.List.Summary(); !order.Empty() {
			objects = append(objects, b.large(order, s.Body, false))
		}
		return look.Column(s.Gap*0.6, append(objects, b.noMap()...)...)
	}
	lead := say.T("离您最近、现在开放")
	switch wanted := b.State.List.Wanted(); {
	case b.State.List.Query() != "":
		lead = say.T("找到的里面离您最近、现在开放")
	case !wanted.Empty():
		lead = say.T("离您最近、现在开放、有%s", wanted)
	}
	objects := []fyne.CanvasObject{b.large(lead, s.Body, false), b.large(say.Plain(near.Name), s.Head, true), b.large(near.Away, s.Title*1.2, true), s.Badge(near.Tone, look.Say(near.Word))}
	if !near.Note.Empty() {
		objects = append(objects, b.large(near.Note, s.Body, false))
	}
	return look.Column(s.Gap*0.6, append(objects, b.noMap()...)...)
}

func (b Board) sign(icon look.Icon) fyne.CanvasObject {
	s := b.Scale
	return look.Fixed(s.Head*1.8, s.Head*1.8, icon.Draw(s.Brand))
}

// noMap says that this machine holds no map yet.
func (b Board) noMap() []fyne.CanvasObject {
	if b.State.Ground.Graph != nil {
		return nil
	}
	return []fyne.CanvasObject{b.large(say.T("本机还没有地图；站点按直线距离排"), b.Scale.Small, false)}
}

// Whole is head and body in one column, for a page that has one. Without anything near the
// head says what the title says, and is left out.
func (b Board) Whole() fyne.CanvasObject {
	if _, near := b.State.Nearest(); near || b.State.Picking || b.State.Page != wayfind.List {
		return look.Column(b.Scale.Gap, b.Head(), b.Body())
	}
	return b.Body()
}

// Sheet lays the column out below a map, beside it on a wide page; chart may be nil. The
// scroll is for whoever keeps its place.
func (b Board) Sheet(chart fyne.CanvasObject) (fyne.CanvasObject, *look.Scroll) {
	scroll := look.NewScroll(look.Pad(b.Scale.Pad, b.Scale.Pad, b.Whole()))
	if chart == nil || !b.HasMap() {
		return scroll, scroll
	}
	return container.New(sheet{}, chart, scroll), scroll
}

// sheet lays out a map and what scrolls.
type sheet struct{}

// Layout implements fyne.Layout.
func (sheet) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	chart, rest := fyne.NewSize(size.Width, size.Height*0.36), fyne.NewPos(0, size.Height*0.36)
	if size.Width > size.Height {
		chart, rest = fyne.NewSize(size.Width*0.56, size.Height), fyne.NewPos(size.Width*0.56, 0)
	}
	objects[0].Resize(chart)
	objects[0].Move(fyne.Position{})
	objects[1].Resize(fyne.NewSize(size.Width-rest.X, size.Height-rest.Y))
	objects[1].Move(rest)
}

// MinSize implements fyne.Layout.
func (sheet) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, 1) }

// Body is what is tapped and scrolled.
func (b Board) Body() fyne.CanvasObject {
	switch b.State.Page {
	case wayfind.Place:
		return b.place()
	case wayfind.Way:
		return b.steps()
	case wayfind.Take:
		return b.take()
	}
	return b.rows()
}

// rows are the field to search, the nearest, what narrows the list down, and the list.
func (b Board) rows() fyne.CanvasObject {
	list := b.State.List
	objects := []fyne.CanvasObject{b.Places.Search(list)}
	if !list.Keys {
		objects = append(append(objects, b.Places.Filters(list)), b.goThere()...)
	}
	return look.Column(b.Scale.Gap*0.7, append(objects, b.Places.Rows(list)...)...)
}

// Foot is the keyboard of the screen, while it is open.
func (b Board) Foot() fyne.CanvasObject {
	if b.State.Page != wayfind.List {
		return nil
	}
	return b.Places.Board(b.State.List)
}

// goThere leads to the nearest place, and lets the person say that they stand elsewhere.
func (b Board) goThere() (row []fyne.CanvasObject) {
	s := b.Scale
	var all []fyne.CanvasObject
	if near, ok := b.State.Nearest(); ok {
		all = append(all, look.NewIconButton(s, look.Main, look.IconWalk, look.Say(say.T("去最近的")), b.list(stations.Show{Station: near.Station})))
	}
	if b.State.Ground.Graph != nil {
		all = append(all, s.Chips([]look.Choice{b.elsewhere()}))
	}
	if len(all) == 0 {
		return nil
	}
	return []fyne.CanvasObject{look.Row(s.Gap*0.6, -1, all...)}
}

// where is what the switch says: a phone does not know where it is.
func (b Board) where() say.Text {
	if b.State.Origin == wayfind.Nowhere {
		return say.T("我在哪里")
	}
	return say.T("我在别处")
}

// elsewhere turns on that the next tap on the map says where the person stands.
func (b Board) elsewhere() look.Choice {
	return look.Choice{Text: look.Say(b.where()), Chosen: b.State.Picking, Tap: b.send(wayfind.Pick{On: !b.State.Picking})}
}

// walking is how the person walks, and from where.
func (b Board) walking() fyne.CanvasObject {
	var all []look.Choice
	for _, p := range wayfind.Paces() {
		all = append(all, look.Choice{Text: look.Say(p.Name()), Chosen: b.State.Pace == p, Tap: b.send(wayfind.SetPace{Pace: p})})
	}
	return b.Scale.Chips(append(all, b.elsewhere()))
}

// placeHead is a place and how far it is.
func (b Board) placeHead() fyne.CanvasObject {
	s, d := b.Scale, b.State.List.Detail()
	objects := []fyne.CanvasObject{b.large(say.Plain(d.Name), s.Head, true)}
	away := b.State.Length()
	if away.Empty() {
		away = d.Away
	}
	if !away.Empty() {
		objects = append(objects, b.large(away, s.Title*1.1, true))
	}
	words := look.Column(s.Gap*0.6, append(objects, s.Badge(d.Tone, look.Say(d.Word)), b.large(b.State.Stand(), s.Small, false))...)
	if !b.Beside || d.Picture == nil {
		return words
	}
	photo := s.Picture(d.Picture, s.Head*5.5)
	return look.Row(s.Gap, 1, look.Fixed(s.Head*7, s.Head*5.5, photo), words)
}

// place is what is known of a place, and what can be done.
func (b Board) place() fyne.CanvasObject {
	s, d := b.Scale, b.State.List.Detail()
	objects := b.trouble()
	var ways []fyne.CanvasObject
	if b.State.Route != nil {
		ways = append(ways, look.NewIconButton(s, look.Main, look.IconWalk, look.Say(say.T("怎么走")), b.send(wayfind.Open{Page: wayfind.Way})))
	}
	if d.Placed {
		ways = append(ways, look.NewIconButton(s, look.Second, look.IconPhone, look.Say(say.T("带走路线")), b.send(wayfind.Open{Page: wayfind.Take})))
	}
	if len(ways) > 0 {
		objects = append(objects, look.Row(s.Gap*0.6, -1, ways...))
	}
	if dial := wayfind.Tel(d.Phone); dial != "" && b.OpenURL != nil {
		objects = append(objects, look.NewIconButton(s, look.Second, look.IconPhone, look.Say(say.T("打电话问")), func() { b.OpenURL(dial) }))
	}
	if b.State.Ground.Graph != nil {
		objects = append(objects, b.walking())
	}
	if d.Placed && d.Station != b.State.List.Asker.Here {
		objects = append(objects, look.NewButton(s, look.Second, look.Say(say.T("我就在这个站点")), b.send(wayfind.StandAt{Station: d.Station})))
	}
	if b.Beside {
		d.Picture = nil // it stands beside the name
	}
	return look.Column(s.Gap*0.7, append(objects, b.Places.Facts(d)...)...)
}

// trouble is why there is no way.
func (b Board) trouble() []fyne.CanvasObject {
	sentence, next := b.State.Why()
	if sentence.Empty() {
		return nil
	}
	return []fyne.CanvasObject{b.Scale.Panel(look.Wait, say.T("没有路线"), sentence, next)}
}

// steps is the way turn by turn.
func (b Board) steps() fyne.CanvasObject {
	s := b.Scale
	objects := b.trouble()
	var lines []fyne.CanvasObject
	for i, step := range b.State.Steps() {
		number := look.NewText(look.Say(say.Plain(numeral(i+1))), look.Style{Em: s.Title, Bold: true, Colour: s.Brand, Align: fyne.TextAlignCenter})
		lines = append(lines, look.Row(s.Gap, 1, look.Fixed(s.Title*1.5, s.Title*1.3, number), s.Text(look.Say(step))))
	}
	if len(lines) > 0 {
		objects = append(objects, s.Card(lines...))
	}
	buttons := []fyne.CanvasObject{look.NewIconButton(s, look.Second, look.IconPhone, look.Say(say.T("带走路线")), b.send(wayfind.Open{Page: wayfind.Take}))}
	if b.Print != nil {
		buttons = append(buttons, look.NewIconButton(s, look.Main, look.IconPrinter, look.Say(say.T("打印路线")), b.Print))
	}
	return look.Column(s.Gap*0.7, append([]fyne.CanvasObject{look.Row(s.Gap*0.6, -1, buttons...)}, objects...)...)
}

func numeral(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return numeral(n/10) + numeral(n%10)
}

// link is the address that opens the chosen app.
func (b Board) link() string {
	return b.State.App.Link(b.State.List.Chosen(), b.State.Ground.Name)
}

// code is what the person's phone scans; on that phone itself it is the place's name.
func (b Board) code() fyne.CanvasObject {
	s := b.Scale
	if b.OpenURL != nil {
		return b.large(say.Plain(b.State.List.Chosen().Name), s.Head, true)
	}
	modules, err := qr.Bitmap(b.link())
	if err != nil {
		return b.large(say.T("这个站点没有登记位置。"), s.Body, false)
	}
	return look.Column(s.Gap*0.6, look.Square(s.Head*12, look.QR(modules)), b.large(say.T("用手机扫这个码，%s带您走过去", b.State.App.Name()), s.Body, true))
}

// links open the apps of the person's own phone.
func (b Board) links() fyne.CanvasObject {
	s, to := b.Scale, b.State.List.Chosen()
	objects := []fyne.CanvasObject{s.Remark(look.Say(say.T("用您手机上的地图走过去")))}
	for _, a := range wayfind.Apps() {
		link := a.Link(to, b.State.Ground.Name)
		objects = append(objects, look.NewButton(s, look.Second, look.Say(a.Name()), func() { b.OpenURL(link) }))
	}
	if link := wayfind.Geo(to); link != "" {
		objects = append(objects, look.NewButton(s, look.Second, look.Say(say.T("手机自带的地图")), func() { b.OpenURL(link) }))
	}
	return look.Column(s.Gap*0.7, objects...)
}

// take are the ways to take the way along.
func (b Board) take() fyne.CanvasObject {
	s := b.Scale
	if b.OpenURL != nil {
		return b.links()
	}
	var apps []look.Choice
	for _, a := range wayfind.Apps() {
		apps = append(apps, look.Choice{Text: look.Say(a.Name()), Chosen: a == b.State.App, Tap: b.send(wayfind.With{App: a})})
	}
	objects := []fyne.CanvasObject{s.Choices(look.Say(say.T("您手机上有哪个地图？")), apps)}
	if b.Print != nil {
		objects = append(objects, look.NewIconButton(s, look.Second, look.IconPrinter, look.Say(say.T("打印路线")), b.Print))
	}
	return look.Column(s.Gap*0.7, objects...)
}
