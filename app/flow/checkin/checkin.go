// Package checkin is the door at a kiosk: somebody is let in or out by a ticket, or
// by who they are, and the screen says whether to go in.
package checkin

import (
	"slices"
	"time"

	"yizhan/app/flow"
	"yizhan/app/flow/pickup"
	"yizhan/app/say"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Entry is one claim that may open a door today.
type Entry struct {
	Ticket id.Ticket
	Title  string
	When   say.Text
	Inside bool
}

// Outcome is a verdict that is already stored.
type Outcome struct {
	Verdict fault.Verdict
	Seats   int
	Title   string
	Detail  say.Text
	Out     bool
}

// Result puts a verdict into words for the whole screen. A provisional ticket opens
// a door: what is wrong with it is put right later.
func Result(o Outcome) pickup.Result {
	r := pickup.Result{Tone: flow.ToneOf(o.Verdict), Sentence: flow.Sentence(o.Verdict), Next: flow.Next(o.Verdict), Seats: o.Seats,
		Title: o.Title, Detail: o.Detail}
	switch r.Tone {
	case flow.Good:
		r.Word, r.Sentence, r.Next = say.T("请进"), say.T("签到成功。"), say.T("中途离开请来签出，回来时才能再进。")
		if o.Out {
			r.Word, r.Sentence, r.Next = say.T("已签出"), say.T("离场已经记下。"), say.T("回来时请再签到；有的活动不能再进。")
		}
	case flow.Wait:
		r.Word, r.Sentence, r.Next = say.T("请进 · 待核"), say.T("可以进场。本机没有这张票的记录，联网后再核对。"), say.T("工作人员问起时，请再出示这张票。")
	default:
		r.Word = say.T("不能进场")
		switch o.Verdict {
		case fault.AlreadyRedeemed:
			r.Sentence, r.Next = say.T("这张票的人已经在场内。"), say.T("本人没有进场，请找工作人员核对记录。")
		case fault.Valid, fault.Provisional:
		default:
			r.Next = say.T("请找工作人员核对。")
		}
	}
	return r
}

// Nobody is the verdict over somebody who has no claim for a door today.
func Nobody() pickup.Result {
	return pickup.Result{Tone: flow.Bad, Word: say.T("没有报名"), Sentence: say.T("今天在这里没有您报名的场次。"), Next: say.T("用手机报的名可以扫票面二维码；有疑问请找工作人员。")}
}

// Early and late: a door that is listed opens within this time, or has closed for less.
const around = 12 * time.Hour

// Entries gives what a member may be let in with about now, soonest first.
func Entries(s local.Store, plans map[id.Activity]*activity.Activity, m id.Member, now time.Time) ([]Entry, error) {
	type dated struct {
		Entry
		at int64
	}
	var all []dated
	err := flow.Each(s, wire.TableDoor, func(d wire.DoorRow) {
		plan := plans[d.Activity]
		if d.Member != m || plan == nil || !comes(d.State) {
			return
		}
		pool := plan.Pool(d.Pool)
		if pool < 0 {
			return
		}
		door := plan.Door(pool)
		if door.From != 0 && now.Add(around).UnixMilli() < door.From || door.To != 0 && now.Add(-around).UnixMilli() > door.To {
			return
		}
		e := Entry{Ticket: d.Ticket, Title: plan.Spec.Title, Inside: d.Inside}
		if at := plan.Pools[pool].Starts; at != 0 {
			e.When = flow.Moment(at, now)
		}
		all = append(all, dated{e, door.From})
	})
	slices.SortStableFunc(all, func(x, y dated) int { return int(min(1, max(-1, x.at-y.at))) })
	entries := make([]Entry, len(all))
	for i, d := range all {
		entries[i] = d.Entry
	}
	return entries, err
}

// comes reports whether a claim of that state is to be seen at a door at all; those
// that are not granted yet are, so that their holder is told why not.
func comes(s op.ClaimState) bool {
	switch s {
	case op.ClaimGranted, op.ClaimRedeemed, op.ClaimWaitlisted, op.ClaimEntered:
		return true
	}
	return false
}
