package stations

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/app/flow/ime"
	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/schedule"
	"yizhan/core/station"
)

var (
	zone = time.FixedZone("UTC+8", 8*3600)
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, zone) // a Monday
	here = geo.Point{Lat: 24.48, Lon: 118.09}
	year = schedule.Year{Year: 2026, Days: []schedule.Day{{Date: "2026-10-01", Name: "国庆节", Off: true}, {Date: "2026-10-10", Name: "国庆节"}}}
)

func at(metres float64, s station.Station) station.Station {
	p := geo.Offset(here, metres, 40)
	s.Lat, s.Lon, s.Datum, s.Checked = p.Lat, p.Lon, "WGS84", "2026-11-02"
	return s
}

func places() []station.Station {
	return []station.Station{
		at(0, station.Station{ID: "S1", Name: "科园职工服务站", Kind: "service", Hours: "每天 24小时", Facilities: []string{"water", "toilet"}}),
		at(96, station.Station{ID: "S2", Name: "仙桥广场爱心驿站", Kind: "care", Hours: "工作日 08:30-12:20；周末 休息", Facilities: []string{"water", "microwave"}, Landmark: "菜市场东门旁"}),
		at(310, station.Station{ID: "S3", Name: "南浦爱心驿站", Kind: "care", Hours: "每天 18:00-22:00", Facilities: []string{"water", "aircon"}, Phone: "10091000002"}),
		at(455, station.Station{ID: "S4", Name: "白沙共享职工之家", Kind: "home", Hours: "每天 08:00-20:00", Facilities: []string{"空调", "沙发", "擦鞋机"}}),
		at(800, station.Station{ID: "S5", Name: "老驿站", Kind: "爱心驿站", Hours: "早上到晚上", Checked: ""}),
		at(900, station.Station{ID: "S6", Name: "撤掉的驿站", Kind: "care", Hours: "每天 08:00-20:00", Status: "关闭"}),
		{ID: "S7", Name: "无图驿站", Kind: "care", Hours: "每天 08:00-20:00", Closure: &station.Closure{From: "2026-11-20", Until: "2026-12-05", Why: "装修"}},
	}
}

func given(t *testing.T, messages ...Message) State {
	t.Helper()
	s := State{}
	for _, m := range append([]Message{Tick{noon}, Loaded{Data{places(), []schedule.Year{year}}}, Locate{Asker{here, true, "S1"}}}, messages...) {
		s = s.Update(m)
	}
	return s
}

func listed(s State) string {
	rows, _ := s.Rows()
	var all []string
	for _, r := range rows {
		all = append(all, string(r.Station))
	}
	return strings.Join(all, " ")
}

func TestFinding(t *testing.T) {
	for _, c := range []struct {
		messages []Message
		want     string
	}{
		{nil, "S1 S2 S3 S4 S5 S7"},
		{[]Message{OnlyOpen{true}}, "S1 S2 S4"},
		{[]Message{Kind{"care"}}, "S2 S3 S5 S7"},
		{[]Message{Kind{"care"}, Kind{"home"}}, "S2 S3 S4 S5 S7"},
		{[]Message{Facility{"water"}}, "S1 S2 S3"},
		{[]Message{Facility{"water"}, Facility{"microwave"}}, "S2"},
		{[]Message{Facility{"aircon"}}, "S3 S4"}, // as the sheets wrote it before there were keys
		{[]Message{Facility{"water"}, Facility{"water"}}, "S1 S2 S3 S4 S5 S7"},
		{[]Message{Type{"南浦"}}, "S3"}, {[]Message{Type{"nanpu"}}, "S3"}, {[]Message{Type{"npax"}}, "S3"}, {[]Message{Type{"爱心"}}, "S2 S3 S5 S7"},
		{[]Message{Type{"热水"}}, "S1 S2 S3"}, {[]Message{Type{"reshui"}}, "S1 S2 S3"}, {[]Message{Type{"饮水机"}}, "S1 S2 S3"}, {[]Message{Type{"擦鞋机"}}, "S4"},
		{[]Message{Type{"菜市场"}}, "S2"}, {[]Message{Type{"caishichang"}}, "S2"}, {[]Message{Type{"爱心 微波炉"}}, "S2"}, {[]Message{Type{"S3"}}, "S3"},
		{[]Message{Type{"撤掉"}}, "S6"}, // shut: found only by name
		{[]Message{Type{"没有的"}}, ""}, {[]Message{Type{"热水"}, Clear{}}, "S1 S2 S3 S4 S5 S7"},
	} {
		if got := listed(given(t, c.messages...)); got != c.want {
			t.Errorf("%+v: %q, want %q", c.messages, got, c.want)
		}
	}
}

