package arbiter

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// told is what a device keeps of one op: where it stood, what it was answered, and
// what its receipt holds.
type told struct {
	from   op.Origin
	result op.Result
	lost   Lost
}

// told lists by device the ops that were answered behind an entry of the journal.
func (w *world) told(cut int) map[id.Device][]told {
	w.t.Helper()
	all, chains := map[id.Device][]told{}, map[id.Device]op.Hash{}
	journal := reread(w.t, w.journal)
	for i, e := range journal {
		if e.DevSeq == 0 {
			continue
		}
		from := op.Origin{Device: e.Device, Seq: e.DevSeq, Previous: chains[e.Device], Hash: op.Hash(e.Chain)}
		chains[e.Device] = from.Hash
		first, end := i, i+1
		if e.Whole != nil {
			first, end = i-e.Whole.Before, end+e.Whole.After
		}
		if first >= cut {
			all[e.Device] = append(all[e.Device], told{from, op.ResultOf(&e), Lost{Epoch: w.s.EpochAt(e.Seq), Entries: journal[first:end]}})
		}
	}
	return all
}

// restored is the world as a backup of the first entries gives it.
func (w *world) restored(cut int) *world {
	w.t.Helper()
	r := &world{t: w.t, s: replay(w.t, reread(w.t, w.journal[:cut])), now: w.now, journal: slices.Clone(w.journal[:cut]), devices: map[id.Device]*chain{}}
	r.console(op.Op{Kind: op.Restore})
	return r
}

// record brings one op back; false if it has to wait.
func (w *world) record(x told) bool {
	w.t.Helper()
	if standing, _ := w.s.Admit(x.from); standing != NextOp {
		w.t.Fatalf("op %d of %s has standing %d", x.from.Seq, x.from.Device, standing)
	}
	seq := w.s.Seq()
	entries, err := w.s.Record(nil, x.lost, x.from, w.now)
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Frozen {
		if len(entries) != 0 || w.s.Seq() != seq {
			w.t.Fatalf("op %d of %s waits and made %d entries", x.from.Seq, x.from.Device, len(entries))
		}
		return false
	}
	if err != nil {
		w.t.Fatalf("op %d of %s: %v", x.from.Seq, x.from.Device, err)
	}
	w.journal = append(w.journal, entries...)
	if err := w.s.Check(); err != nil {
		w.t.Fatalf("after op %d of %s: %v", x.from.Seq, x.from.Device, err)
	}
	standing, again := w.s.Admit(x.from)
	if standing != KnownOp || !reflect.DeepEqual(again, x.result) {
		w.t.Fatalf("op %d of %s was told %+v, the restored server says %+v (standing %d)", x.from.Seq, x.from.Device, x.result, again, standing)
	}
	return true
}

// bringBack records what devices bring, each in its own order and all mixed; what
// has to wait comes again. It gives what still waits when nobody can go on.
func (w *world) bringBack(t *rapid.T, all map[id.Device][]told) map[id.Device][]told {
	for stuck := map[id.Device]bool{}; ; {
		var ready []id.Device
		for _, d := range sorted(all) {
			if len(all[d]) > 0 && !stuck[d] {
				ready = append(ready, d)
			}
		}
		if len(ready) == 0 {
			return all
		}
		d := rapid.SampledFrom(ready).Draw(t, "reports")
		if !w.record(all[d][0]) {
			stuck[d] = true
			continue
		}
		all[d] = all[d][1:]
		clear(stuck)
	}
}

// standing is what must be the same about a claim, whatever the order of reports.
func standing(c *held) string {
	return fmt.Sprintf("%s %s of %s pool %d: %d seats %v parts %v guest %v state %d at %q epoch %d lease %d blocked %v in %v %v given up %v", c.Member, c.act.Spec.ID, c.Org, c.Pool, c.Seats,
		c.Taken, c.Parts, c.Guest, c.State, c.Station, c.Epoch, c.Lease, c.Blocked, c.checkedIn, c.inside, c.givenUp != 0)
}

func (w *world) wantSame(old *world) {
	w.t.Helper()
	for _, ticket := range sorted(maps.Collect(old.s.claims.all())) {
		if w.s.claims.of(ticket) == nil {
			w.t.Errorf("ticket %d is lost", ticket)
		} else if got, want := standing(w.s.claims.of(ticket)), standing(old.s.claims.of(ticket)); got != want {
			w.t.Errorf("ticket %d\n is %s\nwas %s", ticket, got, want)
		}
	}
	if w.s.claims.n != old.s.claims.n {
		w.t.Errorf("%d claims, there were %d", w.s.claims.n, old.s.claims.n)
	}
	for name, a := range old.s.activities {
		for i := range a.book.Pools {
			var got, want []id.Ticket
			for _, c := range w.s.activities[name].book.Lines[i] {
				got = append(got, c.Ticket)
			}
			for _, c := range a.book.Lines[i] {
				want = append(want, c.Ticket)
			}
			if p := w.s.activities[name].book.Pools[i]; p.String() != a.book.Pools[i].String() || !slices.Equal(got, want) {
				w.t.Errorf("pool %d of %s has free %s and line %v, had %s and %v", i, name, p, got, a.book.Pools[i], want)
			}
		}
	}
	for name, d := range old.s.devices {
		if w.s.devices[name].last != d.last || w.s.devices[name].chain != d.chain {
			w.t.Errorf("device %s is at op %d, was at %d", name, w.s.devices[name].last, d.last)
		}
	}
}

