// Package identify is how a kiosk learns who stands in front of it: by the code of
// their phone, by card or name with four digits, and by staff who vouch.
package identify

import (
	"errors"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/membercode"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Person is who stands there, as a public screen may name them.
type Person struct {
	wire.Masked
	Strong bool      // by their own phone, or staff have seen who it is: all may be done
	Proof  []byte    // op.Op.Proof that says so
	Staff  id.Device // who vouched; empty for the person's own phone
}

// Page is one question.
type Page uint8

// Pages.
const (
	Scan   Page = iota // hold your code in front of the scanner
	Name               // the initials of your name
	Digits             // the last four digits of your phone
	People             // which of these are you?
	Staff              // staff hold their code in front of the scanner
)

const (
	digits  = 4
	least   = 2 // letters of a name
	longest = 8
)

// State is the conversation between two messages.
type State struct {
	Page    Page
	Strong  bool   // what is wanted: a name and four digits do not suffice
	Online  bool   // names can be asked for
	Typed   string // of Name or Digits
	People  []wire.Masked
	Person  Person // as far as it is known
	Busy    bool   // a code is being read, or the server asked
	Trouble Trouble

	name string // as typed, while the digits are
}

// Trouble is why the last thing did not work. The zero value is none.
type Trouble struct {
	Sentence, Next say.Text
}

// Do is what is to be done now.
type Do struct {
	Read string    // member code to be opened
	Ask  *wire.Ask // question to the server
	Done bool      // Person is who stands there
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Scanned is a code from a scanner.
	Scanned struct {
		Code string
		At   time.Time
	}
	// Read answers Do.Read.
	Read struct {
		Shown membercode.Shown
		Code  string // that was opened
		Err   error
	}
	// Told answers Do.Ask; OK is false where there was no answer.
	Told struct {
		Answer wire.Told
		OK     bool
	}
	// ByName goes on without a code.
	ByName struct{}
	// Key is a letter of Name or a digit of Digits.
	Key struct{ Rune rune }
	// Erase takes the last one back.
	Erase struct{}
	// Clear takes back all of them.
	Clear struct{}
	// Enter ends the name.
	Enter struct{}
	// Choose says which one; -1 is none of them.
	Choose struct{ Index int }
	// Back goes to the question before.
	Back struct{}
)

func (Scanned) message() {}
func (Read) message()    {}
func (Told) message()    {}
func (ByName) message()  {}
func (Key) message()     {}
func (Erase) message()   {}
func (Clear) message()   {}
func (Enter) message()   {}
func (Choose) message()  {}
func (Back) message()    {}

// Begin asks who is there. Where somebody is known already and more is wanted, only
// staff are asked for.
func Begin(strong bool, known Person) (State, Do) {
	s := State{Strong: strong, Person: known}
	if known.Member == "" {
		return s, Do{}
	}
	return s.found(known)
}

// Update gives the next state and what is to be done now.
func (s State) Update(m Message) (State, Do) {
	if s.Busy {
		return s.answered(m)
	}
	switch m := m.(type) {
	case Scanned:
		return s.scanned(m.Code)
	case ByName:
		s.Trouble = Trouble{}
		if !s.Online {
			s.Trouble = Trouble{say.T("现在没有网络，不能按姓名查找。"), say.T("请出示手机上的会员码；没有手机请找工作人员。")}
			return s, Do{}
		}
		s.Page, s.Typed, s.name, s.Person = Name, "", "", Person{}
	case Key:
		return s.key(m.Rune)
	case Erase:
		if n := len(s.Typed); n > 0 {
			s.Typed = s.Typed[:n-1]
		}
	case Clear:
		s.Typed = ""
	case Enter:
		if s.Page == Name && len(s.Typed) >= least {
			s.name, s.Page, s.Typed, s.Trouble = s.Typed, Digits, "", Trouble{}
		}
	case Choose:
		return s.choose(m.Index)
	case Back:
		s = s.back()
	}
	return s, Do{}
}

// First reports whether Back leads out of the conversation.
func (s State) First() bool { return s.Page == Scan || s.Page == Staff }

func (s State) back() State {
	s.Typed, s.Trouble = "", Trouble{}
	switch {
	case s.Page == Digits && s.name != "":
		s.Page, s.Typed = Name, s.name
	default:
		s = State{Strong: s.Strong, Online: s.Online}
	}
	return s
}

func (s State) scanned(code string) (State, Do) {
	s.Trouble = Trouble{}
	switch {
	case membercode.Is(code):
		s.Busy = true
		return s, Do{Read: code}
	case isTicket(code):
		s.Trouble = Trouble{say.T("这是票的二维码，不是会员码。"), say.T("请在手机上打开“会员码”并出示。领票请按“完成并清除”后选“领票”。")}
	default:
		s.Trouble = Trouble{say.T("这不是会员码。"), say.T("请出示手机上的会员码，或会员卡上的二维码。")}
	}
	return s, Do{}
}

func isTicket(code string) bool {
	_, err := ticket.Bytes(code)
	return err == nil
}

// answered takes what was waited for, and nothing else.
func (s State) answered(m Message) (State, Do) {
	switch m := m.(type) {
	case Read:
		s.Busy = false
		return s.read(m)
	case Told:
		s.Busy, s.Typed = false, ""
		return s.told(m)
	}
	return s, Do{}
}

func (s State) read(m Read) (State, Do) {
	if m.Err != nil {
		s.Trouble = unread(m.Err)
		return s, Do{}
	}
	proof, err := ticket.Bytes(m.Code)
	switch {
	case err != nil || m.Shown.Strength == 0:
		s.Trouble = unread(membercode.ErrNotCode)
	case m.Shown.Staff != "" && s.Page == Staff:
		s.Person.Strong, s.Person.Proof, s.Person.Staff = true, proof, m.Shown.Staff
		return s, Do{Done: true}
	case m.Shown.Staff != "":
		s.Trouble = Trouble{say.T("这是工作人员的工作人员码。"), say.T("请先用姓名和手机号后四位找到会员，再扫工作人员码确认。")}
	case s.Page == Staff && m.Shown.Member != s.Person.Member:
		s.Trouble = Trouble{say.T("这是另一位会员的会员码。"), say.T("请工作人员扫工作人员码，或按“完成并清除”后重新开始。")}
	case m.Shown.Strength == membercode.Strong:
		s.Person = Person{Masked: wire.Masked{Member: m.Shown.Member}, Strong: true, Proof: proof}
		return s, Do{Done: true}
	case !s.Online:
		s.Trouble = Trouble{say.T("现在没有网络，会员卡核对不了。"), say.T("请出示手机上的会员码；没有手机请找工作人员。")}
	default:
		s.Page, s.Typed, s.name, s.Person = Digits, "", "", Person{Masked: wire.Masked{Member: m.Shown.Member}}
	}
	return s, Do{}
}

// unread puts into words why a member code says nothing.
func unread(err error) Trouble {
	wait := say.T("请等手机上的会员码换一个新的（最多 30 秒），再扫一次。")
	for _, t := range []struct {
		err error
		Trouble
	}{
		{membercode.ErrRepeat, Trouble{say.T("这个会员码刚才用过了。"), wait}},
		{membercode.ErrOld, Trouble{say.T("这个会员码已经过期，可能是截图。"), wait}},
		{membercode.ErrEarly, Trouble{say.T("手机和本机的时间不一致。"), say.T("请让手机联网后再扫；还不行请找工作人员。")}},
		{membercode.ErrOver, Trouble{say.T("这部手机太久没有联网，会员码失效了。"), say.T("请让手机联一次网，再打开会员码。")}},
		{membercode.ErrRevoked, Trouble{say.T("这部手机已经停用。"), say.T("请用新手机的会员码，或找工作人员。")}},
		{membercode.ErrForeign, Trouble{say.T("这个会员码是别的工会发的。"), say.T("请找工作人员。")}},
		{membercode.ErrNoKeys, Trouble{say.T("本机还没有联过网，不能核对会员码。"), say.T("请找工作人员。")}},
	} {
		if errors.Is(err, t.err) {
			return t.Trouble
		}
	}
	return Trouble{say.T("会员码没有读清楚。"), say.T("请把手机屏幕调亮，再扫一次。")}
}

func (s State) key(r rune) (State, Do) {
	s.Trouble = Trouble{}
	switch {
	case s.Page == Name && r >= 'A' && r <= 'Z' && len(s.Typed) < longest, s.Page == Digits && r >= '0' && r <= '9' && len(s.Typed) < digits:
		s.Typed += string(r)
	default:
		return s, Do{}
	}
	if s.Page != Digits || len(s.Typed) < digits {
		return s, Do{}
	}
	s.Busy = true // the last digit asks: one tap less
	return s, Do{Ask: &wire.Ask{Kind: wire.AskPerson, Member: s.Person.Member, Name: s.name, Phone: s.Typed}}
}

func (s State) told(m Told) (State, Do) {
	switch {
	case m.Answer.Kind == fault.Busy:
		s.Trouble = Trouble{say.T("这台机器上查找得太多，先停一会儿。"), say.T("请出示手机上的会员码，或找工作人员。")}
	case !m.OK || m.Answer.Kind != fault.NoFault:
		s.Trouble = Trouble{say.T("现在查不到，可能是网络断了。"), say.T("请再试一次；还不行请找工作人员。")}
	case len(m.Answer.People) == 0 && s.name == "":
		s.Trouble = Trouble{say.T("手机号后四位和会员卡对不上。"), say.T("请重新按后四位，或找工作人员。")}
	case len(m.Answer.People) == 0:
		s.Trouble = Trouble{say.T("没有找到您的会员信息。"), say.T("请核对姓名首字母和手机号后四位，或找工作人员。")}
	default:
		s.Page, s.People = People, m.Answer.People
	}
	return s, Do{}
}

func (s State) choose(i int) (State, Do) {
	if s.Page != People || i >= len(s.People) {
		return s, Do{}
	}
	if i < 0 {
		return State{Strong: s.Strong, Online: s.Online}, Do{}
	}
	p := s.People[i]
	s.People = nil // nobody has to see the namesakes any longer
	return s.found(Person{Masked: p})
}

// found ends the conversation, or asks for staff.
func (s State) found(p Person) (State, Do) {
	s.Person = p
	if p.Strong || !s.Strong {
		return s, Do{Done: true}
	}
	s.Page, s.Typed, s.Trouble = Staff, "", Trouble{}
	return s, Do{}
}

// Words are what a page asks.
type Words struct {
	Title say.Text
	Ask   say.Text
	Note  say.Text
	Tone  flow.Tone
}

// Words gives what the page asks.
func (s State) Words() Words {
	switch s.Page {
	case Name:
		return Words{Title: say.T("用姓名查找"), Ask: say.T("请按姓名的拼音首字母"), Note: say.T("例如：王小丽，按 W X L")}
	case Digits:
		return Words{Title: say.T("手机号后四位"), Ask: say.T("请按手机号的最后四位"), Note: say.T("按完第四位自动查找")}
	case People:
		if len(s.People) == 1 {
			return Words{Title: say.T("请确认"), Ask: say.T("这是您吗？")}
		}
		return Words{Title: say.T("请选择"), Ask: say.T("哪一位是您？")}
	case Staff:
		return Words{Title: say.T("请工作人员确认"), Ask: say.T("请工作人员核对本人，再扫工作人员码"),
			Note: say.T("只凭姓名和手机号后四位，可以签到，不能报名和取票。"), Tone: flow.Wait}
	}
	return Words{Title: say.T("请出示会员码"), Ask: say.T("请把手机上的会员码对准扫码口"), Note: say.T("手机上打开“会员码”。会员卡也可以扫。")}
}
