package rehearse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"yizhan/core/local"
	"yizhan/core/local/disk"
	"yizhan/core/local/memory"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	journalfile "yizhan/syncserver/journal/sqlite"
	"yizhan/syncserver/server"
)

// errCrashed is what a store says whose process has ended.
var errCrashed = errors.New("the process has crashed")

// store is a device's store for one run of its program: a crash ends it before or
// after a write, never within one.
type store struct {
	local.Store
	disk  *disk.Disk         // that a file lies on; nil in memory
	event func()             // something that a crash may come before or after
	chain map[uint64]op.Hash // of every op that was stored
	turn  sync.Mutex
	dead  atomic.Bool
}

func (s *store) change(do func() error) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.event(); s.dead.Load() {
		return errCrashed // and nothing was written
	}
	err := do()
	if s.event(); s.dead.Load() {
		return errCrashed // but it was written
	}
	return err
}

func (s *store) SetMeta(values map[string][]byte) error {
	return s.change(func() error { return s.Store.SetMeta(values) })
}

func (s *store) Append(q local.Queued, rows ...local.Row) error {
	return s.change(func() error {
		err := s.Store.Append(q, rows...)
		if err == nil {
			s.chain[q.Seq] = q.Hash
		}
		return err
	})
}

func (s *store) Answer(results map[uint64][]byte) error {
	return s.change(func() error { return s.Store.Answer(results) })
}

func (s *store) Apply(c local.Checkpoint) error {
	return s.change(func() error { return s.Store.Apply(c) })
}

// State fails in a process that has ended: nobody is left to be told.
func (s *store) State() (local.State, error) {
	if s.dead.Load() {
		return local.State{}, errCrashed
	}
	return s.Store.State()
}

// newStore makes the store of a new device, which for a brief phone is in memory.
func (w *world) newStore(d *device, brief bool) (s *store, err error) {
	s = &store{event: func() { w.chaos.event(d) }, chain: map[uint64]op.Hash{}}
	if brief {
		s.Store = memory.New()
		return s, nil
	}
	if s.disk, err = disk.New(); err == nil {
		s.Store, err = sqlite.OpenOn(s.disk.VFS(), "device.db")
	}
	return s, err
}

// reopen gives the store that the next run of the program finds: what was not
// synced is lost or not, in any mixture.
func (s *store) reopen(keep func() bool) (next *store, err error) {
	next = &store{disk: s.disk, event: s.event, chain: s.chain}
	if m, ok := s.Store.(*memory.Store); ok {
		next.Store = m.Reopen()
		return next, nil
	}
	s.disk.Restart(keep)
	s.Store.Close() // it can do nothing any more; its error says so
	next.Store, err = sqlite.OpenOn(s.disk.VFS(), "device.db")
	return next, err
}

// powerless is a journal that is never closed in an orderly way.
type powerless struct {
	journal.Journal
	disk *disk.Disk
	keep func() bool
}

func (j powerless) Close() error {
	j.disk.Restart(j.keep)
	j.Journal.Close() // it can do nothing any more; its error says so
	return nil
}

// journal opens the server's journal on its simulated disk.
func (w *world) journal(string) (journal.Journal, error) {
	j, err := journalfile.OpenOn(w.disk.VFS(), server.JournalFile)
	return powerless{j, w.disk, w.coin}, err
}

// coin decides what of a lost power's writes is kept.
func (w *world) coin() bool { return w.coins.IntN(2) == 0 }

// die ends a device's program at once: nothing more is written, stored or said.
func (d *device) die() {
	d.store.dead.Store(true)
	d.sockets.cut()
}

// restartDevice starts the program of a device that died.
func (w *world) restartDevice(d *device) (err error) {
	d.end()
	if d.store, err = d.store.reopen(w.coin); err != nil {
		return err
	}
	if err := w.openDevice(d); err != nil {
		return err
	}
	w.run(d)
	return nil
}

// restartServer starts a server on what another one left that was cut off. One
// device is held back until all others are back, because what it asks may depend
// on whom the server can reach.
func (w *world) restartServer(last *device) error {
	w.up.Lock()
	defer w.up.Unlock()
	w.http.Close() // its error says that the socket is closed already
	if err := w.server.Abandon(); err != nil {
		return err
	}
	if w.chaos.spoilsLedger() {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(filepath.Join(w.serverDir(), server.LedgerFile) + suffix)
		}
	}
	if last != nil {
		last.link.SetOnline(false)
	}
	if err := w.serve(); err != nil {
		return err
	}
	for _, d := range w.reachable() {
		if d != last {
			if err := w.back(d); err != nil {
				return err
			}
		}
	}
	if last == nil || !w.wanted(last) {
		return nil
	}
	last.link.SetOnline(true)
	return w.back(last)
}

// reachable are the devices that should be online.
func (w *world) reachable() (all []*device) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.devices {
		if d.online && !d.resting {
			all = append(all, d)
		}
	}
	return all
}

func (w *world) wanted(d *device) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return d.online && !d.resting
}

// back waits until a device that was cut off is online again.
func (w *world) back(d *device) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for w.wanted(d) && (!d.sockets.any() || !d.link.Status().Online) { // it may not have noticed the cut yet
		d.link.Kick()
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("device %s does not come back: status %+v", d.ID, d.link.Status())
		}
	}
	return nil
}

// stored looks for an op in the outbox as this run of the program found it, behind
// those that were there before: a person was not told that it was stored.
func (d *device) stored(o op.Op, after uint64) (seq uint64, ok bool) {
	raw, err := op.Encode(&o)
	for _, q := range d.left {
		if q.Seq > after && err == nil && bytes.Equal(q.Bytes, raw) {
			return q.Seq, true
		}
	}
	return 0, false
}

// sockets are connections that can be cut without a word.
type sockets struct {
	mu   sync.Mutex
	open map[*conn]struct{}
}

func (s *sockets) add(c net.Conn, event func()) net.Conn {
	k := &conn{Conn: c, of: s, event: event}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*conn]struct{}{}
	}
	s.open[k] = struct{}{}
	return k
}

func (s *sockets) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open) > 0
}

func (s *sockets) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		if t, ok := c.Conn.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
		c.Conn.Close()
	}
	clear(s.open)
}

// conn is one of them; a crash may come before or after what is read or written.
type conn struct {
	net.Conn
	of    *sockets
	event func()
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.event()
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	c.event()
	n, err := c.Conn.Write(b)
	c.event()
	return n, err
}

func (c *conn) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// dialer connects a device.
func (w *world) dialer(d *device) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		var system net.Dialer
		c, err := system.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return d.sockets.add(c, func() { w.chaos.event(d) }), nil
	}
}

// socket is where the server listens.
type socket struct {
	net.Listener
	sockets
}

func (s *socket) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return s.add(c, func() {}), nil
}

// cut closes the door and then every connection.
func (s *socket) cut() {
	s.Listener.Close()
	s.sockets.cut()
}