// between moves a place in the journal to the end of the op that it divides: no batch ends inside one.
func (w *world) between(cut int) int {
	for i, e := range w.journal {
		if e.Whole != nil && i-e.Whole.Before < cut && cut <= i+e.Whole.After {
			return i + e.Whole.After + 1
		}
	}
	return cut
}

// grantNext reports a grant as an honest device makes it.
func (m *model) grantNext(t *rapid.T) {
	l := m.anyLoan(t)
	for _, n := range slices.Sorted(maps.Keys(l.serials)) {
		if l.serials[n] == out && m.s.devices[l.Device].gone == "" {
			m.send(l.Device, grant(&l.Lease, m.anyMember(t), n, 1))
			return
		}
	}
	t.Skip("nothing is left")
}

// endLease gives a lease back or renews it; nothing is decided by time behind the backup.
func (m *model) endLease(t *rapid.T) {
	l := m.anyLoan(t)
	if m.s.devices[l.Device].gone != "" {
		t.Skip("the device is gone")
	}
	m.send(l.Device, op.Op{Kind: rapid.SampledFrom([]op.Kind{op.ReturnLease, op.RenewLease}).Draw(t, "kind"), Lease: l.ID})
}

// history makes a random past, a backup of it, and what devices asked after that.
func history(t *rapid.T) (m *model, cut int) {
	m = newModel(t)
	asks := map[string]func(*rapid.T){"claim": m.Claim, "another claim": m.Claim, "group": m.GroupClaim, "cancel": m.Cancel, "rebind": m.Rebind, "scan": m.Scan, "give up": m.GiveUp, "unknown": m.Unknown,
		"grant": m.grantNext, "another grant": m.grantNext, "end lease": m.endLease, "early scan": m.EarlyScan}
	before := map[string]func(*rapid.T){"publish": m.Publish, "time": m.Time, "people": m.People, "draw": m.Draw, "authority": m.SetAuthority, "lend": m.Lend, "another loan": m.Lend}
	for name, f := range asks {
		before[name] = f
	}
	t.Repeat(before)
	cut = len(m.journal)
	t.Repeat(asks)
	return m, cut
}

// TestRecordGivesTheSameClaims: whatever was decided after a backup, and in whatever
// order devices come to report it, everybody has what they had.
func TestRecordGivesTheSameClaims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, cut := history(t)
		r := m.restored(cut)
		for d, rest := range r.bringBack(t, m.told(cut)) {
			if len(rest) > 0 {
				t.Fatalf("%s cannot report op %d: %+v", d, rest[0].from.Seq, rest[0].lost.Entries)
			}
		}
		r.wantSame(m.world)
		r.check()
		second := r.between(rapid.IntRange(cut+1, len(r.journal)).Draw(t, "second backup"))
		again := r.restored(second)
		for d, rest := range again.bringBack(t, r.told(second)) {
			if len(rest) > 0 {
				t.Fatalf("after a second restore %s cannot report op %d: %+v", d, rest[0].from.Seq, rest[0].lost.Entries)
			}
		}
		again.wantSame(m.world)
	})
}

// TestLateReports: some devices report only after staff have reopened, when their
// serials may be somebody else's: every answer stays, and no serial has two holders.
func TestLateReports(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, cut := history(t)
		r := m.restored(cut)
		all, late := m.told(cut), map[id.Device][]told{}
		for _, d := range sorted(all) {
			if rapid.Bool().Draw(t, "late") {
				late[d] = all[d]
				delete(all, d)
			}
		}
		for d, rest := range r.bringBack(t, all) {
			late[d] = append(late[d], rest...)
		}
		r.console(op.Op{Kind: op.Reopen})
		r.pass(start)
		for range rapid.IntRange(0, 6).Draw(t, "new claims") {
			r.console(op.Op{Kind: op.Claim, Activity: word[id.Activity](t, "activity", "show", "tour"), Pool: word[id.Pool](t, "pool", "", "s1", "s2"), Member: m.anyMember(t), Seats: 1})
		}
		for d, rest := range r.bringBack(t, late) {
			if len(rest) > 0 {
				t.Fatalf("%s cannot report op %d after reopening", d, rest[0].from.Seq)
			}
		}
		r.check()
		incidents := map[id.Ticket]int{}
		for _, e := range r.journal[cut:] {
			if e.Kind == op.IncidentMade && e.Word == "restored_late" {
				incidents[e.Ticket]++
			}
		}
		for ticket, c := range r.s.claims.all() {
			if c.Blocked && c.Lease == 0 && incidents[ticket] == 0 {
				t.Errorf("ticket %d is blocked without an incident", ticket)
			}
		}
	})
}
