package sim

import (
	"fmt"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/local"
	"yizhan/core/local/disk"
	"yizhan/core/wire"
	"yizhan/syncserver/journal"
)

// Defect is a bug that is planted in a world to show that it would be found. Most
// are wrapped around a component; nil plants nothing.
type Defect struct {
	Name     string
	seams    func() arbiter.Seams // in the deciding; asked again for each batch
	early    bool                 // the journal answers before its batch is on the disk
	unsaved  bool                 // a device's disk is not asked to keep what is sent
	cursor   bool                 // a device's cursor moves before its rows
	timeless bool                 // a device takes a reboot for no time at all
	deaf     bool                 // a server takes no receipts: what it has forgotten it decides again
}

// Defects are all that are planted by the test.
var Defects = []*Defect{
	{Name: "re-issue at expiry", seams: reissue},
	{Name: "dedupe on (device, seq) alone", seams: byNumber},
	{Name: "answer before fsync", early: true},
	{Name: "two ops of one batch decided on the same state", seams: sameState},
	{Name: "send before save", unsaved: true},
	{Name: "limit off by one", seams: offByOne},
	{Name: "cursor moved before rows", cursor: true},
	{Name: "a restored server re-decides", deaf: true},
	{Name: "override that forgets the incident", seams: forgetWords},
	{Name: "a lease used after reboot", timeless: true},
	{Name: "waitlist promoted twice", seams: promotedTwice},
}

// batch plants what is in the deciding, before a batch is decided.
func (d *Defect) batch(s *arbiter.State) {
	if d != nil && d.seams != nil {
		s.Seam(d.seams())
	}
}

func (d *Defect) journal(j journal.Journal) journal.Journal {
	if d == nil || !d.early {
		return j
	}
	return &hasty{Journal: j}
}

// hasty is a journal that says a batch is durable and writes it with the next one.
type hasty struct {
	journal.Journal
	waiting *journal.Batch
}

func (h *hasty) Append(after uint64, b journal.Batch) error {
	if err := h.flush(); err != nil {
		return err
	}
	b.Body = append([]byte(nil), b.Body...)
	h.waiting = &b
	return nil
}

func (h *hasty) flush() error {
	if h.waiting == nil {
		return nil
	}
	b := *h.waiting
	h.waiting = nil
	return h.Journal.Append(b.Number-1, b)
}

func (h *hasty) Head() (journal.Head, error) {
	if h.waiting != nil {
		return journal.Behind(*h.waiting), nil
	}
	return h.Journal.Head()
}

func (h *hasty) Read(from uint64, fn func(journal.Batch) error) error {
	err := h.Journal.Read(from, fn)
	if err == nil && h.waiting != nil && h.waiting.Number >= from {
		err = fn(*h.waiting)
	}
	return err
}

func (d *Defect) store(s local.Store) local.Store {
	if d == nil || !d.cursor {
		return s
	}
	return eager{s}
}

// eager is a store whose cursor is in another transaction than the rows.
type eager struct{ local.Store }

func (e eager) Apply(c local.Checkpoint) error {
	first := c
	first.Rows, first.Gone = nil, nil
	if err := e.Store.Apply(first); err != nil {
		return err
	}
	return e.Store.Apply(c)
}

// heard is what the server makes of a frame.
func (d *Defect) heard(codec *wire.Codec, frame []byte) []byte {
	if d == nil || !d.deaf {
		return frame
	}
	message, err := codec.Decode(frame)
	switch m := message.(type) {
	case wire.Ops:
		m.Receipts = nil
		message = m
	case wire.Relay:
		m.Receipts = nil
		message = m
	}
	if err == nil {
		if changed, err := codec.Encode(message); err == nil {
			return changed
		}
	}
	return frame
}

// boot is what a machine says of its run: its name and how long it has lasted.
func (d *Defect) boot(m *machine) (string, time.Duration) {
	since := time.Duration(m.w.now-m.booted) * time.Millisecond
	if d != nil && d.timeless {
		return m.label, since + m.lasted
	}
	return fmt.Sprintf("%s#%d", m.label, m.boots), since
}

// plan spoils the disk of a device beside what the weather does; p may be nil.
func (d *Defect) plan(p disk.Plan) disk.Plan {
	if d == nil || !d.unsaved {
		return p
	}
	return func(o disk.Op) disk.Fault {
		if p != nil {
			if f := p(o); f != disk.None {
				return f
			}
		}
		if o.Kind == disk.Sync {
			return disk.Lie
		}
		return disk.None
	}
}
