package handover

import (
	"testing"
	"time"

	"yizhan/core/clock"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local/memory"
	"yizhan/core/op"
)

// machine is a world whose device has a clock that nobody can set.
type machine struct {
	*world
	boot  string
	since time.Duration
	day   int // of the next ticket
}

func newMachine(t testing.TB) *machine {
	m := &machine{world: newWorld(t, memory.New()), boot: "run-1", since: time.Hour}
	m.again()
	return m
}

// again starts the program anew over the same store.
func (m *machine) again() {
	m.restart(m.store)
	m.counter.cfg.Boot = func() (string, time.Duration) { return m.boot, m.since }
}

// scan hands over another bound ticket of the spa, whose window is 15 and 16 March, 9 to 16.
func (m *machine) scan(at time.Time) fault.Verdict {
	m.Helper()
	m.day++
	number := 200 + m.day
	m.bound(id.Ticket(number), op.ClaimGranted, 1)
	got, err := m.counter.RedeemTicket(id.Ticket(number), at, Options{})
	if err != nil {
		m.Fatal(err)
	}
	return got.Verdict
}

func (m *machine) wants(what string, at time.Time, want fault.Verdict) {
	m.Helper()
	if got := m.scan(at); got != want {
		m.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestClockSetForward(t *testing.T) {
	m := newMachine(t)
	eve := noon.Add(-24 * time.Hour)
	m.wants("the day before", eve, fault.TooEarly)
	m.since += time.Minute
	m.wants("set to the next day", eve.Add(24*time.Hour+time.Minute), fault.ClockDoubt)
	m.again()
	m.wants("and the program started again", eve.Add(24*time.Hour+time.Minute), fault.ClockDoubt)
	m.wants("set right", eve.Add(time.Minute), fault.TooEarly)
	m.wants("forward again", eve.Add(24*time.Hour), fault.ClockDoubt)
	if err := m.counter.ConfirmClock(); err != nil {
		t.Fatal(err)
	}
	m.wants("a person says that it is right", eve.Add(24*time.Hour), fault.Valid)
	m.since += time.Hour
	m.wants("and time goes on", eve.Add(25*time.Hour), fault.Valid)
	m.wants("until it is set again", eve.Add(time.Hour), fault.ClockDoubt)
}

// TestClockAfterAReboot: nobody knows how long the machine was off.
func TestClockAfterAReboot(t *testing.T) {
	m := newMachine(t)
	m.wants("before the window", noon.Add(-48*time.Hour), fault.TooEarly)
	m.boot, m.since = "run-2", time.Minute
	m.wants("two days later, says the clock", noon, fault.ClockDoubt)
	m.wants("three hours later, still early", noon.Add(-45*time.Hour), fault.TooEarly)
	m.boot, m.since = "run-3", time.Minute
	m.wants("two days later again", noon, fault.ClockDoubt)
	if err := m.counter.ConfirmClock(); err != nil {
		t.Fatal(err)
	}
	m.wants("confirmed", noon, fault.Valid)
}

// TestClockAgainstTheServers: a handshake tells what time it is, also to a counter
// that has never scanned.
func TestClockAgainstTheServers(t *testing.T) {
	m := newMachine(t)
	values, err := clock.WriteAnchor(clock.Anchor{Boot: m.boot, Since: m.since, Server: noon.Add(-24 * time.Hour).UnixMilli()})
	if err == nil {
		err = m.store.SetMeta(values)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.wants("set to the next day", noon, fault.ClockDoubt)
	if err := m.counter.ConfirmClock(); err != nil {
		t.Fatal(err)
	}
	m.wants("a person says that it is right", noon, fault.Valid)
	m.wants("the server's time", noon.Add(-24*time.Hour), fault.TooEarly)
	m.wants("the next day's again", noon, fault.ClockDoubt)
}
