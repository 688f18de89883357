// Package pickup is the counter: a code is scanned, a verdict is stored, and the
// screen says whether to hand over.
package pickup

import (
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/membercode"
	"yizhan/core/ticket"
)

// How long a result stays before the page goes back by itself, and how soon the
// same code again is the same scan: a scanner held over a code reads it twice.
const (
	stayGood = 20 * time.Second
	stayBad  = 45 * time.Second
	echo     = 1500 * time.Millisecond
	maxQueue = 8
)

// Page is which page is shown.
type Page uint8

// Pages of the counter.
const (
	Idle Page = iota
	Working
	Showing
)

// State is the counter between two messages.
type State struct {
	Page   Page
	Result Result
	Left   int // seconds until the page goes back

	code   string    // last code handed to the counter
	pick   id.Ticket // or the last ticket of a short code
	queue  []string  // scanned while the last one was being decided
	shown  time.Time
	closes time.Time
}

// Result is what the full screen says.
type Result struct {
	Tone     flow.Tone
	Word     say.Text // 可以发放, 暂缓发放, 不能发放
	Sentence say.Text
	Next     say.Text
	Seats    int // 0 where nothing is known
	Title    string
	Detail   say.Text  // when and where it was handed over, or where it belongs
	Doubt    bool      // a person may say that the clock is right
	Ticket   id.Ticket // that was handed over and may be taken back; 0 otherwise
	Overrule bool      // a supervisor may hand over all the same
}

// Do is what is to be done now; the zero value is nothing.
type Do struct {
	Redeem  string    // code to decide
	Pick    id.Ticket // or the ticket of a short code
	Reason  string    // why the verdict is overruled
	Undo    id.Ticket // hand-over to take back
	Confirm bool      // before that: a person says that the clock is right
}

// Why a verdict could not be stored.
type Why uint8

// Reasons; each has its own next step.
const (
	Broken Why = iota
	Full       // the disk is full
	NoKeys     // the device has never been online and can check no ticket
)

// Outcome is a verdict that is already stored.
type Outcome struct {
	Verdict fault.Verdict
	Seats   int
	Title   string
	Detail  say.Text
	Ticket  id.Ticket // that was handed over; 0 where nothing was
	Aside   bool      // another device of this very station hands it over

	Overridable bool // the device is a supervisor's, and the ticket is known
	Overridden  bool // a supervisor has handed it over against the verdict
}

// Message is Scanned, Decided, NotStored, Unreadable, Tick, ClockRight, TakeBack, TakenBack or Closed.
type Message interface{ message() }

type (
	// Scanned is a code from a scanner or a picture.
	Scanned struct {
		Code string
		At   time.Time
	}
	// Typed is a short code that staff typed because nothing could be scanned.
	Typed struct {
		Text string
		At   time.Time
	}
	// Overrule is a supervisor's word that what was refused is handed over.
	Overrule struct {
		What   Subject
		Reason string
	}
	// Decided answers the code that was handed over last.
	Decided struct {
		Outcome
		At time.Time
	}
	// NotStored says that the verdict could not be saved: nothing may be handed over.
	NotStored struct {
		Why Why
		At  time.Time
	}
	// Unreadable is a picture in which no code was found.
	Unreadable struct{ At time.Time }
	// Tick is the passing of time.
	Tick struct{ Now time.Time }
	// ClockRight is a person's word that the clock shown is right.
	ClockRight struct{}
	// TakeBack is a tap on the button that takes the hand-over back.
	TakeBack struct{}
	// TakenBack answers it.
	TakenBack struct {
		Done bool // false: something else followed, or it was too long ago
		At   time.Time
	}
	// Closed is a tap on the button that closes the result.
	Closed struct{}
)

func (Scanned) message()    {}
func (Typed) message()      {}
func (Overrule) message()   {}
func (Decided) message()    {}
func (NotStored) message()  {}
func (Unreadable) message() {}
func (Tick) message()       {}
func (ClockRight) message() {}
func (TakeBack) message()   {}
func (TakenBack) message()  {}
func (Closed) message()     {}

// Update gives the next state and what is to be done now.
func (s State) Update(m Message) (State, Do) {
	switch m := m.(type) {
	case Scanned:
		return s.scanned(m)
	case Typed:
		return s.typed(m)
	case Overrule:
		if s.Page != Working && m.What != (Subject{}) && m.Reason != "" {
			return State{Page: Working, code: m.What.Code, pick: m.What.Ticket}, Do{Redeem: m.What.Code, Pick: m.What.Ticket, Reason: m.Reason}
		}
	case Decided:
		return s.show(verdict(m.Outcome), m.At).next()
	case NotStored:
		return s.show(notStored(m.Why), m.At).next()
	case Unreadable:
		if s.Page == Working {
			return s, Do{}
		}
		return s.show(Result{Tone: flow.Bad, Word: say.T("没有读到"), Sentence: say.T("图片里没有找到二维码。"),
			Next: say.T("请换一张清楚、完整的图片，或直接扫描。")}, m.At), Do{}
	case Tick:
		return s.tick(m.Now), Do{}
	case ClockRight:
		if s.Page == Showing && s.Result.Doubt {
			return State{Page: Working, code: s.code, pick: s.pick}, Do{Redeem: s.code, Pick: s.pick, Confirm: true}
		}
	case TakeBack:
		if s.Page == Showing && s.Result.Ticket != 0 {
			return State{Page: Working}, Do{Undo: s.Result.Ticket}
		}
	case TakenBack:
		return s.show(takenBack(m.Done), m.At).next()
	case Closed:
		if s.Page == Showing {
			return State{}, Do{}
		}
	}
	return s, Do{}
}

