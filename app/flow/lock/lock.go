// Package lock is the PIN in front of names and of a supervisor's rights on a staff
// device: chosen at its first use, tried five times, and asked again when nobody
// has touched the device for a while.
package lock

import (
	"crypto/subtle"
	"fmt"
	"time"

	"golang.org/x/crypto/argon2"

	"yizhan/app/say"
	"yizhan/core/local"
	"yizhan/core/wire"
)

// Digits is how many a PIN has.
const Digits = 6

// SaltSize is the least of the random bytes that New takes.
const SaltSize = 16

const (
	maxTries = 5
	penalty  = 5 * time.Minute // after that many wrong PINs
	idle     = 2 * time.Minute // until the PIN is asked again
)

// metaPIN is where a device keeps its Record.
const metaPIN = "staff.pin"

// Argon2id with the least that OWASP recommends: 50 ms and 19 MiB on a small phone.
const (
	algorithm = "argon2id-v19-m19456-t2-p1"
	passes    = 2
	kibibytes = 19 << 10
	hashSize  = 32
)

// Record is what the device keeps: never the PIN itself.
type Record struct {
	Algorithm string `cbor:"1,keyasint"`
	Salt      []byte `cbor:"2,keyasint"`
	Hash      []byte `cbor:"3,keyasint"`
	Tries     int    `cbor:"4,keyasint,omitempty"` // wrong ones since the last right one, and those that were not answered
	Until     int64  `cbor:"5,keyasint,omitempty"` // device clock, Unix milliseconds: no PIN is taken before
}

// New makes the record of a PIN; salt is SaltSize random bytes. It takes a while.
func New(pin string, salt []byte) Record {
	return Record{Algorithm: algorithm, Salt: salt, Hash: hash(pin, salt)}
}

// Is reports whether a PIN is the one of the record. It takes a while. A record of
// another algorithm belongs to a newer program, and fits nothing.
func (r Record) Is(pin string) bool {
	return r.Algorithm == algorithm && subtle.ConstantTimeCompare(hash(pin, r.Salt), r.Hash) == 1
}

func hash(pin string, salt []byte) []byte {
	return argon2.IDKey([]byte(pin), salt, passes, kibibytes, 1, hashSize)
}

// Read gives the record of a device; ok is false before a PIN was chosen.
func Read(s local.Store) (r Record, ok bool, err error) {
	body, err := s.Meta(metaPIN)
	if err != nil || body == nil {
		return r, false, err
	}
	if err := wire.DecodeRow(body, &r); err != nil {
		return r, false, fmt.Errorf("read PIN: %w", err)
	}
	return r, true, nil
}

// Keep stores it.
func (r Record) Keep(s local.Store) error {
	body, err := wire.EncodeRow(r)
	if err == nil {
		err = s.SetMeta(map[string][]byte{metaPIN: body})
	}
	if err != nil {
		return fmt.Errorf("keep PIN: %w", err)
	}
	return nil
}

// State is the lock between two messages.
type State struct {
	Open  bool
	Ready bool // the record was read
	Set   bool // a PIN was chosen
	Busy  bool // it is being compared
	Typed int  // digits so far
	Twice bool // while it is chosen: type it a second time
	Left  int  // tries that are left, once one was wrong
	Wait  int  // seconds until a PIN is taken again
	Why   say.Text

	record       Record
	typed, first string
	used         time.Time
}

// Do is what is to be done now, off the UI goroutine; the answer is Tried, Chosen or
// Broken. The zero value is nothing.
type Do struct {
	Keep   *Record // store this first
	Try    string  // then compare this PIN with it
	Choose string  // or make a record of this one, and store that
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Loaded brings the record of this device; Set is false where there is none.
	Loaded struct {
		Record Record
		Set    bool
		Now    time.Time
	}
	// Digit is one key of the pad, '0' to '9'.
	Digit struct {
		Key byte
		Now time.Time
	}
	// Erase takes the last digit back.
	Erase struct{}
	// Tried says whether the PIN was right.
	Tried struct {
		Right bool
		Now   time.Time
	}
	// Chosen brings the record of the new PIN, which is stored.
	Chosen struct {
		Record Record
		Now    time.Time
	}
	// Broken says that the device could not read or store its record.
	Broken struct{}
	// Touched is any use of the device.
	Touched struct{ Now time.Time }
	// Tick is the passing of time.
	Tick struct{ Now time.Time }
	// Shut locks at once.
	Shut struct{}
)

