package arbiter

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"yizhan/core/member"
	"yizhan/core/quota"
	"yizhan/core/station"
)

// digest is the keyed digest of a record's sealed fields.
func digest(v any) []byte {
	switch v := v.(type) {
	case member.Org:
		return v.Digest
	case station.Station:
		return v.Digest
	}
	return nil
}

// Check proves every sum of the state.
func (s *State) Check() error {
	series := quota.Series{}
	for _, name := range sorted(s.activities) {
		a := s.activities[name]
		if err := a.book.Check(); err != nil {
			return fmt.Errorf("activity %s: %w", name, err)
		}
		a.book.Contribute(series)
	}
	for _, name := range sorted(s.series) {
		for m, n := range s.series[name] {
			if n != series[name][m] {
				return fmt.Errorf("series %s counts %d seats of member %s, the activities say %d", name, n, m, series[name][m])
			}
		}
	}
	return nil
}

// Digest is SHA-256, in hex, over everything that decisions read, in a fixed order.
func (s *State) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "at %d seq %d\n", s.now, s.seq)
	list(h, "org", s.orgs)
	list(h, "person", s.people)
	list(h, "erased", s.erased)
	list(h, "code", s.codes)
	list(h, "series", s.series)
	if len(s.epochs) > 0 {
		frozen, _ := s.Frozen()
		write(h, "restored", s.epochs, s.unsettled, frozen)
	}
	s.writePlaces(h)
	if s.carried.Area != "" {
		write(h, "map", s.carried)
	}
	for _, k := range sorted(s.devices) {
		d := s.devices[k]
		write(h, "device", d.Enrolment, d.last, d.chain, d.gone)
		if d.wiped || len(d.kept) > 0 { // written only where it is so: digests of older journals stay as they are
			write(h, "closed", d.wiped, len(d.kept), d.keptBytes, d.keptAll)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.kept)) {
		write(h, "kept", k, s.kept[k].device, s.kept[k].accepted)
	}
	s.writeMatters(h)
	for _, k := range sorted(s.activities) {
		a := s.activities[k]
		write(h, "activity", a.Spec, a.number, a.revision, a.drawn, a.seed, a.lapsing, a.book.Guests)
		for _, o := range sorted(a.book.Orgs) {
			write(h, "org", o, *a.book.Orgs[o])
			for _, t := range a.Spec.Thresholds {
				write(h, "tasked", t.Task, a.tasked[task{o, t.Task}])
			}
		}
		for i, p := range a.book.Pools {
			write(h, "pool", p.Total, p.Granted, p.String())
			for _, c := range a.book.Lines[i] {
				write(h, "waits", c.Ticket)
			}
		}
		for _, c := range a.book.Claims {
			v := s.claims.of(c.Ticket)
			write(h, "claim", *c, v.checkedIn, v.inside, v.reminded)
			if v.owing {
				write(h, "owing")
			}
			if v.givenUp != 0 || v.returning || v.doubt {
				write(h, "bound", v.givenUp, v.returning, v.doubt)
			}
		}
		for _, l := range a.leases {
			write(h, "lease", l.Lease, l.orgs)
		}
	}
	for _, t := range slices.Sorted(maps.Keys(s.early)) {
		write(h, "early", t, *s.early[t])
	}
	for _, d := range s.due {
		if d.lease != 0 {
			write(h, "due lease", d.lease)
		}
		write(h, "due", d.at, d.kind, d.act, d.pool)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func write(w io.Writer, what string, values ...any) {
	var b bytes.Buffer
	for _, v := range values {
		j, err := json.Marshal(v)
		if err != nil {
			panic(fmt.Sprintf("digest of %s: %v", what, err)) // plain data always marshals
		}
		b.Write(j)
		b.WriteByte(' ')
	}
	fmt.Fprintf(w, "%s %s\n", what, b.Bytes())
}

func list[K ~string, V any](w io.Writer, what string, m map[K]V) {
	for _, k := range sorted(m) {
		write(w, what, k, m[k])
	}
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
