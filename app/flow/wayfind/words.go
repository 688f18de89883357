package wayfind

import (
	"math"

	"yizhan/app/flow"
	"yizhan/app/flow/stations"
	"yizhan/app/say"
	"yizhan/core/id"
)

// Near is the nearest place that is open and fits what is looked for.
type Near struct {
	Station    id.Station
	Name       string
	Away, Word say.Text // how far; until when
	Tone       flow.Tone
	Note       say.Text // landmark or address
}

// Nearest is the nearest place that is open now and can be walked to, other than the
// one that the person stands in; false where nobody knows of one.
func (s State) Nearest() (Near, bool) { return s.near, s.near.Station != "" }

// nearest finds it among the rows of the list, which come in order.
func (s State) nearest(rows []stations.Row) Near {
	if s.Origin == Nowhere {
		return Near{}
	}
	for _, r := range rows {
		open := r.Tone == flow.Good || r.Tone == flow.Wait
		if open && r.Placed && !r.Here && (!s.List.Walked() || s.List.Walkable(r.Station)) {
			return Near{r.Station, r.Name, r.Away, r.Word, r.Tone, r.Note}
		}
	}
	return Near{}
}

// Name is a pace in words.
func (p Pace) Name() say.Text {
	return [...]say.Text{Ordinary: say.T("一般速度"), Elderly: say.T("走得慢"), Wheelchair: say.T("轮椅，不走台阶")}[p]
}

// Stand says where the person stands.
func (s State) Stand() say.Text {
	switch s.Origin {
	case Machine:
		return say.T("从本机所在的地方走")
	case Pointed:
		return say.T("从您在地图上点的地方走")
	case Station:
		if p, ok := s.pin(s.List.Asker.Here); ok {
			return say.T("从 %s 走", say.Plain(p.Name))
		}
	}
	return say.T("还不知道您在哪里")
}

// Length is the way's in words; empty where there is none.
func (s State) Length() say.Text {
	if s.Route == nil {
		return say.Text{}
	}
	return say.T("步行 %s，约 %d 分钟", stations.Metres(math.Round(s.Route.Metres)), minutes(s.Route.Trip))
}

// Steps are what to do, one sentence each.
func (s State) Steps() (steps []say.Text) {
	if s.Route == nil {
		return nil
	}
	zh, en := s.Route.Chinese(), s.Route.English()
	for i := range zh {
		steps = append(steps, say.Both(zh[i], en[i]))
	}
	return steps
}

// Why is why there is no way, and what to do.
func (s State) Why() (sentence, next say.Text) {
	switch s.Trouble {
	case NoMap:
		return say.T("本机还没有地图，所以画不出路线。"), say.T("联网以后地图会自动下载；现在请按地址找，或打电话问。")
	case NotPlaced:
		return say.T("这个站点没有登记位置。"), say.T("请按地址找，或打电话问。")
	case NoOrigin:
		return say.T("还不知道您在哪里。"), say.T("请按“我在哪里”，再在地图上点您站的地方。")
	case OffRoad:
		return say.T("您站的地方附近，地图上没有能走的路。"), say.T("请在地图上点一个离路近些的地方。")
	case NoWay:
		if s.Pace == Wheelchair {
			return say.T("不走台阶到不了这里。"), say.T("请换一个站点，或打电话请站里的人接一下。")
		}
		return say.T("地图上没有步行的路通到这里。"), say.T("请换一个站点，或打电话问怎么走。")
	}
	return say.Text{}, say.Text{}
}

// Aloud is what is to be heard of the page.
func (s State) Aloud() []say.Text {
	switch s.Page {
	case Place:
		d := s.List.Detail()
		return []say.Text{say.Plain(d.Name), d.Word, s.Length()}
	case Way:
		return s.Steps()
	case Take:
		return []say.Text{say.T("用手机扫这个码，跟着手机走")}
	}
	if near, ok := s.Nearest(); ok {
		return []say.Text{say.T("离您最近、现在开放的是"), say.Plain(near.Name), near.Away}
	}
	return []say.Text{say.T("附近的站点")}
}
