package sim

import (
	"context"
	"errors"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local/disk"
	"yizhan/core/op"
	"yizhan/syncserver/server"
)

// newcomer gives a member a phone while the world goes on. The server may go back to
// how it was before, and then does not know the phone: it is enrolled as who it was.
func (w *World) newcomer() {
	if w.joined || w.host.server == nil || w.host.server.Writing() {
		return
	}
	d, err := disk.New()
	if err != nil {
		w.fail("make a disk: %v", err)
		return
	}
	w.joined = true
	w.stats.fault("phone enrolled behind a backup")
	w.host.save()
	d.Plan(w.defect.plan(nil))
	m := &machine{unit: unit{name: "phone-5", role: op.Phone, member: memberID(phones)}, w: w, label: "phone-5", disk: d, fresh: true,
		random: source(w.seed, 900), net: network{up: true, down: true}}
	w.machines = append(w.machines, m)
	m.up()
	w.after(w.between(1000, 20_000), m.act)
	w.after(w.between(5_000, 90_000), func() {
		if !w.calm {
			w.host.restore(w.one(3))
		}
	})
}

// stranger reports whether the device has to hand in a code before the server knows it.
func (m *machine) stranger() bool { return m.fresh || m.unknown && m.link.Forgotten() }

// enrol hands in a one-use code, which staff make anew where none is left. It waits in
// a task of the server's for each frame, because the device reads them in one go.
func (m *machine) enrol(c *conn) {
	device, h := m.link, &m.w.host.front
	m.steps, m.inbox = nil, nil
	m.w.after(30_000, func() {
		if m.conn == c && m.steps == nil {
			m.hangUp(nil)
		}
	})
	h.begin(func() {
		who, err := device.StepEnrol(m.code, c.toServer, func() ([]byte, error) {
			h.wait(func() bool { return m.conn != c || len(m.inbox) > 0 })
			if m.conn != c || len(m.inbox) == 0 {
				return nil, errBroken
			}
			next := m.inbox[0]
			m.inbox = m.inbox[1:]
			return next, nil
		})
		if m.conn == c {
			m.enrolled(who.Device, err)
		}
	})
	m.look()
}

// enrolled follows the answer to a code.
func (m *machine) enrolled(name id.Device, err error) {
	m.w.note("%s is enrolled as %s: %v", m.label, name, said(err))
	m.unknown = false // it tries without a code first: an answer may have been lost
	var f *fault.Error
	switch {
	case err == nil && name != m.name:
		m.w.fail("%s is enrolled as %s", m.label, name)
	case err == nil:
		if m.code = ""; !m.fresh {
			m.w.stats.fault("forgotten phone enrolled again")
		}
		m.fresh = false
	case errors.As(err, &f) && f.Kind == fault.CodeUsed && m.fresh: // and closed since
		m.closed = true
	case errors.As(err, &f) && (f.Kind == fault.CodeUnknown || f.Kind == fault.CodeUsed):
		m.code = ""
	}
	m.hangUp(nil)
}

// invite has staff make a code for a device.
func (m *machine) invite() {
	if m.w.host.server != nil && !m.w.knows(m.member) {
		m.closed = true // there is nobody any more whose phone it is
		return
	}
	e := op.Enrolment{Role: m.role, Member: m.member}
	if m.fresh {
		e.Device = m.name
	}
	m.w.host.do("offer a code for "+m.label, func(s *server.Steps) error {
		offered, err := s.Offer(context.Background(), e, time.Hour)
		if err == nil {
			m.code = offered.Code
		}
		return err
	})
}
