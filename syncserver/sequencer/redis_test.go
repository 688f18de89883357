package sequencer

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// lua is what one would write in Redis for a press: once a member, so many in all,
// so many an organisation, and a list of who was granted.
const lua = `if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 2 end
local sold = tonumber(redis.call('GET', KEYS[2]) or '0')
if sold >= tonumber(ARGV[3]) then return 3 end
local org = tonumber(redis.call('HGET', KEYS[3], ARGV[2]) or '0')
if org >= tonumber(ARGV[4]) then return 4 end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('INCR', KEYS[2])
redis.call('HINCRBY', KEYS[3], ARGV[2], 1)
redis.call('RPUSH', KEYS[4], ARGV[1])
return 1`

// redis starts a Redis of its own that syncs each write, behind a Unix socket.
func redis(b *testing.B) (socket string) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		b.Skip("no peer: redis-server is not installed (apt-get install redis-server)")
	}
	dir := b.TempDir()
	socket = filepath.Join(dir, "s")
	cmd := exec.Command(program, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "ready to accept connections") {
			go func() { // its log must not fill the pipe
				for lines.Scan() {
				}
			}()
			return socket
		}
	}
	b.Fatal("redis-server ended before it was ready")
	return ""
}

// redisClient is one connection.
type redisClient struct {
	net.Conn
	in   *bufio.Reader
	out  *bufio.Writer
	sha  string
	most [2]string // seats in all, and an organisation
}

func dialRedis(b *testing.B, socket string, total, org int) *redisClient {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	c := &redisClient{Conn: conn, in: bufio.NewReader(conn), out: bufio.NewWriter(conn), most: [2]string{strconv.Itoa(total), strconv.Itoa(org)}}
	c.send("SCRIPT", "LOAD", lua)
	if c.out.Flush() != nil || c.line(b)[0] != '$' {
		b.Fatal("redis does not take the script")
	}
	c.sha = c.line(b)
	return c
}

func (c *redisClient) send(words ...string) {
	fmt.Fprintf(c.out, "*%d\r\n", len(words))
	for _, w := range words {
		c.out.WriteByte('$')
		c.out.WriteString(strconv.Itoa(len(w)))
		c.out.WriteString("\r\n")
		c.out.WriteString(w)
		c.out.WriteString("\r\n")
	}
}

func (c *redisClient) line(b *testing.B) string {
	line, err := c.in.ReadString('\n')
	if err != nil || line[0] == '-' {
		b.Errorf("redis says %q, %v", line, err)
		return "-"
	}
	return strings.TrimSpace(line)
}

// press sends the presses of some members in one pipeline and counts the grants.
func (c *redisClient) press(b *testing.B, members []int, orgs int) (granted int) {
	for _, m := range members {
		c.send("EVALSHA", c.sha, "4", "m", "t", "o", "log", strconv.Itoa(m), strconv.Itoa(m%orgs), c.most[0], c.most[1])
	}
	if err := c.out.Flush(); err != nil {
		b.Error(err)
	}
	for range members {
		if c.line(b) == ":1" {
			granted++
		}
	}
	return granted
}

// benchmarkRedis has that many connections press for members, so many at a time, in so
// many storms one after the other; each waits for all its answers.
func benchmarkRedis(b *testing.B, connections, together, orgs, total, perOrg, storms int, members []int) {
	socket := redis(b)
	clients := make([]*redisClient, connections)
	for i := range clients {
		clients[i] = dialRedis(b, socket, total, perOrg)
	}
	waits := make([][]time.Duration, connections)
	b.ResetTimer()
	for range storms {
		b.StopTimer()
		clients[0].send("FLUSHALL")
		if clients[0].out.Flush() != nil || clients[0].line(b) != "+OK" {
			b.Fatal("redis does not forget the storm before")
		}
		b.StartTimer()
		var next, granted atomic.Int64
		var wg sync.WaitGroup
		for i, c := range clients {
			wg.Go(func() {
				for {
					to := int(next.Add(int64(together)))
					from := to - together
					if from >= len(members) {
						return
					}
					t := time.Now()
					granted.Add(int64(c.press(b, members[from:min(to, len(members))], orgs)))
					waits[i] = append(waits[i], time.Since(t))
				}
			})
		}
		wg.Wait()
		if want := int64(min(total, len(members))); granted.Load() != want {
			b.Fatalf("redis granted %d, want %d", granted.Load(), want)
		}
	}
	b.StopTimer()
	report(b, storms*len(members), slices.Concat(waits...))
}

// compare runs the peer and says how many times as many decisions were made by the
// sub-benchmark before it.
func compare(b *testing.B, name string, ours *float64, peer func(b *testing.B)) {
	b.Run(name, func(b *testing.B) {
		peer(b)
		b.ReportMetric(*ours/rate, "peer-ratio")
	})
}

func everybody(n int) []int {
	members := make([]int, n)
	for i := range members {
		members[i] = i
	}
	return members
}

func stormed(members, presses int) (all []int) {
	r := rand.New(rand.NewPCG(1, 0))
	for range presses {
		all = append(all, r.Perm(members)...)
	}
	return all
}
