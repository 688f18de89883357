package maps

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"yizhan/core/mappack"
)

// noteName is what a store remembers beside the pack.
const noteName = "held.json"

// note is what a store remembers. Where it is lost, a map is at worst fetched once more.
type note struct {
	Area     string  `json:"area,omitempty"`     // whose maps are taken
	Stick    string  `json:"stick,omitempty"`    // seal of the pack that a person brought
	Fetching string  `json:"fetching,omitempty"` // blob that is being fetched
	Refused  Refused `json:"refused,omitzero"`
}

// Refused is the last map that was not taken; its At is 0 where none was since the held one.
type Refused struct {
	Name   string         `json:"name"`
	Made   string         `json:"made"`
	Bytes  int64          `json:"bytes"`
	Blob   string         `json:"blob"`
	Reason mappack.Reason `json:"reason"`
	At     int64          `json:"at"`     // device clock, Unix milliseconds
	Format int            `json:"format"` // newest that the program read then
}

func readNote(dir string) (n note) {
	body, err := os.ReadFile(filepath.Join(dir, noteName))
	if err != nil || json.Unmarshal(body, &n) != nil {
		return note{}
	}
	return n
}

// remember changes the note and keeps it.
func (s *Store) remember(change func(*note)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.note
	if change(&s.note); s.note == before {
		return nil
	}
	body, err := json.Marshal(s.note)
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, noteName)
	if err := errors.Join(os.MkdirAll(s.dir, 0o700), os.WriteFile(path+".new", body, 0o600)); err != nil {
		return fmt.Errorf("note the map: %w", full(err))
	}
	return os.Rename(path+".new", path)
}
