package kiosk

import (
	"slices"
	"time"

	"yizhan/app/flow"
	"yizhan/app/flow/checkin"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/identify"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/say"
	"yizhan/core/membercode"
	"yizhan/core/wire"
)

// Update gives the next state and what is to be done now.
func (s State) Update(m Message) (State, Do) {
	before := s.place()
	next, do := s.update(m)
	do.Visit = next.Visit
	if after := next.place(); after != before {
		after.At = next.Now.UnixMilli()
		do.Keep = &after
	}
	return next, do
}

func (s State) update(m Message) (State, Do) {
	switch m := m.(type) {
	case Loaded:
		return s.loaded(m), Do{}
	case Tick:
		return s.tick(m)
	case Gauge:
		s.Browse, _ = s.Browse.Update(claim.Gauge{Gauge: m.Gauge})
		return s, Do{}
	case Stored, NotStored, Decided, Heard, Told, Held, Doors, Checked, NotChecked:
		return s.answered(m)
	case Counted:
		return s.counted(m)
	case Find:
		switch m.Message.(type) {
		case wayfind.Mapped, wayfind.Resized: // no finger
			s.Find = s.Find.Update(m.Message)
			return s, Do{}
		}
	}
	s.touched, s.Left = s.Now, 0
	switch m := m.(type) {
	case Finish:
		return s.reset()
	case Back:
		return s.goBack()
	case Go:
		return s.open(m.Page)
	case Scanned:
		return s.scanned(m)
	case Unreadable:
		if s.Page == Home || s.Page == PickUp {
			return s.counted(Counted{pickup.Unreadable{At: m.At}})
		}
	case Asked:
		return s.asked(m)
	case ByName:
		if s.Page == Door && !s.Busy {
			s.Person = identify.Person{}
			s, _ = s.identify(ToDoor)
			return s.asked(Asked{identify.ByName{}})
		}
	case Find:
		s.Find = s.Find.Update(m.Message)
	case Leave:
		s.Out, s.Verdict = m.Out, nil
	case Enter:
		if s.Page == Which && !s.Busy {
			return s.checkIn(CheckIn{Ticket: m.Ticket, Out: s.Out})
		}
	default:
		return s.claiming(m)
	}
	return s, Do{}
}

// loaded takes the public part of what the store holds; whatever other visitors
// asked on this machine is nobody's business.
func (s State) loaded(m Loaded) State {
	d := m.Data
	d.Me, d.Claims, d.Asked, d.Refusals = s.Browse.Data.Me, s.Browse.Data.Claims, nil, nil
	s.Browse, _ = s.Browse.Update(claim.Loaded{Data: d})
	s.Here, s.device, s.Prints = m.Here, m.Device, m.Prints
	at, placed := m.Here.Place().At()
	s.Find = s.Find.Update(wayfind.Stations{Message: stations.Loaded{Data: m.Places}})
	s.Find = s.Find.Update(wayfind.Home{At: at, Placed: placed, Here: m.Here.ID})
	return s
}

// idle reports whether nobody is at the machine.
func (s State) idle() bool {
	return s.Page == Home && s.Counter.Page == pickup.Idle && s.Person.Member == "" && !s.Saved
}

// life is how long the page stays without a touch.
func (s State) life() time.Duration {
	if good := s.Counter.Page == pickup.Showing && s.Counter.Result.Tone == flow.Good || s.Verdict != nil && s.Verdict.Tone == flow.Good; good {
		return stayGood
	}
	return stay
}

func (s State) tick(m Tick) (State, Do) {
	s.Now, s.Online, s.Who.Online = m.Now, m.Online, m.Online
	s.Browse, _ = s.Browse.Update(claim.Tick{Now: m.Now, Online: m.Online})
	s.Find = s.Find.Update(wayfind.Stations{Message: stations.Tick{Now: m.Now}})
	if s.idle() || s.Busy || s.Who.Busy || s.Counter.Page == pickup.Working || m.Now.Before(s.touched) {
		s.touched, s.Left = m.Now, 0
		return s, Do{}
	}
	left := s.life() - m.Now.Sub(s.touched)
	switch {
	case left <= 0:
		return s.reset()
	case left <= warn:
		s.Left = int((left + time.Second - 1) / time.Second)
	default:
		s.Left = 0
	}
	return s, Do{}
}

