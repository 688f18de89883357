// Package claim is a member's phone: the list of activities, pressing for a
// ticket, what became of it, and the ticket.
package claim

import (
	"time"

	"yizhan/app/flow/wayfind"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Page is which page is shown.
type Page uint8

// Pages of the phone.
const (
	List Page = iota
	Detail
	Mine
	Ticket
	Confirming // of a change
	Code
	Me
	Inbox
	Places // stations, and the way to them
)

// State is the phone between two messages.
type State struct {
	Page   Page
	Data   Data
	Now    time.Time // server time, in the zone of the deployment
	Online bool
	Seek   wayfind.State // on Places

	activity id.Activity // on Detail
	pool     id.Pool
	seats    int
	station  id.Station
	ticket   id.Ticket  // on Ticket
	back     Page       // where Ticket leads back to
	storing  bool       // pressed, and not stored yet
	unstored fault.Kind // why the last press could not be stored
	gauge    *wire.Gauge
	change   Change // on Confirming
	answer   Words  // to the last change, on Ticket
	child    bool   // a child below the height comes along
	shown    Shown  // on Code
	phase    Phase  // of what List shows, where there is much
	whole    bool   // List leaves nothing out
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Loaded brings what the store holds now.
	Loaded struct{ Data }
	// Tick is the passing of time, and whether there is a network.
	Tick struct {
		Now    time.Time
		Online bool
	}
	// Gauge is the latest count of the activity on screen; nil where there is none.
	Gauge struct{ *wire.Gauge }
	// Open shows an activity.
	Open struct{ Activity id.Activity }
	// ShowTicket shows a ticket.
	ShowTicket struct{ Ticket id.Ticket }
	// Filter chooses what a long list shows.
	Filter struct {
		Phase Phase
		All   bool // leave nothing out
	}
	// WithChild says whether a child below the height comes along: no name, no age.
	WithChild struct{ Yes bool }
	// Shown is the member code of this moment, or that there is none yet.
	Shown struct {
		Code string
		Next time.Time // when it changes
	}
	// Go shows List, Mine, Code, Me, Inbox or Places.
	Go struct{ Page Page }
	// Sought is a message of the map and of the list of stations.
	Sought struct{ wayfind.Message }
	// Back leaves a page.
	Back struct{}
	// Pool chooses a session.
	Pool struct{ Pool id.Pool }
	// Seats chooses how many.
	Seats struct{ Seats int }
	// Station chooses where to collect.
	Station struct{ Station id.Station }
	// Press asks for the chosen seats.
	Press struct{}
	// Stored says that the claim is in the outbox and survives a power cut.
	Stored struct{}
	// NotStored says that it could not be kept: nothing was asked.
	NotStored struct{ Full bool }
)

func (Loaded) message()     {}
func (Tick) message()       {}
func (Gauge) message()      {}
func (Open) message()       {}
func (ShowTicket) message() {}
func (Filter) message()     {}
func (WithChild) message()  {}
func (Shown) message()      {}
func (Go) message()         {}
func (Sought) message()     {}
func (Back) message()       {}
func (Pool) message()       {}
func (Seats) message()      {}
func (Station) message()    {}
func (Press) message()      {}
func (Stored) message()     {}
func (NotStored) message()  {}

// Update gives the next state and the op to put into the outbox now, if any.
func (s State) Update(m Message) (State, []op.Op) {
	switch m := m.(type) {
	case Loaded:
		s.Data = m.Data
		return s.settle(), nil
	case Tick:
		s.Now, s.Online = m.Now, m.Online
	case Gauge:
		s.gauge = nil
		if m.Gauge != nil && m.Activity == s.activity {
			s.gauge = m.Gauge
		}
	case Open:
		return s.open(m.Activity), nil
	case ShowTicket:
		s.back, s.Page, s.ticket, s.answer = s.Page, Ticket, m.Ticket, Words{}
		return s.settle(), nil
	case Go:
		s.Page = m.Page
	case Sought:
		s.Seek = s.Seek.Update(m.Message)
	case Back:
		return s.leave(), nil
	case Pool:
		s.pool, s.unstored = m.Pool, fault.NoFault
	case Seats:
		s.seats = max(1, min(m.Seats, s.most()))
	case Station:
		s.station = m.Station
	case Press:
		return s.press()
	case Filter:
		s.phase, s.whole = m.Phase, m.All
	case WithChild:
		s.child = m.Yes
		s.seats = max(1, min(s.seats, s.most()))
	case AskChange:
		return s.askChange(m), nil
	case Confirm:
		return s.confirm()
	case Changed:
		return s.changed(m), nil
	case Shown:
		s.shown = m
	case Stored:
		s.storing, s.unstored = false, fault.NoFault
	case NotStored:
		s.storing, s.unstored = false, fault.Internal
		if m.Full {
			s.unstored = fault.StorageFull
		}
	}
	return s, nil
}

// Watching names the activity whose counts the page shows.
func (s State) Watching() id.Activity {
	if s.Page == Detail {
		return s.activity
	}
	return ""
}

func (s State) open(a id.Activity) State {
	if s.activity != a {
		s.gauge = nil
	}
	s.Page, s.activity, s.pool, s.station, s.seats, s.child, s.unstored = Detail, a, "", "", 1, false, fault.NoFault
	return s.settle()
}

// settle fills in choices that have only one sensible answer, and leaves pages
// whose subject is gone.
func (s State) settle() State {
	a, ok := s.find(s.activity)
	if s.Page == Detail && !ok {
		s.Page = List
	}
	if s.Page == Ticket || s.Page == Confirming {
		if _, ok := s.claim(s.ticket); !ok {
			s.Page = Mine
		}
	}
	if !ok || a.Newer {
		return s
	}
	if a.Pool(s.pool) < 0 || s.pool == "" {
		s.pool = s.firstPool(a)
	}
	if offered, ok := a.Station(s.station); ok {
		s.station = offered
	} else {
		s.station, _ = a.Station("")
	}
	s.seats = max(1, min(s.seats, s.most()))
	return s
}

// firstPool is the one with a claim of this member, else the first that is open, else the first.
func (s State) firstPool(a Activity) id.Pool {
	for _, p := range a.Pools {
		if s.Standing(Place{a.ID, p.ID}).Kind != Nothing {
			return p.ID
		}
	}
	for i, p := range a.Pools {
		if now := s.Now.UnixMilli(); !s.Data.Full[Place{a.ID, p.ID}] && a.InHorizon(i, now) && !a.Ended(i, now) {
			return p.ID
		}
	}
	return a.Pools[0].ID
}

func (s State) leave() State {
	switch s.Page {
	case Detail:
		s.Page = List
	case Ticket:
		s.Page = s.back
	case Confirming:
		s.Page = Ticket
	case Inbox:
		s.Page = Me
	case Places:
		if s.Seek.Page != wayfind.List || s.Seek.Picking {
			s.Seek = s.Seek.Update(wayfind.Back{})
		} else {
			s.Page = Me
		}
	}
	return s.settle()
}

func (s State) press() (State, []op.Op) {
	a, ok := s.find(s.activity)
	if !ok || s.storing || !s.button(a).Enabled {
		return s, nil
	}
	s.storing, s.unstored = true, fault.NoFault
	return s, []op.Op{{Kind: op.Claim, Activity: s.activity, Pool: s.pool, Member: s.Data.Me.Member, Seats: s.seats,
		Station: s.station, EnteredBy: string(s.Data.Me.Member), Channel: op.ByPhone}}
}

// Find gives the message that opens a page by name: "mine", "ticket" (the first
// that can be used) or an activity's id. Nil while there is no such page.
func (s State) Find(page string) Message {
	switch page {
	case "":
		return nil
	case "mine":
		return Go{Mine}
	case "code":
		return Go{Code}
	case "me":
		return Go{Me}
	case "inbox":
		return Go{Inbox}
	case "stations":
		return Go{Places}
	case "ticket":
		for _, c := range s.Data.Claims {
			if c.State == op.ClaimGranted {
				return ShowTicket{c.Ticket}
			}
		}
		return nil
	}
	if _, ok := s.find(id.Activity(page)); ok {
		return Open{id.Activity(page)}
	}
	return nil
}

func (s State) find(wanted id.Activity) (Activity, bool) {
	for _, a := range s.Data.Activities {
		if a.ID == wanted {
			return a, true
		}
	}
	return Activity{}, false
}

func (s State) claim(t id.Ticket) (wire.ClaimRow, bool) {
	for _, c := range s.Data.Claims {
		if c.Ticket == t {
			return c, true
		}
	}
	return wire.ClaimRow{}, false
}

// most is the most seats that one claim of this activity may ask for, as far as a phone knows.
func (s State) most() int {
	a, ok := s.find(s.activity)
	if !ok || a.Newer {
		return 1
	}
	most := 9
	for _, l := range a.Spec.Limits {
		if l.Per == "member" {
			if l.MaxWithChild > l.Max && s.child {
				most = min(most, l.MaxWithChild)
			} else {
				most = min(most, l.Max)
			}
		}
	}
	return most
}
