package link

import (
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"yizhan/core/clock"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

// TestAnchorIsKeptOnceTheHandshakeIsOver holds that the server's first word on
// its time is what counts, with the boot clock read before the device spoke.
func TestAnchorIsKeptOnceTheHandshakeIsOver(t *testing.T) {
	store := enrolled(t)
	d := open(t, store)
	s := &session{d: d, anchor: clock.Anchor{Boot: "b1", Since: 7 * time.Second}, sent: moment{wall: time.UnixMilli(5000)}}
	if stop := s.do([]replica.Effect{replica.Heard{Time: 65_000}}); stop != nil {
		t.Fatal(stop)
	}
	if kept, _ := store.Meta(clock.MetaAnchor); kept != nil {
		t.Error("kept before the server knew the device")
	}
	if stop := s.do([]replica.Effect{replica.Welcomed{}, replica.Heard{Time: 99_000}}); stop != nil {
		t.Fatal(stop)
	}
	kept, err := store.Meta(clock.MetaAnchor)
	var a clock.Anchor
	if err != nil || wire.DecodeRow(kept, &a) != nil || a != (clock.Anchor{Boot: "b1", Since: 7 * time.Second, Server: 65_000, Offset: 60_000}) {
		t.Errorf("anchor %+v, %v", a, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if stop := s.do([]replica.Effect{replica.Welcomed{}}); stop == nil || stop.Why == nil {
		t.Error("a session went on whose anchor could not be stored")
	}
}

func TestBootGoesOn(t *testing.T) {
	name, first := Boot()
	again, second := Boot()
	if name == "" || name != again || first <= 0 || second < first {
		t.Errorf("%q %v, then %q %v", name, first, again, second)
	}
}

// TestServerTimeRunsOn holds that whoever sets the device's clock while the program
// runs does not set the server's: it goes on from what was heard, by the boot clock.
func TestServerTimeRunsOn(t *testing.T) {
	for name, boot := range map[string]string{"a clock that nobody can set": "b1", "none": ""} {
		wall, since := time.UnixMilli(5_000), 7*time.Second
		d, err := Open(Config{Store: enrolled(t), URL: "ws://127.0.0.1:1/v1/sync", Now: func() time.Time { return wall }, Random: rand.Reader,
			Log: slog.New(slog.DiscardHandler), Boot: func() (string, time.Duration) { return boot, since }})
		if err != nil {
			t.Fatal(err)
		}
		pass := func(t time.Duration) { wall, since = wall.Add(t), since+t }
		server := func() int64 { return wall.Add(d.Status().Offset).UnixMilli() }
		s := &session{d: d, conn: carrier(func([]byte) error { return nil })}
		if err := s.send(wire.Hello{}); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		s.note(replica.Heard{Time: 66_000}) // read a second after our message
		if got := server(); got != 67_000 {
			t.Errorf("%s: heard %d", name, got)
		}
		pass(time.Minute)
		set := int64(0)
		if wall = wall.Add(-time.Hour); boot == "" {
			set = -time.Hour.Milliseconds() // nothing here can tell
		}
		if got := server(); got != 127_000+set {
			t.Errorf("%s: after the clock was set back it is %d", name, got)
		}
	}
}
