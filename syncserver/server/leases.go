package server

import (
	"context"
	"fmt"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
)

// Lent says what a device may grant by itself now. Seats 0 means that nothing was
// left, and that there is no lease.
type Lent struct {
	Lease   uint64    `json:"lease,omitempty"`
	Seats   int       `json:"seats"`
	Expires time.Time `json:"expires"`
}

// Lend gives a device seats to grant by itself. Of the lease it reads what was
// asked: Device, Activity, Pool, Seats, Policy, SetAside, Members, Org, Lasts and VoidAfter.
func (s *Server) Lend(ctx context.Context, l op.Lease) (Lent, error) {
	entries, err := s.seq.Do(ctx, op.Op{Kind: op.Lend, Lending: &l})
	if err != nil {
		return Lent{}, err
	}
	lent := Lent{Seats: op.ResultOf(&entries[len(entries)-1]).Seats}
	if e := entries[0]; e.Kind == op.Lent {
		lent.Lease, lent.Expires = e.Lease.ID, s.wall(e.Lease.Expires)
	}
	return lent, nil
}

// WriteOff gives up the seats that a device did not report: they are neither
// granted nor free, and a report that comes after all is honoured.
func (s *Server) WriteOff(ctx context.Context, d id.Device, a id.Activity) (op.Result, error) {
	return s.result(ctx, op.Op{Kind: op.WriteOff, Device: d, Activity: a})
}

// InTouch refuses, as an arbiter.Refusal, to write off what a device holds that is
// online and may still grant: it reports by itself. Ask it first wherever a person
// gives the word.
func (s *Server) InTouch(ctx context.Context, d id.Device, a id.Activity) error {
	all, err := s.Leases(ctx)
	for _, l := range all {
		if l.Device == d && l.Activity == a && l.Over == "" && l.Online {
			return arbiter.Refusal(fmt.Sprintf("device %s is online now and may still grant %s: have the seats given back on the device, or wait until %s, when it gives them back by itself; "+
				"revoke it if it is in wrong hands; with -force they are written off all the same", d, a, l.Expires.Format(time.DateTime)))
		}
	}
	return err
}

// VoidLease makes worthless what a device granted and did not report, and frees
// its seats. The lease must be over.
func (s *Server) VoidLease(ctx context.Context, d id.Device, a id.Activity) (op.Result, error) {
	return s.result(ctx, op.Op{Kind: op.VoidLease, Device: d, Activity: a})
}

// LeaseState is how one lease stands.
type LeaseState struct {
	Lease      uint64      `json:"lease"`
	Device     id.Device   `json:"device"`
	Activity   id.Activity `json:"activity"`
	Pool       id.Pool     `json:"pool"`
	SetAside   string      `json:"set_aside,omitempty"`
	Policy     string      `json:"policy"`         // hard, void
	Over       string      `json:"over,omitempty"` // expired, returned, written_off, void
	Lent       int         `json:"lent"`
	Used       int         `json:"used"` // reported
	Leased     int         `json:"leased"`
	InDoubt    int         `json:"in_doubt"`
	WrittenOff int         `json:"written_off"`
	Expires    time.Time   `json:"expires"`
	Online     bool        `json:"online"`
	Contact    time.Time   `json:"contact"` // newest sign of the device; zero if there is none
}

// policies are the words of commands.
var policies = map[op.Policy]string{op.Hard: "hard", op.VoidUnreported: "void"}

// Leases lists every lease, oldest first.
func (s *Server) Leases(ctx context.Context) ([]LeaseState, error) {
	devices, err := s.Devices(ctx)
	if err != nil {
		return nil, err
	}
	seen := make(map[id.Device]DeviceState, len(devices))
	for _, d := range devices {
		seen[d.Device] = d
	}
	var all []LeaseState
	err = s.seq.View(ctx, func(state *arbiter.State) {
		state.Leases(func(l arbiter.Lease) {
			d := seen[l.Device]
			all = append(all, LeaseState{Lease: l.ID, Device: l.Device, Activity: l.Activity, Pool: l.Pool, SetAside: l.SetAside, Policy: policies[l.Policy], Over: l.Over,
				Lent: l.Lent, Used: l.Used, Leased: l.Leased, InDoubt: l.InDoubt, WrittenOff: l.WrittenOff, Expires: s.wall(l.Expires), Online: d.Online, Contact: d.Contact})
		})
	})
	return all, err
}
