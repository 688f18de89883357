package sequencer

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/image"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/snapshot"
)

// When a snapshot is made while the server runs.
const (
	worth = 100_000         // entries since the last one: applying so many takes a second
	quiet = 3 * time.Second // without an op
)

// kept is how the newest snapshot stands.
type kept struct {
	seq    uint64    // it has the entries up to here
	seen   uint64    // newest entry when it was looked at last …
	since  time.Time // … and since when there has been none after it
	saving *saving   // nil while none is made durable
}

// saving is a snapshot that is made durable in the background.
type saving struct {
	seq  uint64
	err  error // once done is closed
	done chan struct{}
}

// resume makes the state of the newest snapshot and the entries behind it. Where the
// snapshot is not to be believed, it says why and replays the journal.
func (s *Sequencer) resume() (*arbiter.State, error) {
	began := s.clock()
	state, head, err := s.cfg.Snapshot.Load(s.cfg.Journal)
	if err == nil {
		if err = replay(state, s.cfg.Journal, head.Number+1); err == nil {
			s.kept.seq = head.Next - 1
			s.cfg.Log.Info("the state was taken from the snapshot", "entries", s.kept.seq, "applied since", state.Seq()-s.kept.seq, "took", s.clock().Sub(began))
			return state, nil
		}
	}
	if !errors.Is(err, snapshot.ErrNone) {
		s.cfg.Log.Warn("the snapshot is not used; the whole journal is replayed", "why", err)
	}
	s.kept.seq = 0
	if state, err = Replay(s.cfg.Journal, s.cfg.Zone); err == nil && state.Seq() > 0 {
		s.cfg.Log.Info("the journal was replayed", "entries", state.Seq(), "took", s.clock().Sub(began))
	}
	return state, err
}

// prove reads the part of the journal that the snapshot stood for, entry `to` being its
// last. Whatever is damaged there ends the process, as it would have at a start that
// replays: the older it gets, the fewer backups are whole.
func (s *Sequencer) prove(to uint64) {
	err := s.cfg.Journal.Read(1, func(b journal.Batch) error {
		select {
		case <-s.quit:
			return errStopped
		default:
		}
		if b.First > to {
			return errStopped
		}
		return nil
	})
	switch {
	case errors.Is(err, journal.ErrDamaged):
		s.cfg.Fatal(fmt.Errorf("%w; see what is left with: syncserver verify, and restore the newest backup", err))
	case err != nil && !errors.Is(err, errStopped):
		s.cfg.Log.Warn("the journal could not be read again behind the start", "error", err)
	}
}

// distrust forgets the snapshot, because a state that came of it may have been wrong.
func (s *Sequencer) distrust() {
	if s.cfg.Snapshot == nil {
		return
	}
	s.saved() // else it would come back
	if err := s.cfg.Snapshot.Forget(); err != nil {
		s.cfg.Log.Error("a snapshot that may be wrong could not be removed; remove it before the next start", "file", s.cfg.Snapshot.Path, "error", err)
		s.cfg.Snapshot = nil
	}
}

// rest makes a snapshot when nothing has been decided for a while and the last one is
// old. Who only wants to look is served meanwhile; an op, or a moment that is due, ends it.
func (s *Sequencer) rest() {
	k, now := &s.kept, s.clock()
	if s.cfg.Snapshot == nil || s.broken != nil || s.held.Load() {
		return
	}
	if seq := s.state.Seq(); seq != k.seen || k.since.IsZero() {
		k.seen, k.since = seq, now
	}
	if s.saving() || k.seen < k.seq+cmp.Or(s.cfg.Every, worth) || now.Sub(k.since) < quiet {
		return
	}
	err := s.save(s.disturbed)
	if errors.Is(err, image.ErrStopped) {
		k.since = now // what leaves no entry disturbs too
		return
	}
	if err != nil {
		k.since = now.Add(time.Minute) // the disk may be full
		s.cfg.Log.Warn("no snapshot was made; a start would take longer", "error", err)
	}
}

// disturbed serves who wants to look, and reports whether anybody wants more.
func (s *Sequencer) disturbed() bool {
	select {
	case <-s.quit:
		return true
	default:
	}
	for c := s.next(); c != nil; c = s.next() {
		if c.view == nil {
			return true
		}
		s.at++
		c.view(s.state)
		c.finish(nil)
	}
	at, ok := s.state.Next()
	return ok && at <= s.cfg.Now().UnixMilli()
}

// save writes a snapshot of a state that is durable, and has it made durable itself in the background.
func (s *Sequencer) save(stop func() bool) error {
	seq, head, began := s.state.Seq(), s.head, s.clock()
	keep, err := s.cfg.Snapshot.Write(s.state, head, stop)
	if err != nil {
		return err
	}
	one := &saving{seq: seq, done: make(chan struct{})}
	s.kept.saving = one
	took := s.clock().Sub(began)
	finish := func() {
		defer close(one.done)
		if one.err = keep(); one.err != nil {
			s.cfg.Log.Warn("no snapshot was kept; a start takes longer", "error", one.err)
			return
		}
		s.cfg.Log.Info("a snapshot was made", "entries", seq, "took", took)
	}
	if s.wait != nil {
		finish() // there are no goroutines
		return nil
	}
	go finish()
	return nil
}

// saving reports whether a snapshot is being made durable.
func (s *Sequencer) saving() bool {
	if s.kept.saving == nil {
		return false
	}
	select {
	case <-s.kept.saving.done:
		s.saved()
		return false
	default:
		return true
	}
}

// saved waits for a snapshot that is being made durable, and notes what became of it.
func (s *Sequencer) saved() {
	k, one := &s.kept, s.kept.saving
	if one == nil {
		return
	}
	<-one.done
	if k.saving = nil; one.err == nil {
		k.seq = one.seq
	} else {
		k.since = s.clock().Add(time.Minute) // the disk may be full
	}
}

// Leave makes the last snapshot of an orderly end, behind Close. Without one the next
// start takes longer, and that is all.
func (s *Sequencer) Leave() {
	if s.cfg.Snapshot == nil {
		return
	}
	s.saved()
	if s.broken != nil || s.kept.seq == s.state.Seq() || s.head.Next-1 != s.state.Seq() { // what an abandoned loop decided last was not written
		return
	}
	if err := s.save(nil); err != nil {
		s.cfg.Log.Warn("no snapshot was made; the next start takes longer", "error", err)
		return
	}
	s.saved()
}
