package handover

import (
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/schedule"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

func at(t testing.TB, wall string) int64 {
	t.Helper()
	parsed, err := time.ParseInLocation(schedule.Layout, wall, shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.UnixMilli()
}

// good is a ticket that is bound here, in its window, on a device without network.
func good(t testing.TB) Facts {
	t.Helper()
	return Facts{Activity: true, Binding: BoundHere, State: op.ClaimGranted, Zone: shanghai, Now: at(t, "2017-03-15T12:00:00"),
		Window: schedule.Window{From: at(t, "2017-03-15T00:00:00"), To: at(t, "2017-03-17T00:00:00")}}
}

// reasons lists every way to a verdict, in the frozen order of verdicts.
var reasons = []struct {
	verdict fault.Verdict
	name    string
	make    func(*Facts)
}{
	{fault.BadSignature, "altered code", func(f *Facts) { f.Code = CodeAltered }},
	{fault.BadSignature, "foreign code", func(f *Facts) { f.Code = CodeForeign }},
	{fault.VerdictDeviceRevoked, "device revoked", func(f *Facts) { f.DeviceRevoked = true }},
	{fault.Unknown, "not a ticket", func(f *Facts) { f.Code = CodeNotTicket }},
	{fault.Unknown, "no such ticket", func(f *Facts) { f.Missing = true }},
	{fault.Unknown, "no such activity", func(f *Facts) { f.Activity = false }},
	{fault.WrongActivity, "desk is set to another", func(f *Facts) { f.OtherActivity = true }},
	{fault.Revoked, "older epoch", func(f *Facts) { f.Epoch, f.Newest = 1, 2 }},
	{fault.Revoked, "void", func(f *Facts) { f.Void = true }},
	{fault.WrongStation, "bound elsewhere", func(f *Facts) { f.Binding = BoundElsewhere }},
	{fault.Cancelled, "cancelled", func(f *Facts) { f.State = op.ClaimCancelled }},
	{fault.Cancelled, "seat returned", func(f *Facts) { f.State = op.ClaimReturned }},
	{fault.AlreadyRedeemed, "redeemed in the record", func(f *Facts) { f.State = op.ClaimRedeemed }},
	{fault.AlreadyRedeemed, "redeemed here", func(f *Facts) { f.Used = true }},
	{fault.NotApproved, "waitlisted", func(f *Facts) { f.State = op.ClaimWaitlisted }},
	{fault.NotApproved, "entered", func(f *Facts) { f.State = op.ClaimEntered }},
	{fault.NotApproved, "not drawn", func(f *Facts) { f.State = op.ClaimNotDrawn }},
	{fault.Blocked, "blocked", func(f *Facts) { f.Blocked = true }},
	{fault.Blocked, "state of a newer server", func(f *Facts) { f.State = op.ClaimReturned + 1 }},
	{fault.ClockDoubt, "clock jumped back", func(f *Facts) { f.ClockDoubt = true }},
	{fault.TooEarly, "before the window", func(f *Facts) { f.Now = f.Window.From - 1 }},
	{fault.TooLate, "after the window", func(f *Facts) { f.Now = f.Window.To }},
	{fault.Provisional, "not reported", func(f *Facts) { f.Unreported = true }},
	{fault.Provisional, "unbound and offline", func(f *Facts) { f.Binding = Unbound }},
}

// sameField tells reasons that are two values of one fact, which cannot both hold.
func sameField(a, b string) bool {
	for _, group := range []map[string]bool{
		{"altered code": true, "foreign code": true, "not a ticket": true},
		{"cancelled": true, "seat returned": true, "redeemed in the record": true, "waitlisted": true, "entered": true, "not drawn": true, "state of a newer server": true},
		{"before the window": true, "after the window": true},
		{"bound elsewhere": true, "unbound and offline": true},
	} {
		if group[a] && group[b] {
			return true
		}
	}
	return false
}

// TestFirstReasonWins tries every reason alone and every pair of them.
func TestFirstReasonWins(t *testing.T) {
	if v := Verdict(good(t)); v != fault.Valid {
		t.Fatalf("nothing against it: %v", v)
	}
	pairs := 0
	for i, first := range reasons {
		f := good(t)
		first.make(&f)
		if v := Verdict(f); v != first.verdict {
			t.Errorf("%s: %v, want %v", first.name, v, first.verdict)
		}
		for _, second := range reasons[i+1:] {
			if sameField(first.name, second.name) {
				continue
			}
			f := good(t)
			second.make(&f)
			first.make(&f)
			if v := Verdict(f); v != first.verdict {
				t.Errorf("%s and %s: %v, want %v", first.name, second.name, v, first.verdict)
			}
			pairs++
		}
	}
	if pairs < 190 {
		t.Errorf("only %d pairs tried", pairs)
	}
}

func TestWindows(t *testing.T) {
	hours := schedule.Hours{From: 9 * 60, To: 16 * 60}
	for _, c := range []struct {
		now   string
		hours schedule.Hours
		want  fault.Verdict
	}{
		{"2017-03-14T23:59:59", schedule.Hours{}, fault.TooEarly},
		{"2017-03-15T00:00:00", schedule.Hours{}, fault.Valid},
		{"2017-03-16T23:59:59", schedule.Hours{}, fault.Valid},
		{"2017-03-17T00:00:00", schedule.Hours{}, fault.TooLate},
		{"2017-03-14T10:00:00", hours, fault.TooEarly},
		{"2017-03-15T08:59:59", hours, fault.TooEarly},
		{"2017-03-15T09:00:00", hours, fault.Valid},
		{"2017-03-15T15:59:59", hours, fault.Valid},
		{"2017-03-15T16:00:00", hours, fault.TooEarly}, // tomorrow there are hours again
		{"2017-03-16T08:00:00", hours, fault.TooEarly},
		{"2017-03-16T15:59:59", hours, fault.Valid},
		{"2017-03-16T16:00:00", hours, fault.TooLate}, // the last hours have passed
		{"2017-03-18T10:00:00", hours, fault.TooLate},
	} {
		f := good(t)
		f.Now, f.Hours = at(t, c.now), c.hours
		if v := Verdict(f); v != c.want {
			t.Errorf("%s with hours %v: %v, want %v", c.now, c.hours, v, c.want)
		}
	}
}

func TestSingleFacts(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(*Facts)
		want fault.Verdict
	}{
		{"no record: the signature names this place", func(f *Facts) { f.State = op.ClaimNone }, fault.Valid},
		{"a code newer than the record", func(f *Facts) { f.Epoch, f.Newest = 2, 1 }, fault.Valid},
		{"unbound and online", func(f *Facts) { f.Binding, f.Online = Unbound, true }, fault.Valid},
		{"no window", func(f *Facts) { f.Window = schedule.Window{} }, fault.Valid},
		{"clock doubt without a window", func(f *Facts) { f.Window, f.ClockDoubt = schedule.Window{}, true }, fault.Valid},
		{"lapsed, by a clock that is behind the server's", func(f *Facts) { f.State = op.ClaimLapsed }, fault.TooLate},
		{"lapsed and clock doubt", func(f *Facts) { f.State, f.ClockDoubt = op.ClaimLapsed, true }, fault.ClockDoubt},
	} {
		f := good(t)
		c.make(&f)
		if v := Verdict(f); v != c.want {
			t.Errorf("%s: %v, want %v", c.name, v, c.want)
		}
	}
}

func TestDoor(t *testing.T) {
	for _, c := range []struct {
		name string
		out  bool
		make func(*Facts)
		want fault.Verdict
	}{
		{"in", false, func(*Facts) {}, fault.Valid},
		{"in again", false, func(f *Facts) { f.Used = true }, fault.AlreadyRedeemed},
		{"out", true, func(f *Facts) { f.Used = true }, fault.Valid},
		{"out after the end", true, func(f *Facts) { f.Used, f.Now = true, f.Window.To+1 }, fault.Valid},
		{"out with a doubtful clock", true, func(f *Facts) { f.Used, f.ClockDoubt = true, true }, fault.Valid},
		{"out with an altered code", true, func(f *Facts) { f.Code = CodeAltered }, fault.BadSignature},
		{"ticket handed over before", false, func(f *Facts) { f.State = op.ClaimRedeemed }, fault.Valid},
		{"waiting", false, func(f *Facts) { f.State = op.ClaimWaitlisted }, fault.NotApproved},
		{"entered", false, func(f *Facts) { f.State = op.ClaimEntered }, fault.NotApproved},
		{"cancelled", false, func(f *Facts) { f.State = op.ClaimCancelled }, fault.Cancelled},
		{"before the door opens", false, func(f *Facts) { f.Now = f.Window.From - 1 }, fault.TooEarly},
		{"when it opens", false, func(f *Facts) { f.Now = f.Window.From }, fault.Valid},
		{"when it closes", false, func(f *Facts) { f.Now = f.Window.To }, fault.TooLate},
		{"another session", false, func(f *Facts) { f.OtherActivity = true }, fault.WrongActivity},
		{"station of pickup is elsewhere", false, func(f *Facts) { f.Binding = BoundElsewhere }, fault.Valid},
		{"not on the list, offline", false, func(f *Facts) { f.State = op.ClaimNone }, fault.Provisional},
		{"not on the list, online", false, func(f *Facts) { f.State, f.Online = op.ClaimNone, true }, fault.Valid},
	} {
		f := good(t)
		c.make(&f)
		if v := DoorVerdict(f, c.out); v != c.want {
			t.Errorf("%s: %v, want %v", c.name, v, c.want)
		}
	}
}

// TestTwoPossibleTimes holds that a doubtful clock asks a person only where it matters.
func TestTwoPossibleTimes(t *testing.T) {
	f := Facts{Activity: true, Binding: BoundHere, State: op.ClaimGranted, Window: schedule.Window{From: 100, To: 200}, Now: 150}
	for instead, want := range map[int64]fault.Verdict{0: fault.Valid, 120: fault.Valid, 99: fault.ClockDoubt, 200: fault.ClockDoubt} {
		f.Instead = instead
		if got := Verdict(f); got != want {
			t.Errorf("150 or %d: %v, want %v", instead, got, want)
		}
	}
	f.Instead, f.Window = 99, schedule.Window{}
	if got := Verdict(f); got != fault.Valid {
		t.Errorf("without a window: %v", got)
	}
}
