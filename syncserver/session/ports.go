// Package session is the server's end of one device: it authenticates a
// WebSocket, hands ops to the arbiter, and sends results, checkpoints and gauges
// back at the pace of the reader. A slow or hostile device costs itself only.
package session

import (
	"context"
	"time"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/stream"
)

// Info is what the arbiter knows about a device.
type Info struct {
	Enrolment op.Enrolment // with PublicKey
	Last      uint64       // last op of the device that was decided
	Hash      op.Hash      // chain hash after it
	Gone      bool         // revoked, or quarantined after a fork
	Epoch     int          // of the server: larger after each restore
}

// Arbiter decides. It is safe for concurrent use.
type Arbiter interface {
	// Device finds an enrolled device.
	Device(d id.Device) (Info, bool)
	// Head is the newest durable Seq of the journal.
	Head() uint64
	// Submit decides a run of ops in their order and gives their results and receipts
	// once they are durable; results of ops that were decided before are the stored
	// ones. An op that cannot be decoded is a result (invalid), so that it never
	// blocks those behind it. An error is a *fault.Error (Busy, Gap, Fork,
	// RevokedDevice, Frozen, StorageFull, ShuttingDown) that ended the run: the results of the
	// ops before it are given with it, the others were not decided.
	Submit(ctx context.Context, from id.Device, ops wire.Ops) (wire.Results, error)
	// Keep takes ops of a device that is gone into quarantine, durably when it
	// returns; those that are there, or were decided before it was closed, add nothing.
	Keep(ctx context.Context, from id.Device, ops wire.Ops) error
	// Relay takes what a hub hands on of a device that has it as its upstream. What was
	// not done is said in the answer.
	Relay(ctx context.Context, hub id.Device, m wire.Relay) wire.Relayed
	// Ask answers a question of a device. What it may not know is said in the answer.
	Ask(ctx context.Context, from op.Enrolment, m wire.Ask) wire.Told
	// Wiped records the receipt of a gone device, whose signature was checked.
	Wiped(ctx context.Context, receipt wire.Wiped) error
	// Enrol uses up a one-use code. The same code with the same public key answers
	// the same again, because the first answer may have been lost; with another key
	// it is a *fault.Error of kind CodeUsed, an unknown or late one CodeUnknown.
	Enrol(ctx context.Context, code string, publicKey []byte, former *wire.Enrolled) (op.Enrolment, error)
	// Meet hears what a device remembers. A *fault.Error of kind Frozen means that it
	// proves that the server has lost what it had answered.
	Meet(d id.Device, known wire.Known) error
	// Online hears that a device has come; its ops and Sends follow.
	Online(d id.Device)
	// Gauge gives the counts of an activity now; Time may be left 0.
	Gauge(a id.Activity) (wire.Gauge, bool)
}

// Feed is what devices hold, as the ledger projects it. It is safe for
// concurrent use; no method waits for a device.
type Feed interface {
	// View calls fn with the feed at one moment, or one after the other with several
	// until one can answer; fn must not wait for a device.
	View(fn func(stream.View) error) error
	// Applied is the Seq up to which the ledger is projected.
	Applied() uint64
	// Subscribe has changed called, which never blocks, after a row of these scopes
	// changed and can be read in a View.
	Subscribe(scopes []string, changed func()) (cancel func())
}

// Signer signs tickets. The same row always gives the same text.
type Signer interface {
	// Code is the text of the ticket's QR, for a claim that is granted or redeemed.
	Code(row wire.ClaimRow) (string, error)
	// Certify fills in what a device needs to grant from a lease of its own.
	Certify(row *wire.LeaseRow) error
	// Pass is the word that a phone is its member's, or a device one of staff
	// (core/membercode), at now.
	Pass(phone op.Enrolment, now time.Time) ([]byte, error)
	// Guests fills in who claims on the check-in list are of.
	Guests(rows []*wire.GuestRow) error
	// Personals fills in what the counter that hands tickets over may show of their holders.
	Personals(rows []*wire.TicketRow) error
}

// Scopes are the parts of the ledger that a device holds: what it needs for its
// role and place, and nothing else.
func Scopes(e op.Enrolment) []string {
	scopes := []string{"public", "fleet"}
	switch e.Role {
	case op.Phone:
		if e.Member != "" {
			scopes = append(scopes, "member/"+string(e.Member))
		}
	case op.Kiosk, op.Staff, op.Hub:
		scopes = append(scopes, "scan", "lease/"+string(e.Device))
		if e.Station != "" {
			scopes = append(scopes, "station/"+string(e.Station), "door")
		}
		if e.Station != "" && e.Role != op.Kiosk { // a hub for its staff
			scopes = append(scopes, "guests")
		}
	}
	if e.Role == op.Hub {
		scopes = append(scopes, "hub/"+string(e.Device))
	}
	switch {
	case e.Role == op.Staff && e.Org != "":
		scopes = append(scopes, "org/"+string(e.Org))
	case e.Role == op.Staff:
		scopes = append(scopes, "staff") // they act for everybody
	}
	return scopes
}
