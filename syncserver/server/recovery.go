package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/receipt"
)

// Names of the small files that outlive a restart of a server that was restored.
const (
	// RestoredFile marks files that come from a backup: the next start begins a new epoch.
	RestoredFile = "restored.json"
	lossFile     = "loss.json"     // Loss: the server decides nothing until staff accept it
	reportedFile = "reported.json" // reported, then a line for each device that has reported since
)

// Loss is the proof that the journal here ends before what devices were told.
type Loss struct {
	Device id.Device `json:"device"` // that showed it
	Op     uint64    `json:"op"`     // its newest answered op; 0 where it showed rows, and no answer
	Seq    uint64    `json:"seq"`    // in the journal that was lost
	Epoch  int       `json:"epoch"`  // of that journal
	Head   uint64    `json:"head"`   // of the journal here
}

// recovery is how a server stands towards what it may have forgotten.
type recovery struct {
	mu       sync.Mutex
	loss     *Loss
	reported reported
	notes    *os.File // reportedFile; nil until the first device reports
}

// Marker is the content of RestoredFile.
type Marker struct {
	Seq uint64 `json:"seq"` // newest entry of the backup
}

// resumes reports whether Recover has something to take up. Time decides nothing before
// that: what fell due since the backup would be decided as if nothing were missing, and
// leases would end, and seats become free, that devices are about to bring back.
func (s *Server) resumes() bool {
	return slices.ContainsFunc([]string{RestoredFile, lossFile}, func(name string) bool {
		_, err := os.Stat(s.path(name))
		return !errors.Is(err, os.ErrNotExist) // where it cannot be told, Recover says why
	})
}

// Recover takes up what a restore, a loss that was proved, or an erasing or the taking away
// of a photo that was cut off asks of this start. Open calls it; whoever steps a server calls it before the first session.
func (s *Server) Recover(ctx context.Context) error {
	if err := s.resume(ctx); err != nil {
		return err
	}
	s.finishPhotos(ctx)
	return s.finishErasing(ctx)
}

