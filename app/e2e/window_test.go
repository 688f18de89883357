package e2e

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take on a machine that does ten other things;
// most takes a tenth of a second.
const patience = 90 * time.Second

// window is the app in a process of its own, on a screen of its own.
type window struct {
	t       testing.TB
	name    string
	dir     string // screen, outline, log and the device's data
	args    []string
	display string
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process has ended
	taps    int
}

// newWindow starts a screen of a size; the app is started by start.
func newWindow(t testing.TB, name string, width, height int, args ...string) *window {
	t.Helper()
	w := &window{t: t, name: name, dir: filepath.Join(t.TempDir(), name)}
	for _, dir := range []string{w.dir, w.path("slips")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.display = screen(t, w.dir, width, height)
	w.args = slices.Concat([]string{"-data", w.path("data"), "-size", fmt.Sprintf("%dx%d", width, height), "-describe", w.path("outline")}, args)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s, log:\n%s", name, w.said())
		}
	})
	return w
}

func (w *window) path(name string) string { return filepath.Join(w.dir, name) }

// screen starts an X server that keeps its screen in a file of dir, and gives its name.
func screen(t testing.TB, dir string, width, height int) string {
	t.Helper()
	if _, err := exec.LookPath("Xvfb"); err != nil {
		t.Fatal("this test shows real windows: install Debian's packages xvfb and xdotool (`make deps` does)")
	}
	r, number, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", width, height), "-nolisten", "tcp", "-fbdir", dir)
	x.ExtraFiles = []*os.File{number}
	x.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var log bytes.Buffer
	x.Stderr = &log
	if err := x.Start(); err != nil {
		t.Fatal("start Xvfb:", err)
	}
	number.Close()
	t.Cleanup(func() {
		_ = x.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(patience, func() { _ = x.Process.Kill() })
		defer late.Stop()
		_ = x.Wait() // its error is the signal
	})
	_ = r.SetReadDeadline(time.Now().Add(patience))
	name, err := io.ReadAll(r) // Xvfb closes it when it is ready
	if err != nil || len(name) == 0 {
		t.Fatalf("Xvfb does not come up: %v\n%s", err, log.String())
	}
	return ":" + strings.TrimSpace(string(name))
}

// start runs the app, which is this test binary again, and waits for its first page.
func (w *window) start(args ...string) {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	_ = os.Remove(w.path("outline"))
	w.cmd = exec.Command(self, slices.Concat(w.args, args)...)
	w.cmd.Env = append(os.Environ(), asApp+"=1", "DISPLAY="+w.display, "WAYLAND_DISPLAY=", "LANG=zh_CN.UTF-8")
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.OpenFile(w.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	w.cmd.Stderr, w.cmd.Stdout = log, log
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	log.Close()
	w.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) { _ = cmd.Wait(); close(done) }(w.cmd, w.done)
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.keep() // before the window closes
		}
		w.kill()
	})
	w.until("its first page", func(o outline) bool { return len(o) > 0 })
}

// kill is a power cut, as far as a process can have one.
func (w *window) kill() {
	_ = w.cmd.Process.Kill() // an error says that it has ended
	<-w.done
}

func (w *window) said() string {
	text, _ := os.ReadFile(w.path("log"))
	return string(text)
}

// part is one line of -describe: a text, or a thing that can be tapped, and its middle.
type part struct {
	tap   bool
	x, y  int
	words string
}

type outline []part

func (o outline) String() string {
	var s strings.Builder
	for _, p := range o {
		fmt.Fprintf(&s, "  %t %d,%d %s\n", p.tap, p.x, p.y, p.words)
	}
	return s.String()
}

// find gives the part that says the words, else the first that has them among others.
func (o outline) find(tap bool, words string) (part, bool) {
	i := slices.Index(o.kind(tap), words)
	if i < 0 {
		i = slices.IndexFunc(o.kind(tap), func(said string) bool { return strings.Contains(said, words) })
	}
	if i < 0 {
		return part{}, false
	}
	return o[i], true
}

