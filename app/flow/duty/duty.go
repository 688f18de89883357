// Package duty is what staff have to look at: tasks, and incidents that went wrong,
// each with what is known about it and what somebody did about it.
package duty

import (
	"slices"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/op"
)

// Item is one thing to look at.
type Item struct {
	Seq     uint64 // its journal place
	Title   say.Text
	Note    say.Text // where and when, on one line
	Badge   say.Text
	Tone    flow.Tone
	Facts   []Fact // all that is known
	Seen    bool   // somebody looked
	Handled bool   // and is done with it
	Waiting bool   // what this device said about it is not uploaded yet
}

// Fact is a label with its text.
type Fact struct{ Label, Text say.Text }

// State is the page between two messages.
type State struct {
	Items []Item // all, newest first
	All   bool   // those that are handled are shown too
	Open  uint64 // Seq of the one on its own page; 0: the list
	Note  string // what is being written about it
	Busy  bool
	Word  Word // of the last answer; zero where there is none

	epoch int // of the server, as this device knows it
}

// Word is what came of a tap.
type Word struct {
	Tone     flow.Tone
	Word     say.Text
	Sentence say.Text
	Next     say.Text
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Loaded brings what the device holds now.
	Loaded Data
	// Filter shows those that are handled too, or not.
	Filter struct{ All bool }
	// Open shows one of them; 0 goes back to the list.
	Open struct{ Seq uint64 }
	// Wrote is the text of the note.
	Wrote struct{ Note string }
	// Settle says that the open one was seen, or is handled.
	Settle struct{ Handled bool }
	// Stored says that it is kept and will be uploaded, or what the server answered:
	// with Code it was refused.
	Stored struct{ Code fault.Code }
	// NotStored says that nothing could be kept.
	NotStored struct{ Full bool }
)

func (Loaded) message()    {}
func (Filter) message()    {}
func (Open) message()      {}
func (Wrote) message()     {}
func (Settle) message()    {}
func (Stored) message()    {}
func (NotStored) message() {}

// Notes are what staff write most; each is one tap.
func Notes() []say.Text {
	return []say.Text{say.T("已与本人核对"), say.T("已收回"), say.T("已转交单位工会"), say.T("误报，不用处理")}
}

// Update gives the next state and the op to store, if any.
func (s State) Update(m Message) (State, []op.Op) {
	switch m := m.(type) {
	case Loaded:
		s.Items, s.epoch = m.Items, m.Epoch
		if _, ok := s.Shown(); !ok {
			s.Open = 0
		}
	case Filter:
		s.All = m.All
	case Open:
		s.Open, s.Note, s.Word = m.Seq, "", Word{}
	case Wrote:
		s.Note = m.Note
	case Settle:
		i, ok := s.Shown()
		if !ok || s.Busy || i.Handled {
			return s, nil
		}
		s.Busy, s.Word = true, Word{}
		return s, []op.Op{{Kind: op.Settle, About: i.Seq, Epoch: s.epoch, Handled: m.Handled, Reason: s.Note, Channel: op.ByStaff}}
	case Stored:
		s.Busy, s.Note = false, ""
		s.Word = Word{flow.Good, say.T("已记下"), say.T("这台设备联网后，其他人也会看到。"), say.Text{}}
		if m.Code != fault.None {
			s.Word = Word{flow.Bad, say.T("没有记下"), flow.Sentence(m.Code), flow.Next(m.Code)}
		}
	case NotStored:
		s.Busy = false
		s.Word = Word{flow.Bad, say.T("没有记下"), say.T("记录没有存下来，等于没有按。"), say.T("请再按一次。")}
		if m.Full {
			s.Word.Next = say.T("存储空间满了，请清理以后再按一次。")
		}
	}
	return s, nil
}

// List gives the items that are shown.
func (s State) List() []Item {
	if s.All {
		return s.Items
	}
	return slices.DeleteFunc(slices.Clone(s.Items), func(i Item) bool { return i.Handled })
}

// Waiting counts what nobody has dealt with.
func (s State) Waiting() int {
	n := 0
	for _, i := range s.Items {
		if !i.Handled {
			n++
		}
	}
	return n
}

// Shown is the open item.
func (s State) Shown() (Item, bool) {
	i := slices.IndexFunc(s.Items, func(i Item) bool { return i.Seq == s.Open })
	if i < 0 || s.Open == 0 {
		return Item{}, false
	}
	return s.Items[i], true
}