func (s State) scanned(m Scanned) (State, Do) {
	switch {
	case m.Code == "":
		return s, Do{}
	case s.Page == Working:
		if len(s.queue) < maxQueue && m.Code != s.code && !membercode.Is(m.Code) {
			s.queue = append(s.queue[:len(s.queue):len(s.queue)], m.Code)
		}
		return s, Do{}
	case s.Page == Showing && m.Code == s.code && m.At.Sub(s.shown) < echo:
		return s, Do{}
	case membercode.Is(m.Code): // says who somebody is, and not what they are to have
		s.code = m.Code
		return s.show(Result{Tone: flow.Bad, Word: say.T("这不是票"), Sentence: say.T("这是会员码，不是票的二维码。"),
			Next: say.T("请扫手机“我的票”里的码，或凭条上的码。")}, m.At), Do{}
	}
	return State{Page: Working, code: m.Code}, Do{Redeem: m.Code}
}

// typed takes a short code. It finds a ticket and opens nothing of it: staff look at
// the person, and the counter at everything else.
func (s State) typed(m Typed) (State, Do) {
	if s.Page == Working {
		return s, Do{}
	}
	t, err := ticket.ParseShort(m.Text)
	if err != nil {
		return s.show(Result{Tone: flow.Bad, Word: say.T("短码不对"), Sentence: say.T("短码打错了，或者不完整。"),
			Next: say.T("请和凭条或手机上的短码逐位核对，再输一次。")}, m.At), Do{}
	}
	return State{Page: Working, pick: t}, Do{Pick: t}
}

// Subject is the code or ticket that a verdict is about.
type Subject struct {
	Code   string
	Ticket id.Ticket
}

// Reasons are why supervisors overrule most; each is one tap.
func Reasons() []say.Text {
	return []say.Text{say.T("本人有特殊困难，已核对"), say.T("时间或站点临时调整"), say.T("设备或网络故障"), say.T("已请示上级工会")}
}

// Subject gives that of the shown verdict, for a supervisor to overrule; it is empty
// where nothing can be overruled.
func (s State) Subject() Subject {
	if s.Page != Showing || !s.Result.Overrule {
		return Subject{}
	}
	return Subject{s.code, s.pick}
}

func (s State) show(r Result, at time.Time) State {
	stay := stayBad
	if r.Tone == flow.Good {
		stay = stayGood
	}
	s.Page, s.Result, s.shown, s.closes = Showing, r, at, at.Add(stay)
	s.Left = int(stay / time.Second)
	return s
}

// next goes on with a code that was scanned in the meantime.
func (s State) next() (State, Do) {
	if len(s.queue) == 0 {
		return s, Do{}
	}
	code := s.queue[0]
	return State{Page: Working, code: code, queue: s.queue[1:]}, Do{Redeem: code}
}

func (s State) tick(now time.Time) State {
	if s.Page != Showing {
		return s
	}
	left := s.closes.Sub(now)
	if left <= 0 {
		return State{}
	}
	s.Left = int((left + time.Second - 1) / time.Second)
	return s
}

func verdict(o Outcome) Result {
	r := Result{Tone: flow.ToneOf(o.Verdict), Sentence: flow.Sentence(o.Verdict), Next: flow.Next(o.Verdict),
		Seats: o.Seats, Title: o.Title, Detail: o.Detail, Doubt: o.Verdict == fault.ClockDoubt}
	if o.Aside {
		r.Sentence = say.T("本站的这种票由另一台设备发放。")
		r.Next = say.T("请到本站那台设备领取；它坏了或不见了，请工作人员换一台。")
	}
	r.Overrule = o.Overridable && r.Tone != flow.Good
	if o.Overridden {
		r.Sentence, r.Next = say.T("主管放行，已经记录。"), say.T("服务器会留一条异常，请日后核对。")
	}
	switch r.Tone {
	case flow.Good:
		r.Word, r.Ticket = say.T("可以发放"), o.Ticket
	case flow.Wait:
		r.Word = say.T("暂缓发放") // what another device may have handed over already waits for the server
	default:
		r.Word = say.T("不能发放")
	}
	return r
}

func takenBack(done bool) Result {
	if done {
		return Result{Tone: flow.Wait, Word: say.T("已经撤销"), Sentence: say.T("刚才的发放已经撤销，票还可以领。"), Next: say.T("请把东西收回；本人可以再扫一次。")}
	}
	return Result{Tone: flow.Bad, Word: say.T("不能撤销"), Sentence: say.T("只有两分钟内的最后一次发放可以撤销。"), Next: say.T("请找主管说明情况，由主管处理。")}
}

func notStored(why Why) Result {
	r := Result{Tone: flow.Bad, Word: say.T("不能发放"), Sentence: say.T("未能保存，请勿发放。"),
		Next: say.T("请再扫一次；还是这样请找工作人员，改到其他窗口领取。")}
	switch why {
	case Full:
		r.Next = say.T("本机存储空间满了。请找工作人员清理，在那之前改到其他窗口领取。")
	case NoKeys:
		r.Sentence = say.T("本机还没有联过网，不能核对票。")
		r.Next = say.T("请工作人员接通网络，看到“数据截至”的时间后再扫。")
	}
	return r
}
