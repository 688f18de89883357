package session_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/gorilla/websocket"

	"yizhan/core/id"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// BenchmarkIdleSessions reports the memory of a session that has nothing to do,
// with the test's own end of the socket in it.
func BenchmarkIdleSessions(b *testing.B) {
	const sessions = 1000
	s := newSite(b)
	keys := make([]seal.Private, sessions)
	for i := range keys {
		keys[i] = s.known(id.Device(fmt.Sprint("d", i)))
	}
	for b.Loop() {
		before := inUse()
		conns := make([]*websocket.Conn, sessions)
		for i := range conns {
			r := s.raw()
			r.key = keys[i]
			r.login(id.Device(fmt.Sprint("d", i)), 0)
			for m := r.read(); ; m = r.read() {
				if c, ok := m.(wire.Checkpoint); ok && c.Last {
					break
				}
			}
			conns[i] = r.conn
		}
		b.ReportMetric(float64(inUse()-before)/sessions/1024, "KiB/session")
		for _, c := range conns {
			c.Close()
		}
	}
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// BenchmarkOp sends one op after another and waits for each answer: socket,
// frames and device store, with an arbiter in memory.
func BenchmarkOp(b *testing.B) {
	s := newSite(b)
	d, _ := s.device("PHONE-CODE")
	ctx := s.ctx()
	for n := 1; b.Loop(); n++ {
		seq, err := d.Do(claim(n))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.Wait(ctx, seq); err != nil {
			b.Fatal(err)
		}
	}
}
