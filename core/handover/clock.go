package handover

import (
	"bytes"
	"fmt"
	"time"

	"yizhan/core/wire"
)

// The newest time that scans have seen is At of a row beside the used marks, so
// that it is stored in the same transaction as the scan, and no server may write
// it. A person who finds the clock right refutes it: the meta value then holds
// the row's body as it was, until a scan replaces it.
const (
	clockMark   = "clock"
	metaRefuted = "clock_refuted"
)

// tolerance is how far a clock may be set back by its daily correction.
const tolerance = 2 * time.Minute

// clock compares now with the newest time seen.
func (s *scan) clock() error {
	s.seen = s.facts.Now
	row, ok, err := s.Store.Get(wire.TableUsed, clockMark)
	if err != nil || !ok {
		return wrap("read clock mark", err)
	}
	var mark wire.UsedRow
	if err := wire.DecodeRow(row.Body, &mark); err != nil {
		return wrap("read clock mark", err)
	}
	if mark.At <= s.seen {
		return nil
	}
	refuted, err := s.Store.Meta(metaRefuted)
	if err != nil {
		return wrap("read clock mark", err)
	}
	if bytes.Equal(refuted, row.Body) {
		return nil
	}
	s.facts.ClockDoubt = mark.At-s.seen > tolerance.Milliseconds()
	s.seen = mark.At
	return nil
}

// ConfirmClock says that a person has looked at the device's clock and that it is
// right: later times that were seen before are believed no longer.
func (c *Counter) ConfirmClock() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	row, ok, err := c.cfg.Store.Get(wire.TableUsed, clockMark)
	if err == nil && ok {
		err = c.cfg.Store.SetMeta(map[string][]byte{metaRefuted: row.Body})
	}
	return wrap("confirm clock", err)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
