package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"yizhan/app/escpos/escpostest"
	"yizhan/core/qr"
)

// mapped brings the demo city's map in and publishes it.
func (s *server) mapped() {
	s.t.Helper()
	file := s.path("yunlu.map")
	s.must("import", "map", "-area", "yunlu", "-name", "云鹭市", "-by", "虚构的城市", "-o", file, s.path("city/city.osm.gz"))
	s.must("map", "publish", file)
}

// TestTheWayAtAKiosk: from the first page to the stations with hot water, one of them, the
// way there at another pace, and the slip that a printer gets; the next visitor finds
// nothing of it. Which stations are open is as it is on the day.
func TestTheWayAtAKiosk(t *testing.T) {
	watchSources(t)
	s := newServer(t)
	s.mapped()
	printer := &escpostest.Printer{}
	kiosk := newWindow(t, "kiosk", 720, 1280, "-server", "ws://"+s.addr+"/v1/sync", "-camera", "none", "-printer", "tcp:"+printer.Listen(t))
	kiosk.start("-enrol", s.code("-role", "kiosk", "-station", s.kiosk))
	kiosk.reads(online)

	kiosk.tap("站点地图", "按步行距离，由近到远") // the map has arrived
	kiosk.tap("热水", "找到 ")
	row := kiosk.row(4)
	name, ordinary := kiosk.visit(row)
	slower := func(o outline) bool { _, minutes := o.place(); return minutes > ordinary }
	for range 5 {
		kiosk.tap("走得慢", "走得慢") // again where the page was being drawn anew
		if kiosk.shows(slower, patience/20) {
			break
		}
	}
	kiosk.until("a slower way", slower)
	kiosk.tap("怎么走", "到达")
	kiosk.tap("打印路线", "请从出票口取走凭条")
	printer.Await(func(_, slips int) bool { return slips == 1 })
	link, err := qr.Read(printer.Slips()[0])
	if err != nil || !leads(link, "uri.amap.com", name) {
		t.Errorf("the slip for %s has the code %q, %v", name, link, err)
	}

	kiosk.tap("完成并清除", "有票或会员码")
	kiosk.tap("站点地图", "按步行距离，由近到远")
	if left, ok := kiosk.outline().find(true, "清除"); ok && left.words == "清除" {
		t.Errorf("the next visitor sees what the one before was looking for:\n%v", kiosk.outline())
	}
	kiosk.tap("热水", "找到 ")
	if again, minutes := kiosk.visit(row); again != name || minutes != ordinary {
		t.Errorf("the next visitor walks to %s in %d minutes, the one before in %d to %s", again, minutes, ordinary, name)
	}
}

// visit opens the station of a row; who taps while the list still rolls finds another
// one, and goes back.
func (w *window) visit(row string) (name string, minutes int) {
	w.t.Helper()
	for range 5 {
		w.pull(row, 900, 1100)
		w.tap(row, "一般速度")
		if name, minutes = w.outline().place(); name != "" && strings.Contains(row, name) {
			return name, minutes
		}
		w.tap("返回", "按步行距离")
	}
	w.t.Fatalf("the row %q does not open its station; the %s shows\n%v", row, w.name, w.outline())
	return "", 0
}

// pull drags a list until the middle of what has the words stands between two heights.
func (w *window) pull(words string, top, bottom int) {
	w.t.Helper()
	for range 10 {
		var at part
		w.until(fmt.Sprintf("anything to tap that says %q", words), func(o outline) (ok bool) { at, ok = o.find(true, words); return ok })
		if at.y >= top && at.y <= bottom {
			return
		}
		middle := (top + bottom) / 2
		drag := []string{"mousemove", "300", strconv.Itoa(middle), "mousedown", "1"}
		for range 4 {
			drag = append(drag, "mousemove_relative", "--", "0", strconv.Itoa(max(-400, min(400, middle-at.y))/4), "sleep", "0.1")
		}
		w.do(append(drag, "mouseup", "1")...)
		w.shows(func(o outline) bool { now, ok := o.find(true, words); return ok && now.y != at.y }, patience/30)
	}
	w.t.Fatalf("the %s cannot be dragged to %q; it shows\n%v", w.name, words, w.outline())
}

