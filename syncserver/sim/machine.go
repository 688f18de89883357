package sim

import (
	"math/rand/v2"
	"path/filepath"
	"time"

	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/lease"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/disk"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
	"yizhan/core/replica"
)

// unit is what makes a device the one that it is.
type unit struct {
	name    id.Device
	role    op.Role
	station id.Station
	member  id.Member
	org     id.Org

	upstream id.Device // the hub that it talks to; empty is the server
}

// machine is one device: its disk, its clock, the program that runs on it, and the
// person who uses it.
type machine struct {
	unit
	w       *World
	label   string // of this machine: a copy has another one and the same name
	disk    *disk.Disk
	store   local.Store
	link    *link.Device
	counter *handover.Counter
	holder  *lease.Holder
	random  *rand.ChaCha8
	conn    *conn
	steps   *link.Steps
	net     network
	hub     *machine // that it talks to; nil is the server
	venue   *venue   // of a hub: what it serves
	on      bool     // the program runs
	gone    bool     // nobody ever sees it again
	offset  int64    // wall clock minus the true time
	boots   int
	booted  int64
	lasted  time.Duration // all runs before this one
	at      uint64        // the cursor when it was looked at last
	dark    int64         // not switched on before
	pause   int64         // before it connects again
	closed  bool          // connecting again cannot help

	undo   id.Ticket                   // that was handed over last
	asked  map[uint64]handover.Outcome // scans that wait for the server's word, by op
	stored local.State                 // as the person was told: these ops are queued
	copied bool                        // another machine runs with the same identity
	wiped  bool                        // it has erased itself
	found  bool                        // it has seen that the server knows another history
	naive  bool                        // its program does not look whether the server knows another history
	fresh  bool                        // it was never enrolled
	code   string                      // that its person has for enrolling it
	inbox  [][]byte                    // frames while it is enrolled

	unknown bool // the server said so last
	moving  int  // the run of its program in which an attachment is under way; 0 if none is
}

// start runs the program on what is on the disk.
func (m *machine) start() error {
	store, err := sqlite.OpenOn(m.disk.VFS(), "device.db")
	if err != nil {
		return err
	}
	m.store = m.w.defect.store(store)
	m.boots++
	m.booted = m.w.now
	if m.venue != nil {
		err = m.venue.start(m.store)
	} else {
		err = m.counters()
	}
	if err != nil {
		store.Close()
		return err
	}
	m.asked, m.undo = map[uint64]handover.Outcome{}, 0
	m.on, m.pause, m.closed = true, 0, false
	if _, enrolled := m.link.Identity(); !enrolled && !m.fresh {
		m.wiped, m.closed, m.stored = true, true, local.State{}
	}
	return m.intact()
}

// counters opens what the person at the device works with.
func (m *machine) counters() (err error) {
	m.link, err = link.Open(link.Config{Store: m.store, App: "sim", Now: m.clock, Random: m.random, Log: quietly,
		Codec: m.w.lab.codec, Boot: m.boot, Attachments: filepath.Join(m.w.host.dir, "attachments of "+m.label)})
	if err != nil {
		return err
	}
	who, _ := m.link.Identity()
	m.counter = handover.New(handover.Config{Store: m.store, Outbox: m.link, Device: m.name, Station: m.station, Upstream: m.unit.upstream,
		Supervisor: who.Supervisor, Channel: op.ByKiosk, Zone: zone, Boot: m.boot, Status: func() handover.Status { return handover.Status{Online: m.online()} }})
	m.holder = lease.New(lease.Config{Store: m.store, Outbox: m.link, Zone: zone, Boot: m.boot,
		Status: func() lease.Status { return lease.Status{Online: m.online()} }})
	m.link.OnRecall(m.counter.GiveUp)
	m.link.OnAnswer(m.answered)
	return nil
}

// front is what the device talks to.
func (m *machine) front() *front {
	if m.hub == nil {
		return &m.w.host.front
	}
	return &m.hub.venue.front
}

func (m *machine) online() bool { return m.link.Status().Online }

func (m *machine) clock() time.Time { return time.UnixMilli(m.w.now + m.offset).In(zone) }

func (m *machine) boot() (string, time.Duration) {
	return m.w.defect.boot(m)
}

// intact compares what is stored with what the person was told.
func (m *machine) intact() error {
	state, err := m.store.State()
	if err != nil {
		return err
	}
	if state.Last < m.stored.Last || state.Last == m.stored.Last && state.Hash != m.stored.Hash {
		m.w.fail("%s told its person that op %d is stored, and after a restart it has %d", m.label, m.stored.Last, state.Last)
	}
	m.stored.Last, m.stored.Hash, m.at = state.Last, state.Hash, state.Cursor
	return nil
}

