// Package sim runs whole worlds under one seed: the real server, its sequencer,
// arbiter, journal and ledger, and real devices with their links, counters, leases
// and stores, over simulated disks, networks, clocks and people. Whatever can go
// wrong goes wrong; then everything heals, and the world must come to rest with
// every rule kept. One seed gives one world, event by event.
package sim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// zone is where all worlds lie.
var zone = time.FixedZone("CST", 8*3600)

// World is one run.
type World struct {
	lab     *Lab
	seed    uint64
	random  *rand.Rand
	now     int64 // the true time, Unix milliseconds
	agenda  agenda
	planned int
	calm    bool // everything has healed: nothing goes wrong any more
	wrong   error
	trace   trace
	stats   Stats
	defect  *Defect

	host     *host
	machines []*machine
	town     town
	codes    []code // that somebody has a picture of
	answers  map[place]op.Result
	handed   []handing
	grants   []grant
	branches []branch
	restores bool            // the server may lose its disk
	restored bool            // and has lost it
	unlent   map[uint64]bool // leases that it has forgotten to have lent or renewed, without knowing
	joined   bool            // somebody got a phone
	side     *rand.Rand      // for what is beside the ops: worlds stay as they were without it
	attached *attachment
	erased   id.Member // who asked to be forgotten
}

// place is an op's place in the numbering of its device.
type place struct {
	device id.Device
	seq    uint64
}

// code is a ticket as a picture that may be shown anywhere.
type code struct {
	ticket id.Ticket
	text   string
}

// handing is somebody being given what a ticket stands for, as it truly happened.
type handing struct {
	machine  *machine
	ticket   id.Ticket
	seq      uint64 // of the op that says so
	at       int64
	override bool
	door     bool
	unsure   bool // it was being taken back when the power went
}

// grant is a ticket that a device has printed by itself.
type grant struct {
	machine *machine
	ticket  id.Ticket
	policy  op.Policy
	member  id.Member
}

// branch is an op of a device of which there are two, as the one that was answered has it.
type branch struct {
	place
	machine *machine
	hash    op.Hash
}

// times of a world in milliseconds.
const (
	trouble = 8 * 60_000  // things go wrong
	healing = 15 * 60_000 // at most, until everything is at rest
)

// run lives a world from beginning to end.
func (w *World) live() {
	w.host.disk.Plan(nil)
	if err := w.host.start(); err != nil {
		w.fail("the first start fails: %v", err)
		return
	}
	w.publish()
	w.attach()
	w.farewell()
	for _, m := range w.machines {
		m.disk.Plan(w.defect.plan(nil))
		if err := m.start(); err != nil {
			w.fail("%s does not start: %v", m.label, err)
			return
		}
		m.net = network{up: true, down: true}
		m.connect()
		w.after(w.between(1000, 20_000), m.act)
	}
	w.after(w.between(5000, 40_000), w.weather)
	w.after(w.between(3000, 10_000), w.office)
	w.run(w.now + trouble)
	w.heal()
	w.rest()
	if w.wrong == nil {
		w.audit()
	}
}

// heal ends everything that goes wrong, and brings back who can come back.
func (w *World) heal() {
	w.note("everything heals")
	w.calm = true
	w.host.offset = 0
	w.host.disk.Plan(nil)
	for _, m := range w.machines {
		m.net = network{up: true, down: true}
		m.disk.Plan(w.defect.plan(nil))
		m.offset = 0
	}
	w.look(0)
}

// look lets people take their devices up again every few seconds.
func (w *World) look(n int) {
	for _, m := range w.machines {
		if n%6 == 5 && w.restored && m.closed && !m.wiped {
			m.closed = false // somebody tries again
		}
		if m.on && m.conn == nil && !m.closed {
			m.connect()
		}
		if m.on && m.holder != nil && m.role != op.Phone {
			m.leases()
		}
		m.look()
	}
	w.host.recover()
	w.erase(w.erased)
	w.after(5000, func() { w.look(n + 1) })
}

