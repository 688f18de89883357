// Package enrol is the page on which a new device takes its one-use code.
package enrol

import (
	"strings"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/wire"
)

// minimum is the least length of a code, in characters: 80 bits in Base32.
const minimum = 16

// State is what the page shows.
type State struct {
	Busy    bool
	Done    bool
	Erased  bool     // the server had this device erased
	Problem say.Text // what is wrong, one sentence
	Next    say.Text // what to do about it
}

// Begin is the page as it opens: of a new device, or of one that was erased.
func Begin(erased bool) State {
	if !erased {
		return State{}
	}
	return State{Erased: true, Problem: say.T("这台设备已经停用，本机的数据已经清除。"), Next: say.T("还要使用，请向工作人员要一个新的登记码。")}
}

// Message is Entered, Unreadable, Accepted or Failed.
type Message interface{ message() }

type (
	// Entered is a code, typed or scanned.
	Entered struct{ Code string }
	// Unreadable is a picture in which no code was found.
	Unreadable struct{}
	// Accepted says that the server has taken the code.
	Accepted struct{}
	// Failed says why it has not. Fault is nil where the server was not reached.
	Failed struct{ Fault *fault.Error }
)

func (Entered) message()    {}
func (Unreadable) message() {}
func (Accepted) message()   {}
func (Failed) message()     {}

// Update gives the next state, and the code to hand in now or "".
func (s State) Update(m Message) (State, string) {
	switch m := m.(type) {
	case Entered:
		if wire.ParseInvitation(m.Code).Key != "" { // it says whose it is; the link reads it as it is
			return s.entered(m.Code)
		}
		return s.entered(Clean(m.Code))
	case Unreadable:
		if s.Busy || s.Done {
			return s, ""
		}
		return State{Problem: say.T("图片里没有找到二维码。"), Next: say.T("请换一张清楚、完整的图片，或直接输入登记码。")}, ""
	case Accepted:
		return State{Done: true}, ""
	case Failed:
		if s.Done {
			return s, ""
		}
		if m.Fault == nil {
			return State{Problem: say.T("连不上服务器，登记码还没有用掉。"), Next: say.T("请检查网络后再按一次“登记”。")}, ""
		}
		return State{Problem: flow.Sentence(m.Fault.Kind), Next: flow.Next(m.Fault.Kind)}, ""
	}
	return s, ""
}

func (s State) entered(code string) (State, string) {
	switch {
	case s.Busy || s.Done: // a second press, or a scanner that reads twice, hands in nothing twice
		return s, ""
	case code == "":
		return State{Problem: say.T("还没有输入登记码。"), Next: say.T("请输入或扫描工作人员给的登记码。")}, ""
	case len(code) < minimum:
		return State{Problem: say.T("登记码没有输完整。"), Next: say.T("请对照原码核对，字母不分大小写。")}, ""
	}
	return State{Busy: true}, code
}

// Clean takes out what people add to a code when they read or copy it.
func Clean(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'Ａ' <= r && r <= 'Ｚ': // full-width, from a Chinese input method
			return r - 'Ａ' + 'A'
		case '０' <= r && r <= '９':
			return r - '０' + '0'
		case 'A' <= r && r <= 'Z' || '0' <= r && r <= '9':
			return r
		}
		return -1
	}, code)
}
