// Package roster is the check-in list of a session: who is expected, who is inside,
// and letting somebody in or out by hand.
package roster

import (
	"slices"
	"strings"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/lookup"
	"yizhan/core/ticket"
)

// Key names one session, or the one pool of an activity.
type Key struct {
	Activity id.Activity
	Pool     id.Pool
}

// Session is one list, with its counts in seats.
type Session struct {
	Key
	Title    string
	When     say.Text // empty where it has no time
	Expected int
	Inside   int
	Left     int // were inside and went
	Guests   []Guest
}

// Absent counts the seats of those who have not come.
func (s Session) Absent() int { return s.Expected - s.Inside - s.Left }

// Place is where a guest is.
type Place uint8

// Places of a guest.
const (
	Absent Place = iota
	Inside
	Left
	Waiting // has no seat yet
)

// Guest is one ticket of a session.
type Guest struct {
	Ticket id.Ticket
	Short  string
	Name   string // masked; empty where this device holds no names
	Seats  int
	Place  Place
	Tone   flow.Tone
	Badge  say.Text

	person lookup.Candidate
}

// Show is which guests are listed.
type Show uint8

// Filters.
const (
	Everybody Show = iota
	OnlyAbsent
	OnlyInside
)

// State is the page between two messages.
type State struct {
	Sessions   []Session
	Supervisor bool // the device is one's: it may let in against a verdict
	Chosen     Key
	Show       Show
	Query      string
	Open       id.Ticket // on its own page; 0: the list
	Reason     string
	Busy       bool
	Word       Word

	Gate bool // codes are scanned at the door of the session
	Out  bool // they go out

	asked Do
	queue []string  // scanned while the last one was being decided
	shown time.Time // when the last one was answered
}

// Word is what came of letting somebody in or out.
type Word struct {
	Tone     flow.Tone
	Word     say.Text
	Sentence say.Text
	Next     say.Text
	Override bool // a supervisor may say that they go in all the same
	Who      string
	Seats    int // of a scan; 0 where nothing is known
}

// Do is a check-in to store; the zero value is nothing.
type Do struct {
	Ticket   id.Ticket
	Code     string // scanned, in place of a ticket
	Key      Key
	Out      bool
	Reason   string
	Override bool
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Loaded brings what the device holds now.
	Loaded struct {
		Sessions   []Session
		Supervisor bool
	}
	// Choose takes another session.
	Choose struct{ Key Key }
	// Filter lists others of its guests.
	Filter struct{ Show Show }
	// Search is what was typed: Chinese, pinyin, initials, last four digits, or a short code.
	Search struct{ Query string }
	// Open shows one guest; 0 goes back to the list.
	Open struct{ Ticket id.Ticket }
	// Wrote is why somebody is let in or out without a scan.
	Wrote struct{ Reason string }
	// Pass lets the open guest in, or out.
	Pass struct{ Out bool }
	// Override lets them in after a refusal, which a supervisor takes upon themselves.
	Override struct{}
	// Guard stands at the door of the chosen session and scans; false leaves it.
	Guard struct{ On bool }
	// Direct says whether those who are scanned go out.
	Direct struct{ Out bool }
	// Scanned is a code at the door.
	Scanned struct {
		Code string
		At   time.Time
	}
	// Passed is the verdict, which is stored, and what is known of the ticket.
	Passed struct {
		Verdict fault.Verdict
		Ticket  id.Ticket
		Seats   int
		At      time.Time
	}
	// NotStored says that nothing could be kept.
	NotStored struct{ Full bool }
)

func (Loaded) message()    {}
func (Choose) message()    {}
func (Filter) message()    {}
func (Search) message()    {}
func (Open) message()      {}
func (Wrote) message()     {}
func (Pass) message()      {}
func (Override) message()  {}
func (Guard) message()     {}
func (Direct) message()    {}
func (Scanned) message()   {}
func (Passed) message()    {}
func (NotStored) message() {}

// Reasons are why people are let in without a scan; each is one tap.
func Reasons() []say.Text {
	return []say.Text{say.T("手机没电"), say.T("二维码扫不出"), say.T("没有带手机"), say.T("认识本人")}
}

// Update gives the next state and the check-in to store, if any.
func (s State) Update(m Message) (State, Do) {
	switch m := m.(type) {
	case Loaded:
		s.Sessions, s.Supervisor = m.Sessions, m.Supervisor
		if _, ok := s.Session(); !ok && len(s.Sessions) > 0 {
			s.Chosen, s.Open = s.Sessions[0].Key, 0
		}
	case Choose:
		s.Chosen, s.Open, s.Query = m.Key, 0, ""
	case Filter:
		s.Show = m.Show
	case Search:
		s.Query = m.Query
	case Open:
		s.Open, s.Reason, s.Word, s.asked = m.Ticket, "", Word{}, Do{}
	case Wrote:
		s.Reason = m.Reason
	case Pass:
		g, ok := s.Guest()
		if !ok || s.Busy || m.Out != (g.Place == Inside) {
			return s, Do{}
		}
		if strings.TrimSpace(s.Reason) == "" {
			s.Word = Word{Tone: flow.Bad, Word: say.T("请写明原因"), Sentence: say.T("没有扫码的入场和出场要写明原因，日后可以核对。")}
			return s, Do{}
		}
		return s.ask(Do{Ticket: g.Ticket, Key: s.Chosen, Out: m.Out, Reason: strings.TrimSpace(s.Reason)})
	case Override:
		if s.Word.Override && !s.Busy {
			s.asked.Override = true
			return s.ask(s.asked)
		}
	case Guard:
		s.Gate, s.Open, s.Word, s.queue = m.On, 0, Word{}, nil
	case Direct:
		s.Out, s.Word = m.Out, Word{}
	case Scanned:
		return s.scanned(m)
	case Passed:
		s.Busy, s.Word, s.shown = false, s.passed(m), m.At
		return s.next()
	case NotStored:
		s.Busy = false
		s.Word = Word{Tone: flow.Bad, Word: say.T("没有登记"), Sentence: say.T("记录没有存下来，等于没有按。"), Next: say.T("请再按一次。")}
		if m.Full {
			s.Word.Next = say.T("存储空间满了，请清理以后再按一次。")
		}
	}
	return s, Do{}
}

