package ledger_test

import (
	"cmp"
	"crypto/sha256"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

func open(t testing.TB) *ledger.Ledger {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
}

func openAt(t testing.TB, path string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// project numbers entries after what the ledger has, and projects them.
func project(t testing.TB, l *ledger.Ledger, entries ...op.Entry) {
	t.Helper()
	for i := range entries {
		entries[i].Seq = l.Applied() + uint64(i) + 1
	}
	if err := l.Project(entries); err != nil {
		t.Fatal(err)
	}
}

func delta(t testing.TB, l *ledger.Ledger, after, upTo uint64, scopes ...string) []wire.RowChange {
	t.Helper()
	var changes []wire.RowChange
	err := l.View(func(v *ledger.View) error {
		return merged(v, scopes, after, upTo, func(c wire.RowChange) { changes = append(changes, c) })
	})
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// merged gives the rows of scopes with after < Seq ≤ upTo in order of Seq; removed
// ones too, unless everything is asked for.
func merged(v *ledger.View, scopes []string, after, upTo uint64, fn func(wire.RowChange)) error {
	var all []wire.RowChange
	for _, name := range scopes {
		if err := v.Delta(name, scope.After(after), func(c wire.RowChange) error {
			if c.Seq <= upTo && !(c.Gone && after == 0) {
				all = append(all, c)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	slices.SortStableFunc(all, func(a, b wire.RowChange) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, c := range all {
		fn(c)
	}
	return nil
}

// digest gives the digests of a ledger.
func digest(t testing.TB, l *ledger.Ledger) map[string]string {
	t.Helper()
	d, _, err := l.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// story is a journal with an entry of every kind that changes the ledger.
func story() []op.Entry {
	entries := []op.Entry{
		{Kind: op.OrgsPut, Orgs: orgs("CITY", "", "PARK", "CITY", "C1", "PARK")},
		{Kind: op.PeoplePut, People: people(3, 0)},
		{Kind: op.StationsPut, Stations: stations("HQ", "ST1")},
		{Kind: op.Offered, Enrolment: &op.Enrolment{CodeHash: []byte("1"), Device: "K1", Role: op.Kiosk, Station: "HQ"}},
		{Kind: op.Enrolled, Enrolment: &op.Enrolment{CodeHash: []byte("1"), Device: "K1", Role: op.Kiosk, Station: "HQ", PublicKey: []byte("k")}},
		{Kind: op.Published, Activity: "spa", Number: 1, Revision: 1, Spec: []byte(spaSpec)},
		{Kind: op.Published, Activity: "diy", Number: 2, Revision: 1, Spec: []byte(diySpec)},
		{Kind: op.Claimed, Outcome: op.Granted, Member: "m00000", Org: "C1", Activity: "spa", Pool: "sets", Seats: 2, Taken: serials(1, 2), Station: "HQ",
			Device: "P0", DevSeq: 1},
		{Kind: op.Claimed, Outcome: op.Waitlisted, Member: "m00001", Org: "C1", Activity: "spa", Pool: "sets", Seats: 1, Place: 1, Station: "ST1"},
		{Kind: op.Claimed, Outcome: op.Refused, Code: fault.MemberCap, Member: "m00000", Activity: "spa", Pool: "sets", Seats: 1, Device: "P0", DevSeq: 2},
		{Kind: op.TaskMade, Org: "C1", Activity: "spa", Word: "review"},
		{Kind: op.Released, Ticket: 8, Seats: 1, Taken: serials(2, 1), Epoch: 1, Device: "P0", DevSeq: 3},
		{Kind: op.Promoted, Ticket: 9, Taken: serials(2, 1)},
		{Kind: op.Moved, Ticket: 9, Station: "HQ", Epoch: 1},
		{Kind: op.Scanned, Verdict: fault.BadSignature, Device: "K1", DevSeq: 1, Word: "https://exa"},
		{Kind: op.Redeemed, Ticket: 8, Device: "K1", DevSeq: 2, DeviceAt: 7},
		{Kind: op.IncidentMade, Ticket: 8, Device: "K1", Word: "override", Verdict: fault.TooEarly},
		{Kind: op.Lapsed, Ticket: 9},
		{Kind: op.Claimed, Outcome: op.Entered, Member: "m00002", Org: "C1", Activity: "diy", Pool: "s", Seats: 1},
		{Kind: op.Claimed, Outcome: op.Entered, Member: "m00001", Org: "C1", Activity: "diy", Pool: "s", Seats: 1},
		{Kind: op.Drawn, Activity: "diy", Seed: "s", Digest: "d"},
		{Kind: op.Promoted, Ticket: 19, Taken: serials(1, 1)},
		{Kind: op.NotDrawn, Ticket: 20, Outcome: op.Refused},
		{Kind: op.Reminded, Ticket: 19, Member: "m00002", Activity: "diy", Pool: "s"},
		{Kind: op.CheckedIn, Ticket: 19, Device: "K1", DevSeq: 3},
		{Kind: op.Ticked},
		{Kind: op.DeviceGone, Device: "K1", Reason: "revoked"},
	}
	for i := range entries {
		entries[i].Seq, entries[i].At = uint64(i+1), int64(1000+i)
	}
	return entries
}

func TestProjectRefusesWhatDoesNotFollow(t *testing.T) {
	l := open(t)
	all := story()
	if err := l.Project(all[1:]); err == nil || !strings.Contains(err.Error(), "entry 2 does not follow entry 0") {
		t.Errorf("a first entry that is missing: %v", err)
	}
	project(t, l, all[:10]...)
	before := digest(t, l)

	holed := append(append([]op.Entry{}, all[10:12]...), all[13:]...)
	unknown := append(append([]op.Entry{}, all[10:]...), op.Entry{Seq: uint64(len(all) + 1), Kind: 99})
	lost := append([]op.Entry{}, all[10:]...)
	lost[2].Ticket = 7777
	for name, c := range map[string]struct {
		entries []op.Entry
		want    string
	}{
		"hole":           {holed, "entry 14 does not follow entry 12"},
		"unknown kind":   {unknown, "kind 99 is unknown"},
		"unknown ticket": {lost, "entry 13: no claim has ticket 7777"},
	} {
		if err := l.Project(c.entries); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if l.Applied() != 10 || !reflect.DeepEqual(digest(t, l), before) {
			t.Errorf("%s: half of it was projected", name)
		}
	}

	if err := l.Project(all); err != nil { // an overlap of ten
		t.Fatal(err)
	}
	if err := l.Project(all[:5]); err != nil || l.Applied() != uint64(len(all)) {
		t.Errorf("what is known is skipped: %v, applied %d", err, l.Applied())
	}
	fresh := open(t)
	project(t, fresh, all...)
	if got, want := digest(t, l), digest(t, fresh); !reflect.DeepEqual(got, want) {
		t.Errorf("after errors and an overlap the ledger is another one:\n%v\n%v", got, want)
	}
}

func TestDigestNamesTheTable(t *testing.T) {
	a, b := open(t), open(t)
	all := story()
	project(t, a, all...)
	all[14].Word = "http://exam" // a scan, which is in no other table
	project(t, b, all...)
	da, db := digest(t, a), digest(t, b)
	for table := range da {
		if same := da[table] == db[table]; same == (table == "scan") {
			t.Errorf("table %s: same is %v", table, same)
		}
	}
	if len(da) < 19 || len(da["claim"]) != 2*sha256.Size {
		t.Errorf("digests: %v", da)
	}
}

// A kill leaves the file as it is between two transactions, or within one: a copy
// of the file and its log, taken while the ledger is open, is just that.
func TestKilled(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	l := openAt(t, filepath.Join(from, "ledger.db"))
	all := story()
	project(t, l, all[:9]...)
	project(t, l, all[9:17]...)
	for _, name := range []string{"ledger.db", "ledger.db-wal"} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	again := openAt(t, filepath.Join(to, "ledger.db"))
	if again.Applied() != 17 {
		t.Fatalf("applied %d, want 17", again.Applied())
	}
	if err := again.Project(all[12:]); err != nil { // the journal is read from the start of a batch
		t.Fatal(err)
	}
	project(t, l, all[17:]...)
	if got, want := digest(t, again), digest(t, l); !reflect.DeepEqual(got, want) {
		t.Errorf("the ledger that was killed is another one:\n%v\n%v", got, want)
	}
}

func TestTornLogFallsBehind(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	l := openAt(t, filepath.Join(from, "ledger.db"))
	all := story()
	project(t, l, all[:9]...)
	mark, err := os.Stat(filepath.Join(from, "ledger.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	project(t, l, all[9:]...)
	for name, keep := range map[string]int64{"ledger.db": 1 << 40, "ledger.db-wal": mark.Size() + 5000} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), b[:min(int64(len(b)), keep)], 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	again := openAt(t, filepath.Join(to, "ledger.db"))
	if again.Applied() != 9 {
		t.Fatalf("applied %d, want the 9 of the whole transaction", again.Applied())
	}
	if err := again.Project(all); err != nil {
		t.Fatal(err)
	}
	if got, want := digest(t, again), digest(t, l); !reflect.DeepEqual(got, want) {
		t.Errorf("projected again it is another one:\n%v\n%v", got, want)
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a ledger ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestResultAndAcked(t *testing.T) {
	l := open(t)
	all := story()
	project(t, l, all...)
	for i := range all {
		e := &all[i]
		if e.DevSeq == 0 {
			continue
		}
		r, at, err := l.Result(e.Device, e.DevSeq)
		if want := op.ResultOf(e); err != nil || at != e.Seq || !reflect.DeepEqual(r, want) {
			t.Errorf("op %d of %s: got %+v at %d, %v, want %+v at %d", e.DevSeq, e.Device, r, at, err, want, e.Seq)
		}
	}
	if _, at, err := l.Result("P0", 4); at != 0 || err != nil {
		t.Errorf("an op that was never sent: %d %v", at, err)
	}
	for _, c := range []struct {
		device     id.Device
		upTo, want uint64
	}{{"P0", 7, 0}, {"P0", 8, 1}, {"P0", 11, 2}, {"P0", 1000, 3}, {"K1", 25, 3}, {"nobody", 1000, 0}} {
		var got uint64
		err := l.View(func(v *ledger.View) (err error) {
			got, err = v.Acked(c.device, 0, 0, c.upTo)
			return err
		})
		if err != nil || got != c.want {
			t.Errorf("acked of %s up to %d: %d %v, want %d", c.device, c.upTo, got, err, c.want)
		}
	}
}

func TestCloseLeavesOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	project(t, l, op.Entry{Kind: op.Ticked, At: 1})
	if _, _, err := l.Digest(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(path + "-*"); err != nil || len(left) > 0 {
		t.Errorf("beside the ledger lie %v, %v", left, err)
	}
}