// kind gives the words of all that can be tapped, or else of all texts, and "" for the others.
func (o outline) kind(tap bool) []string {
	words := make([]string, len(o))
	for i, p := range o {
		if p.tap == tap {
			words[i] = p.words
		}
	}
	return words
}

// outline reads what the window shows now; empty if it has shown nothing yet.
func (w *window) outline() (o outline) {
	text, err := os.ReadFile(w.path("outline"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)
		if len(f) < 4 {
			w.t.Fatalf("-describe wrote %q", line)
		}
		x, _ := strconv.Atoi(f[1])
		y, _ := strconv.Atoi(f[2])
		o = append(o, part{f[0] == "tap", x, y, f[3]})
	}
	return o
}

// until waits until the window shows what is wanted.
func (w *window) until(what string, ok func(outline) bool) {
	w.t.Helper()
	if !w.shows(ok, patience) {
		w.t.Fatalf("the %s does not show %s; it shows\n%v", w.name, what, w.outline())
	}
}

// shows waits a while for what is wanted, and says whether it came.
func (w *window) shows(ok func(outline) bool, while time.Duration) bool {
	w.t.Helper()
	late := time.After(while)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for !ok(w.outline()) {
		select {
		case <-w.done:
			w.t.Fatalf("the %s has ended by itself: %v\n%s", w.name, w.cmd.ProcessState, w.said())
		case <-late:
			return ok(w.outline())
		case <-look.C:
		}
	}
	return true
}

// reads waits for a text.
func (w *window) reads(words ...string) {
	w.t.Helper()
	for _, text := range words {
		w.until(fmt.Sprintf("%q", text), func(o outline) bool { _, ok := o.find(false, text); return ok })
	}
}

// tap puts a finger on the middle of what has the words, and again if nothing
// came of it: a page that is being drawn anew loses a finger, and a person taps again.
func (w *window) tap(words string, then string) {
	w.t.Helper()
	w.taps++
	for range 5 {
		var at part
		w.until(fmt.Sprintf("anything to tap that says %q", words), func(o outline) bool {
			var ok bool
			at, ok = o.find(true, words)
			return ok
		})
		w.do("mousemove", strconv.Itoa(at.x), strconv.Itoa(at.y), "click", "1")
		there := func(o outline) bool { _, ok := o.find(false, then); return ok }
		if w.shows(there, patience/6) {
			return
		}
		if _, ok := w.outline().find(true, words); ok {
			continue
		}
		if w.shows(there, patience/3) { // it went somewhere, and that takes time
			return
		}
		back, ok := w.outline().find(true, "返回")
		if !ok {
			break
		}
		w.do("mousemove", strconv.Itoa(back.x), strconv.Itoa(back.y), "click", "1") // the page changed under the finger
	}
	w.reads(then)
}

// do moves the pointer and presses keys.
func (w *window) do(args ...string) {
	w.t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+w.display)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("xdotool %s: %v\n%s(Debian's package xdotool; `make deps` installs it)", strings.Join(args, " "), err, out)
	}
}

// picture writes what is on the screen to a PNG file and gives its name.
func (w *window) picture(name string) string {
	w.t.Helper()
	img, err := readScreen(w.path("Xvfb_screen0"))
	if err != nil {
		w.t.Fatal(err)
	}
	file := w.path(name + ".png")
	f, err := os.Create(file)
	if err == nil {
		err = png.Encode(f, img)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return file
}

// keep leaves a picture of a failure where it can be looked at.
func (w *window) keep() {
	img, err := readScreen(w.path("Xvfb_screen0"))
	if err != nil {
		w.t.Log(err)
		return
	}
	var out bytes.Buffer
	_ = png.Encode(&out, img) // memory takes all
	file := filepath.Join(w.t.ArtifactDir(), w.name+".png")
	w.t.Log("a picture of the ", w.name, " (kept with go test -artifacts): ", file, os.WriteFile(file, out.Bytes(), 0o600))
}
