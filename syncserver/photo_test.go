package main

import (
	"bytes"
	"context"
	"encoding/json"
	picture "image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"yizhan/core/photo"
	"yizhan/core/station"
	"yizhan/core/wire"
)

// shot is a picture of one colour, as a telephone takes it.
func shot(t *testing.T, path string, c color.RGBA) {
	t.Helper()
	m := picture.NewRGBA(picture.Rect(0, 0, 1200, 900))
	for y := range 900 {
		for x := range 1200 {
			m.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	write(t, path, out.String())
}

func write(t *testing.T, path, body string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
}

const photoSheet = `站点编码,名称,类型,地址,经度,纬度,坐标系,照片
P1,仙桥广场爱心驿站,爱心驿站,仙桥路1号,118.0949,24.4772,GCJ02,大门.jpg
P2,南浦爱心驿站,爱心驿站,仙桥路2号,118.0949,24.4772,GCJ02,
P3,湖滨爱心驿站,爱心驿站,仙桥路3号,118.0949,24.4772,GCJ02,没有拍.jpg
P4,渡口爱心驿站,爱心驿站,仙桥路4号,118.0949,24.4772,GCJ02,坏的.jpg
`

// A clerk brings pictures beside the sheet, in a folder, one alone, and takes one away.
func TestPhotosByCommand(t *testing.T) {
	p, dir := serving(t), t.TempDir()
	sheet, photos := filepath.Join(dir, "站点.csv"), filepath.Join(dir, "照片")
	write(t, sheet, photoSheet)
	shot(t, filepath.Join(photos, "大门.jpg"), color.RGBA{200, 30, 30, 255})
	shot(t, filepath.Join(photos, "P2.jpg"), color.RGBA{30, 200, 30, 255})
	write(t, filepath.Join(photos, "坏的.jpg"), "不是图片")
	write(t, filepath.Join(photos, "别处.jpg"), "不是图片")
	back := filepath.Join(dir, "back.xlsx")
	photoOf := func() map[string]string {
		t.Helper()
		var all []station.Station
		if err := json.Unmarshal([]byte(p.do("station", "list", "-json").stdout), &all); err != nil {
			t.Fatal(err)
		}
		of := map[string]string{}
		for _, s := range all {
			of[string(s.ID)] = s.Photo
		}
		return of
	}
	o := p.do("import", "stations", sheet, "-check", "-errors", back)
	holds(t, o, o.stdout, "可导入 4", "提醒 2", "站点照片：可用 1 张")
	holds(t, o, o.stderr, "第 4 行 H 列“照片”(提醒,本行仍会导入):找不到照片“没有拍.jpg”", "“照片/坏的.jpg”不是 JPEG 或 PNG 图片")
	o = p.do("import", "stations", sheet, "-errors", back, "-photos", photos)
	holds(t, o, o.stdout, "服务站点：新增或更新 4", "站点照片：新增、更换或撤下 2，未变 0")
	holds(t, o, o.stderr, "照片“别处.jpg”：没有叫这个编码或名称的站点")
	of := photoOf()
	if of["P1"] == "" || of["P2"] == "" || of["P3"]+of["P4"] != "" {
		t.Errorf("%v", of)
	}
	o = p.do("import", "stations", sheet, "-errors", back, "-photos", photos)
	holds(t, o, o.stdout, "新增或更新 0，未变 4", "站点照片：新增、更换或撤下 0，未变 2")

	shot(t, filepath.Join(photos, "P2.jpg"), color.RGBA{30, 30, 200, 255})
	o = p.do("import", "photos", photos)
	holds(t, o, o.stdout, "站点照片：新增、更换或撤下 1，未变 0")
	now := photoOf()
	if now["P1"] != of["P1"] || now["P2"] == of["P2"] || now["P2"] == "" {
		t.Errorf("%v, before %v", now, of)
	}
	o = p.do("station", "photo", "P3", filepath.Join(photos, "大门.jpg"))
	holds(t, o, o.stdout, "已换上照片(")
	kiosk := p.enrolled("kiosk", "-role", "kiosk", "-station", "P1")
	kiosk.run()
	kiosk.synced()
	var row wire.StationRow
	if r, ok, err := kiosk.store.Get(wire.TableStation, "P3"); err != nil || !ok || wire.DecodeRow(r.Body, &row) != nil {
		t.Fatalf("P3 at the kiosk: %v, %v", ok, err)
	}
	name, err := wire.ParseBlob(row.Photo)
	if err != nil {
		t.Fatal(err)
	}
	path, err := kiosk.attachments().Get(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := os.ReadFile(path); err != nil || photo.Check(body) != nil {
		t.Errorf("the kiosk fetched %d bytes, %v", len(body), err)
	}
	o = p.do("station", "photo", "P1", "-remove")
	holds(t, o, o.stdout, "已撤下照片")
	if now = photoOf(); now["P1"] != "" || now["P3"] != of["P1"] {
		t.Errorf("%v", now)
	}
	p.refuses([]string{"坏的.jpg", "不是 JPEG 或 PNG 图片"}, "station", "photo", "P3", filepath.Join(photos, "坏的.jpg"))
	p.refuses([]string{`there is no station "P9"`}, "station", "photo", "P9", filepath.Join(photos, "大门.jpg"))
	p.refuses([]string{"name a picture, or say -remove"}, "station", "photo", "P3")
	p.refuses([]string{"没有可用的站点照片"}, "import", "photos", t.TempDir())
	p.refuses([]string{"既不是文件夹"}, "import", "photos", sheet)
}