// reset forgets the visitor.
func (s State) reset() (State, Do) {
	d := s.Browse.Data
	d.Me, d.Claims = wire.MeRow{}, nil
	next := State{Now: s.Now, Online: s.Online, Here: s.Here, Prints: s.Prints, device: s.device, Visit: s.Visit + 1, touched: s.Now,
		Find: s.Find.Update(wayfind.Forget{})}
	next.Browse, _ = next.Browse.Update(claim.Tick{Now: s.Now, Online: s.Online})
	next.Browse, _ = next.Browse.Update(claim.Loaded{Data: d})
	return next, Do{Forget: true}
}

func (s State) open(p Page) (State, Do) {
	s.Trouble, s.Saved = identify.Trouble{}, false
	switch p {
	case Call, Help:
		if s.Page != Call && s.Page != Help {
			s.from = s.Page
		}
		s.Page = p
	case Mine:
		return s.identify(ToMine)
	case NewPhone:
		if !s.Online {
			s.Page, s.Trouble = NewPhone, offline()
			return s, Do{}
		}
		return s.identify(ToPhone)
	case Door:
		if s.Page == Door { // the verdict is read; the next person may come
			next, do := s.reset()
			next.Page, next.Out = Door, s.Out
			return next, do
		}
		s.Page, s.Verdict, s.Out, s.Counter = p, nil, false, pickup.State{}
	case Activities, PickUp, Stations:
		s.Page, s.Verdict, s.Out, s.Counter = p, nil, false, pickup.State{}
		s.Browse, _ = s.Browse.Update(claim.Go{Page: claim.List})
	}
	return s, Do{}
}

func (s State) goBack() (State, Do) {
	s.Trouble = identify.Trouble{}
	switch s.Page {
	case Call, Help:
		if s.Page = s.from; s.Page == Home {
			return s, Do{} // of somebody who is still there
		}
	case Detail:
		s.Page = s.back
	case Who:
		if !s.Who.First() {
			s.Who, _ = s.Who.Update(identify.Back{})
			return s, Do{}
		}
		s.Who = identify.State{}
		if s.Page = Home; s.purpose == ToClaim {
			s.Page = Detail
		}
		if s.purpose == ToDoor {
			s.Page = Door
		}
	case Sure:
		s.Page = Detail
	case Which:
		s.Page = Door
	case Ticket:
		s.Page = Mine
	case Outcome:
		s.Page, s.back = Activities, Home
	case Stations:
		if s.Find.Page != wayfind.List || s.Find.Picking {
			s.Find = s.Find.Update(wayfind.Back{})
			return s, Do{}
		}
		s.Page = Home
	default:
		s.Page = Home
	}
	if s.Page == Home {
		return s.reset() // whoever goes home has finished
	}
	return s, Do{}
}

// scanned routes a code: to the question on the page, to the door, or to the counter.
func (s State) scanned(m Scanned) (State, Do) {
	if m.Code == "" || s.Busy {
		return s, Do{}
	}
	s.Saved = false
	switch s.Page {
	case Who:
		return s.asked(Asked{identify.Scanned{Code: m.Code, At: m.At}})
	case Door:
		if s.Verdict = nil; membercode.Is(m.Code) {
			return s.identifyBy(ToDoor, m)
		}
		return s.checkIn(CheckIn{Code: m.Code, Out: s.Out})
	case Sure, Which:
		return s, Do{} // a person is in the middle of something
	case Detail:
		if membercode.Is(m.Code) {
			return s.identifyBy(ToClaim, m)
		}
	}
	var forget bool
	if s.Person.Member != "" { // the next scan closes the last visit
		var do Do
		s, do = s.reset()
		forget = do.Forget
	}
	var do Do
	if membercode.Is(m.Code) && s.Counter.Page != pickup.Working {
		s, do = s.identifyBy(ToMine, m)
	} else {
		if s.Page != Home {
			s.Page = PickUp
		}
		s, do = s.counted(Counted{pickup.Scanned{Code: m.Code, At: m.At}})
	}
	do.Forget = do.Forget || forget
	return s, do
}

