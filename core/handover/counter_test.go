package handover

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

func TestRedeem(t *testing.T) {
	other, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{2}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want fault.Verdict
		make func(w *world, o *Options, now *time.Time) (code string)
	}{
		{"bound here, not heard of", fault.Valid, func(w *world, _ *Options, _ *time.Time) string { return w.code(nil) }},
		{"bound here, on the list", fault.Valid, func(w *world, _ *Options, _ *time.Time) string {
			w.bound(100, op.ClaimGranted, 1)
			return w.code(nil)
		}},
		{"typed by a scanner", fault.Valid, func(w *world, _ *Options, _ *time.Time) string { return strings.ToLower(w.code(nil)) + "\r\n" }},
		{"desk set to it", fault.Valid, func(w *world, o *Options, _ *time.Time) string { o.Activity = "spa"; return w.code(nil) }},
		{"unbound, offline", fault.Provisional, func(w *world, _ *Options, _ *time.Time) string {
			return w.code(func(x *ticket.Ticket) { x.Station = 0 })
		}},
		{"unbound, online", fault.Valid, func(w *world, _ *Options, _ *time.Time) string {
			w.status.Online = true
			return w.code(func(x *ticket.Ticket) { x.Station = 0 })
		}},
		{"record older than the code", fault.Valid, func(w *world, _ *Options, _ *time.Time) string {
			w.bound(100, op.ClaimCancelled, 0)
			return w.code(nil)
		}},
		{"web link", fault.Unknown, func(*world, *Options, *time.Time) string { return "https://example.org/t/1" }},
		{"empty scan", fault.Unknown, func(*world, *Options, *time.Time) string { return "\r\n" }},
		{"altered", fault.BadSignature, func(w *world, _ *Options, _ *time.Time) string {
			code := w.code(nil)
			return code[:len(code)-1] + map[bool]string{true: "A", false: "Q"}[code[len(code)-1] != 'A']
		}},
		{"unknown key", fault.BadSignature, func(w *world, _ *Options, _ *time.Time) string { w.key = other; return w.code(nil) }},
		{"another deployment", fault.BadSignature, func(w *world, _ *Options, _ *time.Time) string {
			return w.code(func(x *ticket.Ticket) { x.Deployment++ })
		}},
		{"device revoked", fault.VerdictDeviceRevoked, func(w *world, _ *Options, _ *time.Time) string { w.status.Revoked = true; return w.code(nil) }},
		{"activity not heard of", fault.Unknown, func(w *world, _ *Options, _ *time.Time) string {
			return w.code(func(x *ticket.Ticket) { x.Activity = 99 })
		}},
		{"desk set to another", fault.WrongActivity, func(w *world, o *Options, _ *time.Time) string { o.Activity = "diy"; return w.code(nil) }},
		{"older epoch", fault.Revoked, func(w *world, _ *Options, _ *time.Time) string {
			w.bound(100, op.ClaimGranted, 2)
			return w.code(nil)
		}},
		{"bound to another place", fault.WrongStation, func(w *world, _ *Options, _ *time.Time) string {
			return w.code(func(x *ticket.Ticket) { x.Station = st1Number })
		}},
		{"bound to a place not heard of", fault.WrongStation, func(w *world, _ *Options, _ *time.Time) string {
			return w.code(func(x *ticket.Ticket) { x.Station = 99 })
		}},
		{"another device hands over here", fault.WrongStation, func(w *world, _ *Options, _ *time.Time) string {
			w.tell(wire.TableStation, "HQ", wire.StationRow{ID: "HQ", Number: hqNumber, Authority: "HUB"})
			return w.code(nil)
		}},
		{"cancelled", fault.Cancelled, func(w *world, _ *Options, _ *time.Time) string {
			w.bound(100, op.ClaimCancelled, 1)
			return w.code(nil)
		}},
		{"redeemed in the record", fault.AlreadyRedeemed, func(w *world, _ *Options, _ *time.Time) string {
			w.bound(100, op.ClaimRedeemed, 1)
			return w.code(nil)
		}},
		{"redeemed before it was moved", fault.AlreadyRedeemed, func(w *world, _ *Options, _ *time.Time) string {
			w.bound(100, op.ClaimRedeemed, 0)
			return w.code(nil)
		}},
		{"waiting", fault.NotApproved, func(w *world, _ *Options, _ *time.Time) string {
			w.bound(100, op.ClaimWaitlisted, 1)
			return w.code(nil)
		}},
		{"before the hours", fault.TooEarly, func(w *world, _ *Options, now *time.Time) string {
			*now = now.Add(-4 * time.Hour)
			return w.code(nil)
		}},
		{"after the last hours", fault.TooLate, func(w *world, _ *Options, now *time.Time) string {
			*now = now.Add(28 * time.Hour)
			return w.code(nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, memory.New())
			o, now := Options{By: "staff-1"}, noon
			code := c.make(w, &o, &now)
			got, err := w.counter.Redeem(code, now, o)
			if err != nil || got.Verdict != c.want {
				t.Fatalf("%v, %v; want %v", got.Verdict, err, c.want)
			}
			sent, n := w.last()
			if n != 1 || got.Seq != 1 || sent.Kind != op.Redeem || sent.Verdict != c.want || sent.At != now.UnixMilli() || sent.EnteredBy != "staff-1" ||
				sent.Station != "HQ" || sent.Override || sent.Channel != op.ByKiosk {
				t.Errorf("%d ops, recorded %+v", n, sent)
			}
			handsOver := c.want == fault.Valid
			if got.HandsOver() != handsOver || got.Final == (c.name == "unbound, online") {
				t.Errorf("hands over: %v, final: %v", got.HandsOver(), got.Final)
			}
			if handsOver && (sent.Ticket != 100 || sent.Epoch != 1 || sent.Seats != 2 || sent.Activity != "spa" || sent.Pool != "sets" ||
				got.Seats != 2 || got.Title != "温泉套票") {
				t.Errorf("recorded %+v, shown %+v", sent, got)
			}
			if c.name == "unbound, online" {
				return // the server decides: see TestServerDecides
			}
			again, err := w.counter.Redeem(code, now, o)
			if want := map[bool]fault.Verdict{true: fault.AlreadyRedeemed, false: c.want}[handsOver]; err != nil || again.Verdict != want {
				t.Errorf("second scan: %v, %v; want %v", again.Verdict, err, want)
			}
			if handsOver && again.UsedAt != now.UnixMilli() {
				t.Errorf("second scan says it was handed over at %d", again.UsedAt)
			}
			if c.name == "bound to another place" && got.Station.Name != "卢桥爱心驿站" {
				t.Errorf("the right place is shown as %+v", got.Station)
			}
		})
	}
}

