package handover

import (
	"testing"

	"yizhan/core/fault"
	"yizhan/core/op"
)

// TestOfflineChecks is the verdict function over the cases of a check without a
// network. TestTwoGates plays the same ones through devices and an arbiter.
func TestOfflineChecks(t *testing.T) {
	in, out := DoorVerdict, func(f Facts, _ bool) fault.Verdict { return DoorVerdict(f, true) }
	counter := func(f Facts, _ bool) fault.Verdict { return Verdict(f) }
	for _, c := range []struct {
		name string
		by   func(Facts, bool) fault.Verdict
		make func(*Facts)
		want fault.Verdict
	}{
		{"valid", counter, func(*Facts) {}, fault.Valid},
		{"unknown", counter, func(f *Facts) { f.Code = CodeNotTicket }, fault.Unknown},
		{"unknown number", counter, func(f *Facts) { f.Missing = true }, fault.Unknown},
		{"cancelled", counter, func(f *Facts) { f.State = op.ClaimCancelled }, fault.Cancelled},
		{"blocked", counter, func(f *Facts) { f.Blocked = true }, fault.Blocked},
		{"1 s before the window", counter, func(f *Facts) { f.Now = f.Window.From - 1000 }, fault.TooEarly},
		{"at its beginning", counter, func(f *Facts) { f.Now = f.Window.From }, fault.Valid},
		{"1 s before its end", counter, func(f *Facts) { f.Now = f.Window.To - 1000 }, fault.Valid},
		{"1 s after its end", counter, func(f *Facts) { f.Now = f.Window.To + 1000 }, fault.TooLate},
		{"wrong activity", counter, func(f *Facts) { f.OtherActivity = true }, fault.WrongActivity},
		{"wrong station", counter, func(f *Facts) { f.Binding = BoundElsewhere }, fault.WrongStation},
		{"second scan", counter, func(f *Facts) { f.Used = true }, fault.AlreadyRedeemed},
		{"used at the counter, valid at the door", in, func(f *Facts) { f.State = op.ClaimRedeemed }, fault.Valid},
		{"entry", in, func(*Facts) {}, fault.Valid},
		{"second entry", in, func(f *Facts) { f.Used = true }, fault.AlreadyRedeemed},
		{"exit", out, func(f *Facts) { f.Used = true }, fault.Valid},
		{"entry after an exit", in, func(*Facts) {}, fault.Valid},
		{"re-entry forbidden", in, func(f *Facts) { f.Left = true }, fault.ReEntryRefused},
		{"re-entry forbidden, exit", out, func(f *Facts) { f.Used, f.Left = true, true }, fault.Valid},
		{"rule refuses the entry: closed", in, func(f *Facts) { f.Now = f.Window.To }, fault.TooLate},
		{"but not the exit", out, func(f *Facts) { f.Now = f.Window.To }, fault.Valid},
		{"rule refuses the entry: blocked", in, func(f *Facts) { f.Blocked = true }, fault.Blocked},
		{"but not the exit", out, func(f *Facts) { f.Blocked = true }, fault.Valid},
		{"rule refuses the entry: cancelled while inside", in, func(f *Facts) { f.State = op.ClaimCancelled }, fault.Cancelled},
		{"but not the exit", out, func(f *Facts) { f.State = op.ClaimCancelled }, fault.Valid},
		{"altered signature", counter, func(f *Facts) { f.Code = CodeAltered }, fault.BadSignature},
		{"altered signature, exit", out, func(f *Facts) { f.Code = CodeAltered }, fault.BadSignature},
		{"revoked", counter, func(f *Facts) { f.Epoch, f.Newest = 1, 2 }, fault.Revoked},
		{"revoked: given up", counter, func(f *Facts) { f.GivenUp = true }, fault.Revoked},
		{"revoked: on the list of void tickets", counter, func(f *Facts) { f.Void = true }, fault.Revoked},
		{"other deployment's key", counter, func(f *Facts) { f.Code = CodeForeign }, fault.BadSignature},
		{"nobody's authority, offline", counter, func(f *Facts) { f.Binding = Unbound }, fault.Provisional},
		{"nobody's authority, online", counter, func(f *Facts) { f.Binding, f.Online = Unbound, true }, fault.Valid},
		{"earlier entry, told late: outside since", in, func(f *Facts) { f.Used = false }, fault.Valid},
	} {
		f := good(t)
		c.make(&f)
		if v := c.by(f, false); v != c.want {
			t.Errorf("%s: %v, want %v", c.name, v, c.want)
		}
	}
}
