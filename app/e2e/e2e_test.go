// Package e2e plays a claim with real programs in real windows: a server, a
// phone that is tapped and a kiosk at which a scanner types, each window on a
// screen of its own under Xvfb.
package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

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

// TestClaimToHandOver is the way of one ticket: claimed on the phone, handed over by
// a kiosk without a network, refused the second time, also after the kiosk was
// killed, and known to the server when the network is back.
func TestClaimToHandOver(t *testing.T) {
	watchSources(t)
	s := newServer(t)
	url := "ws://" + s.addr + "/v1/sync"
	phone := newWindow(t, "phone", 412, 915, "-server", url)
	phone.start("-enrol", s.code("-role", "phone", "-member", s.member))
	kiosk := newWindow(t, "kiosk", 720, 1280, "-server", url, "-camera", "none")
	kiosk.start("-enrol", s.code("-role", "kiosk", "-station", s.kiosk))
	kiosk.reads(online)

	phone.tap(film, "选领取站点")
	phone.tap("抢票", approved)
	phone.tap("看二维码", "我的票")
	code := phone.code()

	kiosk.toggle(offline)
	kiosk.scan(code, "可以发放")
	kiosk.scan(code, "已经领过了")
	kiosk.kill()
	kiosk.start("-offline")
	kiosk.reads(offline)
	kiosk.scan(code, "已经领过了")

	kiosk.toggle(online)
	phone.reads("已领取") // the server has told it
	s.must("verify")
}

// watchSources has `go test` know that this test depends on the server, which it does not import.
func watchSources(t *testing.T) {
	err := fs.WalkDir(os.DirFS("../.."), "syncserver", func(_ string, _ fs.DirEntry, err error) error { return err })
	if err != nil {
		t.Fatal(err)
	}
}

// code reads the QR code on the screen, as `yizhan decode` does.
func (w *window) code() (code string) {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	var out []byte
	w.until("a QR code", func(outline) bool {
		cmd := exec.Command(self, "decode", w.picture("screen"))
		cmd.Env = append(os.Environ(), asApp+"=1")
		out, err = cmd.Output()
		line, _, _ := strings.Cut(string(out), "\n")
		_, code, _ = strings.Cut(line, "\t")
		return err == nil && code != "-"
	})
	return code
}

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
	w.do("mousemove", "20", "20")
	shown := func(o outline) bool { _, ok := o.find(false, then); return ok }
	for range 3 {
		w.do("type", "--delay", "1", code)
		w.do("key", "Return")
		if w.shows(shown, patience/3) {
			return
		}
	}
	w.reads(then)
}