// TestScannedTextIsHarmless: what is kept of a strange code must not be a
// person's number, nor any part of a ticket's secret.
func TestScannedTextIsHarmless(t *testing.T) {
	w := newWorld(t, memory.New())
	broken := w.code(nil)[:150]
	for code, want := range map[string]string{
		"https://example.org/t/1234567": "https://example.",
		"999101199001011234":            "################",
		"张三 10012345678":                "?? ###########",
		"bad\x00\xff":                   "bad??",
		broken:                          strings.NewReplacer("0", "#", "1", "#", "2", "#", "3", "#", "4", "#", "5", "#", "6", "#", "7", "#", "8", "#", "9", "#").Replace(broken[:16]),
	} {
		if _, err := w.counter.Redeem(code, noon, Options{}); err != nil {
			t.Fatal(err)
		}
		if sent, _ := w.last(); sent.Scanned != want || sent.Ticket != 0 {
			t.Errorf("%q kept as %q, want %q", code, sent.Scanned, want)
		}
	}
	if _, err := w.counter.Redeem(w.code(nil), noon, Options{}); err != nil {
		t.Fatal(err)
	}
	if sent, _ := w.last(); sent.Scanned != "" {
		t.Errorf("a good ticket kept as %q", sent.Scanned)
	}
}

