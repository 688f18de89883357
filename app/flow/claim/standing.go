package claim

import (
	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// Standing is where the member stands with one pool.
type Standing struct {
	Kind    Kind
	Seats   int
	Line    int // place on the waitlist
	Code    fault.Code
	Ticket  id.Ticket
	Station id.Station
}

// Kind is the kind of a standing.
type Kind uint8

// Kinds of standing.
const (
	Nothing    Kind = iota
	Storing         // pressed this moment
	Pending         // in the outbox, not answered
	Granted         // decided; the ticket's code may still be under way
	Waitlisted      //
	Entered         // in the draw, or before staff
	Refused         //
	Redeemed        //
	Lapsed          //
	Cancelled       //
	NotDrawn        //
	Returned        //
	Strange         // a state from a newer server
)

var fromRow = map[op.ClaimState]Kind{op.ClaimGranted: Granted, op.ClaimWaitlisted: Waitlisted, op.ClaimEntered: Entered,
	op.ClaimRedeemed: Redeemed, op.ClaimLapsed: Lapsed, op.ClaimCancelled: Cancelled, op.ClaimNotDrawn: NotDrawn,
	op.ClaimReturned: Returned}

var fromOutcome = map[op.Outcome]Kind{op.Granted: Granted, op.Waitlisted: Waitlisted, op.Entered: Entered,
	op.Refused: Refused, op.Pending: Pending}

// over reports whether a claim of this kind no longer stands in the way of a new one.
func (k Kind) over() bool {
	switch k {
	case Nothing, Refused, Lapsed, Cancelled, NotDrawn, Returned:
		return true
	}
	return false
}

// Standing gives the newest word on a pool: what waits in the outbox, else the
// row of the server, else the last refusal.
func (s State) Standing(p Place) Standing {
	if s.storing && p == (Place{s.activity, s.pool}) {
		return Standing{Kind: Storing, Seats: s.seats}
	}
	for i := len(s.Data.Asked) - 1; i >= 0; i-- {
		a := s.Data.Asked[i]
		if a.Place != p || (a.Result != nil && a.Result.Outcome == op.Refused) {
			continue // the refusal is kept with the others
		}
		if a.Result == nil {
			return Standing{Kind: Pending, Seats: a.Seats, Station: a.Station}
		}
		if _, known := s.claim(a.Result.Ticket); !known {
			return Standing{Kind: kindOf(fromOutcome, a.Result.Outcome), Seats: a.Result.Seats, Line: a.Result.Place,
				Ticket: a.Result.Ticket, Station: a.Station}
		}
	}
	best := Standing{}
	for _, c := range s.Data.Claims {
		if c.Activity != p.Activity || c.Pool != p.Pool || (best.Kind != Nothing && !best.Kind.over()) {
			continue
		}
		best = Standing{Kind: kindOf(fromRow, c.State), Seats: c.Seats, Line: c.Place, Ticket: c.Ticket, Station: c.Station}
	}
	if r, ok := s.Data.Refusals[p]; ok && best.Kind.over() {
		return Standing{Kind: Refused, Code: r.Code}
	}
	return best
}

func kindOf[T comparable](table map[T]Kind, v T) Kind {
	if k, ok := table[v]; ok {
		return k
	}
	return Strange
}

// Words is how a standing is written: in one word for a list, in sentences for a page.
type Words struct {
	Tone     flow.Tone
	Word     say.Text
	Sentence say.Text
	Next     say.Text
}

// Explain puts what became of a claim into words, for whoever shows the answer itself.
func (s State) Explain(p Place, r op.Result) Words {
	a, _ := s.find(p.Activity)
	st := Standing{Kind: kindOf(fromOutcome, r.Outcome), Seats: r.Seats, Line: r.Place, Code: r.Code, Ticket: r.Ticket, Station: s.station}
	if c, known := s.claim(r.Ticket); known {
		st.Station = c.Station
	}
	return s.words(a, st)
}

// Shown is the ticket on the page of one.
func (s State) Shown() id.Ticket { return s.ticket }

// Chosen is the station at which the claim on the page is to be collected.
func (s State) Chosen() id.Station { return s.station }

func (s State) words(a Activity, st Standing) Words {
	switch st.Kind {
	case Storing:
		return Words{flow.Wait, say.T("正在提交"), say.T("正在存到本机。"), say.Text{}}
	case Pending:
		w := Words{flow.Wait, say.T("已提交 · 待确认"), say.T("正在等服务器确认，有没有名额以确认结果为准。"), say.T("可以离开这一页，结果会留在“我的票”里。")}
		if !s.Online {
			w.Sentence = say.T("现在没有网络。申请已存在本机，联网后自动提交；先后按服务器收到的次序排。")
		}
		return w
	case Granted:
		return Words{flow.Good, say.T("已核准"), say.Sentences(say.T("%d 张。", st.Seats), s.where(a, st.Station)), s.when(a)}
	case Waitlisted:
		return Words{flow.Wait, say.T("候补第 %d 位", st.Line), say.T("有人退回时按次序递补，现在还没有名额。"), say.T("递补上了会变成“已核准”，请留意“我的票”。")}
	case Entered:
		if a.Activity != nil && a.Spec.Method == "draw" {
			return Words{flow.Wait, say.T("已报名 · 待抽签"), say.T("报名已收到，抽签以后才知道有没有名额。"), say.T("结果会显示在“我的票”里。")}
		}
		return Words{flow.Wait, say.T("已报名 · 待审核"), say.T("报名已收到，正在等工会审核。"), say.T("结果会显示在“我的票”里。")}
	case Refused:
		return s.refused(a, st.Code)
	}
	return ended(st.Kind)
}

// why is the activity's own sentence about whom it is for.
func why(a Activity) say.Text { return say.Both(a.Spec.AudienceWhy.ZH, a.Spec.AudienceWhy.EN) }

// refused says why; who is not eligible reads the activity's own sentence.
func (s State) refused(a Activity, c fault.Code) Words {
	w := Words{flow.Bad, say.T("未通过"), flow.Sentence(c), flow.Next(c)}
	if c == fault.NotEligible && a.Activity != nil && !why(a).Empty() {
		w.Sentence = why(a)
	}
	if c == fault.WindowNotOpen && a.Activity != nil && a.Claim.Before(s.Now.UnixMilli()) {
		w.Next = say.T("%s 开始，请到时再来。", flow.Moment(a.Claim.From, s.Now))
	}
	return w
}

func ended(k Kind) Words {
	switch k {
	case Redeemed:
		return Words{flow.Good, say.T("已领取"), say.T("这张票已经领取。"), say.Text{}}
	case Lapsed:
		return Words{flow.Bad, say.T("已过期"), say.T("没有在领取时间内领取，票已经失效。"), say.T("说明情况请联系所在单位工会。")}
	case Cancelled:
		return Words{flow.Plain, say.T("已退票"), say.T("这张票已经退掉。"), say.T("还想参加的话可以重新报名。")}
	case NotDrawn:
		return Words{flow.Bad, say.T("未中签"), say.T("这次抽签没有抽中。"), say.T("可以看看其他活动。")}
	case Returned:
		return Words{flow.Bad, say.T("已收回"), say.T("没有在领取时间内领取，名额已经收回。"), say.T("可以看看其他活动。")}
	case Strange:
		return Words{flow.Plain, say.T("新状态"), say.T("这个版本的程序看不懂这个状态。"), say.T("请更新程序。")}
	}
	return Words{}
}

// where names the place of hand-over.
func (s State) where(a Activity, at id.Station) say.Text {
	if at == "" && a.Activity != nil {
		at, _ = a.Station("")
	}
	if at == "" {
		return say.Text{}
	}
	return say.T("领取地点：%s。", s.stationName(at))
}

func (s State) stationName(at id.Station) say.Text {
	if row, ok := s.Data.Stations[at]; ok && row.Name != "" {
		return say.Plain(row.Name)
	}
	return say.Plain(string(at))
}

// when says when to come.
func (s State) when(a Activity) say.Text {
	if a.Activity == nil || a.Pickup.Zero() {
		return say.Text{}
	}
	return say.T("领取时间：%s。", s.pickupTime(a))
}

// pickupTime is when the counter is open for it.
func (s State) pickupTime(a Activity) say.Text {
	if h := a.Spec.PickupHours; len(h) == 2 {
		return say.T("%s，每天 %s–%s", flow.Span(a.Pickup, s.Now), h[0], h[1])
	}
	return flow.Span(a.Pickup, s.Now)
}
