package maps

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"time"

	"yizhan/app/device/files"
	"yizhan/core/link/blob"
	"yizhan/core/local"
	"yizhan/core/mappack"
	"yizhan/core/wire"
)

// Stage is how far a store is with what the server has published.
type Stage uint8

// Stages.
const (
	Settled  Stage = iota // it is held, was refused, or there is none
	Unasked               // it is there to be fetched once somebody wants it
	Fetching              // it is being fetched, or the network is waited for
	NoRoom                // the disk is too full for it
	Missing               // the server does not have the file
)

// Status is how the device stands with its map.
type Status struct {
	Held    Held    // Hash is empty where there is none
	Damaged error   // why the file that is there cannot be used
	Refused Refused // what was not taken since
	Offer   Offer   // what the server has published; Blob is empty where that is nothing
	Stage   Stage
	Arrived int64 // bytes, while it is being fetched
	Stick   Stick // a map that a stick holds and that could be installed
}

// Offer is a map that the server has published.
type Offer struct {
	Area, Name, Made string
	Blob             string // SHA-256 of the file in hex
	Bytes            int64
}

// Source is where published maps come from; sticks may bring others.
type Source struct {
	files.Source
	Offer   func() (wire.MapRow, bool, error) // of the device's rows
	Arrived func(wire.Blob) int64
	Sticks  []string // folders that sticks are mounted below
}

// Follow keeps the store at what the server has published, until ctx ends.
func (s *Store) Follow(ctx context.Context, from Source) {
	if s.dir == "" {
		return
	}
	s.tidy()
	defer from.Notify(s.wake)()
	again := time.NewTicker(files.Look)
	defer again.Stop()
	for {
		s.step(ctx, from)
		select {
		case <-s.awake:
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// tidy removes what a kill left behind.
func (s *Store) tidy() {
	left, _ := filepath.Glob(filepath.Join(s.dir, ".new-*")) // the pattern is right
	for _, path := range left {
		_ = os.Remove(path) // it only takes room
	}
}

// step looks once, and fetches where there is something to fetch.
func (s *Store) step(ctx context.Context, from Source) {
	s.noticed()
	now := from.offer()
	wanted := "" // its hash is known: nobody has to be asked
	if s.judge(now, from) != Settled {
		wanted = now.Blob
	}
	s.sticks(from.Sticks, wanted)
	stage, wait := s.judge(now, from), from.Now().Before(s.notBefore())
	s.set(func(st *Status) {
		if failed := st.Stage == NoRoom || st.Stage == Missing; stage != Fetching || !wait || !failed {
			st.Stage = stage
		}
		st.Offer = now
	})
	if stage == Fetching && !wait && ctx.Err() == nil && from.Online() {
		s.fetch(ctx, from, now)
	}
}

// Compare says how the store stands with what is published, and fetches nothing. Of
// from it needs Offer, Free and Thrifty.
func (s *Store) Compare(from Source) Status {
	st := s.Status()
	st.Offer = from.offer()
	st.Stage = s.judge(st.Offer, from)
	return st
}

// offer is what the server has published; one that a newer server names in another way is none.
func (from Source) offer() Offer {
	row, ok, err := from.Offer()
	if err != nil || !ok || len(row.Blob) != len(wire.Blob{}) {
		return Offer{}
	}
	return Offer{Area: row.Area, Name: row.Name, Made: row.Made, Blob: hex.EncodeToString(row.Blob), Bytes: row.Bytes}
}

// noticed reads the held pack again where a command beside the app has replaced it.
func (s *Store) noticed() {
	file, _ := os.Stat(s.path)
	s.mu.Lock()
	old := s.file
	s.mu.Unlock()
	if file == nil && old == nil || file != nil && old != nil && os.SameFile(file, old) && file.ModTime().Equal(old.ModTime()) && file.Size() == old.Size() {
		return
	}
	s.mu.Lock()
	s.note = readNote(s.dir)
	s.mu.Unlock()
	s.read()
}

func (s *Store) notBefore() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.until
}

// judge says whether what is published has to be fetched.
func (s *Store) judge(o Offer, from Source) Stage {
	if o.Blob == "" {
		return Settled
	}
	s.mu.Lock()
	held, n, wanted := s.status.Held, s.note, s.wanted
	s.mu.Unlock()
	switch {
	case held.Blob == o.Blob:
		return Settled
	case n.Refused.Blob == o.Blob && n.Refused.Format == mappack.Version && n.Refused.final():
		return Settled
	case held.Hash != "" && n.Stick == held.Hash && o.Made < held.Made:
		return Settled // a person brought a newer one
	case from.Thrifty && !wanted:
		return Unasked
	case !from.Room(o.Bytes):
		return NoRoom
	}
	return Fetching
}

// fetch brings what is published, and puts it in the place of the held one.
func (s *Store) fetch(ctx context.Context, from Source, o Offer) {
	b, err := wire.ParseBlob(o.Blob)
	if err != nil {
		return // offer has looked at it
	}
	s.mu.Lock()
	stale := s.note.Fetching
	s.arrive = func() int64 { return from.Arrived(b) }
	s.mu.Unlock()
	if old, err := wire.ParseBlob(stale); err == nil && old != b {
		_ = from.Forget(old) // it only takes room
	}
	err = s.remember(func(n *note) { n.Fetching = o.Blob })
	var path string
	if err == nil {
		path, err = from.Fetch(ctx, b)
	}
	if err == nil {
		err = s.take(path, o.Area, func(n *note) { n.Refused, n.Stick, n.Fetching = Refused{}, "", "" })
	}
	var refusal *mappack.Refusal
	switch now := from.Now(); {
	case err == nil:
		s.wait(time.Time{}, true)
		s.set(func(st *Status) { st.Stage = Settled })
	case ctx.Err() != nil: // the next start goes on
	case errors.As(err, &refusal):
		s.refuse(o, refusal.Reason, now)
		_ = from.Forget(b) // nobody will look at it again
		s.wait(time.Time{}, true)
		s.set(func(st *Status) { st.Stage = Settled })
	case errors.Is(err, blob.ErrDamaged):
		s.refuse(o, onTheWay, now)
		s.wait(now.Add(files.Later), false)
	case errors.Is(err, blob.ErrMissing):
		s.wait(now.Add(files.Later), false)
		s.set(func(st *Status) { st.Stage = Missing })
	case errors.Is(err, local.ErrFull):
		s.wait(now.Add(files.Later), false)
		s.set(func(st *Status) { st.Stage = NoRoom })
	default:
		s.wait(now.Add(files.Patience), false)
	}
}

// wait puts the next attempt off; what somebody wanted is done with if done.
func (s *Store) wait(until time.Time, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until, s.wanted = until, s.wanted && !done
}

// onTheWay is a file that does not arrive as it was published; it may, later.
const onTheWay mappack.Reason = 255

// OnTheWay reports whether it was the way that spoilt the file: it is fetched again.
func (r Refused) OnTheWay() bool { return r.Reason == onTheWay }

// final reports whether fetching the same file again would be for nothing.
func (r Refused) final() bool { return !r.OnTheWay() }

// refuse remembers why a published pack was not taken.
func (s *Store) refuse(o Offer, why mappack.Reason, now time.Time) {
	r := Refused{Name: o.Name, Made: o.Made, Bytes: o.Bytes, Blob: o.Blob, Reason: why, At: now.UnixMilli(), Format: mappack.Version}
	_ = s.remember(func(n *note) { n.Refused, n.Fetching = r, "" }) // not remembered, it is fetched and refused again
	s.set(func(st *Status) { st.Refused = r })
}
