package arbiter

import (
	"bytes"
	"fmt"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// maxKept bounds the bytes that the quarantine of one device may cost the
// journal: weeks of an honest kiosk, and an end to what a stolen one can write.
const maxKept = 8 << 20

// Why an op is in quarantine: Quarantined.Word. Of a device that may do nothing
// any more it is the reason of DeviceGone.
const (
	keptForked     = "forked"
	keptUnreadable = "unreadable" // refused invalid, because this program cannot read it
	keptFull       = "quarantine_full"
)

// keptOp is one op in quarantine.
type keptOp struct {
	device   id.Device
	accepted bool
}

// Quarantine closes a device whose history forked: what it sends from now on is
// kept for staff and never decided.
func (s *State) Quarantine(d id.Device, why string, now int64) ([]op.Entry, error) {
	r := &run{s: s, at: max(now, s.now)}
	r.emit(op.Entry{Kind: op.DeviceGone, Device: d, Reason: why})
	r.emit(op.Entry{Kind: op.IncidentMade, Device: d, Word: why})
	if r.err != nil {
		return nil, fmt.Errorf("%w: quarantine device %s: %w", ErrBroken, d, r.err)
	}
	return r.entries, nil
}

// Keep takes an op of a gone device into quarantine. One that is there already,
// or that was decided before the device was closed, adds nothing. Two branches of
// a forked history differ in their hashes: both are kept.
func (s *State) Keep(entries []op.Entry, from op.Origin, now int64) ([]op.Entry, error) {
	r := &run{s: s, from: from, at: max(now, s.now), entries: entries}
	d := s.device(from.Device)
	if d == nil || d.gone == "" {
		return entries, fmt.Errorf("%w: keep op %d of device %q, which is not closed", ErrBroken, from.Seq, from.Device)
	}
	if i := from.Seq - d.first; from.Seq >= d.first && from.Seq <= d.last && d.results[i].hash == from.Hash {
		return entries, nil
	}
	r.keep(d, d.gone)
	if r.err != nil {
		return entries, fmt.Errorf("%w: keep op %d of device %s: %w", ErrBroken, from.Seq, from.Device, r.err)
	}
	return r.entries, nil
}

// keep notes the bytes of the op that is being decided.
func (r *run) keep(d *device, why string) {
	_, there := d.kept[r.from.Hash]
	switch {
	case there:
	case d.keptBytes+len(r.from.Raw) > maxKept:
		if !d.keptAll {
			r.emit(op.Entry{Kind: op.IncidentMade, Device: d.Device, Word: keptFull})
		}
	default:
		r.emit(op.Entry{Kind: op.Quarantined, Device: d.Device, Word: why,
			Kept: &op.Kept{Seq: r.from.Seq, Hash: bytes.Clone(r.from.Hash[:]), Bytes: bytes.Clone(r.from.Raw)}})
	}
}

// unreadable refuses an op, so that it never blocks those behind it. What this
// program could not read is kept for one that can.
func (r *run) unreadable(keep bool) {
	r.refuse(fault.Invalid)
	if d := r.s.device(r.from.Device); keep && len(r.from.Raw) > 0 && d != nil && r.err == nil {
		r.keep(d, keptUnreadable)
	}
}

func (s *State) applyQuarantined(e *op.Entry) error {
	d := s.devices[e.Device]
	if d == nil || e.Kept == nil || len(e.Kept.Hash) != len(op.Hash{}) {
		return fmt.Errorf("it keeps nothing of device %q", e.Device)
	}
	if d.kept == nil {
		d.kept = map[op.Hash]struct{}{}
	}
	d.kept[op.Hash(e.Kept.Hash)] = struct{}{}
	d.keptBytes += len(e.Kept.Bytes)
	s.kept[e.Seq] = &keptOp{device: e.Device}
	return nil
}

// accept records after all what a gone device did where it was the authority. Its
// facts are judged as if they were reported now: the first journalled hand-over
// counts, and whatever does not fit is an incident. Requests are not taken up
// again: their member can ask anew.
func (r *run) accept(o *op.Op) error {
	if o.Kept == nil {
		return refusal("no op of the quarantine is named")
	}
	k := r.s.kept[o.Kept.Seq]
	switch {
	case k == nil:
		return refusal("there is no op %d in quarantine", o.Kept.Seq)
	case k.accepted:
		return refusal("op %d of the quarantine was accepted before", o.Kept.Seq)
	}
	from := op.Origin{Device: k.device}
	did, err := op.Decode(o.Kept.Bytes)
	if err != nil {
		return refusal("op %d of the quarantine cannot be read: %v", o.Kept.Seq, err)
	}
	clean, ok, err := guard(&did, from)
	if err != nil || !ok || !happened(clean) {
		return refusal("op %d of the quarantine is a request and no hand-over; who needs it can ask again", o.Kept.Seq)
	}
	r.from = from
	if err := r.execute(clean); err != nil {
		return err
	}
	r.emit(op.Entry{Kind: op.Done, Device: k.device, Kept: &op.Kept{Seq: o.Kept.Seq}})
	return nil
}

// happened reports whether an op says what a device did where it was the
// authority, not what somebody asks for.
func happened(o *op.Op) bool {
	switch o.Kind {
	case op.Redeem, op.CheckIn:
		return o.Verdict != fault.NoVerdict
	case op.Claim:
		return o.Lease != 0
	}
	return false
}

func (s *State) applyAccepted(e *op.Entry) error {
	if e.Kept == nil {
		return nil
	}
	k := s.kept[e.Kept.Seq]
	if k == nil {
		return fmt.Errorf("there is no op %d in quarantine", e.Kept.Seq)
	}
	k.accepted = true
	return nil
}

// wiped records the receipt of a device that erased itself; the first one counts.
func (r *run) wiped(d *device, receipt *op.Kept) error {
	switch {
	case d.gone == "":
		return refusal("device %s is in use; revoke it first", d.Device)
	case !d.wiped:
		r.emit(op.Entry{Kind: op.Wiped, Device: d.Device, Kept: &op.Kept{Bytes: receipt.Bytes}})
	}
	return nil
}
