package boot

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/app/escpos/escpostest"
	"yizhan/core/local/sqlite"
)

// TestDoctor examines a device from outside, while its store is open.
func TestDoctor(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	server := "ws" + strings.TrimPrefix(web.URL, "http") + "/v1/sync"
	run := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := examine(args, &out, &errs)
		return code, out.String() + errs.String()
	}
	dir := t.TempDir()
	if code, out := run("-data", dir, "-server", server); code != 1 || !strings.Contains(out, "[急] 存储：本机存储打不开") {
		t.Errorf("an empty folder: %d %s", code, out)
	}
	store, err := sqlite.Open(filepath.Join(dir, "device.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if code, out := run("-data", dir, "-server", server); code != 1 || !strings.Contains(out, "[急] 登记：这台设备还没有登记") || !strings.Contains(out, "[好] 网络：能连上服务器") {
		t.Errorf("a new device: %d %s", code, out)
	}
	web.Close()
	if _, out := run("-data", dir, "-server", server); !strings.Contains(out, "[等] 网络：连不上服务器") || !strings.Contains(out, "对方没有应答") {
		t.Errorf("without a server: %s", out)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "device.db"), bytes.Repeat([]byte("nonsense"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := run("-data", broken, "-server", server); code != 1 || !strings.Contains(out, "文件已经损坏") {
		t.Errorf("a damaged store: %d %s", code, out)
	}
	printer := &escpostest.Printer{}
	printer.OpenCover(true)
	if _, out := run("-data", dir, "-server", server, "-printer", "tcp:"+printer.Listen(t)); !strings.Contains(out, "[急] 打印机：打印机的盖子开着") {
		t.Errorf("a printer with an open cover: %s", out)
	}
	if _, out := run("-data", dir, "-server", server, "-camera", "videotest"); !strings.Contains(out, "[好] 摄像头：摄像头正常，有画面") {
		t.Errorf("a camera: %s", out)
	}
	if _, out := run("-data", dir, "-server", server, "-camera", filepath.Join(dir, "nothing.png")); !strings.Contains(out, "[等] 摄像头：没有找到摄像头") {
		t.Errorf("no camera: %s", out)
	}
	for _, wrong := range [][]string{{"-nonsense"}, {"-printer", "lp0"}, {"-server", "x"}, {"more"}} {
		if code, out := run(wrong...); code != 2 || out == "" {
			t.Errorf("%v: %d %s", wrong, code, out)
		}
	}
}