// down ends the program; the power goes too, or stays.
func (m *machine) down(power bool) {
	if !m.on {
		return
	}
	m.disk.Plan(m.w.defect.plan(nil))
	if m.venue != nil {
		m.venue.down()
	}
	m.hangUp(nil)
	m.w.stop(m.disk, power)
	m.lasted += time.Duration(m.w.now-m.booted) * time.Millisecond
	_ = m.store.Close() // its files are gone from under it
	m.on = false
	m.w.stats.Crashes++
	if !m.gone {
		m.w.after(max(m.w.between(500, pick(m.w, []int64{10_000, 60_000, 200_000})), m.dark-m.w.now), m.up)
	}
}

// up starts the program again, as often as it takes.
func (m *machine) up() {
	if m.on || m.gone {
		return
	}
	if err := m.start(); err != nil {
		m.w.note("%s does not start: %v", m.label, err)
		m.w.stop(m.disk, m.disk.Dead())
		m.w.after(2000, m.up)
		return
	}
	m.w.note("%s is up", m.label)
	m.connect()
}

// connect tries to reach the server, again and again.
func (m *machine) connect() {
	if !m.on || m.conn != nil || m.closed {
		return
	}
	if m.stranger() && m.code == "" {
		if m.invite(); !m.closed {
			m.again()
		}
		return
	}
	c := m.dial()
	if c == nil {
		m.again()
		return
	}
	if m.conn = c; m.stranger() {
		m.enrol(c)
		return
	}
	steps, stop := m.link.Step(func(frame []byte) error { return c.toServer(frame) }, nil)
	if m.steps = steps; stop != nil {
		m.hangUp(stop)
		return
	}
	m.tick(c)
}

// again plans the next attempt.
func (m *machine) again() {
	m.pause = min(max(2*m.pause, 500), 15_000)
	m.w.after(m.pause-m.pause*m.w.between(0, 50)/100, m.connect)
}

// tick tells a connection the time.
func (m *machine) tick(c *conn) {
	m.w.after(2000, func() {
		if m.conn != c {
			return
		}
		if m.w.now-c.heard > 60_000 {
			m.hangUp(nil)
			return
		}
		if m.handle(m.steps.Tick(time.Duration(m.w.now-c.opened) * time.Millisecond)); m.conn == c {
			m.tick(c)
		}
		m.stir()
	})
}

// frame takes a frame from the server.
func (m *machine) frame(c *conn, frame []byte) {
	if m.steps == nil { // it is being enrolled
		m.inbox = append(m.inbox, frame)
		m.w.host.poll()
		m.look()
		return
	}
	m.handle(m.steps.Frame(frame, time.Duration(m.w.now-c.opened)*time.Millisecond))
	if at := m.cursor(); at != m.at {
		if m.at = at; m.on {
			m.w.moved(m)
		}
	}
	m.stir()
}

func (m *machine) cursor() uint64 {
	if !m.on {
		return 0
	}
	state, err := m.store.State()
	if err != nil {
		return 0
	}
	return state.Cursor
}

// handle follows a step of the program: its connection may be over, or its power gone.
func (m *machine) handle(stop *replica.Close) {
	switch {
	case m.disk.Dead():
		m.w.note("%s loses its power", m.label)
		m.down(true)
	case m.link.Status().Wiped && !m.wiped:
		m.w.note("%s erases itself", m.label)
		m.wiped, m.stored = true, local.State{}
		m.hangUp(stop)
		m.closed = true
	case stop != nil:
		m.hangUp(stop)
	}
}

// stir has a hub go on.
func (m *machine) stir() {
	if m.venue != nil {
		m.venue.stir()
	}
}

// hangUp ends the connection.
func (m *machine) hangUp(stop *replica.Close) {
	c := m.conn
	if c == nil {
		return
	}
	m.conn = nil
	if m.steps != nil {
		m.steps.End(stop)
	}
	c.deviceEnded()
	if stop != nil && stop.Why != nil {
		m.w.note("%s hangs up: %v", m.label, stop.Why)
		m.unknown = stop.Why.Kind == fault.Stranger
		if stop.Why.Kind == fault.Fork && m.steps != nil && !m.steps.Welcomed() {
			m.found = true
			m.w.stats.fault("fork found by the device")
		}
	}
	if stop != nil && stop.Final {
		m.closed = true // a person has to look
		return
	}
	m.again()
}

// look carries what the person did to the connection.
func (m *machine) look() {
	if m.on && m.disk.Dead() {
		m.handle(nil)
	}
	if m.on && m.conn != nil && m.steps != nil {
		m.handle(m.steps.Look())
	}
}

// press queues an op as a person's tap does.
func (m *machine) press(o op.Op) bool {
	_, err := m.link.Do(o)
	m.done(err)
	return err == nil
}

// done remembers what the person was told is stored.
func (m *machine) done(err error) {
	if err == nil {
		if state, readErr := m.store.State(); readErr == nil {
			m.stored = state
			m.w.stats.Ops++
		}
	}
	m.look()
}
