package sim

import (
	"slices"

	"yizhan/core/local/disk"
	"yizhan/core/wire"
)

// weather makes something go wrong, and plans the next.
func (w *World) weather() {
	if w.calm {
		return
	}
	w.after(w.between(2_000, 25_000), w.weather)
	m := pick(w, slices.Concat(w.machines, w.hubs()))
	switch roll := w.random.IntN(29); {
	case roll == 26 && w.restores:
		w.relapse()
	case roll == 27 && w.restores:
		w.newcomer()
	case roll >= 26:
		w.lone()
	case roll >= 24 && !w.restores:
	case roll == 24:
		w.host.save()
	case roll == 25:
		w.host.restore(w.one(3))
	case roll < 7:
		w.cut(m)
	case roll < 11:
		w.spoil(m.disk, m.label)
	case roll < 14:
		w.spoil(w.host.disk, "server")
	case roll < 16 && m.on:
		w.stats.fault("power cut of a device")
		w.note("%s loses its power", m.label)
		m.down(true)
	case roll < 17 && m.on:
		w.stats.fault("kill of a device")
		w.note("%s is killed", m.label)
		m.down(false)
	case roll < 19 && w.host.server != nil:
		w.stats.fault("power cut of the server")
		w.note("server loses its power")
		w.host.down(true)
	case roll < 20 && w.host.server != nil:
		w.stats.fault("kill of the server")
		w.note("server is killed")
		w.host.down(false)
	case roll < 22:
		w.stats.fault("wrong clock")
		m.offset = w.between(-3_600_000, 3_600_000)
		w.note("%s has its clock off by %d s", m.label, m.offset/1000)
		w.after(w.between(10_000, 300_000), func() { m.offset = 0 })
	case roll < 23:
		w.copyOf(m)
	default:
		w.steal(m)
	}
}

// cut disturbs the network of a device for a while.
func (w *World) cut(m *machine) {
	if m.venue != nil && w.coin() {
		w.lan(m)
		return
	}
	kind := pick(w, []string{"partition", "one-way cut, up", "one-way cut, down", "slow network", "lossy network"})
	w.stats.fault(kind)
	w.note("%s: %s", m.label, kind)
	switch kind {
	case "partition":
		m.net.up, m.net.down = false, false
	case "one-way cut, up":
		m.net.up = false
	case "one-way cut, down":
		m.net.down = false
	case "slow network":
		m.net.slow = w.between(500, 12_000)
	default:
		m.net.lossy = true
	}
	w.after(w.between(3_000, 240_000), func() { m.net = network{up: true, down: true} })
}

// lone leaves a device that holds seats by itself until its lease is over: it has no
// network, and often no power, and people come all the same.
func (w *World) lone() {
	holders := w.holders()
	if len(holders) == 0 {
		return
	}
	m := pick(w, holders)
	ends := m.lent()
	w.stats.fault("alone at the end of a lease")
	w.note("%s is alone until its lease ends at %s", m.label, stamp(ends))
	m.net = network{}
	left := ends - w.now
	if !w.one(3) {
		w.after(w.between(0, left/2), func() {
			if m.on && !w.calm {
				w.note("%s is switched off", m.label)
				m.dark = ends + w.between(0, 10_000)
				m.down(true)
			}
		})
	}
	for range 8 {
		w.after(w.between(0, left+40_000), func() { m.visit() })
	}
	w.after(left+w.between(40_000, 100_000), func() { m.net = network{up: true, down: true} })
}

// visit is somebody who wants something that was lent to the device.
func (m *machine) visit() {
	if m.on && !m.w.calm {
		m.serve(memberID(m.w.random.IntN(people)), true)
		m.look()
	}
}

// holders are the devices to which something is lent.
func (w *World) holders() []*machine {
	return slices.DeleteFunc(slices.Clone(w.machines), func(m *machine) bool { return m.lent() == 0 })
}

// lent is when a lease of the device will be over; 0 if it holds none.
func (m *machine) lent() int64 {
	if !m.on {
		return 0
	}
	rows, err := m.store.Rows(wire.TableLease)
	if err != nil {
		return 0
	}
	for _, r := range rows {
		var l wire.LeaseRow
		if wire.DecodeRow(r.Body, &l) == nil && l.Over == "" && l.Lease.Expires > m.w.now {
			return l.Lease.Expires
		}
	}
	return 0
}

// lan cuts a hub off from its scanners.
func (w *World) lan(hub *machine) {
	w.stats.fault("LAN cut")
	w.note("%s: its LAN is down", hub.label)
	for _, m := range w.machines {
		if m.hub == hub {
			m.net.up, m.net.down = false, false
			w.after(w.between(3_000, 120_000), func() { m.net = network{up: true, down: true} })
		}
	}
}

// spoil has one of the next operations of a disk go wrong.
func (w *World) spoil(d *disk.Disk, whose string) {
	at := int(w.between(1, 60))
	fault := pick(w, []disk.Fault{disk.Fail, disk.FailDone, disk.Torn, disk.Full, disk.Cut, disk.CutDone})
	plan := func(o disk.Op) disk.Fault {
		if at <= 0 || fault == disk.Torn && o.Kind != disk.Write || fault == disk.Full && o.Kind == disk.Read {
			return disk.None
		}
		if at--; at > 0 {
			return disk.None
		}
		w.stats.fault(o.Kind.String() + " " + fault.String())
		w.note("%s: %s of %s: %v", whose, o.Kind, o.File, fault)
		return fault
	}
	if d != w.host.disk {
		plan = w.defect.plan(plan)
	}
	d.Plan(plan)
}

// copyOf makes a copy of a device: a phone restored from its backup, or a card
// that somebody put into a second machine.
func (w *World) copyOf(m *machine) {
	if m.copied || m.gone || m.venue != nil || len(w.machines) > 16 {
		return
	}
	d, err := m.disk.Fork(func() bool { return true })
	if err != nil {
		w.fail("copy a disk: %v", err)
		return
	}
	w.stats.fault("device copied")
	w.note("%s is copied", m.label)
	m.naive = m.naive || w.one(3)
	c := &machine{unit: m.unit, w: w, label: m.label + "-copy", disk: d, random: source(w.seed, uint64(len(w.machines))+500),
		net: network{up: true, down: true}, hub: m.hub, copied: true, naive: w.coin()}
	m.copied = true
	w.machines = append(w.machines, c)
	w.after(w.between(1_000, 200_000), func() {
		c.up()
		c.act()
	})
	if w.coin() { // the old one is in a drawer
		w.after(w.between(0, 60_000), func() {
			m.down(true)
			m.gone = true
		})
	}
}

// steal has a device disappear for good.
func (w *World) steal(m *machine) {
	if m.gone || m.venue != nil || w.stats.Faults["device stolen"] > 1 || !w.one(3) {
		return
	}
	w.stats.fault("device stolen")
	w.note("%s is stolen", m.label)
	m.gone = true
	m.down(true)
}
