package handover

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

const leaseID = 1<<32 | 9

// lent makes a ticket that some device granted: serial 12 of a lease of 11 to 20.
func (w *world) lent(policy op.Policy, activity, station uint32) (string, id.Ticket) {
	w.Helper()
	device, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{9}, 32)))
	if err != nil {
		w.Fatal(err)
	}
	signed, err := ticket.Certify(w.key, ticket.Certificate{Deployment: deployment, Lease: leaseID, Device: device.Public(), Activity: activity, Policy: policy,
		Ranges: []ticket.Range{{From: 11, N: 10}}})
	if err != nil {
		w.Fatal(err)
	}
	c, err := ticket.OpenCertificate(seal.Ring(w.key.Public()), deployment, signed)
	if err != nil {
		w.Fatal(err)
	}
	t := id.LeaseTicket(leaseID, 12)
	code, err := ticket.SealLease(device, c, ticket.Ticket{ID: t, Seats: 2, Station: station})
	if err != nil {
		w.Fatal(err)
	}
	return code, t
}

func (w *world) void(v wire.VoidRow) {
	w.Helper()
	v.Lease = leaseID
	w.tell(wire.TableVoid, strconv.FormatUint(leaseID, 10), v)
}

// own makes the ticket one that this very device granted, with or without the server's answer.
func (w *world) own(code string, t id.Ticket, reported bool) {
	w.Helper()
	claim := op.Op{Kind: op.Claim, Ticket: t, Lease: leaseID, Outcome: op.Granted}
	if _, err := w.outbox.DoRows(claim, func(seq uint64) ([]local.Row, error) {
		body, err := wire.EncodeRow(wire.GrantRow{Ticket: t, Lease: leaseID, Seq: seq, Activity: "spa", Pool: "sets", Seats: 2, Code: code})
		return []local.Row{{Table: wire.TableGrant, ID: number(t), Body: body}}, err
	}); err != nil {
		w.Fatal(err)
	}
	if reported {
		w.answer()
	}
}

func TestTicketsFromALease(t *testing.T) {
	here, void := op.Hard, op.VoidUnreported
	for _, c := range []struct {
		name    string
		policy  op.Policy
		station uint32
		make    func(*world, string, id.Ticket)
		want    fault.Verdict
	}{
		{"never heard of", here, hqNumber, func(*world, string, id.Ticket) {}, fault.Valid},
		{"at another station", here, st1Number, func(*world, string, id.Ticket) {}, fault.WrongStation},
		{"bound nowhere, offline", here, 0, func(*world, string, id.Ticket) {}, fault.Provisional},
		{"bound nowhere, online", here, 0, func(w *world, _ string, _ id.Ticket) { w.status.Online = true }, fault.Valid},
		{"blocked", here, hqNumber, func(w *world, _ string, t id.Ticket) {
			w.tell(wire.TableTicket, number(t), wire.TicketRow{Ticket: t, Activity: "spa", Seats: 2, State: op.ClaimGranted, Station: "HQ", Blocked: true})
		}, fault.Blocked},
		{"void", here, hqNumber, func(w *world, _ string, _ id.Ticket) { w.void(wire.VoidRow{Taken: []op.Taken{{From: 12, N: 1}}}) }, fault.Revoked},
		{"its neighbours are void", here, hqNumber, func(w *world, _ string, _ id.Ticket) {
			w.void(wire.VoidRow{Taken: []op.Taken{{From: 11, N: 1}, {From: 13, N: 2}}})
		}, fault.Valid},
		{"holder is lost", here, hqNumber, func(w *world, _ string, _ id.Ticket) { w.void(wire.VoidRow{InDoubt: true}) }, fault.Blocked},
		{"holder is lost, reported before", here, hqNumber, func(w *world, _ string, t id.Ticket) {
			w.bound(t, op.ClaimGranted, 0)
			w.void(wire.VoidRow{InDoubt: true})
		}, fault.Valid},
		{"holder is called lost, and is this device", here, hqNumber, func(w *world, code string, t id.Ticket) {
			w.own(code, t, false)
			w.void(wire.VoidRow{InDoubt: true})
		}, fault.Valid},
		{"waits for the report", void, hqNumber, func(*world, string, id.Ticket) {}, fault.Provisional},
		{"waits for the report, online", void, hqNumber, func(w *world, _ string, _ id.Ticket) { w.status.Online = true }, fault.Provisional},
		{"was reported", void, hqNumber, func(w *world, _ string, t id.Ticket) { w.bound(t, op.ClaimGranted, 0) }, fault.Valid},
		{"own, not reported", void, hqNumber, func(w *world, code string, t id.Ticket) { w.own(code, t, false) }, fault.Provisional},
		{"own, reported", void, hqNumber, func(w *world, code string, t id.Ticket) { w.own(code, t, true) }, fault.Valid},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, memory.New())
			code, number := w.lent(c.policy, spaNumber, c.station)
			c.make(w, code, number)
			got, err := w.counter.Redeem(code, noon, Options{})
			if err != nil || got.Verdict != c.want || got.Ticket != number || got.Seats != 2 {
				t.Fatalf("%+v, %v, want %v", got, err, c.want)
			}
			if c.want == fault.Valid {
				if !got.Final {
					if got, err = w.counter.Confirm(got, fault.Valid); err != nil {
						t.Fatal(err)
					}
				}
				again, err := w.counter.Redeem(code, noon, Options{})
				if err != nil || again.Verdict != fault.AlreadyRedeemed {
					t.Errorf("the second scan: %+v, %v", again, err)
				}
			}
		})
	}
}

