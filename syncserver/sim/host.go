package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/local/disk"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/sqlite"
	"yizhan/syncserver/server"
	"yizhan/syncserver/session"
)

// host is the machine that the server runs on.
type host struct {
	front
	disk   *disk.Disk
	dir    string        // its small files
	kept   *backup       // nil if there is none
	asked  int           // how often staff have looked who is missing
	ready  bool          // it has begun, and takes sessions
	server *server.Steps // nil while it is down
	offset int64         // wall clock minus the true time
	random *rand.ChaCha8

	turning bool // a turn is planned
	writing bool // a write is planned
	failing bool // the next operations of the disk go wrong
	fatal   bool // the program has ended itself
}

// ended ends the program in the middle of what it does, as an exit would.
type ended struct{ err error }

// live runs a part of the program's loop, in which it may end itself.
func (h *host) live(fn func()) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case ended:
			h.fatal = true
			h.w.note("server ends itself: %v", e.err)
		default:
			panic(e)
		}
	}()
	fn()
}

// newHost makes the machine of the server.
func newHost(w *World, dir string) *host {
	h := &host{random: source(w.seed, 0), dir: dir}
	h.front = front{w: w, waits: h.turn, ends: h.look, open: func(send func([]byte) error) *session.Steps {
		if h.server == nil || !h.ready {
			return nil
		}
		return h.server.Session(send)
	}}
	return h
}

// start runs the program on what is on the disk.
func (h *host) start() error {
	h.tasks, h.turning, h.writing, h.fatal = nil, false, false, false
	var err error
	h.server, err = server.Step(server.Config{
		Dir: h.dir, Zone: zone, Random: h.random, Log: quietly, VFS: h.disk.VFS(), Every: 40,
		Now:   func() time.Time { return time.UnixMilli(h.w.now + h.offset) },
		Clock: func() time.Time { return time.UnixMilli(h.w.now) },
		Fatal: func(err error) { panic(ended{err}) },
		Journal: func(string) (journal.Journal, error) {
			j, err := sqlite.OpenOn(h.disk.VFS(), server.JournalFile)
			if err != nil {
				return nil, err
			}
			return h.w.defect.journal(j), nil
		},
	}, h.wait)
	if err != nil {
		h.server = nil
		return fmt.Errorf("start server: %w", err)
	}
	s := h.server
	h.ready = false
	h.begin(func() {
		if err := s.Recover(context.Background()); err != nil {
			h.w.note("server cannot begin: %v", err)
			h.fatal = h.server == s
			return
		}
		if h.server == s {
			h.ready = true
			h.project()
		}
	})
	h.turn()
	return err
}

// down ends the program; the power goes too, or stays.
func (h *host) down(power bool) {
	if h.server == nil {
		return
	}
	h.disk.Plan(nil)
	dying := h.server
	h.server, h.failing = nil, false
	h.lost()
	h.w.stop(h.disk, power)
	if err := dying.Kill(); err != nil {
		h.w.note("server's files were gone: %v", err != nil)
	}
	h.w.stats.Crashes++
	h.w.after(h.w.between(200, 20_000), h.boot)
}

// stop ends what runs on a disk; the power goes too, or stays.
func (w *World) stop(d *disk.Disk, power bool) {
	if power {
		d.Restart(w.coin)
	} else {
		d.Kill()
	}
}

// boot starts the program again, as often as it takes.
func (h *host) boot() {
	if h.server != nil {
		return
	}
	if err := h.start(); err != nil {
		h.w.note("server does not start: %v", err)
		h.w.stop(h.disk, h.disk.Dead())
		h.w.after(1000, h.boot)
		return
	}
	h.w.note("server is up")
}

// turn plans that the sequencer decides what waits.
func (h *host) turn() {
	if h.turning || h.server == nil {
		return
	}
	h.turning = true
	s := h.server
	h.w.after(h.w.between(0, 3), func() {
		if h.server == s {
			h.turning = false
			h.decide()
		}
	})
}

func (h *host) decide() {
	h.server.Look(h.w.defect.batch)
	if h.live(h.server.Decide); h.fatal {
		h.look()
		return
	}
	h.poll() // who only wanted to look has an answer
	h.pump()
	h.write()
}

// write plans that a batch becomes durable.
func (h *host) write() {
	if h.server == nil || h.writing || !h.server.Writing() {
		return
	}
	h.writing = true
	s := h.server
	h.w.after(h.w.between(1, 6), func() {
		if h.server != s {
			return
		}
		h.writing = false
		h.live(s.Write)
		h.settle()
	})
}

// settle follows a write: whoever waited goes on, the ledger is brought up to date,
// and sessions send what they have.
func (h *host) settle() {
	h.look()
	if h.server == nil {
		return
	}
	h.w.check(h.sums())
	h.poll()
	if h.server == nil {
		return
	}
	if h.write(); !h.ready {
		h.turn() // no session does, and the program looks at its state before it takes any
	}
	s := h.server
	h.w.after(h.w.between(0, 8), func() {
		if h.server == s {
			h.project()
		}
	})
	h.pump()
}

// project brings the ledger up to date; after a fault it is tried again. Once everything
// has healed there is no fault that it could be.
func (h *host) project() {
	s := h.server
	h.begin(func() {
		if err := s.Project(); err != nil && h.server == s {
			h.behind(err)
			h.w.after(1000, func() {
				if h.server == s {
					h.project()
				}
			})
		}
	})
	if h.look(); h.server == s {
		h.pump()
	}
}

// behind is a ledger that could not take in what was decided.
func (h *host) behind(err error) {
	h.w.note("the ledger falls behind: %v", err)
	if h.w.stats.fault("ledger fell behind"); h.w.calm && !h.disk.Dead() {
		h.w.fail("the ledger stands still: %v", err)
	}
}

// ends has the machine go down if its disk has, or if the program says that it must.
func (h *host) look() {
	switch {
	case h.server == nil:
	case h.disk.Dead():
		h.w.note("server loses its power")
		h.down(true)
	case h.fatal:
		h.down(false)
	}
}

// do has the console do something, and tells what came of it.
func (h *host) do(what string, fn func(s *server.Steps) error) {
	if h.server == nil {
		return
	}
	s := h.server
	h.begin(func() {
		err := fn(s)
		if h.server == s {
			h.w.note("console: %s: %v", what, said(err))
		}
	})
}

// sums proves the state, as the server would see it now.
func (h *host) sums() (err error) {
	h.server.Look(func(s *arbiter.State) { err = s.Check() })
	return err
}

// result is what the console was told.
func said(err error) string {
	if err != nil {
		return err.Error()
	}
	return "done"
}
