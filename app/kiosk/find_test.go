package kiosk

import (
	"testing"
	"time"

	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
)

func init() {
	visits["searching"] = func(m *machine) { m.search("爱心驿"); m.typed("n", "p") }
	visits["nothing-found"] = func(m *machine) { m.search("擦鞋机"); m.places(stations.Keyboard{}) }
	visits["filters"] = func(m *machine) { m.tap("站点地图"); m.tap("更多条件") }
}

// places sends a message of the list.
func (m *machine) places(messages ...stations.Message) {
	for _, one := range messages {
		m.send(kiosk.Find{Message: wayfind.Stations{Message: one}})
	}
}

// search opens the keyboard over a text.
func (m *machine) search(text string) {
	m.Helper()
	m.tap("站点地图")
	m.tap("搜名称")
	m.settled("the keyboard has its words", func() bool { return m.state.Find.List.Typing() })
	m.places(stations.Type{Text: text})
}

func (m *machine) typed(keys ...string) {
	m.Helper()
	for _, key := range keys {
		m.tap(key)
	}
}

// TestFindingByTyping: pinyin on the keyboard of the screen finds as it is typed, and the
// next person finds the field empty.
func TestFindingByTyping(t *testing.T) {
	m := town(t, portrait)
	m.search("")
	m.typed("n", "p")
	m.until("南浦广场爱心驿站")
	if m.has("白沙共享职工之家") {
		t.Error("what does not fit is still listed")
	}
	m.until("找到 1 个")
	m.tap("南浦广场爱心驿站")
	m.until("怎么走")
	if d := m.state.Find.List.Detail(); d.Station != "S100" || len(d.Week) != 7 {
		t.Errorf("the page of %q", d.Name)
	}
	m.tap("完成并清除")
	m.tap("站点地图")
	if l := m.state.Find.List; l.Query() != "" || l.Keys || l.Narrow() {
		t.Errorf("the next person finds %q", l.Query())
	}
}

// At night everything is closed: the page says so, and when one may come.
func TestAllIsClosedAtNight(t *testing.T) {
	m := town(t, portrait)
	for m.now.Hour() != 3 {
		m.now = m.now.Add(time.Hour)
	}
	m.tick()
	m.tap("站点地图")
	m.places(stations.Kind{Key: "care"}, stations.OnlyOpen{On: true})
	m.until("现在都没有开门")
	m.tap("现在开放")
	m.until("已关门")
}
