package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"yizhan/syncserver/server"
)

// patience is how long a test waits for what should happen at once.
const patience = 60 * time.Second

// program is the built syncserver: these tests run what is shipped.
var program string

func TestMain(m *testing.M) {
	if args := os.Getenv("YIZHAN_SCAN"); args != "" {
		scanAndWaitForTheKill(strings.Fields(args))
		return
	}
	if args := os.Getenv("YIZHAN_PRESS"); args != "" {
		if err := pressUntilKilled(strings.Fields(args)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "syncserver-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "syncserver")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-tags=x11", "-o", program, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build syncserver: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// outcome is what one run of the program left.
type outcome struct {
	args           []string
	stdout, stderr string
	code           int
}

func (o outcome) String() string {
	return fmt.Sprintf("syncserver %s: exit %d\n--- stdout\n%s--- stderr\n%s", strings.Join(o.args, " "), o.code, o.stdout, o.stderr)
}

func try(t testing.TB, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{args, stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// must runs the program and gives what it printed.
func must(t testing.TB, args ...string) string {
	t.Helper()
	o := try(t, args...)
	if o.code != 0 {
		t.Fatal(o)
	}
	return o.stdout
}

// refused runs the program, which must fail with exactly one line on stderr that holds every word.
func refused(t testing.TB, words []string, args ...string) {
	t.Helper()
	o := try(t, args...)
	if o.code == 0 || strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("want a failure and one line: %v", o)
	}
	holds(t, o, o.stderr, words...)
}

func holds(t testing.TB, o outcome, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in: %v", w, o)
		}
	}
}

// process is a serving syncserver.
type process struct {
	t    testing.TB
	data string
	addr string // host:port, the same after a restart
	cmd  *exec.Cmd

	mu   sync.Mutex // guards log
	log  bytes.Buffer
	read chan struct{} // closed when stderr has ended
}

// serving starts a server on a data directory of its own.
func serving(t testing.TB) *process {
	t.Helper()
	return servingAt(t, filepath.Join(t.TempDir(), "server"))
}

func servingAt(t testing.TB, data string) *process {
	t.Helper()
	p := &process{t: t, data: data, addr: "127.0.0.1:0"}
	p.start()
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.end(syscall.SIGKILL)
		}
		if t.Failed() {
			t.Logf("log of the server:\n%s", p.text())
		}
	})
	return p
}

// start serves and returns once devices can connect. wrap is put before the program.
func (p *process) start(wrap ...string) {
	p.t.Helper()
	args := append(wrap, program, "serve", "-data", p.data, "-addr", p.addr, "-log-json")
	p.cmd = exec.Command(args[0], args[1:]...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ready := make(chan string, 1)
	p.read = make(chan struct{})
	go p.follow(stderr, ready)
	select {
	case p.addr = <-ready:
	case <-p.read:
		p.t.Fatalf("the server ended: %v\n%s", p.cmd.Wait(), p.text())
	case <-time.After(patience):
		p.t.Fatalf("the server does not come up:\n%s", p.text())
	}
}

func (p *process) follow(stderr io.Reader, ready chan<- string) {
	defer close(p.read)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		var line struct{ Msg, Devices string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			ready <- strings.TrimSuffix(line.Devices, "/v1/sync")
		}
		p.mu.Lock()
		p.log.Write(append(lines.Bytes(), '\n'))
		p.mu.Unlock()
	}
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// end sends a signal, waits for the process, and gives its exit code (-1 after a kill).
func (p *process) end(with syscall.Signal) int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(with); err != nil {
		p.t.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	<-p.read
	p.cmd.Wait() // its error is the exit code
	return p.cmd.ProcessState.ExitCode()
}

// do runs a command on this server's data.
func (p *process) do(args ...string) outcome {
	p.t.Helper()
	return try(p.t, append(args, "-data", p.data)...)
}

func (p *process) must(args ...string) string {
	p.t.Helper()
	return must(p.t, append(args, "-data", p.data)...)
}

func (p *process) refuses(words []string, args ...string) {
	p.t.Helper()
	refused(p.t, words, append(args, "-data", p.data)...)
}

func (p *process) status() (st server.Status) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.must("status")), &st); err != nil {
		p.t.Fatal(err)
	}
	return st
}

// until waits for a condition.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	look, late := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer look.Stop()
	for !is() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
