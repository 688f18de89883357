package staff

import (
	"testing"

	"fyne.io/fyne/v2"

	appdevice "yizhan/app/device"
	"yizhan/app/escpos/escpostest"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/paper"
	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
)

// TestTheWayForSomebody: the map from the last tab, a station, the way, a code to scan and
// a slip; whoever asks next begins anew.
func TestTheWayForSomebody(t *testing.T) {
	for name, size := range map[string]fyne.Size{"phone": phone, "tablet": tablet} {
		printer := &escpostest.Printer{}
		p, err := appdevice.ParsePrinter("tcp:" + printer.Listen(t))
		if err != nil {
			t.Fatal(err)
		}
		w := openedIn(t, true, size, func(env *shell.Env) {
			shelltest.Town(t, env)
			env.Press = shell.NewPress(p, paper.Narrow)
		})
		drawn := func(page string) {
			t.Helper()
			w.mapped()
			w.shoot(name + "_" + page)
			shelltest.Targets(t, name+", "+page, w.env.Window.Canvas().Content(), w.scale())
		}
		w.show(more)
		w.want("给人指路")
		w.open(way)
		w.want("离您最近、现在开放")
		w.want("步行 350 米，约 5 分钟")
		drawn("stations")
		w.toSeek(wayfind.Stations{Message: stations.Show{Station: "S100"}})
		w.want("怎么走")
		drawn("place")
		w.toSeek(wayfind.Open{Page: wayfind.Way})
		w.want("到达")
		drawn("way")
		w.toSeek(wayfind.Open{Page: wayfind.Take})
		w.want("用手机扫这个码")
		drawn("take")
		w.printWay()
		w.turn.Until(t, "the slip is shown", func() bool { return w.slip != nil })
		w.slip = nil
		w.toSeek(wayfind.Back{})
		w.want("我就在这个站点")
		w.back()
		w.open(way)
		w.want("离您最近、现在开放")
		if w.seek.List.Shown != "" || w.seek.Page != wayfind.List {
			t.Errorf("%s: the next person sees the way of the one before", name)
		}
	}
}
