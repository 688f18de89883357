package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"yizhan/core/station"
)

const stationSheet = `站点编码,名称,类型,地址,经度,纬度,坐标系,开放时间,联系电话,设施,状态,最近核验日期,地标
A1,仙桥广场爱心驿站,爱心驿站,仙桥路1号,118.0949,24.4772,GCJ02,每天 24小时,10091000001,饮水机、卫生间,开放,2020-01-02,菜市场东门旁
A2,没有坐标系的驿站,爱心驿站,仙桥路2号,118.0949,24.4772,,每天 24小时,,,,,
A3,看不懂时间的驿站,爱心驿站,仙桥路3号,118.0949,24.4772,BD09,早上到晚上,,,,,
A4,南浦职工服务站,职工服务站,南浦街4号,118.0949,24.4772,WGS84,每天 休息,,微波炉,,,
`

// What a sheet gets wrong costs its own row, and what the union says between two
// imports stays when the sheet comes again (scenario O of the field notes).
func TestStationsByCommand(t *testing.T) {
	p, dir := serving(t), t.TempDir()
	sheet := filepath.Join(dir, "站点.csv")
	if err := os.WriteFile(sheet, []byte(stationSheet), 0o600); err != nil {
		t.Fatal(err)
	}
	o := p.do("import", "stations", sheet, "-errors", filepath.Join(dir, "back.xlsx"))
	holds(t, o, o.stdout, "可导入 2，重复 0，错误 2", "服务站点：新增或更新 2")
	holds(t, o, o.stderr, "第 3 行 G 列“坐标系”:坐标系没有填", "第 4 行 H 列“开放时间”:看不懂“早上到晚上”")

	o = p.do("station", "list")
	holds(t, o, o.stdout, "A1  仙桥广场爱心驿站  爱心驿站", "开放 ", "2020-01-02（太久）", "A4  南浦职工服务站", "关门")
	for _, words := range [][]string{{"仙桥"}, {"xq"}, {"热水"}, {"caishichang"}, {"-open"}, {"-kind", "爱心驿站"}} {
		command := []string{"station", "find", "-json", words[0]}
		if words[0][0] == '-' {
			command = append([]string{"station", "list", "-json"}, words...)
		}
		o := p.do(command...)
		var found []station.Station
		if err := json.Unmarshal([]byte(o.stdout), &found); err != nil || len(found) != 1 || found[0].ID != "A1" {
			t.Errorf("%v: %v", words, o)
		}
	}
	p.refuses([]string{"没有符合条件的站点"}, "station", "find", "没有的")

	p.must("station", "close", "A1", "-until", "2999-12-31", "-why", "内部装修")
	p.must("station", "checked", "A1")
	again := func() {
		t.Helper()
		o := p.do("import", "stations", sheet, "-errors", filepath.Join(dir, "back.xlsx"))
		holds(t, o, o.stdout, "新增或更新 0，未变 2")
		o = p.do("station", "list", "-json")
		var all []station.Station
		if err := json.Unmarshal([]byte(o.stdout), &all); err != nil {
			t.Fatal(err)
		}
		if a := all[0]; a.Closure == nil || a.Closure.Until != "2999-12-31" || a.Closure.Why != "内部装修" || a.Checked < time.Now().AddDate(0, 0, -2).Format(time.DateOnly) {
			t.Errorf("%+v", a)
		}
	}
	again()
	p.end(syscall.SIGTERM)
	p.start()
	again() // also out of the journal
	o = p.do("station", "list")
	holds(t, o, o.stdout, "暂停到 2999-12-31 内部装修")
	p.must("station", "open", "A1")
	o = p.do("station", "open", "A1")
	holds(t, o, o.stdout, "没有变化")
	p.refuses([]string{`there is no station "A9"`}, "station", "open", "A9")
	p.refuses([]string{"no date like"}, "station", "close", "A1", "-until", "月底")
	p.refuses([]string{"before it begins"}, "station", "close", "A1", "-from", "2026-12-02", "-until", "2026-12-01")
}

func TestCalendarByCommand(t *testing.T) {
	p, dir := serving(t), t.TempDir()
	write := func(name, body string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// As holiday-cn publishes it, with the keys that say where it comes from.
	y2026 := write("2026.json", `{"$schema":"https://example.org/schema.json","year":2026,"papers":["http://www.gov.cn/x"],"days":[
		{"name":"元旦","date":"2026-01-01","isOffDay":true},{"name":"春节","date":"2026-02-14","isOffDay":false}]}`)
	y2027 := write("2027.json", `{"year":2027,"papers":[],"days":[]}`)
	o := p.do("import", "calendar", y2026, y2027)
	holds(t, o, o.stdout, "2026: 1 days off, 1 make-up workdays", "2027: the notice is not out")
	o = p.do("import", "calendar", y2026, y2027)
	holds(t, o, o.stdout, "2026: nothing changed", "2027: nothing changed")
	before := p.status().Seq
	p.refuses([]string{"bad.json", `"2026-2-30" is no date`}, "import", "calendar", y2027, write("bad.json", `{"year":2026,"days":[{"date":"2026-2-30"}]}`))
	p.refuses([]string{"list.json", "it is no calendar like"}, "import", "calendar", write("list.json", `[]`))
	p.refuses([]string{"no such file"}, "import", "calendar", filepath.Join(dir, "2028.json"))
	if after := p.status().Seq; after != before {
		t.Errorf("refused files moved the journal from %d to %d", before, after)
	}
}