// row gives the words of the first station of the list that is at least so many minutes away.
func (w *window) row(minutes int) (words string) {
	w.t.Helper()
	w.until(fmt.Sprintf("a station that is %d minutes away", minutes), func(o outline) bool {
		i := slices.IndexFunc(o, func(p part) bool { return p.tap && away(p.words) >= minutes })
		if i >= 0 {
			words = o[i].words
		}
		return i >= 0
	})
	return words
}

// away reads the minutes of a way; 0 where no text says any.
func away(words string) int {
	_, rest, _ := strings.Cut(words, "，约 ")
	number, _, _ := strings.Cut(rest, " ")
	minutes, _ := strconv.Atoi(number)
	return minutes
}

// place reads the name of the station whose page is shown, and the minutes to it; none
// where no page says any.
func (o outline) place() (name string, minutes int) {
	for i, p := range o {
		if minutes = away(p.words); !p.tap && i > 0 && minutes > 0 {
			return o[i-1].words, minutes
		}
	}
	return "", 0
}

// leads reports whether a link opens an operator's map with the way to a place.
func leads(link, host, name string) bool {
	u, err := url.Parse(link)
	runes := []rune(name)
	return err == nil && u.Host == host && strings.Contains(u.Query().Get("to"), string(runes[:min(len(runes), 12)]))
}

// TestTheWayOnAPhone: nobody knows where the phone is until a finger says so on the map;
// then the stations come in order of the way, and other apps are opened with one of them.
func TestTheWayOnAPhone(t *testing.T) {
	watchSources(t)
	bin := t.TempDir()
	opened := filepath.Join(bin, "opened")
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), fmt.Appendf(nil, "#!/bin/sh\nprintf '%%s\\n' \"$1\" >> '%s'\n", opened), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	s := newServer(t)
	s.mapped()
	phone := newWindow(t, "phone", 412, 915, "-server", "ws://"+s.addr+"/v1/sync")
	phone.start("-enrol", s.code("-role", "phone", "-member", s.member))

	phone.tap("我的", "站点地图")
	phone.tap("站点地图", "我在哪里") // the map has arrived
	phone.tap("我在哪里", "您站在哪里")
	phone.onMap(412/2, "按步行距离，由近到远")
	phone.pull("步行 ", 450, 800)
	phone.tap("步行 ", "从您在地图上点的地方走")
	name, _ := phone.outline().place()
	phone.tap("怎么走", "到达")
	phone.tap("带走路线", "手机自带的地图")
	phone.tap("高德地图", "手机自带的地图")
	phone.tap("手机自带的地图", "手机自带的地图")
	phone.back("打电话问")
	phone.pull("打电话问", 400, 850)
	phone.tap("打电话问", "打电话问")
	var links []string
	phone.until("three links", func(outline) bool {
		text, _ := os.ReadFile(opened)
		links = strings.Fields(string(text))
		return len(links) >= 3
	})
	slices.Sort(links) // geo, https, tel
	if !strings.HasPrefix(links[0], "geo:") || !leads(links[1], "uri.amap.com", name) || !strings.HasPrefix(links[2], "tel:") {
		t.Errorf("for %s the phone opened %q", name, links)
	}
}

// onMap puts a finger on the middle of the map: the only thing without words in the
// middle column of the window.
func (w *window) onMap(column int, then string) {
	w.t.Helper()
	o := w.outline()
	i := slices.IndexFunc(o, func(p part) bool { return arrow(p) && p.x == column })
	if i < 0 {
		w.t.Fatalf("the %s shows no map; it shows\n%v", w.name, o)
	}
	w.do("mousemove", strconv.Itoa(o[i].x), strconv.Itoa(o[i].y), "click", "1")
	w.reads(then)
}
