package boot

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yizhan/core/op"
)

func TestParse(t *testing.T) {
	var said strings.Builder
	o, err := Parse(strings.Fields("-shell kiosk -data d -server wss://h/v1/sync -enrol C -size 540x960 -shot f.png -after 2s -scan-image p.png -large -offline -lang en -palette night"), &said)
	want := Options{Shell: op.Kiosk, Data: "d", Server: "wss://h/v1/sync", Chosen: true, Code: "C", Width: 540, Height: 960, Shot: "f.png",
		After: 2 * time.Second, Picture: "p.png", Large: true, Offline: true, Language: "en", Palette: "night", Dots: 384}
	if err != nil || o != want || said.Len() > 0 {
		t.Errorf("parsed %+v, %v, %q", o, err, said.String())
	}
	if o, err := Parse(strings.Fields("-printer tcp:192.0.2.7 -paper 80"), &said); err != nil || o.Printer == nil || o.Dots != 576 {
		t.Errorf("with a printer %+v, %v", o, err)
	}
	if o, err := Parse([]string{"-data", "d"}, &said); err != nil || o.Shell != "" || o.Width != 0 || o.Offline {
		t.Errorf("without flags %+v, %v", o, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for args, part := range map[string]string{
		"-shell till":       "-shell \"till\"",
		"-server http://h/": "-server",
		"-server ws://":     "-server",
		"-size 412":         "-size",
		"-size 10x10":       "-size",
		"-size 9999x9999":   "-size",
		"-lang de":          "-lang \"de\"",
		"-palette pink":     "-palette",
		"-after -1s":        "-after",
		"-paper 57":         "-paper 57",
		"-printer lp0":      "usb:/dev/usb/lp0",
		"-printer usb:":     "usb:/dev/usb/lp0",
		"-after soon":       "invalid value",
		"-no-such-flag":     "not defined",
		"extra":             "\"extra\"",
	} {
		var said strings.Builder
		if _, err := Parse(append(strings.Fields(args), "-data", "d"), &said); args != "extra" && !errors.Is(err, ErrUsage) {
			t.Errorf("%s: error %v, want ErrUsage", args, err)
		}
		if !strings.Contains(said.String(), part) {
			t.Errorf("%s: stderr %q does not name it", args, said.String())
		}
		if code := Main(strings.Fields(args), &said); code != 2 {
			t.Errorf("%s: exit code %d, want 2", args, code)
		}
	}
	var said strings.Builder
	if _, err := Parse([]string{"-h"}, &said); !errors.Is(err, flag.ErrHelp) || !strings.Contains(said.String(), "-scan-image") {
		t.Errorf("-h gives %v and %q", err, said.String())
	}
	if code := Main([]string{"-h"}, &said); code != 0 {
		t.Errorf("-h exits with %d", code)
	}
}

// Two processes on one device would look like a clone to the server.
func TestOneProcessOnADataFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	release, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if code := Main([]string{"-data", dir}, &said); code != 1 || !strings.Contains(said.String(), "in use by another yizhan") {
		t.Errorf("a second process exits with %d and says %q", code, said.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "device.db")); err == nil {
		t.Error("the second process touched the store")
	}
	release()
	again, err := lock(dir)
	if err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	again()
}

func TestDataFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if code := Main([]string{"-data", filepath.Join(file, "below")}, &said); code != 1 || !strings.Contains(said.String(), "data folder") {
		t.Errorf("exit code %d, stderr %q", code, said.String())
	}
}

// A store that is damaged is named; the window does not open over it.
func TestDamagedStore(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "device.db"), []byte(strings.Repeat("not a database ", 400)), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if code := Main([]string{"-data", dir}, &said); code != 1 || !strings.Contains(said.String(), "open store") {
		t.Errorf("exit code %d, stderr %q", code, said.String())
	}
}
