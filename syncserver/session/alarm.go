package session

import (
	"container/heap"
	"sync"
	"time"
)

// Sessions that wait are woken together: a timer each would wake the machine as often as
// there are sessions, and be larger than all that is known here of one.
const (
	beatGrid = 250 * time.Millisecond // of what has a second and more
	soonGrid = 2 * time.Millisecond
)

// alarm wakes sessions at moments that lie on a grid, at or behind those that they named.
type alarm struct {
	grid  time.Duration
	began time.Time
	ring  func(*peer)

	mu    sync.Mutex // guards all below; locked inside peer.mu
	slots map[time.Duration][]*peer
	due   moments // keys of slots
	timer *time.Timer
}

// bell is where a session stands in an alarm. It is guarded by the session's mu.
type bell struct {
	at    time.Duration // since the alarm began; 0: it is not set
	index int
}

func newAlarm(grid time.Duration, ring func(*peer)) *alarm {
	a := &alarm{grid: grid, began: time.Now(), ring: ring, slots: map[time.Duration][]*peer{}}
	a.timer = time.AfterFunc(grid, a.rung)
	return a
}

// set has p woken in that time. One that is woken earlier is not put off.
func (a *alarm) set(p *peer, b *bell, in time.Duration) {
	at := (time.Since(a.began) + in + a.grid - 1).Truncate(a.grid)
	if b.at != 0 && b.at <= at {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	slot, known := a.slots[at]
	*b = bell{at, len(slot)}
	a.slots[at] = append(slot, p)
	if !known {
		if heap.Push(&a.due, at); a.due[0] == at {
			a.timer.Reset(at - time.Since(a.began))
		}
	}
}

// drop forgets a session that is over.
func (a *alarm) drop(b *bell) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if slot := a.slots[b.at]; b.index < len(slot) {
		slot[b.index] = nil
	}
}

// rung wakes all whose time has come.
func (a *alarm) rung() {
	a.mu.Lock()
	var woken [][]*peer
	for len(a.due) > 0 && a.due[0] <= time.Since(a.began) {
		at := heap.Pop(&a.due).(time.Duration)
		woken = append(woken, a.slots[at])
		delete(a.slots, at)
	}
	if len(a.due) > 0 {
		a.timer.Reset(a.due[0] - time.Since(a.began))
	}
	a.mu.Unlock()
	for _, slot := range woken {
		for _, p := range slot {
			if p != nil {
				a.ring(p)
			}
		}
	}
}

// moments is a heap, the earliest first.
type moments []time.Duration

func (m moments) Len() int           { return len(m) }
func (m moments) Less(i, j int) bool { return m[i] < m[j] }
func (m moments) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(at any)       { *m = append(*m, at.(time.Duration)) }
func (m *moments) Pop() any {
	last := len(*m) - 1
	at := (*m)[last]
	*m = (*m)[:last]
	return at
}
