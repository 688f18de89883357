package kiosk

import (
	"testing"

	"fyne.io/fyne/v2"

	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/wayfind"
	"yizhan/app/shell/shelltest"
	"yizhan/core/op"
)

// town is a kiosk that holds a map.
func town(t *testing.T, size fyne.Size) *machine {
	env, l, turn, w := shelltest.NewDevice(t, op.Kiosk)
	shelltest.Town(t, env)
	m := start(t, env, l, turn, size)
	m.world = w
	m.settled("map is open", func() bool { return m.state.Find.Ground.Graph != nil })
	return m
}

// mapped waits until all of the map is drawn, where it is on the screen.
func (m *machine) mapped() {
	m.Helper()
	if m.state.Page == kiosk.Stations && m.state.Find.Page != wayfind.Take && m.state.Find.Ground.Graph != nil {
		m.settled("map is drawn", m.chart.Map.Drawn)
	}
}

// TestTheWayToTheNearest: from the home page to the steps of the way, by fingers alone;
// the next person finds nothing of it.
func TestTheWayToTheNearest(t *testing.T) {
	m := town(t, portrait)
	m.tap("站点地图")
	m.until("离您最近、现在开放")
	m.until("南浦广场爱心驿站")
	m.mapped()
	m.tap("去最近的")
	m.until("步行 350 米，约 5 分钟")
	m.tap("怎么走")
	m.until("到达")
	m.tap("带走路线")
	m.until("用手机扫这个码")
	m.tap("完成并清除")
	m.tap("站点地图")
	if m.has("到达") || m.state.Find.List.Shown != "" {
		t.Error("the next person sees the way of the one before")
	}
}