func (s State) counted(m Counted) (State, Do) {
	var do Do
	before := s.Counter.Page
	s.Counter, do.Counter = s.Counter.Update(m.Message)
	if s.Counter.Page == pickup.Showing && before != pickup.Showing {
		s.touched, s.Left = s.Now, 0
	}
	if _, closed := m.Message.(pickup.Closed); closed {
		return s.reset()
	}
	return s, do
}

func (s State) identify(p Purpose) (State, Do) {
	s.Page, s.purpose, s.Trouble = Who, p, identify.Trouble{}
	known := s.Person
	var do identify.Do
	s.Who, do = identify.Begin(p != ToDoor, known)
	s.Who.Online = s.Online
	return s.who(do)
}

// identifyBy begins with a code that was scanned already.
func (s State) identifyBy(p Purpose, m Scanned) (State, Do) {
	s.Person, s.Counter = identify.Person{}, pickup.State{}
	s, _ = s.identify(p)
	return s.asked(Asked{identify.Scanned{Code: m.Code, At: m.At}})
}

func (s State) asked(m Asked) (State, Do) {
	if s.Page != Who {
		return s, Do{}
	}
	var do identify.Do
	s.Who, do = s.Who.Update(m.Message)
	return s.who(do)
}

// who goes on as the conversation says.
func (s State) who(do identify.Do) (State, Do) {
	if !do.Done {
		return s, Do{Read: do.Read, Ask: do.Ask}
	}
	s.Person = s.Who.Person
	s.Who = identify.State{}
	s.Browse.Data.Me.Member = s.Person.Member
	switch s.purpose {
	case ToClaim:
		s.Page = Sure
		if s.Online {
			return s, Do{Ask: s.tickets()}
		}
		return s, Do{Held: s.Person.Member}
	case ToDoor:
		s.Page, s.Busy = Door, true
		return s, Do{Doors: s.Person.Member}
	case ToPhone:
		s.Page, s.Busy = NewPhone, true
		return s, Do{Ask: &wire.Ask{Kind: wire.AskPhone, Member: s.Person.Member, Proof: s.Person.Proof}}
	}
	s.Page = Mine
	s.Browse, _ = s.Browse.Update(claim.Go{Page: claim.Mine})
	if s.Busy = true; s.Online {
		return s, Do{Ask: s.tickets()}
	}
	return s, Do{Held: s.Person.Member}
}

func (s State) tickets() *wire.Ask {
	return &wire.Ask{Kind: wire.AskTickets, Member: s.Person.Member, Proof: s.Person.Proof}
}

func (s State) checkIn(c CheckIn) (State, Do) {
	s.Page, s.Busy, s.Verdict, s.Entries = Door, true, nil, nil
	return s, Do{CheckIn: &c}
}

// doors goes on with what may be opened for the visitor.
func (s State) doors(entries []checkin.Entry) (State, Do) {
	s.Busy = false
	mine := slices.DeleteFunc(slices.Clone(entries), func(e checkin.Entry) bool { return s.Out && !e.Inside })
	switch len(mine) {
	case 0:
		r := checkin.Nobody()
		s.Page, s.Verdict = Door, &r
	case 1:
		return s.checkIn(CheckIn{Ticket: mine[0].Ticket, Out: s.Out})
	default:
		s.Page, s.Entries = Which, mine
	}
	return s, Do{}
}

func offline() identify.Trouble {
	return identify.Trouble{Sentence: say.T("现在没有网络，这件事办不了。"), Next: say.T("请稍后再来，或找工作人员。")}
}
