package arbiter

import (
	"bytes"
	"fmt"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// offer makes a one-use code known.
func (r *run) offer(o *op.Op) error {
	n := o.Enrolment
	switch {
	case n == nil || len(n.CodeHash) == 0 || n.Device == "":
		return refusal("the offer names no code and device")
	case r.s.devices[n.Device] != nil:
		return refusal("device %s exists already", n.Device)
	case r.s.codes[string(n.CodeHash)] != nil:
		return refusal("the code for device %s was offered before", n.Device)
	}
	if err := named("device", n.Device); err != nil {
		return err
	}
	switch n.Role {
	case op.Phone:
		if r.s.people[n.Member] == nil {
			return refusal("there is no member %q; import the roster first", n.Member)
		}
	case op.Kiosk, op.Hub:
		if r.s.stations[n.Station] == nil {
			return refusal("there is no station %q; import the stations first", n.Station)
		}
	case op.Staff:
		if n.Station != "" && r.s.stations[n.Station] == nil {
			return refusal("there is no station %q; import the stations first", n.Station)
		}
		if _, ok := r.s.orgs[n.Org]; n.Org != "" && !ok {
			return refusal("there is no organisation %q; import the roster first", n.Org)
		}
	default:
		return refusal("role %q is none of kiosk, staff, phone, hub", n.Role)
	}
	if n.Supervisor && n.Role != op.Kiosk && n.Role != op.Staff {
		return refusal("a %s hands nothing over; only kiosks and staff devices may be a supervisor's", n.Role)
	}
	if err := r.s.mayRelay(n); err != nil {
		return err
	}
	offered := *n
	offered.PublicKey = nil // the device brings it
	r.emit(op.Entry{Kind: op.Offered, Enrolment: &offered, By: o.EnteredBy})
	return nil
}

// mayRelay checks the hub that a new device is to talk to.
func (s *State) mayRelay(n *op.Enrolment) error {
	hub := s.devices[n.Upstream]
	switch {
	case n.Upstream == "":
		return nil
	case n.Role != op.Kiosk && n.Role != op.Staff:
		return refusal("a %s talks to the server itself; only kiosks and staff devices may have a hub", n.Role)
	case hub == nil || hub.Role != op.Hub:
		return refusal("there is no hub %q; enrol it first", n.Upstream)
	case hub.gone != "":
		return refusal("hub %s is %s", n.Upstream, hub.gone)
	case n.Station != hub.Station:
		return refusal("hub %s stands at station %s and decides for that place only", n.Upstream, hub.Station)
	}
	return nil
}

// enrol uses a code, once. The same device asking again with the same key gets
// the same answer: its first answer may have been lost on the way.
func (r *run) enrol(o *op.Op) error {
	if o.Enrolment == nil || len(o.Enrolment.PublicKey) == 0 {
		return refusal("the enrolment names no key")
	}
	n := r.s.codes[string(o.Enrolment.CodeHash)]
	if n == nil {
		return fault.Errorf(fault.CodeUnknown, "no such code was offered")
	}
	if n.Upstream != o.Device {
		return fault.Errorf(fault.CodeUnknown, "device %s is to be enrolled at its hub %q", n.Device, n.Upstream)
	}
	if d := r.s.devices[n.Device]; d != nil {
		if bytes.Equal(d.PublicKey, o.Enrolment.PublicKey) && d.gone == "" {
			return nil
		}
		return fault.Errorf(fault.CodeUsed, "the code of device %s was used before", n.Device)
	}
	if n.Expires != 0 && r.at >= n.Expires {
		return fault.Errorf(fault.CodeUnknown, "the code of device %s is over its time", n.Device)
	}
	used := *n
	used.PublicKey = o.Enrolment.PublicKey
	if o.Enrolment.Device != "" {
		if err := r.s.mayReturn(n, o.Enrolment); err != nil {
			return err
		}
		used.Device = o.Enrolment.Device
	}
	if old := r.s.phones[n.Member]; n.Role == op.Phone && old != "" {
		r.emit(op.Entry{Kind: op.DeviceGone, Device: old, Reason: "replaced"})
	}
	r.emit(op.Entry{Kind: op.Enrolled, Enrolment: &used})
	return nil
}

// mayReturn says what forbids a device to be again who it says it was. A server that was
// rolled back without a word takes it too: nobody else may be there who can show it that.
func (s *State) mayReturn(offer, former *op.Enrolment) error {
	switch {
	case s.devices[former.Device] != nil || id.Check(string(former.Device)) != nil:
		return fault.Errorf(fault.CodeUnknown, "device %q was not forgotten by this server; it needs no new code, or a new data directory", former.Device)
	case former.Role != offer.Role || former.Member != offer.Member || former.Upstream != offer.Upstream:
		return fault.Errorf(fault.CodeUnknown, "the code is for a %s of %q behind hub %q, device %s was a %s of %q behind hub %q; make one that fits",
			offer.Role, offer.Member, offer.Upstream, former.Device, former.Role, former.Member, former.Upstream)
	}
	return nil
}

func (s *State) applyEnrolled(e *op.Entry) {
	n := e.Enrolment
	if code := s.codes[string(n.CodeHash)]; code != nil && code.Device != n.Device {
		s.codes[string(n.CodeHash)] = n // the code was for a new device, and an old one is back
	}
	d := &device{Enrolment: *n, first: 1, seen: e.At}
	s.devices[n.Device], s.recent = d, nil
	if n.Role == op.Phone {
		d.Role = op.Phone // the same texts, which lie in memory once
		if p := s.people[n.Member]; p != nil {
			d.owner, d.Member = p, p.ID
		}
		s.phones[d.Member] = n.Device
	}
	if p := s.stations[n.Station]; p != nil && p.authority == "" && n.Role != op.Phone && n.Upstream == "" {
		p.authority = n.Device
	}
}

// revoke ends a device, and records the receipt that it is wiped.
func (r *run) revoke(o *op.Op) error {
	d := r.s.devices[o.Device]
	if d == nil {
		return refusal("there is no device %q; find its id with: syncserver devices", o.Device)
	}
	if o.Kept != nil {
		return r.wiped(d, o.Kept)
	}
	if d.gone == "" {
		r.emit(op.Entry{Kind: op.DeviceGone, Device: o.Device, Reason: "revoked"})
	}
	return nil
}

// applyDeviceGone keeps a gone device as the authority of its station: tickets
// bound there stay in doubt until staff name a new one, because it may have
// handed some of them over.
func (s *State) applyDeviceGone(e *op.Entry) error {
	d := s.devices[e.Device]
	if d == nil {
		return fmt.Errorf("there is no device %q", e.Device)
	}
	d.gone = e.Reason
	if s.phones[d.Member] == e.Device {
		delete(s.phones, d.Member)
	}
	for _, name := range sorted(s.activities) {
		for _, l := range s.activities[name].leases {
			if l.Device != e.Device || l.Over != "" {
				continue
			}
			if err := l.act.book.End(&l.Lease, op.LeaseExpired, nil, quota.InDoubt); err != nil {
				return err
			}
		}
	}
	return nil
}

// Device gives a device's enrolment and the end of its op chain.
type Device struct {
	op.Enrolment
	Last  uint64
	Chain op.Hash
	Gone  string // empty while it is in use
	Wiped bool   // it has erased itself, and signed that
	Seen  int64  // server time of its enrolment or its last op, Unix milliseconds
}