func (Loaded) message()  {}
func (Digit) message()   {}
func (Erase) message()   {}
func (Tried) message()   {}
func (Chosen) message()  {}
func (Broken) message()  {}
func (Touched) message() {}
func (Tick) message()    {}
func (Shut) message()    {}

// Update gives the next state and what is to be done now.
func (s State) Update(m Message) (State, Do) {
	switch m := m.(type) {
	case Loaded:
		s.record, s.Set, s.Ready = m.Record, m.Set, true
		return s.waiting(m.Now), Do{}
	case Digit:
		return s.digit(m)
	case Erase:
		if n := len(s.typed); n > 0 && !s.Busy {
			s.typed = s.typed[:n-1]
			s.Typed = n - 1
		}
	case Tried:
		return s.tried(m)
	case Chosen:
		return State{Open: true, Ready: true, Set: true, record: m.Record, used: m.Now}, Do{}
	case Broken:
		s = s.again(say.T("本机存储有问题，密码没有存下来。请再试一次；还是这样请看“设备”页。"))
	case Touched:
		if s.Open {
			s.used = m.Now
		}
	case Tick:
		if s.Open && m.Now.Sub(s.used) >= idle {
			s = s.shut()
		}
		return s.waiting(m.Now), Do{}
	case Shut:
		return s.shut(), Do{}
	}
	return s, Do{}
}

// shut forgets everything but the record.
func (s State) shut() State { return State{Ready: s.Ready, Set: s.Set, record: s.record, Wait: s.Wait} }

// again begins to type anew.
func (s State) again(why say.Text) State {
	s.Busy, s.typed, s.Typed, s.first, s.Twice, s.Why = false, "", 0, "", false, why
	return s
}

// waiting counts down the time in which no PIN is taken.
func (s State) waiting(now time.Time) State {
	left := time.UnixMilli(s.record.Until).Sub(now)
	s.Wait = max(0, int((left+time.Second-1)/time.Second))
	if s.Wait > int(penalty/time.Second) { // the clock was set back: nobody waits for days
		s.Wait = int(penalty / time.Second)
	}
	return s
}

func (s State) digit(m Digit) (State, Do) {
	s = s.waiting(m.Now)
	if s.Open || !s.Ready || s.Busy || s.Wait > 0 || m.Key < '0' || m.Key > '9' {
		return s, Do{}
	}
	s.typed += string(rune(m.Key))
	s.Typed, s.Why = len(s.typed), say.Text{}
	switch {
	case s.Typed < Digits:
		return s, Do{}
	case s.Set:
		// Counted before it is compared: who cuts the power gains no try.
		s.record.Tries++
		if s.record.Tries >= maxTries {
			s.record.Tries, s.record.Until = 0, m.Now.Add(penalty).UnixMilli()
		}
		pin, kept := s.typed, s.record
		s.Busy, s.typed = true, ""
		return s, Do{Keep: &kept, Try: pin}
	case easy(s.typed):
		return s.again(say.T("这个密码太容易猜，请换一个。")), Do{}
	case !s.Twice:
		s.first, s.typed, s.Typed, s.Twice = s.typed, "", 0, true
		return s, Do{}
	case s.first != s.typed:
		return s.again(say.T("两次输入的不一样，请重新设置。")), Do{}
	}
	pin := s.typed
	s.Busy, s.typed, s.first = true, "", ""
	return s, Do{Choose: pin}
}

// easy reports whether a PIN is one digit repeated, or digits in a row.
func easy(pin string) bool {
	same, up, down := true, true, true
	for i := 1; i < len(pin); i++ {
		d := int(pin[i]) - int(pin[i-1])
		same, up, down = same && d == 0, up && d == 1, down && d == -1
	}
	return same || up || down
}

func (s State) tried(m Tried) (State, Do) {
	if !s.Busy {
		return s, Do{}
	}
	if m.Right {
		s.record.Tries, s.record.Until = 0, 0
		kept := s.record
		return State{Open: true, Ready: true, Set: true, record: s.record, used: m.Now}, Do{Keep: &kept}
	}
	s = s.again(say.T("密码不对。")).waiting(m.Now)
	if s.Left = maxTries - s.record.Tries; s.Wait == 0 {
		s.Why = say.T("密码不对，还可以试 %d 次。", s.Left)
	}
	return s, Do{}
}
