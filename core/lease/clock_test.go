package lease

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
