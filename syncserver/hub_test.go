package main

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/op"
)

// TestHubProgram runs the real hub between a server and a scanner, and kills it.
func TestHubProgram(t *testing.T) {
	p, _, c := settled(t)
	station := string(c.Kiosk)
	out := p.must("enrol", "-role", "hub", "-station", station)
	name := regexp.MustCompile(`device (hub-\w+)`).FindStringSubmatch(out)
	if name == nil {
		t.Fatal(out)
	}
	h := &hubProgram{t: t, data: filepath.Join(t.TempDir(), "hub"), server: p.addr, addr: "127.0.0.1:0"}
	h.start(codeShape.FindString(out))
	d := open(t, h.addr, filepath.Join(t.TempDir(), "scanner.db"))
	if err := d.enrol(p.code("-role", "staff", "-station", station, "-hub", name[1])); err != nil {
		t.Fatal(err)
	}
	d.run()
	d.synced()
	if me, _ := d.Identity(); string(me.Upstream) != name[1] {
		t.Errorf("the scanner is %+v", me)
	}
	if v := d.counterBehindHub().scan(t, "no ticket"); v != fault.Unknown {
		t.Errorf("a code that is no ticket: %v", v)
	}
	h.end(syscall.SIGKILL)
	h.start("")
	d.Kick()
	d.synced()
	until(t, "the server has the scan", func() bool {
		return strings.Contains(p.must("devices"), "staff") && p.status().Applied == p.status().Seq
	})
	if code := h.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.end(syscall.SIGTERM)
	me, _ := d.Identity()
	if err := opened(t, p).View(t.Context(), func(state *arbiter.State) {
		if there, _ := state.Device(me.Device); there.Last != 1 {
			t.Errorf("the server has %d ops of the scanner", there.Last)
		}
	}); err != nil {
		t.Error(err)
	}
	refused(t, []string{"not enrolled", "enrol -role hub"}, "hub", "-data", t.TempDir(), "-listen", "127.0.0.1:0")
}

type hubProgram struct {
	t                  *testing.T
	data, server, addr string
	cmd                *exec.Cmd
}

func (h *hubProgram) start(code string) {
	h.t.Helper()
	h.cmd = exec.Command(program, "hub", "-data", h.data, "-server", "ws://"+h.server+"/v1/sync", "-listen", h.addr, "-enrol", code, "-log-json")
	stderr, err := h.cmd.StderrPipe()
	if err == nil {
		err = h.cmd.Start()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			var line struct{ Msg, Devices string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				ready <- strings.TrimSuffix(line.Devices, "/v1/sync")
			}
		}
	}()
	select {
	case h.addr = <-ready:
	case <-time.After(patience):
		h.t.Fatal("the hub does not come up")
	}
	h.t.Cleanup(func() { h.cmd.Process.Kill() })
}

func (h *hubProgram) end(with syscall.Signal) int {
	h.cmd.Process.Signal(with)
	h.cmd.Wait() // its error is the exit code
	return h.cmd.ProcessState.ExitCode()
}

type behindHub struct{ *handover.Counter }

func (c *client) counterBehindHub() behindHub {
	me, _ := c.Identity()
	return behindHub{handover.New(handover.Config{Store: c.store, Outbox: c.Device, Device: me.Device, Station: me.Station, Upstream: me.Upstream, Channel: op.ByStaff, Zone: shanghai,
		Status: func() handover.Status { return handover.Status{Online: c.Status().Online} }})}
}

func (b behindHub) scan(t *testing.T, code string) fault.Verdict {
	t.Helper()
	o, err := b.Redeem(code, time.Now(), handover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return o.Verdict
}
