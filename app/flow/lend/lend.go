// Package lend is how staff give out what was lent to their device: whose name,
// which lease, and what came of it, with a network or without.
package lend

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Lease is one that this device may grant from.
type Lease struct {
	ID       uint64
	Activity id.Activity
	Pool     id.Pool
	Title    string
	Note     say.Text // what is left, until when
	Policy   op.Policy
}

// State is the page between two messages.
type State struct {
	Leases  []Lease
	Chosen  uint64 // of Leases
	Busy    bool   // asked, and not decided yet
	Outcome Outcome
}

// Outcome is what the last person was answered; empty before the first.
type Outcome struct {
	Member   id.Member
	Tone     flow.Tone
	Word     say.Text
	Sentence say.Text
	Next     say.Text
	Code     string // to be photographed or printed; empty where there is no ticket
	Short    string
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Loaded brings the leases that the store holds now.
	Loaded struct{ Leases []Lease }
	// Choose takes another lease.
	Choose struct{ Lease uint64 }
	// Press asks for one seat for a member.
	Press struct{ Member id.Member }
	// Answered is the device's own decision, or that the claim waits for the server.
	Answered struct {
		Member id.Member
		Result op.Result
		Code   string
	}
	// NotStored says that nothing could be kept: nothing was given out.
	NotStored struct{ Full bool }
)

func (Loaded) message()    {}
func (Choose) message()    {}
func (Press) message()     {}
func (Answered) message()  {}
func (NotStored) message() {}

// Update gives the next state and the claim to decide now, if any.
func (s State) Update(m Message) (State, []op.Op) {
	switch m := m.(type) {
	case Loaded:
		s.Leases = m.Leases
		if _, ok := s.chosen(); !ok && len(s.Leases) > 0 {
			s.Chosen = s.Leases[0].ID
		}
	case Choose:
		s.Chosen, s.Outcome = m.Lease, Outcome{}
	case Press:
		l, ok := s.chosen()
		if !ok || s.Busy || m.Member == "" {
			return s, nil
		}
		s.Busy, s.Outcome = true, Outcome{}
		return s, []op.Op{{Kind: op.Claim, Activity: l.Activity, Pool: l.Pool, Member: m.Member, Seats: 1, Channel: op.ByStaff}}
	case Answered:
		l, _ := s.chosen()
		s.Busy, s.Outcome = false, answer(l, m)
	case NotStored:
		s.Busy, s.Outcome = false, Outcome{Tone: flow.Bad, Word: say.T("没有发放"), Sentence: say.T("记录没有存下来，等于没有按。"), Next: say.T("请再按一次。")}
		if m.Full {
			s.Outcome.Next = say.T("存储空间满了，请清理以后再按一次。")
		}
	}
	return s, nil
}

func (s State) chosen() (Lease, bool) {
	i := slices.IndexFunc(s.Leases, func(l Lease) bool { return l.ID == s.Chosen })
	if i < 0 {
		return Lease{}, false
	}
	return s.Leases[i], true
}

// answer is green only where the ticket is good whatever happens to this device.
func answer(l Lease, m Answered) Outcome {
	o := Outcome{Member: m.Member, Code: m.Code}
	if m.Result.Ticket != 0 {
		o.Short = ticket.Short(m.Result.Ticket)
	}
	switch r := m.Result; {
	case r.Outcome == op.Granted && l.Policy == op.Hard:
		o.Tone, o.Word, o.Sentence = flow.Good, say.T("已发放"), say.T("%d 份，没有网络也算数。", r.Seats)
		o.Next = say.T("请会员拍下二维码，或记下短码。")
	case r.Outcome == op.Granted:
		o.Tone, o.Word, o.Sentence = flow.Wait, say.T("已登记 · 待确认"), say.T("%d 份，这台设备联网上报以后才有效。", r.Seats)
		o.Next = say.T("请尽快联网；没有按时上报，这张票作废，名额收回。")
	case r.Outcome == op.Refused:
		o.Tone, o.Word, o.Sentence, o.Next = flow.Bad, say.T("未通过"), flow.Sentence(r.Code), flow.Next(r.Code)
	default:
		o.Tone, o.Word, o.Sentence = flow.Wait, say.T("已提交 · 待确认"), say.T("这台设备现在定不了，等服务器确认。")
		o.Next = say.T("联网后自动提交，结果发到会员的手机上。")
	}
	return o
}

// Read gives the leases that the device may grant from, those that end first first.
func Read(s local.Store, now time.Time) ([]Lease, error) {
	granted := map[uint64]int{}
	if err := flow.Each(s, wire.TableGrant, func(g wire.GrantRow) { granted[g.Lease] += g.Seats }); err != nil {
		return nil, err
	}
	titles := map[id.Activity]string{}
	if err := flow.Each(s, wire.TableActivity, func(row wire.ActivityRow) {
		var spec activity.Spec
		if json.Unmarshal(row.Spec, &spec) == nil {
			titles[row.ID] = spec.Title
		}
	}); err != nil {
		return nil, err
	}
	var rows []wire.LeaseRow
	if err := flow.Each(s, wire.TableLease, func(l wire.LeaseRow) {
		if l.Over == "" {
			rows = append(rows, l)
		}
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b wire.LeaseRow) int {
		return cmp.Or(cmp.Compare(a.Lease.Expires, b.Lease.Expires), cmp.Compare(a.Lease.ID, b.Lease.ID))
	})
	leases := make([]Lease, len(rows))
	for i, r := range rows {
		l := r.Lease
		note := say.T("余 %d · %s 到期", quota.Sum(l.Taken)-granted[l.ID], flow.Moment(l.Expires, now))
		if l.Policy == op.VoidUnreported {
			note = say.Join(" · ", note, say.T("上报后有效"))
		}
		leases[i] = Lease{ID: l.ID, Activity: l.Activity, Pool: l.Pool, Title: cmp.Or(titles[l.Activity], string(l.Activity)), Note: note, Policy: l.Policy}
	}
	return leases, nil
}

// Code finds the signed ticket that this device made.
func Code(s local.Store, t id.Ticket) (string, error) {
	row, ok, err := s.Get(wire.TableGrant, strconv.FormatUint(uint64(t), 10))
	if err != nil || !ok {
		return "", err
	}
	var g wire.GrantRow
	err = wire.DecodeRow(row.Body, &g)
	return g.Code, err
}
