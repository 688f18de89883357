package boot

import (
	"context"
	"net"
	"path/filepath"
	"testing"
)

// systemd hears of the app only what the UI goroutine says itself.
func TestWatchdogReportsFromTheUIGoroutine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "30000")
	t.Setenv("WATCHDOG_PID", "")
	heard := func() string {
		buf := make([]byte, 64)
		n, err := socket.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}

	ui := make(chan func())
	ctx, cancel := context.WithCancel(t.Context())
	watch(ctx, func(fn func()) {
		select {
		case ui <- fn:
		case <-ctx.Done():
		}
	}, quiet)
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		(<-ui)() // while nobody runs this, nothing is sent
		if got := heard(); got != want {
			t.Fatalf("systemd hears %q, want %q", got, want)
		}
	}
	cancel()
	if got := heard(); got != "STOPPING=1" {
		t.Fatalf("at the end systemd hears %q", got)
	}
}
