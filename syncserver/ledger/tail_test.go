package ledger_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/id"
	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

// asked are the scopes and devices of journal's world, and some that are nobody's.
var asked = struct {
	scopes  []string
	devices []id.Device
}{
	[]string{"public", "fleet", "door", "guests", "staff", "scan", "member/m00000", "member/m00001", "member/m00002", "station/HQ", "station/S1", "org/PARK", "org/C000",
		"lease/D1", "lease/D2", "member/nobody"},
	[]id.Device{"P0", "P1", "D1", "D2", "nobody"},
}

type deltas interface {
	Delta(name string, after scope.Position, fn func(wire.RowChange) error) error
	Acked(device id.Device, earlier, op, upTo uint64) (uint64, error)
}

func read(t *rapid.T, v deltas, name string, after scope.Position) (rows []wire.RowChange, err error) {
	err = v.Delta(name, after, func(r wire.RowChange) error {
		if len(r.Body) == 0 {
			r.Body = nil
		}
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// TestRecentIsTheView: whatever memory answers is what the file answers.
func TestRecentIsTheView(t *testing.T) {
	served := 0
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		var l *ledger.Ledger
		reopen := func() {
			var err error
			if l, err = ledger.Open(path); err != nil {
				rt.Fatal(err)
			}
		}
		reopen()
		entries := journal(rt)
		for len(entries) > 0 {
			n := rapid.IntRange(1, len(entries)).Draw(rt, "n")
			if err := l.Project(entries[:n]); err != nil {
				rt.Fatal(err)
			}
			entries = entries[n:]
			if rapid.IntRange(0, 9).Draw(rt, "reopen") == 0 {
				if err := l.Close(); err != nil {
					rt.Fatal(err)
				}
				reopen()
			}
			after := scope.After(rapid.Uint64Range(0, l.Applied()).Draw(rt, "after"))
			if rapid.Bool().Draw(rt, "inside") {
				after.Table = "claim"
			}
			err := l.View(func(file *ledger.View) error {
				for _, name := range asked.scopes {
					want, err := read(rt, file, name, after)
					if err != nil {
						return err
					}
					ok, err := l.Recent(func(v *ledger.Recent) error {
						got, err := read(rt, v, name, after)
						if err == nil && !reflect.DeepEqual(got, want) {
							rt.Errorf("%s behind %v: %v in memory, %v in the file", name, after, got, want)
						}
						return err
					})
					if err != nil {
						return err
					}
					if ok {
						served++
					}
				}
				for _, d := range asked.devices {
					earlier := after.Seq - 1
					op, err := file.Acked(d, 0, 0, earlier)
					if err != nil {
						return err
					}
					want, err := file.Acked(d, earlier, op, l.Applied())
					if err != nil {
						return err
					}
					if _, err := l.Recent(func(v *ledger.Recent) error {
						got, err := v.Acked(d, earlier, op, l.Applied())
						if err == nil && got != want {
							rt.Errorf("%s: acked %d in memory, %d in the file", d, got, want)
						}
						return err
					}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			rt.Fatal(err)
		}
	})
	if served == 0 {
		t.Error("memory never had an answer")
	}
}
