package lease

import (
	"time"

	"yizhan/core/clock"
	"yizhan/core/op"
)

// now is the server's clock for a lease of that policy. After a reboot the wall
// clock will do for a HARD lease, whose safety needs no clock; ok is false for any other.
func (h *Holder) now(wall time.Time, policy op.Policy) (ms int64, ok bool, err error) {
	a, err := clock.ReadAnchor(h.cfg.Store)
	if err != nil {
		return 0, false, err
	}
	boot, since := h.cfg.Boot()
	if ms, ok = clock.ServerTime(a, boot, since); !ok && policy == op.Hard {
		return wall.UnixMilli() + a.Offset, true, nil
	}
	return ms, ok, nil
}
