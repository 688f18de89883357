package boot

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/app/device/maps"
	"yizhan/core/geo"
	"yizhan/core/mappack"
)

// pack writes a map of one street.
func pack(t *testing.T, area, made string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), area+".map")
	w, err := mappack.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	street := []geo.Fix{geo.Point{Lat: 24.5, Lon: 118.1}.Fix(), geo.Point{Lat: 24.51, Lon: 118.11}.Fix()}
	if err := w.Add(&mappack.Feature{Class: mappack.SideStreet, Rings: [][]geo.Fix{street}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(mappack.About{Area: area, Name: "云鹭市", Attribution: "© OpenStreetMap contributors", Made: made}, []byte{1}); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestMapInstall is the command at a kiosk without a network.
func TestMapInstall(t *testing.T) {
	t.Setenv("LANGUAGE", "") // look.Speak sets these; they are put back after the test
	t.Setenv("LANG", os.Getenv("LANG"))
	t.Cleanup(func() {
		mapCommand([]string{"install", "-data", t.TempDir(), "none.map"}, &bytes.Buffer{}, &bytes.Buffer{})
	})
	data := t.TempDir()
	first, second := pack(t, "yunlu", "2026-01-02"), pack(t, "yunlu", "2026-02-02")
	body, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(t.TempDir(), "half.map")
	if err := os.WriteFile(half, body[:len(body)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
		held string
	}{
		{[]string{"install", first, "-data", data}, 0, "[好] 地图：已经换上云鹭市地图，2026-01-02 制作", "2026-01-02"},
		{[]string{"install", "-data", data, half}, 1, "[急] 地图：没有换上这张地图：它的文件不完整。原来的地图继续使用。", "2026-01-02"},
		{[]string{"install", "-data", data, pack(t, "other", "2026-03-03")}, 1, "它是另一个地区的地图", "2026-01-02"},
		{[]string{"install", "-data", data, second}, 0, "2026-02-02 制作", "2026-02-02"},
		{[]string{"install", "-data", data, first}, 1, "它比原来的旧（2026-01-02 制作）", "2026-02-02"},
		{[]string{"install", "-data", data, "-lang", "en", "-older", first}, 0, "Installed: map of 云鹭市, made on 2026-01-02", "2026-01-02"},
		{[]string{"install", "-data", data, filepath.Join(data, "none.map")}, 1, "none.map", "2026-01-02"},
		{[]string{"install", "-data", data}, 2, "name one file", "2026-01-02"},
		{[]string{"install", "-data", data, first, second}, 2, "name one file", "2026-01-02"},
		{[]string{"install", "-data", data, "-lang", "fr", first}, 2, "zh or en", "2026-01-02"},
		{[]string{"remove"}, 2, "map install FILE", "2026-01-02"},
		{nil, 2, "map install FILE", "2026-01-02"},
		{[]string{"-h"}, 0, "usage: yizhan map install FILE", "2026-01-02"},
	} {
		var out, errs bytes.Buffer
		if code := mapCommand(c.args, &out, &errs); code != c.code || !strings.Contains(out.String()+errs.String(), c.says) {
			t.Errorf("map %q: exit %d, says %q", c.args, code, out.String()+errs.String())
		}
		if held := maps.Open(filepath.Join(data, mapsDir)).Status().Held.Made; held != c.held {
			t.Errorf("map %q: holds %q", c.args, held)
		}
	}
}