// The order is by walking where somebody knows the ways, and says what it is by.
func TestOrder(t *testing.T) {
	walks := map[id.Station]Walk{"S1": {0, 0, true}, "S2": {1400, 20, true}, "S3": {500, 7, true}, "S4": {0, 0, false}, "S5": {900, 13, true}}
	s := given(t, Ranked{here, walks})
	if got := listed(s); got != "S1 S3 S5 S2 S4 S7" {
		t.Errorf("by walking: %s", got)
	}
	rows, _ := s.Rows()
	for i, want := range []string{"您在这里", "步行 500 米，约 7 分钟", "步行 900 米，约 13 分钟", "步行 1.4 公里，约 20 分钟", "走不到，直线 450 米", ""} {
		if got := rows[i].Away.String(); got != want {
			t.Errorf("row %d is %q away, want %q", i, got, want)
		}
	}
	if _, order := s.Summary(); !strings.Contains(order.String(), "步行") {
		t.Errorf("the order is %q", order)
	}
	s = s.Update(Locate{Asker{geo.Offset(here, 300, 40), true, ""}})
	if got := listed(s); got != "S3 S4 S2 S1 S5 S7" {
		t.Errorf("elsewhere: %s", got)
	}
	if _, order := s.Summary(); !strings.Contains(order.String(), "直线") {
		t.Errorf("the order is %q", order)
	}
	if s = s.Update(Ranked{here, walks}); s.Walked() {
		t.Error("ways from elsewhere were taken")
	}
	if _, order := s.Update(Locate{}).Summary(); !strings.Contains(order.String(), "不知道您在哪里") {
		t.Errorf("without a place the order is %q", order)
	}
}

func TestWords(t *testing.T) {
	want := map[id.Station]string{"S1": "24 小时开放", "S2": "开放中，20 分钟后关门", "S3": "已关门，今天 18:00 开", "S4": "开放中，到 20:00", "S5": "开放时间以电话为准", "S7": "暂停开放，到 12月5日（周六）"}
	rows, _ := given(t).Rows()
	if rows[0].Name != "科园职工服务站" || rows[0].Kind.String() != "职工服务站" || rows[1].Note.String() != "菜市场东门旁" || !rows[0].Here || rows[1].Here {
		t.Errorf("%+v", rows[0])
	}
	for _, r := range rows {
		if got := r.Word.String(); got != want[r.Station] {
			t.Errorf("%s: %q, want %q", r.Station, got, want[r.Station])
		}
		if (r.Tone == flow.Good) != strings.HasSuffix(want[r.Station], "开放") && r.Station == "S1" {
			t.Errorf("%s has tone %d", r.Station, r.Tone)
		}
	}
}

func TestDetail(t *testing.T) {
	d := given(t, Show{"S2"}).Detail()
	if d.Name != "仙桥广场爱心驿站" || d.Today.String() != "08:30-12:20" || len(d.Week) != 7 || d.Week[5].Text.String() != "休息" || !d.Week[0].Today || !d.Doubt.Empty() || d.Stale {
		t.Errorf("%+v", d)
	}
	if d = given(t, Show{"S5"}).Detail(); d.Today.String() != "早上到晚上" || len(d.Week) != 0 || !strings.Contains(d.Doubt.String(), "原文") {
		t.Errorf("unreadable hours: %+v", d)
	}
	if d = given(t, Show{"S7"}).Detail(); d.Notice.String() != "现在起暂停开放，到 12月5日（周六）为止（含当天）。原因：装修。" || !d.Stale || !strings.Contains(d.Checked.String(), "没有人") {
		t.Errorf("closed for a while: %q, %q", d.Notice, d.Checked)
	}
	old := given(t, Show{"S2"}, Tick{time.Date(2027, 10, 1, 9, 0, 0, 0, zone)}).Detail()
	if !old.Stale || !strings.Contains(old.Checked.String(), "333 天") || !strings.Contains(old.Doubt.String(), "放假安排") {
		t.Errorf("a year later: %q, %q", old.Checked, old.Doubt)
	}
	holiday := given(t, Show{"S3"}, Tick{time.Date(2026, 10, 1, 9, 0, 0, 0, zone)}, Show{"S2"}).Detail()
	if !strings.Contains(holiday.Doubt.String(), "国庆节") || !strings.Contains(holiday.Today.String(), "国庆节放假") {
		t.Errorf("on a holiday: %q, %q", holiday.Today, holiday.Doubt)
	}
	s := given(t, Show{"S9"})
	if s.Shown != "" || s.Detail().Name != "" {
		t.Error("a place that is not there was opened")
	}
	if s = given(t, Show{"S2"}, Loaded{Data{places()[:1], nil}}); s.Shown != "" {
		t.Error("a place that is gone is still open")
	}
}