// TestTheServersCodeForALeaseTicket is the one that the member's phone shows after the report.
func TestTheServersCodeForALeaseTicket(t *testing.T) {
	w := newWorld(t, memory.New())
	w.void(wire.VoidRow{InDoubt: true})
	code := w.code(func(x *ticket.Ticket) { x.ID, x.Epoch = id.LeaseTicket(leaseID, 12), 0 })
	if got, err := w.counter.Redeem(code, noon, Options{}); err != nil || got.Verdict != fault.Valid {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestALeaseTicketGoesWithTheScan, for a server that may not know of its grant yet.
func TestALeaseTicketGoesWithTheScan(t *testing.T) {
	w := newWorld(t, memory.New())
	code, number := w.lent(op.Hard, spaNumber, hqNumber)
	raw, err := ticket.Bytes(code)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.counter.Redeem(" "+strings.ToLower(code)+"\r\n", noon, Options{}); err != nil {
		t.Fatal(err)
	}
	if o, _ := w.last(); !bytes.Equal(o.Shown, raw) {
		t.Errorf("the op shows %x, want %x", o.Shown, raw)
	}
	w.bound(number, op.ClaimGranted, 0)
	if _, err := w.counter.Redeem(code, noon, Options{}); err != nil {
		t.Fatal(err)
	}
	if o, _ := w.last(); len(o.Shown) != 0 {
		t.Errorf("the server knows of the ticket, and the op shows it: %x", o.Shown)
	}
}

func TestOwnGrantIsFoundInTheList(t *testing.T) {
	w := newWorld(t, memory.New())
	code, number := w.lent(op.Hard, spaNumber, hqNumber)
	if got, err := w.counter.RedeemTicket(number, noon, Options{}); err != nil || got.Verdict != fault.Unknown {
		t.Errorf("before the grant: %+v, %v", got, err)
	}
	w.own(code, number, false)
	if got, err := w.counter.RedeemTicket(number, noon, Options{}); err != nil || got.Verdict != fault.Valid || !got.Final {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := w.counter.Redeem(code, noon, Options{}); err != nil || got.Verdict != fault.AlreadyRedeemed {
		t.Errorf("by its code after that: %+v, %v", got, err)
	}
}

func TestDoorWithALeaseTicket(t *testing.T) {
	w := newWorld(t, memory.New())
	code, number := w.lent(op.Hard, diyNumber, 0)
	if got, err := w.counter.CheckIn(code, noon.Add(-2*60*60*1e9), Options{}); err != nil || got.Verdict != fault.Provisional {
		t.Errorf("granted elsewhere: %+v, %v", got, err)
	} else if !got.HandsOver() {
		t.Errorf("a provisional ticket opens no door: %+v", got)
	}
	if got, err := w.counter.CheckIn(code, noon.Add(-2*60*60*1e9), Options{}); err != nil || got.HandsOver() {
		t.Errorf("let in a second time: %+v, %v", got, err)
	}
	w = newWorld(t, memory.New())
	w.own(code, number, false)
	if got, err := w.counter.CheckIn(code, noon.Add(-2*60*60*1e9), Options{}); err != nil || got.Verdict != fault.Valid {
		t.Errorf("granted here: %+v, %v", got, err)
	}
}
