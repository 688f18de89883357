// Package handover decides whether a scanned ticket is handed over or lets its
// holder in, and keeps the record of it on the device. Verdict is the only place
// where that is decided: kiosk, staff phone, console and server call it with
// what each of them knows. It imports seal to open codes, and activity and
// schedule for the windows: reading those a second time here would let the two
// readings drift apart.
package handover

import (
	"time"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/schedule"
)

// Code is what opening the scanned code gave.
type Code uint8

// What opening a code can give. An altered code is not ours, whoever signed it.
const (
	CodeGood      Code = iota // ours and unaltered, or a record that staff picked from a list
	CodeNotTicket             // a web link, an empty scan
	CodeAltered               // was a ticket before it was altered or damaged
	CodeForeign               // signed by another union's server or an unknown key
)

// Binding says whose right it is to hand the ticket over.
type Binding uint8

// Bindings.
const (
	Unbound   Binding = iota // no place alone: only the server knows all hand-overs
	BoundHere                // to this place, and this device hands over here
	BoundElsewhere
)

// Facts is all that a verdict depends on. The zero value of a field is what
// holds where the deciding side knows nothing about it.
type Facts struct {
	Code          Code
	DeviceRevoked bool
	Missing       bool // the deciding side holds every ticket in question and has none of this number
	Activity      bool // the ticket's activity is known
	OtherActivity bool // the desk is set to another activity or session
	Epoch, Newest int  // of the code, and of the newest record
	Binding       Binding
	State         op.ClaimState // ClaimNone where there is no record
	Used          bool          // handed over, or inside, by this device's own memory or the record
	Left          bool          // of a door: has been inside and went out, and may not come back
	GivenUp       bool          // this device let go of the ticket under this epoch
	Void          bool          // granted from a lease and not reported in time
	Unreported    bool          // granted from a lease whose tickets count once the server knows of them, and it may not
	Blocked       bool
	ClockDoubt    bool            // this device's clock was set since it was last believed
	Instead       int64           // it may just as well be this time, Unix milliseconds; 0: it is Now
	Window        schedule.Window // of pickup, or of the session's door
	Hours         schedule.Hours  // of each day of Window
	Zone          *time.Location  // of Hours
	Now           int64           // Unix milliseconds
	Online        bool
}

// Verdict is the answer to a scan at a counter. Where several answers hold, the
// first of the frozen order is given (docs/SCENARIOS.md).
func Verdict(f Facts) fault.Verdict {
	place := f.Hours.Place(f.Window, f.Now, f.Zone)
	doubt := f.ClockDoubt || f.Instead != 0 && f.Hours.Place(f.Window, f.Instead, f.Zone) != place
	switch {
	case f.Code == CodeAltered, f.Code == CodeForeign:
		return fault.BadSignature
	case f.DeviceRevoked:
		return fault.VerdictDeviceRevoked
	case f.Code != CodeGood, f.Missing, !f.Activity:
		return fault.Unknown
	case f.OtherActivity:
		return fault.WrongActivity
	case f.Epoch < f.Newest, f.GivenUp, f.Void:
		return fault.Revoked
	case f.Binding == BoundElsewhere:
		return fault.WrongStation
	case f.State == op.ClaimCancelled, f.State == op.ClaimReturned:
		return fault.Cancelled
	case f.State == op.ClaimRedeemed, f.Used:
		return fault.AlreadyRedeemed
	case f.Left:
		return fault.ReEntryRefused
	case f.State == op.ClaimWaitlisted, f.State == op.ClaimEntered, f.State == op.ClaimNotDrawn:
		return fault.NotApproved
	case f.Blocked, f.State > op.ClaimReturned: // a state of a newer server: what it allows cannot be guessed
		return fault.Blocked
	case doubt && !f.Window.Zero(): // without a window nothing is judged by the clock
		return fault.ClockDoubt
	case f.State == op.ClaimLapsed:
		return fault.TooLate
	case place < 0:
		return fault.TooEarly
	case place > 0:
		return fault.TooLate
	case f.Binding == Unbound && !f.Online, f.Unreported:
		return fault.Provisional
	}
	return fault.Valid
}

// DoorVerdict is the answer to a scan at a session's door, in or out. Window is
// the door's, Used says that the holder is inside, Binding is not read. Tickets
// that were handed over enter as well. No rule keeps anybody in: whoever has a
// ticket of ours may leave.
func DoorVerdict(f Facts, out bool) fault.Verdict {
	f.Binding = BoundHere // whoever holds the check-in list lets in finally
	switch f.State {
	case op.ClaimNone:
		f.Binding = Unbound
	case op.ClaimRedeemed:
		f.State = op.ClaimGranted
	}
	if out {
		f.Used, f.Left, f.Blocked, f.Window = false, false, false, schedule.Window{}
		if f.State != op.ClaimNone {
			f.State = op.ClaimGranted
		}
	}
	return Verdict(f)
}

// Overridable reports whether a supervisor may hand over against a verdict. They
// may not where there is no ticket of ours to record, nor on a revoked device.
func Overridable(v fault.Verdict) bool {
	return v != fault.NoVerdict && v != fault.BadSignature && v != fault.Unknown && v != fault.VerdictDeviceRevoked
}
