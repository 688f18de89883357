package rehearse

import (
	mrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// chaos inserts one fault into every step: a crash of the server, a crash of a
// device, or a lost connection. It strikes at a random write, frame or read of
// the step, or behind the step, and is over before the next one. All methods do
// nothing on a nil chaos.
type chaos struct {
	w      *world
	random *mrand.Rand

	healing sync.Mutex // held while what broke is repaired

	mu      sync.Mutex // guards all below
	is      misfortune
	victim  *device
	acting  *device
	exposed bool
	after   int // events until it strikes
	state   progress
	cancel  map[int]func() // of those who wait for an answer that may not come
	waiters int
	faults  map[string]int // faults so far, by their name
}

type misfortune uint8

const (
	serverCrash misfortune = iota
	deviceCrash
	disconnect
)

func (m misfortune) String() string {
	return [...]string{"server crash", "device crash", "disconnect"}[m]
}

type progress uint8

const (
	idle progress = iota
	planned
	broken
)

func newChaos(w *world, seed int64) *chaos {
	return &chaos{w: w, random: mrand.New(mrand.NewPCG(uint64(seed), 1)), cancel: map[int]func(){}, faults: map[string]int{}}
}

// begin chooses what happens in a step, and when.
func (c *chaos) begin() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.acting, c.victim = planned, nil, nil
	c.is, c.after = misfortune(c.random.IntN(3)), 1+c.random.IntN(24)
}

// open begins the part of a step in which a device acts and a fault may strike;
// no device means that many act at once.
func (c *chaos) open(acting *device) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exposed, c.acting = true, acting
	switch {
	case acting == nil:
		c.after *= 100
		if c.is == deviceCrash {
			c.is = disconnect
		}
	case !acting.online:
		c.after = 1 + c.after%2
		if c.is == disconnect {
			c.is = deviceCrash
		}
	}
	if c.is != serverCrash && c.random.IntN(3) > 0 {
		c.victim = acting
	}
}

func (c *chaos) shut() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exposed = false
}

// event is a moment at which the fault may strike; it happened at device d.
func (c *chaos) event(d *device) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.exposed || c.state != planned || c.victim != nil && c.victim != d {
		return
	}
	if c.after--; c.after <= 0 {
		if c.victim == nil && c.is != serverCrash {
			c.victim = d
		}
		c.strike()
	}
}

// strike breaks something at once; heal repairs it later. The caller holds c.mu.
func (c *chaos) strike() {
	c.state = broken
	c.faults[c.is.String()]++
	switch c.is {
	case serverCrash:
		c.w.socket.cut()
	case deviceCrash:
		c.victim.die()
	case disconnect:
		c.victim.sockets.cut()
	}
	for _, cancel := range c.cancel {
		cancel()
	}
}

// struck has cancel called when a fault strikes.
func (c *chaos) struck(cancel func()) (stop func()) {
	if c == nil {
		return func() {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiters++
	n := c.waiters
	c.cancel[n] = cancel
	if c.state == broken {
		cancel()
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.cancel, n)
	}
}

// heal repairs what a fault broke, if it has struck: then what failed may be tried again.
func (c *chaos) heal() error {
	if c == nil {
		return nil
	}
	c.healing.Lock()
	defer c.healing.Unlock()
	c.mu.Lock()
	state, is, victim, acting := c.state, c.is, c.victim, c.acting
	c.mu.Unlock()
	if state != broken {
		return nil
	}
	var err error
	switch is {
	case serverCrash:
		err = c.w.restartServer(acting)
	case deviceCrash:
		err = c.w.restartDevice(victim)
	}
	if err == nil && is != serverCrash {
		err = c.w.back(victim)
	}
	c.mu.Lock()
	c.state = idle
	c.mu.Unlock()
	return err
}

// spoilsLedger reports whether this crash of the server costs it its ledger too,
// which is made again from the journal.
func (c *chaos) spoilsLedger() bool { return c != nil && c.after%4 == 0 }

// end lets a fault strike that has not struck in its step, and heals everything:
// every device that has a network is online and has received what there is.
func (c *chaos) end() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	if c.state == planned {
		c.acting = nil
		if c.is == disconnect && c.victim != nil && !c.victim.online || c.victim == nil {
			c.victim = c.anybody()
		}
		if c.is == serverCrash || c.victim != nil {
			c.strike()
		}
	}
	c.mu.Unlock()
	if err := c.heal(); err != nil {
		return err
	}
	for _, d := range c.w.reachable() {
		if err := c.w.sync(d); err != nil {
			return err
		}
	}
	return nil
}

// anybody chooses a device that the fault may strike, nil if there is none. The
// caller holds c.mu.
func (c *chaos) anybody() *device {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	var all []*device
	for _, d := range c.w.devices {
		if !d.lost && !d.resting && (d.online || c.is == deviceCrash) {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b *device) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all[c.random.IntN(len(all))]
}

// rest takes a phone of a storm from the network until it is used again:
// thousands that come back after every crash would prove nothing more.
func (c *chaos) rest(d *device) {
	if c == nil || c.w.declared(d.ID) {
		return
	}
	c.w.mu.Lock()
	d.resting = true
	c.w.mu.Unlock()
	d.link.SetOnline(false)
}

// wake takes a phone that rests to the network again.
func (w *world) wake(d *device) {
	w.mu.Lock()
	resting := d.resting
	d.resting = false
	w.mu.Unlock()
	if resting {
		d.link.SetOnline(true)
	}
}
