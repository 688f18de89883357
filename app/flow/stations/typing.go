package stations

import "yizhan/app/flow/ime"

// typing takes what is written into the search field.
func (s State) typing(m Message) State {
	switch m := m.(type) {
	case Type:
		runes := []rune(m.Text)
		s.Text, s.more = string(runes[:min(len(runes), maxText)]), 0
	case Keyboard:
		if s.Keys && !m.Open { // what is being composed is searched for as it stands
			s.Text = s.Query()
		}
		s.board, _ = s.board.Update(ime.Reset{})
		s.Keys = m.Open
	case Words:
		s.board, s.ready = ime.New(m.Dict, m.Room), true
	case Key:
		if !s.Typing() {
			return s
		}
		var do ime.Do
		s.board, do = s.board.Update(m.Message)
		s.Text, s.more = do.To(s.Text, maxText), 0
		if do.Done {
			s.Keys = false
		}
	}
	return s
}

// Query is what is searched for: the text, and behind it the letters that are still
// being composed, so that pinyin finds before a character is chosen.
func (s State) Query() string {
	if !s.Keys {
		return s.Text
	}
	return s.Text + s.board.Typed
}

// Typing reports whether the keyboard of the screen is open and has its words.
func (s State) Typing() bool { return s.Keys && s.ready }

// Board is the keyboard of the screen.
func (s State) Board() ime.State { return s.board }
