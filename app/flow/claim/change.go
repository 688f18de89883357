package claim

import (
	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Change is what a member may ask about a claim that they hold.
type Change uint8

// Changes.
const (
	NoChange Change = iota
	GiveBack        // all of its seats
	Move            // to be collected at another station
)

// Changing is a change in the outbox. Result is nil until the server has answered.
type Changing struct {
	Place
	Change  Change
	Seq     uint64 // number of the op
	Station id.Station
	Result  *op.Result
}

type (
	// AskChange opens the page that says what a change of the open ticket means.
	AskChange struct{ Change Change }
	// Confirm asks for it.
	Confirm struct{}
	// Changed is the server's answer to a change.
	Changed struct {
		Changing
		Result op.Result
	}
)

func (AskChange) message() {}
func (Confirm) message()   {}
func (Changed) message()   {}

// ChangePage says what a change means before it is asked for.
type ChangePage struct {
	Title    say.Text
	Of       string // the activity
	Sentence say.Text
	Stations []Choice // of Move
	Yes, No  say.Text
	Ready    bool // Yes may be pressed
}

// Changes lists what can be asked about the open ticket now; nothing while one is under way.
func (s State) Changes() []Change {
	c, ok := s.claim(s.ticket)
	if !ok || s.changing(c) {
		return nil
	}
	switch kindOf(fromRow, c.State) {
	case Granted:
		if a, ok := s.find(c.Activity); ok && a.Activity != nil && a.Spec.Pickup != nil && len(a.Spec.Pickup.Stations) > 1 {
			return []Change{Move, GiveBack}
		}
		return []Change{GiveBack}
	case Waitlisted, Entered:
		return []Change{GiveBack}
	}
	return nil
}

// changing reports whether a change of the claim waits for its answer.
func (s State) changing(c wire.ClaimRow) bool {
	for _, q := range s.Data.Changing {
		if q.Result == nil && q.Activity == c.Activity && (q.Pool == c.Pool || q.Pool == "") {
			return true
		}
	}
	return s.storing && s.ticket == c.Ticket
}

func (s State) askChange(m AskChange) State {
	for _, possible := range s.Changes() {
		if possible == m.Change {
			s.Page, s.change, s.station, s.unstored, s.answer = Confirming, m.Change, "", fault.NoFault, Words{}
		}
	}
	return s
}

// confirm gives the op of the change; pressing twice gives it once.
func (s State) confirm() (State, []op.Op) {
	c, ok := s.claim(s.ticket)
	if !ok || s.Page != Confirming || s.storing || !s.ChangePage().Ready {
		return s, nil
	}
	o := op.Op{Kind: op.Cancel, Activity: c.Activity, Pool: c.Pool, Member: s.Data.Me.Member, EnteredBy: string(s.Data.Me.Member), Channel: op.ByPhone}
	if s.change == Move {
		o.Kind, o.Pool, o.Station = op.Rebind, "", s.station
	}
	s.storing, s.Page = true, Ticket
	return s, []op.Op{o}
}

// changed shows a refusal on the ticket that it is about; what was done shows in the rows.
func (s State) changed(m Changed) State {
	c, ok := s.claim(s.ticket)
	if !ok || s.Page != Ticket || c.Activity != m.Activity || m.Result.Outcome != op.Refused {
		return s
	}
	s.answer = Words{flow.Bad, say.T("没有退成"), flow.Sentence(m.Result.Code), flow.Next(m.Result.Code)}
	if m.Change == Move {
		s.answer.Word = say.T("没有换成")
	}
	return s
}

// ChangePage gives the page that asks whether the change is really wanted.
func (s State) ChangePage() ChangePage {
	c, _ := s.claim(s.ticket)
	a, _ := s.find(c.Activity)
	p := ChangePage{Of: titleOf(a, c.Activity), No: say.T("不了，保留"), Ready: true}
	if s.change == Move {
		p.Title, p.Sentence, p.Yes = say.T("换个站点领取"), say.T("换站以后，到新的站点领取，原来的站点不再发放。"), say.T("确定换站")
		for _, choice := range s.pickups(a) {
			if choice.ID != string(c.Station) {
				choice.Chosen = choice.ID == string(s.station)
				p.Ready = p.Ready || choice.Chosen
				p.Stations = append(p.Stations, choice)
			}
		}
		p.Ready = s.station != "" && s.station != c.Station
		return p
	}
	p.Title, p.Yes = say.T("退票"), say.T("确定退票")
	switch kindOf(fromRow, c.State) {
	case Waitlisted:
		p.Title, p.Sentence, p.Yes = say.T("不再候补"), say.T("退出以后，排到的位置就没有了；再排要从后面排起。"), say.T("确定退出")
	case Entered:
		p.Title, p.Sentence, p.Yes = say.T("取消报名"), say.T("取消以后，这次不再参加抽签或审核。"), say.T("确定取消")
	default:
		p.Sentence = say.T("退掉以后，%d 张名额会让给别人，原来的二维码马上作废。", c.Seats)
	}
	return p
}
