package link

import (
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
	s := &session{d: d, anchor: clock.Anchor{Boot: "b1", Since: 7 * time.Second}, sentAt: time.UnixMilli(5000)}
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
