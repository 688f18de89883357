package handover

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// The newest time that scans have seen is a row, so that it is stored in the
// same transaction as the scan. A person who finds the clock right refutes it:
// the meta value then holds the row's body as it was, until a scan replaces it.
const (
	tableClock  = "clock"
	clockMark   = "mark"
	metaRefuted = "clock_refuted"
)

// tolerance is how far a clock may be set back by its daily correction.
const tolerance = 2 * time.Minute

// clock compares now with the newest time seen.
func (s *scan) clock() error {
	s.seen = s.facts.Now
	row, ok, err := s.Store.Get(tableClock, clockMark)
	if err != nil {
		return fmt.Errorf("read clock mark: %w", err)
	}
	mark, bad := strconv.ParseInt(string(row.Body), 10, 64)
	if !ok || bad != nil || mark <= s.seen {
		return nil
	}
	refuted, err := s.Store.Meta(metaRefuted)
	if err != nil {
		return fmt.Errorf("read clock mark: %w", err)
	}
	if bytes.Equal(refuted, row.Body) {
		return nil
	}
	s.facts.ClockDoubt = mark-s.seen > tolerance.Milliseconds()
	s.seen = mark
	return nil
}

// ConfirmClock says that a person has looked at the device's clock and that it is
// right: later times that were seen before are believed no longer.
func (c *Counter) ConfirmClock() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	row, ok, err := c.cfg.Store.Get(tableClock, clockMark)
	if err == nil && ok {
		err = c.cfg.Store.SetMeta(map[string][]byte{metaRefuted: row.Body})
	}
	if err != nil {
		return fmt.Errorf("confirm clock: %w", err)
	}
	return nil
}
