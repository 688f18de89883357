package ledger_test

import (
	"database/sql"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

const day = 24 * 60 * 60 * 1000

// TestHorizon removes a row and lets 60 days of journal time pass: it is remembered
// to the last of them, and whoever stands before it afterwards has to begin anew.
func TestHorizon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	const now = 20000 * day
	spec := func(pools string) []byte { return []byte(`{"id":"a","title":"甲","pools":[` + pools + `]}`) }
	project(t, l,
		op.Entry{Kind: op.Published, At: now, Activity: "a", Spec: spec(`{"id":"p","total":3},{"id":"q","total":3}`)},
		op.Entry{Kind: op.Published, At: now + day, Activity: "a", Spec: spec(`{"id":"p","total":3}`)},
		op.Entry{Kind: op.Ticked, At: now + 2*day})
	look := func() (floor uint64, gone bool) {
		t.Helper()
		err := l.View(func(v *ledger.View) (err error) {
			if floor, err = v.Floor(); err != nil {
				return err
			}
			return v.Delta("public", scope.Position{}, func(r wire.RowChange) error {
				gone = gone || r.Gone && r.Table == wire.TablePool && r.ID == "a/q"
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		return floor, gone
	}
	for _, c := range []struct {
		what  string
		at    int64
		floor uint64
		gone  bool
	}{
		{"at once", now + 2*day, 0, true},
		{"to the end of its 60th day", now + 62*day - 1, 1, true},
		{"not on the 61st", now + 62*day, 2, false},
		{"nor when the clock stands still", now + 62*day, 2, false},
		{"a year later", now + 400*day, 7, false},
	} {
		project(t, l, op.Entry{Kind: op.Ticked, At: c.at})
		if floor, gone := look(); floor != c.floor || gone != c.gone {
			t.Errorf("%s: floor %d, want %d; removed row is remembered: %v", c.what, floor, c.floor, gone)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openAt(t, path)
	project(t, l, op.Entry{Kind: op.Ticked, At: now + 400*day})
	if floor, _ := look(); floor != 7 {
		t.Errorf("opened again, the floor is %d, want 7", floor)
	}
}

// TestHorizonInSteps: a ledger that has forgotten and one that still will are the
// same to verify.
func TestHorizonInSteps(t *testing.T) {
	const rows, now = 1200, 20000 * day
	var many, none []op.Entry
	for i := range rows {
		name := strings.Repeat("x", i/26/26+1) + string(rune('a'+i/26%26)) + string(rune('a'+i%26))
		both := func(pools string) op.Entry {
			return op.Entry{Kind: op.Published, Activity: "a", Spec: []byte(`{"id":"a","title":"甲","pools":[` + pools + `]}`)}
		}
		e := both(`{"id":"p","total":3},{"id":"` + name + `","total":3}`)
		e.At = now
		many = append(many, e)
	}
	none = append(none, op.Entry{Kind: op.Ticked, At: now + 100*day}, op.Entry{Kind: op.Ticked, At: now + 100*day})
	left := func(l *ledger.Ledger) (n int) {
		t.Helper()
		if err := l.View(func(v *ledger.View) error {
			return v.Delta("public", scope.Position{}, func(r wire.RowChange) error {
				if r.Gone {
					n++
				}
				return nil
			})
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	slow, fast := open(t), open(t)
	project(t, slow, append(append([]op.Entry{}, many...), none...)...)
	project(t, fast, many...)
	if n := left(fast); n != rows-1 {
		t.Fatalf("%d removed rows, want %d", n, rows-1)
	}
	project(t, fast, none[0])
	project(t, fast, none[1])
	if n, m := left(slow), left(fast); n != rows-1-500 || m != rows-1-1000 {
		t.Errorf("one transaction left %d removed rows and two left %d, want 500 less each", n, m)
	}
	if !reflect.DeepEqual(digest(t, slow), digest(t, fast)) {
		t.Error("what is past the horizon is a part of the digest")
	}
}

// TestUndated: a file of an older program does not say when its rows were removed.
func TestUndated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	project(t, l, op.Entry{Kind: op.Ticked, At: day})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`DELETE FROM clock`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err := ledger.Open(path); err == nil || !strings.Contains(err.Error(), "project the journal again") {
		t.Fatalf("opened: %v %v", l, err)
	}
}