func TestOverride(t *testing.T) {
	w := newWorld(t, memory.New())
	code, early := w.code(nil), noon.Add(-4*time.Hour)
	o := Options{Override: true, Reason: "下夜班", By: "boss"}
	got, err := w.counter.Redeem(code, early, o)
	if err != nil || got.Verdict != fault.Valid || got.Overridden != fault.TooEarly {
		t.Fatalf("%+v, %v", got, err)
	}
	if sent, _ := w.last(); sent.Verdict != fault.TooEarly || !sent.Override || sent.Reason != "下夜班" {
		t.Errorf("recorded %+v", sent)
	}
	if got, err = w.counter.Redeem(code, noon, Options{}); err != nil || got.Verdict != fault.AlreadyRedeemed {
		t.Errorf("after the override: %v, %v", got.Verdict, err)
	}
	if got, err = w.counter.Redeem(w.code(func(x *ticket.Ticket) { x.ID = 101 }), noon, o); err != nil || got.Verdict != fault.Valid || got.Overridden != 0 {
		t.Errorf("nothing to override: %+v, %v", got, err)
	}
	if sent, _ := w.last(); sent.Override || sent.Reason != "" {
		t.Errorf("nothing to override, recorded %+v", sent)
	}
	for _, code := range []string{"https://example.org", code[:100], w.code(func(x *ticket.Ticket) { x.Activity = 99 })} {
		if got, err = w.counter.Redeem(code, noon, o); err != nil || got.HandsOver() || got.Overridden != 0 {
			t.Errorf("%q overridden: %+v, %v", code, got, err)
		}
	}
	w.status.Revoked = true
	if got, err = w.counter.Redeem(w.code(func(x *ticket.Ticket) { x.ID = 102 }), noon, o); err != nil || got.Verdict != fault.VerdictDeviceRevoked {
		t.Errorf("override on a revoked device: %+v, %v", got, err)
	}
}

func TestRedeemTicketFromTheList(t *testing.T) {
	w := newWorld(t, memory.New())
	w.bound(100, op.ClaimGranted, 1)
	w.tell(wire.TableTicket, "101", wire.TicketRow{Ticket: 101, Activity: "spa", Pool: "sets", Seats: 1, State: op.ClaimGranted, Station: "ST1"})
	for _, c := range []struct {
		ticket id.Ticket
		want   fault.Verdict
	}{{100, fault.Valid}, {100, fault.AlreadyRedeemed}, {101, fault.WrongStation}, {102, fault.Unknown}, {0, fault.Unknown}} {
		got, err := w.counter.RedeemTicket(c.ticket, noon, Options{})
		if err != nil || got.Verdict != c.want {
			t.Errorf("ticket %d: %v, %v; want %v", c.ticket, got.Verdict, err, c.want)
		}
	}
	if got, err := w.counter.Redeem(w.code(nil), noon, Options{}); err != nil || got.Verdict != fault.AlreadyRedeemed {
		t.Errorf("its code afterwards: %v, %v", got.Verdict, err)
	}
}

