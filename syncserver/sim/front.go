package sim

import (
	"iter"
	"slices"

	"yizhan/syncserver/session"
)

// front is what serves sessions: the server, or a hub.
type front struct {
	w     *World
	open  func(send func([]byte) error) *session.Steps // begins a session; nil while it takes none
	waits func()                                       // somebody waits in it: has it go on
	ends  func()                                       // looks whether its machine has gone down
	ports []*port                                      // sessions of this run of the program

	tasks   []*task
	idle    []*task
	current *task
}

// pump lets every session send what it has.
func (f *front) pump() {
	for _, p := range slices.Clone(f.ports) {
		if p.session.Woken() {
			p.look()
		}
	}
}

// port is the server's end of a connection.
type port struct {
	f       *front
	conn    *conn
	session *session.Steps
	inbox   [][]byte
	reading bool // a frame is being handled
	sending bool // the session is sending
	heard   int64
	next    int64 // when it looks again; 0 is never
}

// accept begins a session for a connection.
func (f *front) accept(c *conn) *port {
	p := &port{f: f, conn: c, heard: f.w.now}
	if p.session = f.open(p.send); p.session == nil {
		return nil
	}
	f.ports = append(f.ports, p)
	return p
}

// lost ends all sessions, as the end of the program does, and whoever waits in it.
func (f *front) lost() {
	for _, p := range slices.Clone(f.ports) {
		p.conn.serverLost()
	}
	f.ports = nil
	f.giveUp()
}

// send takes a frame of the session to the device.
func (p *port) send(frame []byte) error {
	p.f.w.told(p.conn, frame)
	return p.conn.toDevice(frame)
}

// frame takes a frame from the device; they are handled one after the other.
func (p *port) frame(frame []byte) {
	p.heard = p.f.w.now
	if p.inbox = append(p.inbox, frame); p.reading {
		return
	}
	p.reading = true
	p.f.begin(func() {
		for len(p.inbox) > 0 {
			next := p.inbox[0]
			p.inbox = p.inbox[1:]
			p.session.Frame(next)
		}
		p.reading = false
	})
	p.f.waits()
	p.look()
}

// look lets the session send, and plans when it looks again.
func (p *port) look() {
	if p.sending || p.conn.port != p {
		return
	}
	p.sending = true
	p.f.begin(func() {
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
			p.plan(max(next.UnixMilli(), p.f.w.now+1))
			return
		}
	})
	p.f.ends()
}

func (p *port) plan(at int64) {
	if p.next != 0 && p.next <= at {
		return
	}
	p.next = at
	p.f.w.after(at-p.f.w.now, func() {
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
		p.heard = p.f.w.now
	}
	if p.f.w.now-p.heard > 60_000 {
		p.conn.serverEnded()
	}
}

// task is a call into the server that may have to wait there. It is a coroutine:
// it runs only while somebody resumes it, so that there is one thread of events. It
// serves one call after the other, because a new one has to grow its stack first.
type task struct {
	fn    func()
	ready func() bool // what it waits for
	next  func() (func() bool, bool)
	stop  func()
	yield func(func() bool) bool
	given bool // up: its server has ended
}

// begin runs fn until it waits or ends.
func (f *front) begin(fn func()) {
	var t *task
	if n := len(f.idle); n > 0 {
		t, f.idle = f.idle[n-1], f.idle[:n-1]
	} else {
		t = &task{}
		t.next, t.stop = iter.Pull(t.serve)
	}
	t.fn, t.given = fn, false
	f.resume(t)
}

// serve runs calls; between two it yields nil.
func (t *task) serve(yield func(func() bool) bool) {
	t.yield = yield
	for more := true; more; more = yield(nil) {
		t.fn()
		t.fn = nil
	}
}

// resume goes on with a task, and keeps it if it waits again.
func (f *front) resume(t *task) {
	before := f.current
	f.current = t
	ready, alive := t.next()
	f.current = before
	switch {
	case ready != nil:
		t.ready = ready
		f.tasks = append(f.tasks, t)
		f.waits()
	case alive:
		f.idle = append(f.idle, t)
	}
}

// wait is what the server calls where a goroutine would wait.
func (f *front) wait(ready func() bool) {
	t := f.current
	for !ready() && !t.given {
		t.yield(ready)
	}
}

// poll goes on with every task that has waited long enough.
func (f *front) poll() {
	waiting := f.tasks
	f.tasks = nil
	for _, t := range waiting {
		if t.given || t.ready() {
			f.resume(t)
		} else {
			f.tasks = append(f.tasks, t)
		}
	}
}

// giveUp ends all tasks: the server that they wait in is gone.
func (f *front) giveUp() {
	for len(f.tasks) > 0 {
		for _, t := range f.tasks {
			t.given = true
		}
		f.poll()
	}
}

// rest ends the coroutines that serve nobody.
func (f *front) rest() {
	for _, t := range f.idle {
		t.stop()
	}
	f.idle = nil
}
