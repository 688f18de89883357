package kiosk

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yizhan/app/flow/kiosk"
	"yizhan/app/shell/shelltest"
	"yizhan/core/local/disk"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
)

// cut is a disk as a power cut left it, and whether the person had read the result.
type cut struct {
	disk  *disk.Disk
	at    disk.Op
	shown bool
}

// cuts lets a visit go on over a simulated disk and cuts the power before each
// write and sync of it, and at its end, once with everything kept that was not
// synced yet and once with nothing of it.
func cuts(t *testing.T, visit func(m *machine), result string) (all []cut) {
	t.Helper()
	d, err := disk.New()
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.OpenOn(d.VFS(), "device.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		d.Close()
	})
	w, err := shelltest.Fill(store, op.Kiosk, shelltest.Now)
	if err != nil {
		t.Fatal(err)
	}
	env, l, turn := shelltest.NewEnv(t, store)
	m := start(t, env, l, turn, portrait)
	m.world = w
	var shown atomic.Bool
	var mu sync.Mutex
	fork := func(o disk.Op) {
		for _, keep := range []bool{true, false} {
			after, err := d.Fork(func() bool { return keep })
			mu.Lock()
			if err != nil {
				t.Error(err)
			} else {
				all = append(all, cut{after, o, shown.Load()})
			}
			mu.Unlock()
		}
	}
	d.Plan(func(o disk.Op) disk.Fault {
		if o.Kind != disk.Read {
			fork(o)
		}
		return disk.None
	})
	visit(m)
	m.until(result)
	shown.Store(true)
	d.Plan(nil)
	fork(disk.Op{})
	t.Logf("%d power cuts", len(all))
	return all
}

// restarted is the machine after the cut, half a minute later.
func (c cut) restarted(t *testing.T, w shelltest.World, then func(m *machine)) {
	t.Helper()
	store, err := sqlite.OpenOn(c.disk.VFS(), "device.db")
	if err != nil {
		t.Fatalf("cut before %s at %d: %v", c.at.Kind, c.at.At, err)
	}
	env, l, turn := shelltest.NewEnv(t, store)
	m := &machine{T: t, link: l, turn: turn, now: shelltest.Now.Add(30 * time.Second), world: w}
	l.Clock = func() time.Time { return m.now }
	env.Window.Resize(portrait)
	m.Shell = Start(env, portrait)
	then(m)
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	c.disk.Close()
}

// The power fails during a hand-over: who had read 可以发放 is not handed it again, who
// had not is handed it once.
func TestPowerCutInAHandOver(t *testing.T) {
	var w shelltest.World
	for _, c := range cuts(t, func(m *machine) { w = m.world; m.scanned(m.world.Ticket, "\r") }, "可以发放") {
		c.restarted(t, w, func(m *machine) {
			stored := m.used() == 1
			if c.shown && !stored {
				t.Fatal("handed over, and forgotten")
			}
			m.scanned(w.Ticket, "\r")
			if stored {
				m.until("这张票已经领过了")
			} else {
				m.until("可以发放")
			}
		})
	}
}

// The power fails during a claim: what the person had read to be stored is sent, once,
// and the machine says so; of the person nothing is left.
func TestPowerCutInAClaim(t *testing.T) {
	visit := func(m *machine) {
		m.send(kiosk.Open{Activity: shelltest.Picking})
		m.tap("我要报名")
		m.scanned(m.phone("m-1"), "\r")
		m.until("确认报名吗")
		m.tap("确认报名")
	}
	for _, c := range cuts(t, visit, "暂准待核") {
		c.restarted(t, shelltest.World{}, func(m *machine) {
			queue, err := m.env.Store.Queue()
			if err != nil || len(queue) > 1 || c.shown && len(queue) != 1 {
				t.Fatalf("shown %t, then %d claims wait, %v", c.shown, len(queue), err)
			}
			if c.shown {
				m.until("刚才的办理已保存")
			}
			if m.state.Person.Member != "" {
				t.Error("the machine still knows who was there")
			}
		})
	}
}
