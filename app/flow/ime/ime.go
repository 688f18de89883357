package ime

import (
	"strings"
	"unicode"
)

// Mode is which keys are shown.
type Mode uint8

// Modes.
const (
	Chinese Mode = iota
	English
	Symbols // punctuation and digits
)

// maxTyped is how many letters are composed at a time.
const maxTyped = 40

// State is a keyboard between two touches. Make one with New.
type State struct {
	Mode  Mode
	Upper bool   // English capitals, for one letter
	Typed string // letters that are being composed
	Page  int    // of the candidates, from 0

	dict  *Dict
	room  int
	all   []Candidate
	pages []int // where each page of candidates begins
	last  Mode  // where Symbols goes back to
}

// New is a keyboard at rest. A page of candidates has room for so many characters,
// and one more for each candidate.
func New(d *Dict, room int) State { return State{dict: d, room: room} }

// Do is what is to be done to the text that is written; the zero value is nothing.
type Do struct {
	Insert string // put this where the cursor is
	Delete bool   // take away the character before the cursor
	Done   bool   // the person has finished
}

// To applies it to a text that has at most so many characters.
func (d Do) To(text string, most int) string {
	runes := []rune(text)
	if d.Delete && len(runes) > 0 {
		runes = runes[:len(runes)-1]
	}
	runes = append(runes, []rune(d.Insert)...)
	return string(runes[:min(len(runes), most)])
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Key is a letter, digit or sign.
	Key struct{ Rune rune }
	// Backspace takes away what was typed last.
	Backspace struct{}
	// Space takes the first candidate, or is a space.
	Space struct{}
	// Enter takes the letters as they are, or finishes.
	Enter struct{}
	// Pick takes a candidate of the page shown, from 0.
	Pick struct{ N int }
	// Leaf goes to another page of candidates: 1 is the next, -1 the one before.
	Leaf struct{ By int }
	// Language goes from Chinese to English and back.
	Language struct{}
	// More shows punctuation and digits, or the letters again.
	More struct{}
	// Shift makes the next English letter a capital.
	Shift struct{}
	// Reset forgets what is being composed: another field is written, or the person has left.
	Reset struct{}
)

func (Key) message()       {}
func (Backspace) message() {}
func (Space) message()     {}
func (Enter) message()     {}
func (Pick) message()      {}
func (Leaf) message()      {}
func (Language) message()  {}
func (More) message()      {}
func (Shift) message()     {}
func (Reset) message()     {}

// Candidates are those of the page shown.
func (s State) Candidates() (page []string) {
	if s.Page >= len(s.pages) {
		return nil
	}
	end := len(s.all)
	if s.Page+1 < len(s.pages) {
		end = s.pages[s.Page+1]
	}
	for _, c := range s.all[s.pages[s.Page]:end] {
		page = append(page, c.Text)
	}
	return page
}

// Pages counts the pages of candidates.
func (s State) Pages() int { return len(s.pages) }

// Poor reports whether the keyboard can type single characters only.
func (s State) Poor() bool { return s.dict.Poor() }

// Update gives the next state and what is to be done.
func (s State) Update(m Message) (State, Do) {
	switch m := m.(type) {
	case Key:
		return s.key(m.Rune)
	case Backspace:
		if s.Typed == "" {
			return s, Do{Delete: true}
		}
		return s.compose(s.Typed[:len(s.Typed)-1]), Do{}
	case Space:
		if s.Typed == "" {
			return s, Do{Insert: " "}
		}
		return s.take(0)
	case Enter:
		if s.Typed == "" {
			return s, Do{Done: true}
		}
		return s.compose(""), Do{Insert: s.Typed}
	case Pick:
		if m.N < 0 || m.N >= len(s.Candidates()) {
			return s, Do{}
		}
		return s.take(s.pages[s.Page] + m.N)
	case Leaf:
		s.Page = max(0, min(s.Page+m.By, s.Pages()-1))
	case Language:
		return s.letters(Chinese, English)
	case More:
		if s.Mode == Symbols {
			s.Mode = s.last
			return s, Do{}
		}
		s.last = s.Mode
		return s.letters(Symbols, Symbols)
	case Shift:
		s.Upper = s.Mode == English && !s.Upper
	case Reset:
		return New(s.dict, s.room), Do{}
	}
	return s, Do{}
}

// letters changes the mode to a, or to b where it is a already; what is being
// composed is written as it stands, so that nothing typed is lost.
func (s State) letters(a, b Mode) (State, Do) {
	typed := s.Typed
	if s.Mode == a {
		a = b
	}
	s = s.compose("")
	s.Mode, s.Upper = a, false
	return s, Do{Insert: typed}
}

func (s State) key(r rune) (State, Do) {
	letter := 'a' <= unicode.ToLower(r) && unicode.ToLower(r) <= 'z'
	switch {
	case s.Mode == Chinese && (letter || r == '\'' && s.Typed != ""):
		if len(s.Typed) == maxTyped {
			return s, Do{}
		}
		return s.compose(s.Typed + string(unicode.ToLower(r))), Do{}
	case s.Typed != "": // a sign ends the word before it
		var before Do
		s, before = s.takeAll()
		return s, Do{Insert: before.Insert + string(r)}
	case letter && s.Upper:
		r, s.Upper = unicode.ToUpper(r), false
	}
	return s, Do{Insert: string(r)}
}

// compose shows the candidates of other letters.
func (s State) compose(typed string) State {
	s.Typed, s.Page, s.all, s.pages = typed, 0, nil, nil
	if typed != "" {
		s.all = s.dict.Candidates(typed)
	}
	left := 0
	for i, c := range s.all {
		width := len([]rune(c.Text)) + 1
		if left -= width; left < 0 {
			s.pages, left = append(s.pages, i), s.room-width
		}
	}
	return s
}

// take writes a candidate; the letters that it does not take are composed on. What
// is no pinyin is written as it is.
func (s State) take(n int) (State, Do) {
	if n >= len(s.all) {
		if len(s.all) > 0 {
			return s, Do{}
		}
		return s.compose(""), Do{Insert: s.Typed}
	}
	c := s.all[n]
	return s.compose(strings.TrimLeft(s.Typed[c.Letters:], "'")), Do{Insert: c.Text}
}

// takeAll writes first candidates until nothing is left.
func (s State) takeAll() (State, Do) {
	var all Do
	for s.Typed != "" {
		var do Do
		s, do = s.take(0)
		all.Insert += do.Insert
	}
	return s, all
}
