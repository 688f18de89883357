package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a syncserver with the demo city, in a process of its own.
type server struct {
	t       testing.TB
	program string
	dir     string // city and data
	addr    string // host:port
	cmd     *exec.Cmd
	kiosk   string // station that has one
	member  string
}

// newServer builds the server, starts it and publishes the demo city.
func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), addr: "127.0.0.1:0"}
	s.program = filepath.Join(s.dir, "syncserver")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-tags=x11", "-o", s.program, "../../syncserver").CombinedOutput(); err != nil {
		t.Fatalf("build syncserver: %v\n%s", err, out)
	}
	s.start()
	city := s.must("demo", s.path("city"))
	s.must("import", "roster", s.path("city/会员花名册.xlsx"))
	s.must("import", "stations", s.path("city/服务站点.xlsx"))
	s.must("publish", s.path("city/activities/film.json"))
	s.kiosk = word(t, city, `(?m)^kiosk station (\S+)`)
	person := word(t, city, `(?m)^member ([^,]+),`)
	s.member = word(t, s.must("member", "find", person), `^(\S+)`)
	return s
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

// word gives what the group of a pattern matches in a text.
func word(t testing.TB, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%s is not in:\n%s", pattern, text)
	}
	return m[1]
}

// start serves and returns once devices can connect; again at the same address.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.program, "serve", "-data", s.path("data"), "-addr", s.addr, "-log-json")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ready, ended := make(chan string, 1), make(chan string, 1)
	go func() {
		var all bytes.Buffer
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line struct{ Msg, Devices string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				ready <- strings.TrimSuffix(line.Devices, "/v1/sync")
			}
			all.Write(append(lines.Bytes(), '\n'))
		}
		ended <- all.String()
	}()
	s.t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() }) // errors say that it has ended
	select {
	case s.addr = <-ready:
	case log := <-ended:
		s.t.Fatalf("the server has ended:\n%s", log)
	case <-time.After(patience):
		s.t.Fatal("the server does not come up")
	}
}

// must runs a command of the server and gives what it printed.
func (s *server) must(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(s.program, args...)
	cmd.Env = append(os.Environ(), "YIZHAN_DATA="+s.path("data"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("syncserver %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

// publish publishes an activity.
func (s *server) publish(activity string) {
	s.t.Helper()
	file := s.path("activity.json")
	if err := os.WriteFile(file, []byte(activity), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.must("publish", file)
}

// code makes a one-use enrolment code.
func (s *server) code(args ...string) string {
	s.t.Helper()
	return word(s.t, s.must(append([]string{"enrol"}, args...)...), `(?m)^([A-Z2-7]{4}(?:-[A-Z2-7]{4}){5})$`)
}