func TestNothing(t *testing.T) {
	if w := (State{}).Nothing(); w.Word.String() != "还没有站点资料" {
		t.Errorf("without data: %v", w)
	}
	s := given(t, Type{"南浦"}, OnlyOpen{true})
	if w := s.Nothing(); !strings.Contains(w.Sentence.String(), "1 个站点") {
		t.Errorf("all closed: %v", w)
	}
	if w := given(t, Type{"没有的"}, OnlyOpen{true}).Nothing(); w.Word.String() != "没有找到站点" {
		t.Errorf("nothing fits: %v", w)
	}
}

func TestALongListIsShownInParts(t *testing.T) {
	var all []station.Station
	for i := range 312 {
		all = append(all, at(float64(i*40), station.Station{ID: id.Station(fmt.Sprintf("S%03d", i)), Name: fmt.Sprintf("驿站%d", i)}))
	}
	s := State{}.Update(Tick{noon}).Update(Loaded{Data{Stations: all}}).Update(Locate{Asker{here, true, ""}})
	if rows, more := s.Rows(); len(rows) != page || more != 292 {
		t.Errorf("%d rows, %d more", len(rows), more)
	}
	if rows, more := s.Update(More{}).Rows(); len(rows) != 2*page || more != 272 {
		t.Errorf("%d rows, %d more", len(rows), more)
	}
	if rows, _ := s.Update(More{}).Update(Type{"驿站"}).Rows(); len(rows) != page {
		t.Errorf("another search begins with %d rows", len(rows))
	}
}

func TestChips(t *testing.T) {
	open, kinds, facilities := given(t, Facility{"water"}).Chips()
	if open.Chosen || len(kinds) != 3 || len(facilities) == 0 || !facilities[0].Chosen || !slices.ContainsFunc(facilities, func(c Chip) bool { return c.Text.String() == "桌椅" }) {
		t.Errorf("%v %v %v", open, kinds, facilities)
	}
}

// On a machine without keys pinyin finds as it is typed, and a candidate narrows it down.
func TestTypingOnTheScreen(t *testing.T) {
	dict, err := ime.Load("nan\t南 100\nnan pu\t南浦 50\n")
	if err != nil {
		t.Fatal(err)
	}
	s := given(t, Key{ime.Key{Rune: 'n'}}, Words{dict, 20}, Keyboard{true})
	for _, r := range "np" {
		s = s.Update(Key{ime.Key{Rune: r}})
	}
	if s.Text != "" || s.Query() != "np" || listed(s) != "S3" {
		t.Errorf("composing: %q, %q finds %s", s.Text, s.Query(), listed(s))
	}
	if closed := s.Update(Keyboard{}); closed.Text != "np" || closed.Keys || listed(closed) != "S3" {
		t.Errorf("closed while composing: %q", closed.Text)
	}
	s = s.Update(Key{ime.Pick{}})
	for s.Board().Typed != "" {
		s = s.Update(Key{ime.Pick{}})
	}
	if s.Text == "" || !s.Keys {
		t.Errorf("after a candidate: %q", s.Text)
	}
	if s = s.Update(Key{ime.Enter{}}); s.Keys {
		t.Error("done, and the keyboard is still there")
	}
	if s = s.Update(Keyboard{true}).Update(Show{"S3"}); s.Keys || s.Shown != "S3" {
		t.Error("the keyboard lies on the page of a place")
	}
}

func TestUsualChips(t *testing.T) {
	words := func(s State) (all string) {
		for _, c := range s.Usual() {
			all += c.Text.String() + " "
		}
		return all
	}
	if got := words(given(t)); got != "现在开放 热水 微波炉 厕所 " {
		t.Errorf("at first: %s", got)
	}
	if got := words(given(t, Kind{"home"}, Facility{"aircon"})); got != "现在开放 共享职工之家 空调 热水 " {
		t.Errorf("what is chosen stays in sight: %s", got)
	}
}

// A state that was kept does not change when a later one does.
func TestStatesAreValues(t *testing.T) {
	before := given(t, Kind{"care"})
	before.Update(Kind{"home"})
	before.Update(Kind{"care"})
	if got := listed(before); got != "S2 S3 S5 S7" {
		t.Errorf("the older state now lists %s", got)
	}
}

func BenchmarkFind(b *testing.B) {
	var all []station.Station
	for i := range 312 {
		all = append(all, at(float64(i*40), station.Station{ID: id.Station(fmt.Sprintf("S%03d", i)), Name: fmt.Sprintf("仙桥菜市场%d号爱心驿站", i), Kind: "care",
			Hours: "工作日 08:30-12:00、14:00-17:30；周末 09:00-12:00；节假日 休息", Facilities: []string{"water", "microwave", "toilet", "aircon", "charging"}, Landmark: "公交总站东门旁", Address: "科园一路8号"}))
	}
	s := State{}.Update(Tick{noon}).Update(Loaded{Data{Stations: all, Years: []schedule.Year{year}}}).Update(Locate{Asker{here, true, ""}}).Update(Type{"xqaxyz reshui"})
	for b.Loop() {
		s.Rows()
	}
}