// echo is how soon a scanner may read the same code again by itself; maxQueue is how
// many codes wait while one is decided.
const (
	echo     = 1500 * time.Millisecond
	maxQueue = 8
)

func (s State) scanned(m Scanned) (State, Do) {
	switch {
	case !s.Gate, m.Code == "":
		return s, Do{}
	case s.Busy:
		if len(s.queue) < maxQueue && m.Code != s.asked.Code {
			s.queue = append(slices.Clone(s.queue), m.Code)
		}
		return s, Do{}
	case m.Code == s.asked.Code && m.At.Sub(s.shown) < echo:
		return s, Do{}
	}
	return s.ask(Do{Code: m.Code, Key: s.Chosen, Out: s.Out})
}

// next goes on with a code that was scanned in the meantime.
func (s State) next() (State, Do) {
	if len(s.queue) == 0 {
		return s, Do{}
	}
	code := s.queue[0]
	s.queue = s.queue[1:]
	return s.ask(Do{Code: code, Key: s.Chosen, Out: s.Out})
}

func (s State) ask(do Do) (State, Do) {
	s.Busy, s.Word, s.asked = true, Word{}, do
	return s, do
}

// passed puts a verdict of the door into words. Provisional lets in too.
func (s State) passed(m Passed) Word {
	w := s.verdict(m.Verdict)
	if s.asked.Code == "" {
		return w
	}
	if w.Seats = m.Seats; w.Tone == flow.Good {
		w.Sentence = say.T("请进。")
		if s.asked.Out {
			w.Sentence = say.T("再见。")
		}
	}
	at, _ := s.Session()
	for _, g := range at.Guests {
		if g.Ticket == m.Ticket && m.Ticket != 0 {
			w.Who = g.Name
		}
	}
	return w
}

func (s State) verdict(v fault.Verdict) Word {
	switch {
	case v == fault.Valid && s.asked.Out:
		return Word{Tone: flow.Good, Word: say.T("已登记出场")}
	case v == fault.Valid:
		return Word{Tone: flow.Good, Word: say.T("已登记入场")}
	case v == fault.Provisional:
		return Word{Tone: flow.Wait, Word: say.T("可以入场 · 待核对"), Sentence: say.T("这台设备定不了这张票，联网后再核对；现在可以入场。")}
	}
	w := Word{Tone: flow.Bad, Word: say.T("不能入场"), Sentence: flow.Sentence(v), Next: flow.Next(v),
		Override: s.Supervisor && !s.asked.Out && handover.Overridable(v)}
	if s.asked.Out {
		w.Word = say.T("不能出场")
	}
	switch v { // the sentences of a counter speak of collecting
	case fault.TooEarly:
		w.Sentence, w.Next = say.T("还没有到入场时间。"), say.T("请按活动时间再来。")
	case fault.TooLate:
		w.Sentence, w.Next = say.T("入场时间已经过了。"), say.Text{}
	case fault.AlreadyRedeemed:
		w.Sentence, w.Next = say.T("这张票的人已经在里面。"), say.T("本人没有进去过，请核对名单和证件。")
	}
	return w
}

// Nameless is what stays when the lists are locked: nothing, or the door that is
// guarded, without the names of its guests.
func (s State) Nameless() State {
	at, ok := s.Session()
	if !s.Gate || !ok {
		return State{}
	}
	at.Guests = nil
	return State{Sessions: []Session{at}, Supervisor: s.Supervisor, Chosen: s.Chosen, Gate: true, Out: s.Out, Busy: s.Busy, asked: s.asked, shown: s.shown}
}

// Session is the chosen one.
func (s State) Session() (Session, bool) {
	i := slices.IndexFunc(s.Sessions, func(x Session) bool { return x.Key == s.Chosen })
	if i < 0 {
		return Session{}, false
	}
	return s.Sessions[i], true
}

// Guest is the open one.
func (s State) Guest() (Guest, bool) {
	at, _ := s.Session()
	i := slices.IndexFunc(at.Guests, func(g Guest) bool { return g.Ticket == s.Open })
	if i < 0 || s.Open == 0 {
		return Guest{}, false
	}
	return at.Guests[i], true
}

// List gives the guests that are listed, those who fit a search best first.
func (s State) List() []Guest {
	at, _ := s.Session()
	some := slices.DeleteFunc(slices.Clone(at.Guests), func(g Guest) bool {
		return s.Show == OnlyAbsent && g.Place != Absent || s.Show == OnlyInside && g.Place != Inside
	})
	if strings.TrimSpace(s.Query) == "" {
		return some
	}
	if t, err := ticket.ParseShort(s.Query); err == nil {
		if i := slices.IndexFunc(some, func(g Guest) bool { return g.Ticket == t }); i >= 0 {
			return some[i : i+1]
		}
	}
	if !s.Supervisor {
		return nil // people are looked up by supervisors only
	}
	people := make([]lookup.Candidate, len(some))
	for i, g := range some {
		people[i] = g.person
	}
	var found []Guest
	for _, i := range lookup.Find(lookup.Parse(s.Query), people) {
		found = append(found, some[i])
	}
	return found
}
