package boot

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yizhan/app/shell/shelltest"
	"yizhan/core/link"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
	"yizhan/core/qr"

	"crypto/rand"
	"log/slog"
)

// world names a folder that stays, with devices to take pictures of:
// go test -tags x11 ./app/boot -run Fixture -args -world FOLDER.
var world = flag.String("world", "", "folder to leave filled devices in")

// The shells' test world can be opened by the real parts.
func TestFixture(t *testing.T) {
	dir := *world
	if dir == "" {
		dir = t.TempDir()
	}
	for _, role := range []op.Role{op.Phone, op.Kiosk, op.Staff} {
		home := filepath.Join(dir, string(role))
		if err := os.MkdirAll(home, 0o700); err != nil {
			t.Fatal(err)
		}
		store, err := sqlite.Open(filepath.Join(home, "device.db"))
		if err != nil {
			t.Fatal(err)
		}
		w, err := shelltest.Fill(store, role, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		d, err := link.Open(link.Config{Store: store, URL: "ws://127.0.0.1:1/", Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if who, ok := d.Identity(); !ok || who.Role != role {
			t.Errorf("identity %v %v, want a %s", who, ok, role)
		}
		for name, code := range map[string]string{"here": w.Ticket, "second": w.Second, "away": w.Away} {
			picture, err := qr.PNG(code, 8)
			if err == nil {
				err = os.WriteFile(filepath.Join(home, name+".png"), picture, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
