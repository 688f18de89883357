package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
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
	w      *World
	disk   *disk.Disk
	dir    string        // its small files
	kept   *backup       // nil if there is none
	asked  int           // how often staff have looked who is missing
	open   bool          // it has begun, and takes sessions
	server *server.Steps // nil while it is down
	offset int64         // wall clock minus the true time
	random *rand.ChaCha8
	ports  []*port // sessions of this run of the program

	tasks   []*task
	idle    []*task
	current *task
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

// start runs the program on what is on the disk.
func (h *host) start() error {
	h.tasks, h.turning, h.writing, h.fatal = nil, false, false, false
	var err error
	h.server, err = server.Step(server.Config{
		Dir: h.dir, Zone: zone, Random: h.random, Log: quietly, VFS: h.disk.VFS(),
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
	h.open = false
	h.begin(func() {
		if err := s.Recover(context.Background()); err != nil {
			h.w.note("server cannot begin: %v", err)
			h.fatal = h.server == s
			return
		}
		if h.server == s {
			h.open = true
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
	for _, p := range slices.Clone(h.ports) {
		p.conn.serverLost()
	}
	h.ports = nil
	h.giveUp()
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
		h.ends()
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
	h.ends()
	if h.server == nil {
		return
	}
	h.w.check(h.sums())
	h.poll()
	if h.server == nil {
		return
	}
	h.write()
	s := h.server
	h.w.after(h.w.between(0, 8), func() {
		if h.server == s {
			h.project()
		}
	})
	h.pump()
}

// project brings the ledger up to date; after a fault it is tried again.
func (h *host) project() {
	s := h.server
	h.begin(func() {
		if err := s.Project(); err != nil && h.server == s {
			h.w.after(1000, func() {
				if h.server == s {
					h.project()
				}
			})
		}
	})
	if h.ends(); h.server == s {
		h.pump()
	}
}

// ends has the machine go down if its disk has, or if the program says that it must.
func (h *host) ends() {
	switch {
	case h.server == nil:
	case h.disk.Dead():
		h.w.note("server loses its power")
		h.down(true)
	case h.fatal:
		h.down(false)
	}
}

// pump lets every session send what it has.
func (h *host) pump() {
	for _, p := range slices.Clone(h.ports) {
		if p.session.Woken() {
			p.look()
		}
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

// port is the server's end of a connection.
type port struct {
	h       *host
	conn    *conn
	session *session.Steps
	inbox   [][]byte
	reading bool // a frame is being handled
	sending bool // the session is sending
	heard   int64
	next    int64 // when it looks again; 0 is never
}

// accept begins a session for a connection.
func (h *host) accept(c *conn) *port {
	if h.server == nil || !h.open {
		return nil
	}
	p := &port{h: h, conn: c, heard: h.w.now}
	if p.session = h.server.Session(p.send); p.session == nil {
		return nil
	}
	h.ports = append(h.ports, p)
	return p
}

// send takes a frame of the session to the device.
func (p *port) send(frame []byte) error {
	p.h.w.told(p.conn.m, frame)
	return p.conn.toDevice(frame)
}

// frame takes a frame from the device; they are handled one after the other.
func (p *port) frame(frame []byte) {
	p.heard = p.h.w.now
	if p.inbox = append(p.inbox, frame); p.reading {
		return
	}
	p.reading = true
	p.h.begin(func() {
		for len(p.inbox) > 0 {
			next := p.inbox[0]
			p.inbox = p.inbox[1:]
			p.session.Frame(next)
		}
		p.reading = false
	})
	p.h.turn()
	p.look()
}

// look lets the session send, and plans when it looks again.
func (p *port) look() {
	if p.sending || p.conn.port != p {
		return
	}
	p.sending = true
	p.h.begin(func() {
		defer func() { p.sending = false }()
		for range 1000 {
			next, more := p.session.Write()
			if !more {
				p.conn.serverEnded()
				return
			}
			if p.session.Woken() {
				continue
			}
			p.plan(max(next.UnixMilli(), p.h.w.now+1))
			return
		}
	})
	p.h.ends()
}

func (p *port) plan(at int64) {
	if p.next != 0 && p.next <= at {
		return
	}
	p.next = at
	p.h.w.after(at-p.h.w.now, func() {
		if p.conn.port != p || p.next != at {
			return
		}
		p.next = 0
		if p.silent(); p.conn.port == p {
			p.look()
		}
	})
}

// silent ends a session whose device was not heard of for a minute; pings are not
// carried, but who could answer one was heard.
func (p *port) silent() {
	if c := p.conn; !c.broken && c.m.conn == c && c.m.net.up && c.m.net.down {
		p.heard = p.h.w.now
	}
	if p.h.w.now-p.heard > 60_000 {
		p.conn.serverEnded()
	}
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
