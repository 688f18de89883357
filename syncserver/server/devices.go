package server

import (
	"context"
	"fmt"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/syncserver/ledger"
)

// DeviceState is how one device stands.
type DeviceState struct {
	Device  id.Device  `json:"device"`
	Role    op.Role    `json:"role"`
	Station id.Station `json:"station,omitempty"`
	Member  id.Member  `json:"member,omitempty"`
	Org     id.Org     `json:"org,omitempty"`
	State   string     `json:"state"`            // in use, revoked, wiped
	Reason  string     `json:"reason,omitempty"` // why it is not in use
	Online  bool       `json:"online"`
	Contact time.Time  `json:"contact"` // newest sign of it that is known
	Ops     uint64     `json:"ops"`     // decided; what still waits on it only the device knows

	Supervisor bool `json:"supervisor,omitempty"` // it may hand over against a verdict
}

// wall is a moment in Unix milliseconds as the clocks of the deployment show it: the
// commands print it so, wherever they run.
func (s *Server) wall(ms int64) time.Time { return time.UnixMilli(ms).In(s.cfg.Zone) }

// Devices lists every device that ever enrolled.
func (s *Server) Devices(ctx context.Context) ([]DeviceState, error) {
	var all []DeviceState
	err := s.seq.View(ctx, func(state *arbiter.State) {
		state.Devices(func(d arbiter.Device) {
			v := DeviceState{Device: d.Device, Role: d.Role, Station: d.Station, Member: d.Member, Org: d.Org, State: "in use",
				Reason: d.Gone, Contact: s.wall(d.Seen), Ops: d.Last, Supervisor: d.Supervisor}
			switch {
			case d.Wiped:
				v.State = "wiped"
			case d.Gone != "":
				v.State = "revoked"
			}
			all = append(all, v)
		})
	})
	for i := range all {
		at, online := s.sessions.Contact(all[i].Device)
		all[i].Online = online
		if at.After(all[i].Contact) {
			all[i].Contact = s.wall(at.UnixMilli())
		}
	}
	return all, err
}

// KeptOp is one op in quarantine, as far as it can be read.
type KeptOp struct {
	Number   uint64    `json:"number"` // what Accept is given
	Device   id.Device `json:"device"`
	DevSeq   uint64    `json:"device_op"`
	Why      string    `json:"why"`
	Came     time.Time `json:"came"`
	Accepted bool      `json:"accepted"`
	Op       *op.Op    `json:"op,omitempty"` // nil where it cannot be read
	Bytes    int       `json:"bytes"`
}

// Quarantine lists what a device, or all for "", sent and what was not decided.
func (s *Server) Quarantine(ctx context.Context, d id.Device) ([]KeptOp, error) {
	books, err := s.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	all := []KeptOp{}
	err = books.Quarantine(d, func(k ledger.Kept) error {
		one := KeptOp{Number: k.Seq, Device: k.Device, DevSeq: k.Number, Why: k.Word, Came: s.wall(k.At), Accepted: k.Accepted != 0, Bytes: len(k.Bytes)}
		if o, err := op.Decode(k.Bytes); err == nil {
			one.Op = &o
		}
		all = append(all, one)
		return nil
	})
	return all, err
}

// Accept records a hand-over of the quarantine after all, and gives what became of it.
func (s *Server) Accept(ctx context.Context, number uint64) (op.Result, error) {
	books, err := s.Ledger(ctx)
	if err != nil {
		return op.Result{}, err
	}
	k, ok, err := books.Kept(number)
	switch {
	case err != nil:
		return op.Result{}, err
	case !ok:
		return op.Result{}, fmt.Errorf("there is no op %d in quarantine", number)
	}
	entries, err := s.seq.Do(ctx, op.Op{Kind: op.Accept, Kept: &op.Kept{Seq: number, Bytes: k.Bytes}})
	if err != nil || len(entries) == 0 {
		return op.Result{}, err
	}
	return op.ResultOf(&entries[0]), nil
}
