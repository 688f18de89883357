// Package behalf is what staff do for a member who stands before them: sign them
// up, give a ticket back, or have it handed over at another station.
package behalf

import (
	"slices"
	"strings"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// Action is what is done.
type Action uint8

// Actions.
const (
	SignUp Action = iota
	GiveBack
	Move
)

// Page is which page is shown.
type Page uint8

// Pages, in their order.
const (
	Who     Page = iota // scan, search or type
	What                // which action, which activity
	Details             // session, seats, station, and a last look
	Result
)

// Person is a member who may be meant.
type Person struct {
	Member id.Member
	Name   string // masked; empty where it is not known here
	Org    string
	Proven bool // shown by the code on their phone; else staff have to see who it is
}

// Offer is an activity in which the action is possible.
type Offer struct {
	Activity id.Activity
	Title    string
	Note     say.Text
	Tone     flow.Tone
	Policy   op.Policy // of the lease that this device grants from; 0 without one
	Rules    *activity.Activity
	Pools    []Pool
	Stations []Place
}

// Pool is one session, or the pool of an activity without sessions.
type Pool struct {
	ID    id.Pool
	Label say.Text // empty where it has no time
}

// Place is a station of hand-over.
type Place struct {
	ID            id.Station
	Name, Address string
}

// State is the desk between two messages.
type State struct {
	Page   Page
	Query  string
	Found  []Person
	More   bool // others fit as well
	Person Person
	Action Action
	Offers map[Action][]Offer

	Activity id.Activity
	Pool     id.Pool
	Seats    int
	Child    bool // staff have seen that the children are there, and small enough
	Station  id.Station
	Busy     bool
	Word     Word // of a search or of the decision
	Decided  Decided
}

// Word is what is to be read: why nobody was found, or what came of the request.
type Word struct {
	Tone     flow.Tone
	Word     say.Text
	Sentence say.Text
	Next     say.Text
}

// Decided is what a slip is printed of.
type Decided struct {
	Result op.Result
	Policy op.Policy // of the lease, if one was used
	Code   string    // signed ticket, if this device made one
	Short  string
}

// Do is what is to be done now; the zero value is nothing.
type Do struct {
	Find string // look for people; the answer is Searched
	Op   *op.Op // decide or send this; the answer is Answered or NotStored
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Loaded brings what can be done with what the device holds now.
	Loaded struct{ Offers map[Action][]Offer }
	// Typed is the search as it stands.
	Typed struct{ Query string }
	// Search looks for it.
	Search struct{}
	// Searched names those who fit, the best first; Why says why nobody could be looked for.
	Searched struct {
		People []Person
		More   bool
		Why    Word
	}
	// Identified is a code that was read: the member's phone, or a card.
	Identified struct{ Person Person }
	// Unread is a code that says nothing.
	Unread struct{ Why Word }
	// Take is one of those who were found.
	Take struct{ Person Person }
	// Act chooses what is done.
	Act struct{ Action Action }
	// Pick chooses the activity.
	Pick struct{ Activity id.Activity }
	// PickPool chooses the session.
	PickPool struct{ Pool id.Pool }
	// SetSeats chooses how many.
	SetSeats struct{ Seats int }
	// SetChild says whether the children were seen.
	SetChild struct{ Seen bool }
	// PickStation chooses the place of hand-over.
	PickStation struct{ Station id.Station }
	// Confirm asks for it.
	Confirm struct{}
	// Answered is the decision, of this device or of the server, or that it waits.
	Answered struct {
		Result op.Result
		Policy op.Policy
		Code   string
		Short  string
	}
	// NotStored says that nothing could be kept.
	NotStored struct{ Full bool }
	// Back goes one page back.
	Back struct{}
	// Finish forgets the person.
	Finish struct{}
)

func (Loaded) message()      {}
func (Typed) message()       {}
func (Search) message()      {}
func (Searched) message()    {}
func (Identified) message()  {}
func (Unread) message()      {}
func (Take) message()        {}
func (Act) message()         {}
func (Pick) message()        {}
func (PickPool) message()    {}
func (SetSeats) message()    {}
func (SetChild) message()    {}
func (PickStation) message() {}
func (Confirm) message()     {}
func (Answered) message()    {}
func (NotStored) message()   {}
func (Back) message()        {}
func (Finish) message()      {}

// Update gives the next state and what is to be done now.
func (s State) Update(m Message) (State, Do) {
	if s.Busy {
		return s.busy(m), Do{}
	}
	switch m := m.(type) {
	case Loaded:
		s.Offers = m.Offers
	case Typed:
		s.Query = m.Query
	case Search:
		if q := strings.TrimSpace(s.Query); s.Page == Who && q != "" {
			s.Busy, s.Found, s.More, s.Word = true, nil, false, Word{}
			return s, Do{Find: q}
		}
	case Identified:
		if s.Page == Who || s.Page == What {
			return s.take(m.Person), Do{}
		}
	case Unread:
		if s.Page == Who {
			s.Word = m.Why
		}
	case Take:
		if s.Page == Who {
			return s.take(m.Person), Do{}
		}
	case Act:
		s.Action = m.Action
	case Confirm:
		return s.confirm()
	case Back:
		return s.back(), Do{}
	case Finish:
		return State{Offers: s.Offers}, Do{}
	default:
		return s.choose(m), Do{}
	}
	return s, Do{}
}

// choose takes what is chosen about the request.
func (s State) choose(m Message) State {
	switch m := m.(type) {
	case Pick:
		o, ok := s.offer(m.Activity)
		if !ok || s.Page != What {
			return s
		}
		s.Page, s.Activity, s.Pool, s.Station, s.Seats, s.Child, s.Word = Details, o.Activity, "", "", 1, false, Word{}
		if s.Action == SignUp && len(o.Pools) > 0 {
			s.Pool = o.Pools[0].ID
		}
		if len(o.Stations) > 0 && s.Action == SignUp {
			s.Station = o.Stations[0].ID
		}
	case PickPool:
		s.Pool = m.Pool
	case SetSeats:
		s.Seats = max(1, min(m.Seats, s.Most()))
	case SetChild:
		s.Child = m.Seen
	case PickStation:
		s.Station = m.Station
	}
	return s
}

// busy takes only the answer that is awaited, and what does not touch it.
func (s State) busy(m Message) State {
	switch m := m.(type) {
	case Loaded:
		s.Offers = m.Offers
	case Searched:
		s.Busy, s.Found, s.More, s.Word = false, m.People, m.More, m.Why
		if len(m.People) == 0 && m.Why.Word.Empty() {
			s.Word = Word{flow.Wait, say.T("没有找到"), say.T("没有符合的会员。"), say.T("请核对姓名和手机尾号，或请本人出示会员码。")}
		}
	case Answered:
		s.Busy, s.Page = false, Result
		s.Decided, s.Word = Decided(m), s.outcome(m)
	case NotStored:
		s.Busy = false
		s.Word = Word{flow.Bad, say.T("没有办成"), say.T("记录没有存下来，等于没有按。"), say.T("请再按一次。")}
		if m.Full {
			s.Word.Next = say.T("存储空间满了，请清理以后再按一次。")
		}
	}
	return s
}

func (s State) take(p Person) State {
	return State{Page: What, Person: p, Action: s.Action, Offers: s.Offers}
}

func (s State) back() State {
	switch s.Page {
	case What:
		return State{Offers: s.Offers, Query: s.Query}
	case Details:
		s.Page, s.Word = What, Word{}
	case Result:
		return s.take(s.Person)
	}
	return s
}

// confirm makes the op, once nothing is missing.
func (s State) confirm() (State, Do) {
	o, ok := s.offer(s.Activity)
	if s.Page != Details || !ok || !s.Missing().Empty() {
		return s, Do{}
	}
	ask := op.Op{Activity: o.Activity, Member: s.Person.Member, Channel: op.ByStaff}
	switch s.Action {
	case SignUp:
		ask.Kind, ask.Pool, ask.Seats, ask.Station = op.Claim, s.Pool, s.Seats, s.Station
	case GiveBack:
		ask.Kind, ask.Pool = op.Cancel, s.Pool
	case Move:
		ask.Kind, ask.Station = op.Rebind, s.Station
	}
	s.Busy, s.Word = true, Word{}
	return s, Do{Op: &ask}
}

// Missing says what still has to be chosen; it is empty once the request can be made.
func (s State) Missing() say.Text {
	switch {
	case s.Action == SignUp && s.Seats > s.alone() && !s.Child:
		return say.T("超过 %d 张，请先核对随行子女", s.alone())
	case s.Action == Move && s.Station == "":
		return say.T("请选择新的领取站点")
	}
	return say.Text{}
}

// Offer is the chosen activity.
func (s State) Offer() (Offer, bool) { return s.offer(s.Activity) }

func (s State) offer(a id.Activity) (Offer, bool) {
	list := s.Offers[s.Action]
	i := slices.IndexFunc(list, func(o Offer) bool { return o.Activity == a })
	if i < 0 {
		return Offer{}, false
	}
	return list[i], true
}

// Most is how many seats one member may ask for, children included.
func (s State) Most() int { _, most := s.limits(); return most }

// alone is how many without a child.
func (s State) alone() int { alone, _ := s.limits(); return alone }

// Families reports whether so many seats are only for those who bring children.
func (s State) Families() bool { return s.Seats > s.alone() }

// mostSeats bounds what staff may ask for where an activity names no limit.
const mostSeats = 9

func (s State) limits() (alone, most int) {
	o, _ := s.offer(s.Activity)
	alone = mostSeats
	if o.Rules == nil {
		return 1, 1
	}
	for _, l := range o.Rules.Spec.Limits {
		if l.Per == "member" && l.Max < alone {
			alone, most = l.Max, l.MaxWithChild
		}
	}
	return alone, max(alone, most)
}

// outcome puts a decision into words: green only where it holds whatever happens next.
func (s State) outcome(m Answered) Word {
	r := m.Result
	switch {
	case r.Outcome == op.Refused:
		w := Word{flow.Bad, say.T("未通过"), flow.Sentence(r.Code), flow.Next(r.Code)}
		if o, ok := s.offer(s.Activity); ok && r.Code == fault.NotEligible && o.Rules != nil {
			if own := o.Rules.Spec.AudienceWhy; own != (activity.Text{}) {
				w.Sentence = say.Both(own.ZH, own.EN)
			}
		}
		return w
	case r.Outcome == op.Pending:
		return Word{flow.Wait, say.T("已提交 · 待确认"), say.T("这台设备现在定不了，等服务器确认。"), say.T("联网后自动提交，结果发到会员的手机上。")}
	case s.Action == GiveBack:
		return Word{flow.Good, say.T("已退票"), say.T("退了 %d 张，名额已经放回。", r.Seats), say.Text{}}
	case s.Action == Move:
		return Word{flow.Good, say.T("已换站"), say.T("新的领取站点：%s", s.placeName()), say.T("原来的二维码不能再用；请会员打开“我的票”，或打印新凭条。")}
	case r.Outcome == op.Waitlisted:
		return Word{flow.Wait, say.T("候补第 %d 位", r.Place), say.T("有人退回时按次序递补，现在还没有名额。"), say.T("递补上了会通知会员。")}
	case r.Outcome == op.Entered:
		return Word{flow.Wait, say.T("已报名"), say.T("报名已收到，要等抽签或审核。"), say.T("结果会通知会员。")}
	case m.Policy == op.VoidUnreported:
		return Word{flow.Wait, say.T("已登记 · 待确认"), say.T("%d 份，这台设备联网上报以后才有效。", r.Seats), say.T("请尽快联网；没有按时上报，这张票作废，名额收回。")}
	case m.Policy == op.Hard:
		return Word{flow.Good, say.T("已发放"), say.T("%d 份，没有网络也算数。", r.Seats), say.T("请会员拍下二维码，或记下短码。")}
	}
	return Word{flow.Good, say.T("已核准"), say.T("%d 份。", r.Seats), say.T("请打印凭条，或请会员记下短码。")}
}

func (s State) placeName() string {
	o, _ := s.offer(s.Activity)
	for _, p := range o.Stations {
		if p.ID == s.Station {
			return p.Name
		}
	}
	return string(s.Station)
}