// resume goes on from a backup, or stands still where a loss was proved.
func (s *Server) resume(ctx context.Context) error {
	if err := s.readReported(); err != nil {
		return err
	}
	var loss Loss
	switch err := s.readFile(lossFile, &loss); {
	case err == nil:
		s.stop(&loss)
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	var mark Marker
	if err := s.readFile(RestoredFile, &mark); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	if s.durable.Load() == mark.Seq { // else the start before this one was cut off behind the entry
		if _, err := s.seq.Do(ctx, op.Op{Kind: op.Restore}); err != nil {
			return fmt.Errorf("begin anew from the backup: %w", err)
		}
	}
	s.seq.Hold(s.stands()) // from here on the pools are frozen
	s.cfg.Log.Warn("the server goes on from a backup; its pools are frozen until staff reopen them", "entries", mark.Seq)
	return s.removeFile(RestoredFile)
}

func (s *Server) readFile(name string, v any) error {
	data, err := os.ReadFile(s.path(name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w", s.path(name), err)
	}
	return nil
}

func (s *Server) writeFile(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return writeDurably(s.path(name), data)
}

func (s *Server) removeFile(name string) error {
	if err := os.Remove(s.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return syncDir(s.cfg.Dir)
}

// stands reports whether nothing is decided until staff accept a loss.
func (s *Server) stands() bool {
	s.recovery.mu.Lock()
	defer s.recovery.mu.Unlock()
	return s.recovery.loss != nil
}

// stop ends all deciding: what is decided here would contradict what people were told.
func (s *Server) stop(loss *Loss) {
	s.recovery.mu.Lock()
	s.recovery.loss = loss
	s.recovery.mu.Unlock()
	s.seq.Hold(true)
	s.cfg.Log.Error("this server has forgotten what it answered and decides nothing more: it was rolled back to an earlier state of its disk. Stop it and put the newest journal back, or go on without what is lost: syncserver accept-loss",
		"device", loss.Device, "op", loss.Op, "entry", loss.Seq, "epoch", loss.Epoch, "journal ends at", loss.Head)
}

// Meet implements session.Arbiter.
func (s *Server) Meet(d id.Device, known wire.Known) error {
	for _, shown := range []struct {
		sealed []byte
		of     id.Device
	}{{known.Receipt, d}, {known.Stamp, ""}} {
		if len(shown.sealed) == 0 {
			continue
		}
		r, err := s.keys.receipts.Open(shown.sealed)
		if err != nil || r.Device != shown.of {
			s.cfg.Log.Warn("a device shows a receipt that is not its own", "device", d, "error", err)
		} else if err := s.witness(d, r); err != nil {
			return err
		}
	}
	return s.told(d, known.Epoch)
}

// told hears that a device, or its hub, has told everything to the server of an epoch.
func (s *Server) told(d id.Device, to int) error {
	var epoch int
	var unsettled bool
	if err := s.seq.View(s.life, func(state *arbiter.State) {
		epoch = state.Epoch()
		_, unsettled = state.Frozen()
	}); err != nil {
		return err
	}
	if !unsettled || to != epoch {
		return nil
	}
	return s.heard(d, epoch)
}

// witness compares a receipt, or a stamp, with the journal: only this server can have
// made it, so that a place which the journal does not have is proof of a loss.
func (s *Server) witness(from id.Device, r receipt.Receipt) error {
	head := s.Head()
	var epoch int
	var last uint64
	if err := s.seq.View(s.life, func(state *arbiter.State) {
		d, _ := state.Device(r.Device)
		epoch, last = state.Epoch(), d.Last
	}); err != nil {
		return err
	}
	loss := &Loss{Device: from, Seq: r.First, Epoch: r.Epoch, Head: head}
	here := r.Epoch == epoch && r.First <= head
	switch {
	case r.Epoch < epoch:
		return nil
	case r.Device != "":
		loss.Op, here = r.Number, here && r.Number <= last
	case here:
		var err error
		if here, err = s.stamped(r); err != nil {
			return err
		}
	}
	if here {
		return nil
	}
	s.recovery.mu.Lock()
	known := s.recovery.loss != nil && s.recovery.loss.Epoch >= loss.Epoch
	s.recovery.mu.Unlock()
	if !known {
		if err := s.writeFile(lossFile, loss); err != nil {
			return err
		}
		s.stop(loss)
	}
	return fault.Errorf(fault.Frozen, "the server has lost entry %d, of which it had told device %s (op %d, 0 if none)", r.First, from, loss.Op)
}

// AcceptLoss goes on without what was lost: it begins a new epoch, in which devices
// bring back what they know.
func (s *Server) AcceptLoss(ctx context.Context) (Recovery, error) {
	s.recovery.mu.Lock()
	loss := s.recovery.loss
	s.recovery.mu.Unlock()
	if loss == nil {
		return Recovery{}, fmt.Errorf("no device has shown that anything is lost; nothing was done")
	}
	if _, err := s.seq.Do(ctx, op.Op{Kind: op.Restore, Epoch: loss.Epoch + 1}); err != nil {
		return Recovery{}, err
	}
	if err := s.removeFile(lossFile); err != nil {
		return Recovery{}, err
	}
	s.recovery.mu.Lock()
	s.recovery.loss = nil
	s.recovery.mu.Unlock()
	s.seq.Hold(false)
	if err := s.finishErasing(ctx); err != nil {
		return Recovery{}, err
	}
	return s.Recovery(ctx)
}

// Recovery says what staff have to know before they reopen pools.
type Recovery struct {
	Epoch   int              `json:"epoch"`
	Loss    *Loss            `json:"loss,omitempty"`    // nothing is decided
	Frozen  []FrozenActivity `json:"frozen,omitempty"`  // to be reopened
	Waiting bool             `json:"waiting,omitempty"` // claims of activities that the server does not know wait too
	Missing []id.Device      `json:"missing,omitempty"` // devices that have not reported since
}

// FrozenActivity is an activity that is not decided.
type FrozenActivity struct {
	Activity id.Activity `json:"activity"`
	Free     int         `json:"free"` // serials without a known holder: each may be in somebody's hand as long as devices are missing
}

// Recovery looks at what is still unknown.
func (s *Server) Recovery(ctx context.Context) (r Recovery, err error) {
	var devices []id.Device
	err = s.seq.View(ctx, func(state *arbiter.State) {
		var names []id.Activity
		r.Epoch = state.Epoch()
		names, r.Waiting = state.Frozen()
		for _, a := range names {
			n, _ := state.Count(a, "")
			r.Frozen = append(r.Frozen, FrozenActivity{a, n.Free})
		}
		devices = state.InUse()
	})
	s.recovery.mu.Lock()
	defer s.recovery.mu.Unlock()
	r.Loss = s.recovery.loss
	if r.Waiting {
		for _, d := range devices {
			if _, ok := s.recovery.reported.Devices[d]; !ok || s.recovery.reported.Epoch != r.Epoch {
				r.Missing = append(r.Missing, d)
			}
		}
	}
	slices.Sort(r.Missing)
	return r, err
}

// Reopen lets pools be decided again, all where no activity is named, and says what
// was unknown when it did.
func (s *Server) Reopen(ctx context.Context, a id.Activity) (before Recovery, err error) {
	if before, err = s.Recovery(ctx); err != nil {
		return before, err
	}
	_, err = s.seq.Do(ctx, op.Op{Kind: op.Reopen, Activity: a})
	return before, err
}