func TestCheckIn(t *testing.T) {
	w := newWorld(t, memory.New())
	morning := time.Date(2017, 3, 15, 9, 0, 0, 0, shanghai)
	w.door(100, op.ClaimGranted, false)
	w.door(101, op.ClaimWaitlisted, false)
	code := w.code(func(x *ticket.Ticket) { x.Activity, x.Station = diyNumber, 0 })
	step := func(name string, want fault.Verdict, scan func() (Outcome, error)) {
		t.Helper()
		got, err := scan()
		if err != nil || got.Verdict != want {
			t.Errorf("%s: %v, %v; want %v", name, got.Verdict, err, want)
		}
		if sent, _ := w.last(); sent.Kind == op.CheckIn && (sent.Verdict != want || sent.Ticket != got.Ticket && want != fault.Unknown) {
			t.Errorf("%s: recorded %+v", name, sent)
		}
	}
	in := func(at time.Time, o Options) func() (Outcome, error) {
		return func() (Outcome, error) { return w.counter.CheckIn(code, at, o) }
	}
	list := func(x id.Ticket, o Options) func() (Outcome, error) {
		return func() (Outcome, error) { return w.counter.CheckInTicket(x, morning, o) }
	}
	step("three hours before", fault.TooEarly, in(morning.Add(-2*time.Hour), Options{}))
	step("door of the other session", fault.WrongActivity, in(morning, Options{Activity: "diy", Pool: "pm"}))
	step("door of another activity", fault.WrongActivity, in(morning, Options{Activity: "spa"}))
	step("in", fault.Valid, in(morning, Options{Activity: "diy", Pool: "am"}))
	step("in again", fault.AlreadyRedeemed, in(morning, Options{}))
	step("in again by the list", fault.AlreadyRedeemed, list(100, Options{}))
	step("out", fault.Valid, in(morning, Options{Out: true}))
	step("in after out", fault.Valid, list(100, Options{}))
	step("waiting", fault.NotApproved, list(101, Options{}))
	step("not on the list", fault.Unknown, list(102, Options{}))
	step("not handed over without the server", fault.Provisional, func() (Outcome, error) { return w.counter.Redeem(code, morning, Options{}) })
	step("still inside", fault.AlreadyRedeemed, in(morning, Options{}))
	row, _ := wire.EncodeRow(wire.DoorRow{Ticket: 100, Activity: "diy", Pool: "am", Seats: 1, State: op.ClaimGranted, Inside: true})
	w.answer(local.Row{Table: wire.TableDoor, ID: "100", Seq: w.seq + 1, Body: row})
	step("inside, reported", fault.AlreadyRedeemed, in(morning, Options{}))
	w.answer()
	w.door(100, op.ClaimGranted, false) // left by another door
	step("in after out elsewhere", fault.Valid, in(morning, Options{}))
	w.door(100, op.ClaimGranted, false) // another change, made before the server heard of that
	step("in again, not reported", fault.AlreadyRedeemed, in(morning, Options{}))
	step("ten minutes before the end", fault.Valid, func() (Outcome, error) {
		return w.counter.CheckIn(code, morning.Add(110*time.Minute), Options{Out: true})
	})
	step("too late to go in", fault.TooLate, in(morning.Add(110*time.Minute), Options{}))
}

func TestClockDoubt(t *testing.T) {
	w := newWorld(t, memory.New())
	n := id.Ticket(200)
	redeem := func(at time.Time, want fault.Verdict) {
		t.Helper()
		n++
		got, err := w.counter.Redeem(w.code(func(x *ticket.Ticket) { x.ID = n }), at, Options{})
		if err != nil || got.Verdict != want {
			t.Errorf("at %v: %v, %v; want %v", at, got.Verdict, err, want)
		}
	}
	redeem(noon, fault.Valid)
	redeem(noon.Add(-2*time.Minute), fault.Valid)
	redeem(noon.Add(-2*time.Minute-time.Millisecond), fault.ClockDoubt) // small steps back do not add up
	redeem(noon.Add(-time.Hour), fault.ClockDoubt)
	w.restart(w.store.(*memory.Store).Reopen())
	redeem(noon.Add(-time.Hour), fault.ClockDoubt)
	if err := w.counter.ConfirmClock(); err != nil {
		t.Fatal(err)
	}
	redeem(noon.Add(-time.Hour), fault.Valid)
	redeem(noon.Add(-time.Hour), fault.Valid)
	redeem(noon.Add(-2*time.Hour), fault.ClockDoubt)
	redeem(noon, fault.Valid)
	if err := New(Config{Store: memory.New()}).ConfirmClock(); err != nil {
		t.Errorf("nothing seen yet: %v", err)
	}
}
