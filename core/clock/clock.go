// Package clock is what a device makes of its clocks: the one on the wall, which
// anybody can set, the one that counts since the machine was started, which nobody
// can, and the server's, which it heard of at its last handshake. It reads none of
// them itself.
package clock

import (
	"fmt"
	"time"

	"yizhan/core/local"
	"yizhan/core/wire"
)

// MetaAnchor names the newest Anchor among the values of a device's store.
const MetaAnchor = "clock.anchor"

// Anchor ties the server's clock to the one of this device that nobody can set
// and that does not stop in suspend.
type Anchor struct {
	Boot   string        `cbor:"1,keyasint"` // names the run of the machine
	Since  time.Duration `cbor:"2,keyasint"` // of it that had passed before the device said hello
	Server int64         `cbor:"3,keyasint"` // server clock after that, Unix milliseconds
	Offset int64         `cbor:"4,keyasint"` // server clock minus the device's wall clock, milliseconds
}

// ServerTime is the server's clock in Unix milliseconds, when since has passed of
// the machine's run named boot: never behind the truth, because the server read
// its clock after the device had read its own. ok is false after a reboot, of
// which nobody knows how long it took.
func ServerTime(a Anchor, boot string, since time.Duration) (ms int64, ok bool) {
	if boot == "" || boot != a.Boot || since < a.Since {
		return 0, false
	}
	return a.Server + (since - a.Since).Milliseconds(), true
}

// WriteAnchor gives the named value that keeps an anchor.
func WriteAnchor(a Anchor) (map[string][]byte, error) {
	body, err := wire.EncodeRow(a)
	return map[string][]byte{MetaAnchor: body}, err
}

// ReadAnchor reads the newest anchor; the zero value before the first handshake.
func ReadAnchor(store local.Store) (a Anchor, err error) {
	body, err := store.Meta(MetaAnchor)
	if err == nil && body != nil {
		err = wire.DecodeRow(body, &a)
	}
	if err != nil {
		return a, fmt.Errorf("read clock anchor: %w", err)
	}
	return a, nil
}

// OffsetOf is the server's clock minus the wall clock of the device, which says
// wall when since has passed of the machine's run named boot: corrected for a wall
// clock that was set since the anchor was dropped, unless the machine was started
// again. It is 0 of the zero anchor.
func OffsetOf(a Anchor, wall time.Time, boot string, since time.Duration) time.Duration {
	if ms, ok := ServerTime(a, boot, since); ok {
		return time.UnixMilli(ms).Sub(wall)
	}
	return time.Duration(a.Offset) * time.Millisecond
}

// Offset is OffsetOf the newest anchor of a store, now.
func Offset(store local.Store, wall time.Time, boot func() (string, time.Duration)) (time.Duration, error) {
	a, err := ReadAnchor(store)
	if err != nil {
		return 0, err
	}
	run, since := boot()
	return OffsetOf(a, wall, run, since), nil
}