// rest waits until nothing is left to do.
func (w *World) rest() {
	end := w.now + healing
	for w.now < end && w.wrong == nil {
		if w.run(w.now + 10_000); w.quiet() == "" {
			w.run(w.now + 25_000) // and nothing comes after it
			if w.quiet() == "" {
				return
			}
		}
	}
	if w.wrong == nil {
		w.fail("after healing it does not come to rest: %s", w.quiet())
	}
}

// quiet says what is left to do, "" if nothing is.
func (w *World) quiet() string {
	if w.host.server == nil {
		return "the server is down"
	}
	if w.erased != "" && w.knows(w.erased) {
		return string(w.erased) + " asked to be forgotten and is known"
	}
	frozen := false
	w.host.server.Look(func(s *arbiter.State) { _, frozen = s.Frozen() })
	if frozen {
		return "the server's pools are frozen"
	}
	for _, m := range w.machines {
		switch {
		case m.copied && w.apart(m):
			return m.label + " has not met the restored server"
		case m.gone || m.naive || w.twin(m) || m.closed && w.forgotten(m):
		case !m.on:
			return m.label + " is off"
		case !m.online() || m.conn == nil || m.conn.port == nil: // it may not have noticed that nobody listens any more
			return fmt.Sprintf("%s is not connected: %v", m.label, m.link.Status().Problem)
		case m.venue != nil && m.venue.hub.Pending():
			return m.label + " has ops that the server has not"
		case m.lacks(w.attached):
			return m.label + " lacks an attachment"
		case m.link.Status().Waiting > 0:
			return fmt.Sprintf("%s waits for %d answers", m.label, m.link.Status().Waiting)
		case m.cursor() != w.host.server.Head():
			if behind := w.differs(m); behind != "" {
				return behind
			}
		}
	}
	return ""
}

// fail ends the world: a rule was broken.
func (w *World) fail(format string, args ...any) {
	if w.wrong == nil {
		w.wrong = fmt.Errorf(format, args...)
		w.note("BROKEN: %v", w.wrong)
	}
}

func (w *World) check(err error) {
	if err != nil {
		w.fail("%v", err)
	}
}

// between gives a number from a to b, both included.
func (w *World) between(a, b int64) int64 { return a + w.random.Int64N(b-a+1) }

// one is true once in n times.
func (w *World) one(n int) bool { return w.random.IntN(n) == 0 }

func (w *World) coin() bool { return w.random.IntN(2) == 0 }

func pick[T any](w *World, from []T) T { return from[w.random.IntN(len(from))] }

// told remembers the results that leave the server: an answer is final.
func (w *World) told(c *conn, frame []byte) {
	m := c.m
	message, err := w.lab.codec.Decode(frame)
	if err != nil {
		w.fail("the server sent what cannot be read: %v", err)
		return
	}
	if _, rows := message.(wire.Checkpoint); rows {
		c.sent(len(frame))
	}
	results, ok := message.(wire.Results)
	if !ok {
		return
	}
	for i, r := range results.Results {
		at := place{m.name, results.First + uint64(i)}
		if m.hub != nil && r.Outcome == op.Pending {
			continue // only the server can say
		}
		if !w.restored { // what did not arrive before a restore may be answered anew
			w.final(at, r)
		}
		if m.copied && m.hub == nil {
			w.branch(m, at)
		}
	}
	w.note("%s is told %s", m.label, brief(results))
}

// shown remembers the results that a device has stored: its person has seen them.
func (w *World) shown(m *machine, results map[uint64]op.Result) {
	if !w.restored {
		return // they are remembered since they left the server
	}
	for _, seq := range slices.Sorted(maps.Keys(results)) {
		w.final(place{m.name, seq}, results[seq])
	}
}

// final holds an answer against the ones before. Two copies each have an op of that
// number: a server that has forgotten the one may answer the other (see branch).
func (w *World) final(at place, r op.Result) {
	if before, again := w.answers[at]; again && !w.alike(before, r) && !(w.restored && w.copied(at.device)) {
		w.fail("op %d of %s was answered %+v and later %+v", at.seq, at.device, before, r)
	}
	w.answers[at] = r
}
