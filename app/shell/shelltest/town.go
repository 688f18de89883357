package shelltest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"yizhan/app/device/maps"
	"yizhan/app/device/photos"
	"yizhan/app/shell"
	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/mappack"
	"yizhan/core/photo"
	"yizhan/core/walk"
	"yizhan/core/wire"
)

// Town gives a device the map of a small made-up town around its station, and some
// stations in it: open and closed ones of several kinds, one on the far side of steps, and
// one that nobody can walk to. Call it before the shell starts.
func Town(t testing.TB, env *shell.Env) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "town.map")
	if err := writeTown(path); err != nil {
		t.Fatal(err)
	}
	env.Maps = maps.Fixed(path)
	name, body := front(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, name), body, 0o600); err != nil {
		t.Fatal(err)
	}
	env.Photos = photos.Open(folder)
	if err := env.Store.Apply(local.Checkpoint{To: 2001, Rows: townRows(t, name)}); err != nil {
		t.Fatal(err)
	}
}

// front draws the photo of a station: a house with a door, and a sign above it.
func front(t testing.TB) (name string, body []byte) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for _, part := range []struct {
		at     image.Rectangle
		colour color.RGBA
	}{
		{m.Bounds(), color.RGBA{176, 206, 232, 255}}, {image.Rect(0, 380, 640, 480), color.RGBA{150, 150, 148, 255}}, {image.Rect(60, 120, 580, 390), color.RGBA{214, 200, 176, 255}},
		{image.Rect(100, 140, 540, 200), color.RGBA{178, 40, 36, 255}}, {image.Rect(270, 230, 370, 390), color.RGBA{70, 62, 58, 255}},
		{image.Rect(100, 240, 230, 340), color.RGBA{120, 156, 176, 255}}, {image.Rect(410, 240, 540, 340), color.RGBA{120, 156, 176, 255}},
	} {
		draw.Draw(m, part.at, image.NewUniform(part.colour), image.Point{}, draw.Src)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	body, err := photo.Small(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), body
}

// town is a place so many metres east and north of the device's station.
func town(east, north float64) geo.Fix {
	return geo.PlaneAt(geo.Point{Lat: 31.25, Lon: 120.61}.Fix()).Fix(east, north)
}

func townRows(t testing.TB, photo string) (rows []local.Row) {
	for i, s := range []wire.StationRow{
		{Name: "南浦广场爱心驿站", Kind: "care", Hours: "每天 08:00-18:00", Facilities: []string{"water", "microwave", "aircon"}, Address: "南浦路 12 号", Landmark: "菜市场东门旁", Phone: "100-0000-0021", Checked: "2026-11-02", Photo: photo},
		{Name: "白沙共享职工之家", Kind: "home", Hours: "每天 09:00-21:00", Facilities: []string{"water", "books"}, Address: "学堂路 3 号", Phone: "100-0000-0022", Checked: "2026-10-20"},
		{Name: "河滨劳动者驿站（环卫工人休息室）", Kind: "care", Hours: "每天 05:00-11:00", Facilities: []string{"water"}, Address: "滨河东路 40 号", Checked: "2025-01-05"},
		{Name: "云鹭职工医院门诊部", Kind: "hospital", Hours: "每天 24小时", Address: "人民路 88 号", Phone: "100-0000-0024", Checked: "2026-11-01"},
		{Name: "高台阶职工文化宫", Kind: "venue", Hours: "每天 09:00-20:00", Facilities: []string{"water"}, Address: "山脚路 1 号", Checked: "2026-11-01"},
		{Name: "对岸便民驿站", Kind: "care", Hours: "每天 08:00-20:00", Address: "对岸路 5 号", Checked: "2026-11-01"},
		{Name: "小马早餐店", Kind: "merchant", Hours: "每天 06:00-22:00", Facilities: []string{"water"}, Address: "学堂路 20 号", Checked: "2026-11-01"},
	} {
		at := [][2]float64{{215, 130}, {-230, 330}, {330, -190}, {-420, -240}, {20, 640}, {1400, 40}, {-60, -330}}[i]
		p := town(at[0], at[1]).Point()
		s.ID, s.Number, s.Lat, s.Lon, s.Datum = id.Station(fmt.Sprintf("S10%d", i)), uint32(10+i), p.Lat, p.Lon, "WGS84"
		body, err := wire.EncodeRow(s)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, local.Row{Table: wire.TableStation, ID: string(s.ID), Seq: uint64(100 + i), Body: body})
	}
	return rows
}

