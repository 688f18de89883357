package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// grab is what a union's engineers would let Redis decide: seats of a member, of an
// organisation and of all, and a list of who was granted one.
const grab = `
local mine = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if mine >= tonumber(ARGV[3]) then return 2 end
local sold = tonumber(redis.call('GET', KEYS[2]) or '0')
if sold >= tonumber(ARGV[4]) then return 3 end
local org = tonumber(redis.call('HGET', KEYS[3], ARGV[2]) or '0')
if org >= tonumber(ARGV[4]) then return 4 end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('INCR', KEYS[2])
redis.call('HINCRBY', KEYS[3], ARGV[2], 1)
redis.call('RPUSH', KEYS[4], ARGV[1])
return 1`

// errNoPeer says that Redis is not installed here.
var errNoPeer = errors.New("there is no redis-server here")

// peer is a Redis of its own, with every write on disk before its answer.
type peer struct {
	addr string
	cmd  *exec.Cmd
	sha  string
}

func startPeer(ctx context.Context, dir string, clients int) (*peer, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errNoPeer
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &peer{addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(p.addr)
	p.cmd = exec.Command(program, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
		"--maxclients", strconv.Itoa(clients+spare/2), "--tcp-backlog", "4096")
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start redis: %w", err)
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		if c, err := p.dial(); err == nil {
			p.sha, err = c.ask("SCRIPT", "LOAD", grab)
			return p, errors.Join(err, c.conn.Close())
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			p.stop()
			return nil, fmt.Errorf("start redis: %w", ctx.Err())
		}
	}
}

func (p *peer) stop() {
	p.cmd.Process.Kill()
	p.cmd.Wait() // its error is the kill
}

// client is one connection to Redis.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func (p *peer) dial() (*client, error) {
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, 128)}, nil
}

// ask sends a command and gives the answer as text.
func (c *client) ask(words ...string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := io.WriteString(c.conn, b.String()); err != nil {
		return "", err
	}
	line, err := c.in.ReadString('\n')
	if err == nil && line[0] == '$' {
		line, err = c.in.ReadString('\n')
	}
	if err == nil && line[0] == '-' {
		err = errors.New("redis: " + line[1:])
	}
	return strings.TrimRight(strings.TrimPrefix(line, ":"), "\r\n"), err
}

// storm lets as many clients press as often as the phones did, and gives how long
// all of it took and each wait.
func (p *peer) storm(s Storm) (took time.Duration, waits []time.Duration, err error) {
	clients := make([]*client, s.Devices)
	for i := range clients {
		if clients[i], err = p.dial(); err != nil {
			return 0, nil, err
		}
		defer clients[i].conn.Close()
	}
	all, errs := make([][]time.Duration, s.Devices), make([]error, s.Devices)
	granted := make([]int, s.Devices)
	var over sync.WaitGroup
	runtime.GC() // as before our own
	began := time.Now()
	for i, c := range clients {
		over.Go(func() {
			for range s.Presses {
				asked := time.Now()
				answer, err := c.ask("EVALSHA", p.sha, "4", "mine", "sold", "org", "log", "m"+strconv.Itoa(i), strconv.Itoa(i%orgs), strconv.Itoa(s.Presses), strconv.Itoa(s.Quota))
				if err != nil {
					errs[i] = err
					return
				}
				all[i] = append(all[i], time.Since(asked))
				if answer == "1" {
					granted[i]++
				}
			}
		})
	}
	over.Wait()
	took = time.Since(began)
	sum := 0
	for _, n := range granted {
		sum += n
	}
	if want := min(s.Quota, s.Devices*s.Presses); sum != want {
		errs = append(errs, fmt.Errorf("redis granted %d seats, want %d", sum, want))
	}
	waits = slices.Concat(all...)
	slices.Sort(waits)
	return took, waits, errors.Join(errs...)
}
