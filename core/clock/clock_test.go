package clock

import (
	"testing"
	"time"

	"yizhan/core/local/memory"
)

// TestOffset holds that a device which is started again knows the server's clock as
// well as before, whoever set its own meanwhile.
func TestOffset(t *testing.T) {
	store := memory.New()
	wall := time.UnixMilli(1_790_000_000_000)
	boot := func() (string, time.Duration) { return "run-1", time.Hour }
	if d, err := Offset(store, wall, boot); err != nil || d != 0 {
		t.Errorf("before the first session: %v, %v", d, err)
	}
	values, err := WriteAnchor(Anchor{Boot: "run-1", Since: 10 * time.Minute, Server: wall.Add(2 * time.Minute).UnixMilli(), Offset: 120_000})
	if err == nil {
		err = store.SetMeta(values)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		boot string
		wall time.Duration // since the session
		want time.Duration
	}{
		"the same run":             {"run-1", 50 * time.Minute, 2 * time.Minute},
		"its clock was set back":   {"run-1", -10 * time.Minute, 62 * time.Minute},
		"the machine began again":  {"run-2", 50 * time.Minute, 2 * time.Minute},
		"no clock that runs on is": {"", 50 * time.Minute, 2 * time.Minute},
	} {
		d, err := Offset(store, wall.Add(c.wall), func() (string, time.Duration) { return c.boot, time.Hour })
		if err != nil || d != c.want {
			t.Errorf("%s: %v, %v; want %v", name, d, err, c.want)
		}
	}
}

func TestServerTime(t *testing.T) {
	a := Anchor{Boot: "b1", Since: 5 * time.Second, Server: 1_000_000}
	for _, c := range []struct {
		name, boot string
		since      time.Duration
		want       int64
		ok         bool
	}{
		{"at once", "b1", 5 * time.Second, 1_000_000, true},
		{"an hour later", "b1", time.Hour + 5*time.Second, 4_600_000, true},
		{"after a reboot", "b2", time.Hour, 0, false},
		{"a clock that went back", "b1", 4 * time.Second, 0, false},
		{"a machine that cannot name its boot", "", time.Hour, 0, false},
	} {
		if got, ok := ServerTime(a, c.boot, c.since); got != c.want || ok != c.ok {
			t.Errorf("%s: %d %v", c.name, got, ok)
		}
	}
	if _, ok := ServerTime(Anchor{}, "", time.Hour); ok {
		t.Error("no anchor names no time")
	}
}