// writeTown writes streets every 120 m, houses between them, a river and a park.
func writeTown(path string) error {
	w, err := mappack.Create(path)
	if err != nil {
		return err
	}
	defer w.Close()
	var walks walk.Builder
	add := func(f mappack.Feature) {
		if err == nil {
			err = w.Add(&f)
		}
	}
	names := []string{"山脚路", "书院街", "学堂路", "织造巷", "人民路", "渡口街", "南浦路", "盐仓巷", "码头街"}
	const half, step = 480.0, 120.0
	ref := func(column, row int) int64 { return int64(column*100 + row + 1) }
	for i := range 9 {
		at := -half + float64(i)*step
		class := mappack.SideStreet
		if i%4 == 0 {
			class = mappack.Secondary
		}
		var across, along []geo.Fix
		var acrossRefs, alongRefs []int64
		for k := range 9 {
			other := -half + float64(k)*step
			across, acrossRefs = append(across, town(other, -at)), append(acrossRefs, ref(k, i))
			along, alongRefs = append(along, town(at, -other)), append(alongRefs, ref(i, k))
		}
		add(mappack.Feature{Class: class, Name: names[i], Rings: [][]geo.Fix{across}})
		add(mappack.Feature{Class: class, Name: names[(i+4)%9] + "支路", Rings: [][]geo.Fix{along}})
		walks.Add(acrossRefs, across, names[i], walk.Street, 0)
		walks.Add(alongRefs, along, names[(i+4)%9]+"支路", walk.Street, 0)
		for k := range 8 {
			if x, y := at+step/2, -half+step/2+float64(k)*step; i < 8 && (i != 2 || k != 5) {
				add(mappack.Feature{Class: mappack.Building, Area: true, Rings: [][]geo.Fix{{town(x-42, y-40), town(x+10, y-40), town(x+10, y-8), town(x+42, y-8), town(x+42, y+40), town(x-42, y+40)}}})
			}
		}
	}
	steps := []geo.Fix{town(0, 480), town(4, 560), town(20, 640)}
	add(mappack.Feature{Class: mappack.StepsPath, Name: "百步梯", Rings: [][]geo.Fix{steps}})
	walks.Add([]int64{ref(4, 0), 9001, 9002}, steps, "百步梯", walk.Stairs, walk.HasSteps)
	bank := []geo.Fix{town(1300, -900), town(1310, 900)} // a net of its own, longer than what is left out
	add(mappack.Feature{Class: mappack.SideStreet, Name: "对岸路", Rings: [][]geo.Fix{bank}})
	walks.Add([]int64{9101, 9102}, bank, "对岸路", walk.Street, 0)
	add(mappack.Feature{Class: mappack.Water, Area: true, Name: "云鹭河", Rings: [][]geo.Fix{{town(560, -900), town(720, -900), town(760, 900), town(600, 900)}}})
	add(mappack.Feature{Class: mappack.Green, Area: true, Name: "仙桥公园", Rings: [][]geo.Fix{{town(-235, 125), town(-125, 125), town(-125, 235), town(-235, 235)}}})
	add(mappack.Feature{Class: mappack.Poi, Name: "南浦菜市场", Rings: [][]geo.Fix{{town(180, 60)}}})
	add(mappack.Feature{Class: mappack.Stop, Name: "仙桥站", Rings: [][]geo.Fix{{town(-60, 10)}}})
	if err != nil {
		return err
	}
	return w.Finish(mappack.About{Area: "town", Name: "云鹭市", Attribution: "虚构的城市，演示用", Made: "2026-11-01"}, walks.Build().Encode())
}
