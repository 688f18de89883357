package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// startTime is how long a server may take until it serves, stopTime until it has stopped.
const (
	startTime = 5 * time.Minute
	stopTime  = 3 * time.Minute
)

// Process is a server in a process of its own.
type Process struct {
	Addr string // host:port
	cmd  *exec.Cmd
	done chan struct{} // closed when its log has ended
}

// Serve starts program serve over a data directory. Its log goes to serve.log there.
func Serve(ctx context.Context, program, dir, addr string, more ...string) (*Process, error) {
	log, err := os.OpenFile(filepath.Join(dir, "serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	p := &Process{cmd: exec.Command(program, append([]string{"serve", "-data", dir, "-addr", addr, "-log-json"}, more...)...), done: make(chan struct{})}
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start server: %w", err), log.Close())
	}
	ready := make(chan string, 1)
	go p.follow(stderr, log, ready)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	select {
	case p.Addr = <-ready:
		return p, nil
	case <-p.done:
		err = fmt.Errorf("the server ended at once; its log is %s", log.Name())
	case <-ctx.Done():
		err = fmt.Errorf("the server does not come up; its log is %s", log.Name())
	}
	return nil, errors.Join(err, p.cmd.Process.Kill(), p.cmd.Wait())
}

// follow copies the log, and finds in it where the server listens.
func (p *Process) follow(stderr io.Reader, log *os.File, ready chan<- string) {
	defer close(p.done)
	defer log.Close()
	in := bufio.NewReader(stderr)
	for {
		line, err := in.ReadBytes('\n')
		log.Write(line)
		if err != nil {
			return
		}
		var said struct{ Msg, Devices string }
		if json.Unmarshal(line, &said) == nil && said.Msg == "serving" {
			ready <- strings.TrimSuffix(said.Devices, "/v1/sync")
			break
		}
	}
	io.Copy(log, in) // from here on the kernel does it
}

// Stop ends the server in an orderly way.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop server: %w", err)
	}
	late := time.AfterFunc(stopTime, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	<-p.done
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the server ended badly: %w", err)
	}
	return nil
}

// Kill ends the server without a word.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.done
	p.cmd.Wait() // its error is the kill
}

// Usage is what a process has used of the machine.
type Usage struct {
	CPU      time.Duration // user and system
	Resident int64         // bytes now
	Peak     int64         // bytes at most since its start
}

// Usage reads what the server uses from /proc.
func (p *Process) Usage() (u Usage, err error) {
	dir := "/proc/" + strconv.Itoa(p.cmd.Process.Pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return u, fmt.Errorf("measure server: %w", err)
	}
	// The name, in brackets, may hold anything; user and system time are the 12th and 13th behind it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const ticksPerSecond = 100 // of USER_HZ on every Linux
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return u, fmt.Errorf("measure server: %w", err)
		}
		u.CPU += time.Duration(n) * time.Second / ticksPerSecond
	}
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return u, fmt.Errorf("measure server: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseInt(strings.Fields(value + " 0")[0], 10, 64)
		switch name {
		case "VmRSS":
			u.Resident = kib << 10
		case "VmHWM":
			u.Peak = kib << 10
		}
	}
	return u, nil
}

// Own is the processor time that this process has used.
func Own() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// spare is how many file descriptors a process needs beside its sockets.
const spare = 100

// Sockets says how many devices one process may have sockets for.
func Sockets() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	l.Cur = l.Max
	unix.Setrlimit(unix.RLIMIT_NOFILE, &l) // what is refused leaves less
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	return int(min(l.Cur, 1<<30)) - spare
}
