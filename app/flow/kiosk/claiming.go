package kiosk

import (
	"slices"

	"yizhan/app/flow"
	"yizhan/app/flow/checkin"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/identify"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/slip"
	"yizhan/app/paper"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// claiming takes what a visitor does with activities and tickets.
func (s State) claiming(m Message) (State, Do) {
	switch m := m.(type) {
	case Open:
		if s.Page == Home || s.Page == Activities {
			s.back, s.Page, s.Saved = s.Page, Detail, false
			s.Browse, _ = s.Browse.Update(claim.Open{Activity: m.Activity})
		}
	case Choose:
		if _, press := m.Message.(claim.Press); !press && (s.Page == Detail || s.Page == Sure) {
			s.Browse, _ = s.Browse.Update(m.Message)
		}
	case Want:
		if s.Page == Detail {
			return s.identify(ToClaim)
		}
	case Press:
		return s.press()
	case Show:
		if s.Page == Mine {
			s.Page = Ticket
			s.Browse, _ = s.Browse.Update(claim.ShowTicket{Ticket: m.Ticket})
		}
	case Print:
		if out, ok := s.Slip(); ok && !s.Busy {
			return s, Do{Slip: slip.Print{Slip: out}}
		}
	}
	return s, Do{}
}

// press asks once: what was pressed is stored before anything is shown.
func (s State) press() (State, Do) {
	if s.Page != Sure || s.Busy || !s.Person.Strong {
		return s, Do{}
	}
	var ops []op.Op
	s.Browse, ops = s.Browse.Update(claim.Press{})
	if len(ops) == 0 {
		return s, Do{}
	}
	o := ops[0]
	o.Channel, o.EnteredBy, o.Proof = op.ByKiosk, string(s.device), s.Person.Proof
	if s.Person.Staff != "" {
		o.EnteredBy = string(s.Person.Staff)
	}
	s.Page, s.Busy = Outcome, true
	s.Claim = Claim{Place: claim.Place{Activity: o.Activity, Pool: o.Pool}, Result: op.Result{Outcome: op.Pending, Seats: o.Seats}}
	return s, Do{Claim: &o}
}

// answered takes what was waited for; what was asked for an earlier visitor is dropped.
func (s State) answered(m Message) (State, Do) {
	switch m := m.(type) {
	case Heard:
		if m.Visit == s.Visit {
			return s.asked(Asked{m.Read})
		}
	case Told:
		if m.Visit == s.Visit {
			return s.told(m)
		}
	case Held:
		if m.Visit == s.Visit && s.Person.Member != "" {
			s.Busy = s.Busy && s.Page == Outcome
			return s.claims(m.Claims), Do{}
		}
	case Doors:
		if m.Visit == s.Visit {
			return s.doors(m.Entries)
		}
	case Checked:
		if m.Visit == s.Visit {
			r := checkin.Result(m.Outcome)
			s.Busy, s.Verdict, s.touched = false, &r, s.Now
		}
	case NotChecked:
		if m.Visit == s.Visit {
			r := unchecked(m.Why)
			s.Busy, s.Verdict, s.touched = false, &r, s.Now
		}
	case Stored:
		if m.Visit == s.Visit && s.Page == Outcome {
			s.Claim.Stored, s.Claim.Seq = true, m.Seq
			s.Browse, _ = s.Browse.Update(claim.Stored{})
		}
	case NotStored:
		if m.Visit == s.Visit && s.Page == Outcome {
			s.Busy, s.Claim.Unstored, s.Claim.Full, s.touched = false, true, m.Full, s.Now
			s.Browse, _ = s.Browse.Update(claim.Stored{})
		}
	case Decided:
		if m.Visit == s.Visit && s.Page == Outcome {
			return s.decided(m)
		}
	}
	return s, Do{}
}

// decided shows what became of a claim. The server's ticket comes with a question: this
// machine holds no member's rows.
func (s State) decided(m Decided) (State, Do) {
	seats := s.Claim.Result.Seats
	s.Claim.Stored, s.Claim.Result, s.Claim.Code, s.Claim.Unconfirmed = true, m.Result, m.Code, m.Unconfirmed
	if m.Result.Seats == 0 {
		s.Claim.Result.Seats = seats
	}
	s.Busy, s.touched = false, s.Now
	s.Browse, _ = s.Browse.Update(claim.Stored{})
	if kind := m.Result.Outcome; (kind == op.Granted || kind == op.Waitlisted || kind == op.Entered) && m.Code == "" && s.Online {
		s.Busy = true
		return s, Do{Ask: s.tickets()}
	}
	return s, Do{}
}

func (s State) told(m Told) (State, Do) {
	if m.Kind == wire.AskPerson {
		return s.asked(Asked{identify.Told{Answer: m.Answer, OK: m.OK}})
	}
	s.Busy = s.Busy && m.Kind == wire.AskTickets && s.Page == Outcome && s.Claim.Result.Outcome == op.Pending
	failed := !m.OK || m.Answer.Kind != fault.NoFault
	switch {
	case m.Kind == wire.AskPhone && s.Page == NewPhone:
		s.Phone = Phone{Invitation: m.Answer.Invitation, Typed: m.Answer.Typed, Expires: m.Answer.Expires}
		switch {
		case failed:
			s.Trouble = identify.Trouble{Sentence: say.T("现在查不到，可能是网络断了。"), Next: say.T("请再试一次；还不行请找工作人员。")}
		case m.Answer.Code == fault.MemberCap:
			s.Trouble = identify.Trouble{Sentence: say.T("今天已经登记过三次手机。"), Next: say.T("请明天再来，或找工作人员。")}
		case m.Answer.Invitation == "":
			s.Trouble = refused(m.Answer.Code)
		}
	case m.Kind == wire.AskTickets && s.Person.Member != "":
		switch {
		case failed && s.Page == Mine:
			s.Busy = true
			return s, Do{Held: s.Person.Member} // what this machine knows itself
		case m.Answer.Code != fault.None && s.Page == Mine:
			s.Trouble = refused(m.Answer.Code)
		case !failed && m.Answer.Code == fault.None:
			if len(m.Answer.People) > 0 {
				s.Person.Org = m.Answer.People[0].Org
			}
			s = s.claims(m.Answer.Claims)
		}
	}
	return s, Do{}
}

func refused(c fault.Code) identify.Trouble {
	if c == fault.NotAuthorised {
		return identify.Trouble{Sentence: say.T("身份没有核对上，会员码可能已经换了手机。"), Next: say.T("请重新扫一次会员码，或找工作人员。")}
	}
	return identify.Trouble{Sentence: flow.Sentence(c), Next: flow.Next(c)}
}

// claims takes the visitor's claims.
func (s State) claims(all []wire.ClaimRow) State {
	d := s.Browse.Data
	d.Claims = all
	s.Browse, _ = s.Browse.Update(claim.Loaded{Data: d})
	if c, ok := s.row(s.Claim.Result.Ticket); ok && s.Claim.Code == "" {
		s.Claim.Code = c.Code
	}
	return s
}

func (s State) row(t id.Ticket) (wire.ClaimRow, bool) {
	i := slices.IndexFunc(s.Browse.Data.Claims, func(c wire.ClaimRow) bool { return c.Ticket == t && t != 0 })
	if i < 0 {
		return wire.ClaimRow{}, false
	}
	return s.Browse.Data.Claims[i], true
}

// Slip is what can be printed on this page.
func (s State) Slip() (paper.Slip, bool) {
	switch s.Page {
	case Ticket:
		c, ok := s.row(s.Browse.Shown())
		if !ok {
			return paper.Slip{}, false
		}
		return slip.OfClaim(c, s.matter(c.Activity, c.Pool, c.Station), s.Now)
	case Outcome:
		return s.outcomeSlip()
	}
	return paper.Slip{}, false
}

func (s State) outcomeSlip() (paper.Slip, bool) {
	c, r := s.Claim, s.Claim.Result
	if !c.Stored {
		return paper.Slip{}, false
	}
	station := s.Browse.Chosen()
	row, known := s.row(r.Ticket)
	if known {
		station = row.Station
	}
	m := s.matter(c.Place.Activity, c.Place.Pool, station)
	m.Seats, m.Ticket, m.Code, m.Unconfirmed = r.Seats, r.Ticket, c.Code, c.Unconfirmed
	switch r.Outcome {
	case op.Granted:
		return slip.Ticket(m, s.Now), true
	case op.Waitlisted, op.Entered:
		state := map[op.Outcome]op.ClaimState{op.Waitlisted: op.ClaimWaitlisted, op.Entered: op.ClaimEntered}[r.Outcome]
		return slip.OfClaim(wire.ClaimRow{State: state, Place: r.Place, Seats: r.Seats, Pool: c.Place.Pool, Ticket: r.Ticket}, m, s.Now)
	case op.Refused:
		return slip.Refusal(m, r.Code, s.Now), true
	}
	m.Reference = s.Reference()
	return slip.Pending(m, s.Now), true
}

func (s State) matter(a id.Activity, p id.Pool, at id.Station) slip.Matter {
	m := slip.Matter{Title: string(a), Pool: p, Here: s.Here, Holder: s.Person.Name, Collect: s.Browse.Data.Stations[at]}
	for _, known := range s.Browse.Data.Activities {
		if known.ID == a {
			m.Title, m.Rules = known.Title, known.Activity
		}
	}
	return m
}

// unchecked says why nobody is let in.
func unchecked(why pickup.Why) pickup.Result {
	s, _ := pickup.State{Page: pickup.Working}.Update(pickup.NotStored{Why: why})
	r := s.Result
	r.Word, r.Sentence = say.T("不能进场"), say.T("签到没有存下来。")
	if why == pickup.NoKeys {
		r.Sentence = s.Result.Sentence
	}
	return r
}
