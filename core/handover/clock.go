package handover

import (
	"bytes"
	"fmt"
	"time"

	"yizhan/core/clock"
	"yizhan/core/wire"
)

// The newest reading of the clocks that was believed is a row beside the used
// marks, so that it is stored in the same transaction as the scan, and no server may
// write it. A person who finds the clock right refutes it: the meta value then holds
// the row's body as it was (nothing where there was none), until a scan replaces it.
const (
	clockMark   = "clock"
	metaRefuted = "clock_refuted"
)

// nothing stands for the row that there was not.
var nothing = []byte{0xf6}

// clock judges the wall clock of this scan by all that the device knows of time.
func (s *scan) clock() error {
	now := clock.Reading{Wall: s.facts.Now}
	if s.Boot != nil {
		now.Boot, now.Since = s.Boot()
	}
	seen, body, err := s.believed()
	if err != nil {
		return err
	}
	refuted, err := s.Store.Meta(metaRefuted)
	if err != nil {
		return wrap("read clock mark", err)
	}
	if bytes.Equal(refuted, body) {
		s.seen = now
		return nil
	}
	anchor, err := clock.ReadAnchor(s.Store)
	if err != nil {
		return err
	}
	doubt, keep := clock.Usual.Judge(now, seen, anchor)
	s.facts.ClockDoubt, s.facts.Instead, s.seen = doubt.Jumped, doubt.Instead, keep
	return nil
}

// believed is the newest reading that was believed, and the bytes that name it.
func (s *scan) believed() (clock.Reading, []byte, error) {
	row, ok, err := s.Store.Get(wire.TableUsed, clockMark)
	if err != nil || !ok {
		return clock.Reading{}, nothing, wrap("read clock mark", err)
	}
	var mark wire.UsedRow
	if err := wire.DecodeRow(row.Body, &mark); err != nil {
		return clock.Reading{}, nil, wrap("read clock mark", err)
	}
	return clock.Reading{Wall: mark.At, Boot: mark.Boot, Since: time.Duration(mark.Since) * time.Millisecond}, row.Body, nil
}

// ConfirmClock says that a person has looked at the device's clock and that it is
// right: later times that were seen before are believed no longer.
func (c *Counter) ConfirmClock() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	row, ok, err := c.cfg.Store.Get(wire.TableUsed, clockMark)
	if !ok {
		row.Body = nothing
	}
	if err == nil {
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
