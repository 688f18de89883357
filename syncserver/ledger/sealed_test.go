package ledger

import (
	"path/filepath"
	"testing"
	"time"

	"yizhan/core/id"
	"yizhan/core/local/disk"
	"yizhan/core/member"
	"yizhan/core/op"
)

// Names are opened for rows that a View hands out, also while every View is taken:
// nobody waits for a second connection with the first in hand.
func TestSealedWhileEveryViewIsTaken(t *testing.T) {
	d, err := disk.New()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for vfs, path := range map[string]string{"": filepath.Join(t.TempDir(), "ledger.db"), d.VFS(): "ledger.db"} {
		l, err := OpenOn(vfs, path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if err := l.Project([]op.Entry{{Seq: 1, Kind: op.PeoplePut, People: []member.Person{{ID: "m", Sealed: []byte("名")}}}}); err != nil {
			t.Fatal(err)
		}
		var within func(views int) error
		within = func(views int) error {
			if views > 0 {
				return l.View(func(*View) error { return within(views - 1) })
			}
			sealed, err := l.Sealed([]id.Member{"m", "stranger"})
			if err == nil && (len(sealed) != 1 || string(sealed["m"]) != "名") {
				t.Errorf("sealed are %q", sealed)
			}
			return err
		}
		done := make(chan error, 1)
		go func() { done <- within(readConnections) }()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("Sealed waits for a connection that a View holds")
		}
	}
}
