package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"yizhan/core/op"
	"yizhan/core/wire"
)

// trace is what happened, as lines for people and as a number to compare.
type trace struct {
	out  io.Writer // nil: nobody reads it
	sum  uint64
	line []byte
}

// note adds a line.
func (w *World) note(format string, args ...any) {
	t := &w.trace
	t.line = fmt.Appendf(t.line[:0], format, args...)
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d ", t.sum, w.now)
	h.Write(t.line)
	t.sum = h.Sum64()
	if t.out != nil {
		fmt.Fprintf(t.out, "%s %s\n", time.UnixMilli(w.now).In(zone).Format("15:04:05.000"), t.line)
	}
}

// Stats counts what a world saw.
type Stats struct {
	Worlds    int
	Ops       int            // that devices queued
	Entries   int            // of the journal
	Handed    int            // hand-overs and admissions
	Incidents int            //
	Crashes   int            // of servers and devices
	Faults    map[string]int // by kind
}

func (s *Stats) fault(kind string) {
	if s.Faults == nil {
		s.Faults = map[string]int{}
	}
	s.Faults[kind]++
}

// Add adds another world's.
func (s *Stats) Add(o Stats) {
	s.Worlds += o.Worlds
	s.Ops += o.Ops
	s.Entries += o.Entries
	s.Handed += o.Handed
	s.Incidents += o.Incidents
	s.Crashes += o.Crashes
	if s.Faults == nil {
		s.Faults = map[string]int{}
	}
	for kind, n := range o.Faults {
		s.Faults[kind] += n
	}
}

// equal compares results as they are written.
func equal(a, b op.Result) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func brief(r wire.Results) string {
	var b strings.Builder
	for i, one := range r.Results {
		fmt.Fprintf(&b, " op %d %s", r.First+uint64(i), one.Outcome)
		if one.Code != 0 {
			fmt.Fprintf(&b, " %s", one.Code)
		}
		if one.Verdict != 0 {
			fmt.Fprintf(&b, " %s", one.Verdict)
		}
	}
	return strings.TrimSpace(b.String())
}

// difference gives the first line in which two traces differ.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d is %q and %q", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("one has %d lines, the other %d", len(x), len(y))
}

// Write prints the counts.
func (s *Stats) Write(out io.Writer) {
	fmt.Fprintf(out, "%d worlds, %d ops queued on devices, %d entries in journals\n", s.Worlds, s.Ops, s.Entries)
	fmt.Fprintf(out, "%d hand-overs and admissions, %d incidents, %d machines went down\n", s.Handed, s.Incidents, s.Crashes)
	fmt.Fprintln(out, "what went wrong:")
	for _, kind := range slices.Sorted(maps.Keys(s.Faults)) {
		fmt.Fprintf(out, "  %6d  %s\n", s.Faults[kind], kind)
	}
}
