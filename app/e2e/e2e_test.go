// Package e2e plays a claim with real programs in real windows: a server, a
// phone that is tapped and a kiosk at which a scanner types, each window on a
// screen of its own under Xvfb.
package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yizhan/app/boot"
)

// asApp is the variable that makes this test binary the app.
const asApp = "YIZHAN_E2E_APP"

func TestMain(m *testing.M) {
	if os.Getenv(asApp) != "" {
		os.Exit(boot.Main(os.Args[1:], os.Stderr))
	}
	os.Exit(m.Run())
}

// The words that the test waits for.
const (
	film     = "电影《云上的鹭》首映"
	approved = "已核准"
	online   = "在线 · "
	offline  = "已断开 · "
)

// picking is an activity for which people come to the kiosk.
const picking = `{"id":"picking","title":"草莓采摘","pools":[{"id":"p","total":20}],"limits":[{"per":"member","max":1}],"pickup":{"stations":["STATION"],"bind":true}}`

// TestClaimToHandOver is the way of two tickets. One is claimed on the phone, handed over
// by a kiosk without a network, refused the second time, also after the kiosk was
// killed, and known to the server when the network is back. The other is claimed at
// the kiosk and handed over for its slip.
func TestClaimToHandOver(t *testing.T) {
	watchSources(t)
	s := newServer(t)
	s.publish(strings.ReplaceAll(picking, "STATION", s.kiosk))
	url := "ws://" + s.addr + "/v1/sync"
	phone := newWindow(t, "phone", 412, 915, "-server", url)
	phone.start("-enrol", s.code("-role", "phone", "-member", s.member))
	kiosk := newWindow(t, "kiosk", 720, 1280, "-server", url, "-camera", "none")
	kiosk.args = append(kiosk.args, "-printer", "png:"+kiosk.path("slips"))
	kiosk.start("-enrol", s.code("-role", "kiosk", "-station", s.kiosk))
	kiosk.reads(online)

	phone.tap(film, "选领取站点")
	phone.tap("抢票", approved)
	phone.tap("看二维码", "我的票")
	code := phone.code()

	kiosk.toggle(offline)
	kiosk.scan(code, "可以发放")
	kiosk.again(code, "已经领过了")
	kiosk.kill()
	kiosk.start("-offline")
	kiosk.reads(offline)
	kiosk.scan(code, "已经领过了")
	kiosk.toggle(online)
	phone.reads("已领取") // the server has told it

	kiosk.tap("完成", "有票或会员码")
	slip := claimAtKiosk(t, s, kiosk, phone)
	kiosk.tap("完成并清除", "有票或会员码")
	kiosk.toggle(offline)
	kiosk.scan(decode(t, slip), "可以发放")
	kiosk.toggle(online)
	phone.tap("我的票", film)
	phone.until("two tickets that are handed over", func(o outline) bool {
		return len(slices.DeleteFunc(o, func(p part) bool { return p.tap || p.words != "已领取" })) == 2
	})
	s.must("verify")
}

// claimAtKiosk has a member who shows the phone claim at the kiosk, and gives the
// picture of the slip: at most five taps, and no typing.
func claimAtKiosk(t *testing.T, s *server, kiosk, phone *window) (slip string) {
	t.Helper()
	kiosk.taps = 0
	kiosk.tap("活动", "草莓采摘")
	kiosk.tap("草莓采摘", "我要报名")
	kiosk.tap("我要报名", "会员码")
	phone.back("会员码")
	phone.tap("会员码", "会员码")
	kiosk.scanEvery(patience/10, phone.code, "确认报名吗")
	kiosk.tap("确认报名", approved)
	kiosk.tap("打印凭条", "请从出票口取走凭条")
	if kiosk.taps > 5 {
		t.Errorf("claim and slip took %d taps", kiosk.taps)
	}
	slips, err := filepath.Glob(kiosk.path("slips/*.png"))
	if err != nil || len(slips) != 1 {
		t.Fatalf("printed %v, %v", slips, err)
	}
	return slips[0]
}

// watchSources has `go test` know that this test depends on the server, which it does not import.
func watchSources(t *testing.T) {
	err := fs.WalkDir(os.DirFS("../.."), "syncserver", func(_ string, _ fs.DirEntry, err error) error { return err })
	if err != nil {
		t.Fatal(err)
	}
}

// decode gives what `yizhan decode` reads from a picture, "-" for nothing.
func decode(t testing.TB, picture string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "decode", picture)
	cmd.Env = append(os.Environ(), asApp+"=1")
	out, _ := cmd.Output() // it fails where it reads nothing
	line, _, _ := strings.Cut(string(out), "\n")
	_, code, ok := strings.Cut(line, "\t")
	if !ok {
		t.Fatalf("decode printed %q", out)
	}
	return code
}

// code reads the QR code on the screen.
func (w *window) code() (code string) {
	w.t.Helper()
	w.until("a QR code", func(outline) bool {
		code = decode(w.t, w.picture("screen"))
		return code != "-"
	})
	return code
}

// back taps the arrow, which has no words, until a page with the words is there.
func (w *window) back(to string) {
	w.t.Helper()
	for range 3 {
		w.until("an arrow", func(o outline) bool { return slices.ContainsFunc(o, arrow) })
		o := w.outline()
		if i := slices.IndexFunc(o, arrow); i >= 0 {
			w.do("mousemove", strconv.Itoa(o[i].x), strconv.Itoa(o[i].y), "click", "1")
		}
		if w.shows(func(o outline) bool { _, ok := o.find(true, to); return ok }, patience/30) {
			return
		}
	}
	w.t.Fatalf("the %s does not go back to %q; it shows\n%v", w.name, to, w.outline())
}

func arrow(p part) bool { return p.tap && p.words == "" }

// toggle presses Ctrl+D, which turns the network off and on.
func (w *window) toggle(then string) {
	w.t.Helper()
	w.do("mousemove", "20", "20", "key", "ctrl+d")
	w.reads(then)
}

// scan types a code as a wedge scanner does, and once more if the machine did not get
// it in one piece: a person who hears nothing scans again.
func (w *window) scan(code, then string) {
	w.t.Helper()
	w.scanEvery(patience/3, func() string { return code }, then)
}

// again scans a code that the machine has just seen: for some seconds it takes that for
// the same look at the same code.
func (w *window) again(code, then string) {
	w.t.Helper()
	w.scanEvery(patience/30, func() string { return code }, then)
}

// scanEvery asks for the code anew at each try: one that changes is taken once only.
func (w *window) scanEvery(pause time.Duration, code func() string, then string) {
	w.t.Helper()
	w.do("mousemove", "20", "20")
	for began := time.Now(); time.Since(began) < patience; {
		w.do("type", "--delay", "1", code())
		w.do("key", "Return")
		if w.shows(func(o outline) bool { _, ok := o.find(false, then); return ok }, pause) {
			return
		}
		w.t.Logf("scanned again, because the %s does not show %q; it shows\n%v", w.name, then, w.outline())
	}
	w.reads(then)
}
