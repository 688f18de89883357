package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"yizhan/core/wire"
	"yizhan/syncserver/roster"
)

// townOSM is the hand-made town of the importer.
const townOSM = "osmimport/testdata/town.osm"

// TestMapCommands brings the small town in and asks it for ways, as staff would.
func TestMapCommands(t *testing.T) {
	dir := t.TempDir()
	pack, list := filepath.Join(dir, "town.map"), filepath.Join(dir, "stations.csv")
	out := must(t, "import", "map", "-area", "yunlu", "-o", pack, townOSM)
	for _, words := range []string{"公里可步行", "OpenStreetMap"} {
		if !strings.Contains(out, words) {
			t.Errorf("import says %q, without %q", out, words)
		}
	}
	if info := must(t, "map", "info", pack); !strings.Contains(info, `"area": "yunlu"`) || !strings.Contains(info, `"sha256"`) {
		t.Errorf("info says %s", info)
	}
	picture := filepath.Join(dir, "town.png")
	must(t, "map", "draw", "-size", "320x240", "-zoom", "15", "-palette", "night", "-route", "24.48,118.0905,24.483,118.095", "-o", picture, pack)
	if body, err := os.ReadFile(picture); err != nil || !strings.HasPrefix(string(body), "\x89PNG") || len(body) < 2000 {
		t.Errorf("the picture has %d bytes: %v", len(body), err)
	}
	refused(t, []string{"-route", "LAT,LON,LAT,LON"}, "map", "draw", "-route", "24,118", "-o", picture, pack)
	refused(t, []string{"zoom 0 to 20"}, "map", "draw", "-zoom", "25", "-o", picture, pack)
	var route routeOut
	if err := json.Unmarshal([]byte(must(t, "map", "route", pack, "24.48,118.0905", "24.483,118.095")), &route); err != nil {
		t.Fatal(err)
	}
	if route.Metres < 780 || route.Metres > 800 || len(route.Polyline) < 3 || len(route.Steps) != 2 ||
		route.Steps[0].Zh != "向东沿云鹭大道步行 460 米，左转" || route.Steps[1].En != "walk along 渡口路 for 330 m, then you are there" {
		t.Errorf("route %+v", route)
	}
	// One station on the island, one where no way is near.
	const stations = "name,lat,lon,datum\n岛上,24.489,118.095,WGS84\n远,24.485,118.095,WGS84\n近,24.48,118.094,WGS84\n荒地,24.4770,118.0925,WGS84\n"
	if err := os.WriteFile(list, []byte(stations), 0o600); err != nil {
		t.Fatal(err)
	}
	var near []nearOut
	if err := json.Unmarshal([]byte(must(t, "map", "nearest", pack, list, "24.48,118.0905")), &near); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range near {
		names = append(names, n.Name)
		if (n.Metres == nil) != (n.Why != "") {
			t.Errorf("%+v", n)
		}
	}
	if got := strings.Join(names, " "); !strings.HasPrefix(got, "近 远 ") || near[1].Why != "" || near[2].Why == "" || near[3].Why == "" {
		t.Errorf("ranked %s: %+v", got, near)
	}
	for text, words := range map[string]string{
		"近,24.48,118.094\n": "4", "近,24.48,118.094,\n": "datum", "近,x,118.094,WGS84\n": "line 1", "": "no line", "name,lat,lon,datum\n": "no line",
	} {
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if o := try(t, "map", "nearest", pack, list, "24.48,118.0905"); o.code == 0 || !strings.Contains(o.stderr, "stations.csv") || text != "近,24.48,118.094\n" && !strings.Contains(o.stderr, words) {
			t.Errorf("stations %q: %v", text, o)
		}
	}
	// A union's own sheet, as it is imported; a wrong row is said and left out.
	book := filepath.Join(dir, "站点.xlsx")
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range [][]any{{"站点编码", "名称", "类型", "地址", "经度", "纬度", "坐标系"}, {"A1", "近", "爱心驿站", "渡口路1号", "118.094", "24.48", "WGS84"},
		{"A2", "远", "爱心驿站", "渡口路2号", "118.095", "24.485", "GPS"}, {"A3", "不知", "爱心驿站", "渡口路3号", "118.095", "24.485", ""}} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := roster.Save(f, book); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(book); err != nil || info.Mode().Perm()&0o133 != 0 {
		t.Errorf("a workbook has the mode %v: %v", info.Mode(), err)
	}
	o := try(t, "map", "nearest", pack, book, "24.48,118.0905")
	holds(t, o, o.stderr, "有 1 处问题", "坐标系没有填")
	near = nil
	if err := json.Unmarshal([]byte(o.stdout), &near); err != nil || len(near) != 2 || near[0].Name != "近" {
		t.Errorf("%v: %v", o, err)
	}
	if err := os.WriteFile(book, []byte("no workbook"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := try(t, "map", "nearest", pack, book, "24.48,118.0905"); o.code == 0 || !strings.Contains(o.stderr, "站点.xlsx") {
		t.Errorf("no workbook: %v", o)
	}
	refused(t, []string{"250 m", "25,119"}, "map", "route", pack, "24.48,118.0905", "25,119")
	refused(t, []string{"no way on foot leads"}, "map", "route", pack, "24.48,118.0905", "24.489,118.095")
	body, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pack, body[:len(body)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	if o := try(t, "map", "info", pack); o.code == 0 || !strings.Contains(o.stderr, "地图文件不完整，请重新获取") {
		t.Error(o)
	}
}

// TestMapPublish publishes a pack through the running server: a device reads of it in
// its rows, and fetches it by its hash.
func TestMapPublish(t *testing.T) {
	p, _, c := settled(t)
	kiosk := p.enrolled("kiosk", "-role", "kiosk", "-station", string(c.Kiosk))
	dir := t.TempDir()
	pack := filepath.Join(dir, "town.map")
	must(t, "import", "map", "-area", "yunlu", "-name", "云鹭市", "-o", pack, townOSM)
	if out := p.must("map", "publish", pack); !strings.Contains(out, "云鹭市 (yunlu)") {
		t.Errorf("publish says %q", out)
	}
	if out := p.must("map", "publish", pack); !strings.Contains(out, "nothing changed") {
		t.Errorf("the second time it says %q", out)
	}
	body, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	var row wire.MapRow
	until(t, "the kiosk knows of the map", func() bool {
		r, ok, err := kiosk.store.Get(wire.TableMap, "yunlu")
		return err == nil && ok && wire.DecodeRow(r.Body, &row) == nil
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	path, err := kiosk.attachments().Get(ctx, wire.Blob(row.Blob))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, body) || row.Bytes != int64(len(body)) {
		t.Errorf("%d bytes arrived, want %d (%v)", len(got), len(body), err)
	}
	elsewhere := filepath.Join(dir, "other.map")
	must(t, "import", "map", "-area", "other", "-o", elsewhere, townOSM)
	if o := p.do("map", "publish", elsewhere); o.code == 0 || !strings.Contains(o.stderr, "map of other") || !strings.Contains(o.stderr, "-yes") {
		t.Error(o)
	}
	if err := os.WriteFile(elsewhere, body[:len(body)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if o := p.do("map", "publish", "-yes", elsewhere); o.code == 0 || !strings.Contains(o.stderr, "地图文件不完整") {
		t.Error(o)
	}
	if out := p.must("status"); !strings.Contains(out, `"area": "yunlu"`) {
		t.Errorf("status says %s", out)
	}
}
