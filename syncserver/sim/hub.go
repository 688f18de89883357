package sim

import (
	"time"

	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/syncserver/hub"
	"yizhan/syncserver/session"
)

// venue is the program of a hub: scanners of its station talk to it over their LAN.
type venue struct {
	front
	m        *machine
	hub      *hub.Steps // nil while it is down
	stirring bool       // it is about to go on
	telling  bool       // it tells the server what it does not know yet
}

// crew are the devices of the station that has a hub.
func crew() []unit {
	all := []unit{{name: "hub-1", role: op.Hub, station: "s3"}}
	for _, name := range []id.Device{"scanner-1", "scanner-2", "scanner-3"} {
		all = append(all, unit{name: name, role: op.Staff, station: "s3", upstream: "hub-1"})
	}
	return all
}

func newVenue(m *machine) *venue {
	v := &venue{m: m}
	v.front = front{w: m.w, waits: v.stir, ends: m.look, open: func(send func([]byte) error) *session.Steps {
		if v.hub == nil {
			return nil
		}
		return v.hub.Session(send)
	}}
	return v
}

// start runs the program on what is in the store.
func (v *venue) start(store local.Store) (err error) {
	m := v.m
	v.tasks, v.stirring, v.telling = nil, false, false
	v.hub, err = hub.Step(hub.Config{Store: store, App: "sim", Zone: zone, Now: m.clock, Random: m.random, Log: quietly,
		Clock: func() time.Time { return time.UnixMilli(m.w.now) }, Boot: m.boot, Codec: m.w.lab.codec}, v.wait)
	if err != nil {
		v.hub = nil
		return err
	}
	m.link = v.hub.Link()
	return nil
}

// down ends the program.
func (v *venue) down() {
	v.hub = nil
	v.lost()
}

// stir plans that the hub goes on: whoever waits in it, what the server is to be told,
// and its sessions.
func (v *venue) stir() {
	if v.stirring || v.hub == nil {
		return
	}
	v.stirring = true
	v.soon(v.w.between(0, 5), func() {
		v.stirring = false
		v.poll()
		v.tell()
		v.pump()
		if v.m.look(); v.hub != nil && len(v.tasks) > 0 {
			v.soon(200, v.stir) // some wait for a time
		}
	})
}

// soon plans something for this run of the program.
func (v *venue) soon(ms int64, do func()) {
	h := v.hub
	v.w.after(ms, func() {
		if v.hub == h && h != nil {
			do()
		}
	})
}

// tell has the hub relay what the server does not have.
func (v *venue) tell() {
	h := v.hub
	if v.telling || h == nil || !h.Pending() || !h.Link().Status().Online {
		return
	}
	v.telling = true
	v.begin(func() {
		h.Relay()
		if v.hub != h {
			return
		}
		if v.telling = false; h.Pending() {
			v.soon(1000, v.stir)
		}
	})
}

// hubs are the machines that others talk to.
func (w *World) hubs() (all []*machine) {
	for _, m := range w.machines {
		if m.venue != nil {
			all = append(all, m)
		}
	}
	return all
}

// stations are those that may hand things over.
func (w *World) stations() []id.Station {
	if len(w.hubs()) == 0 {
		return []id.Station{"s1", "s2"}
	}
	return []id.Station{"s1", "s2", "s3", "s3"}
}
