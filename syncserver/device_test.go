package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// client is a device as the app is one: a link and a counter over a store on disk.
type client struct {
	*link.Device
	t     testing.TB
	path  string
	store local.Store
	halt  func()
}

// open opens a device's program on its store, which is made if there is none.
func open(t testing.TB, addr, path string) *client {
	t.Helper()
	c, err := loaded(addr, path)
	if err != nil {
		t.Fatal(err)
	}
	c.t = t
	t.Cleanup(func() { c.store.Close() })
	return c
}

func loaded(addr, path string) (c *client, err error) {
	c = &client{path: path, halt: func() {}}
	if c.store, err = sqlite.Open(path); err != nil {
		return nil, err
	}
	c.Device, err = link.Open(link.Config{Store: c.store, URL: "ws://" + addr + "/v1/sync", App: "test", Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Attachments: path + ".attachments"})
	return c, err
}

// enrolled makes a device with a fresh code and keeps it in touch.
func (p *process) enrolled(name string, flags ...string) *client {
	p.t.Helper()
	c := open(p.t, p.addr, filepath.Join(p.t.TempDir(), name+".db"))
	if err := c.enrol(p.code(flags...)); err != nil {
		p.t.Fatal(err)
	}
	c.run()
	return c
}

var codeShape = regexp.MustCompile(`(?m)^[A-Z2-7]{4}(-[A-Z2-7]{4}){5}$`)

// code asks for a one-use code.
func (p *process) code(flags ...string) string {
	p.t.Helper()
	out := p.must(append([]string{"enrol"}, flags...)...)
	code := codeShape.FindString(out)
	if code == "" || !strings.Contains(out, "█") {
		p.t.Fatalf("enrol prints no code or no picture:\n%s", out)
	}
	return code
}

func (c *client) enrol(code string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.Device.Enrol(ctx, code)
	return err
}

// run keeps the device in touch until halt.
func (c *client) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Device.Run(ctx) // gives only the context's error
	}()
	c.halt = func() { cancel(); <-ended }
	c.t.Cleanup(c.halt)
}

// ask queues an op and waits for its answer.
func (c *client) ask(o op.Op) op.Result {
	c.t.Helper()
	seq, err := c.Do(o)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := c.Wait(ctx, seq)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// result waits for the answer to an op that was queued before.
func (c *client) result(seq uint64) op.Result {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := c.Wait(ctx, seq)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *client) synced() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Synced(ctx); err != nil {
		c.t.Fatalf("%v (status %+v)", err, c.Status())
	}
}

// rows decodes a table of the device.
func rows[T any](c *client, table string) (all []T) {
	c.t.Helper()
	stored, err := c.store.Rows(table)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range stored {
		var v T
		if err := wire.DecodeRow(r.Body, &v); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// counter is the desk of a kiosk.
func (c *client) counter() *handover.Counter {
	me, _ := c.Identity()
	return handover.New(handover.Config{Store: c.store, Outbox: c.Device, Device: me.Device, Station: me.Station, Supervisor: me.Supervisor, Channel: op.ByKiosk, Zone: shanghai,
		Status: func() handover.Status { return handover.Status{Online: c.Status().Online} }})
}

func (c *client) redeem(code string) handover.Outcome {
	c.t.Helper()
	out, err := c.counter().Redeem(code, time.Now(), handover.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

var shanghai = time.FixedZone("CST", 8*60*60)

// member looks an id up as the demo does: by name.
func (p *process) member(name string) id.Member {
	p.t.Helper()
	m, _, _ := strings.Cut(p.must("member", "find", name), " ")
	return id.Member(m)
}

// scanAndWaitForTheKill is this test binary as a kiosk without network: it scans
// a code, says its verdict, and does nothing any more until it is killed.
func scanAndWaitForTheKill(args []string) {
	c, err := loaded("127.0.0.1:1", args[0])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	out, err := c.counter().Redeem(args[1], time.Now(), handover.Options{})
	fmt.Println(out.Verdict, err)
	io.Copy(io.Discard, os.Stdin)
}

// scanAndKill scans in a process of its own, which gets SIGKILL as soon as it has shown its verdict.
func scanAndKill(t testing.TB, store, code string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "YIZHAN_SCAN="+store+" "+code)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	cmd.Process.Kill()
	cmd.Wait() // says only that it was killed
	return strings.TrimSuffix(line, " <nil>\n")
}
