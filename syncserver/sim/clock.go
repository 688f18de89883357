package sim

import (
	"container/heap"
	"iter"
)

// event is something that happens at a moment.
type event struct {
	at    int64
	order int // of those at one moment, the first that was planned comes first
	do    func()
}

// agenda holds what will happen, the next first.
type agenda []event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *agenda) Push(x any) { *a = append(*a, x.(event)) }

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	(*a)[len(*a)-1] = event{}
	*a = (*a)[:len(*a)-1]
	return last
}

// after plans something in so many milliseconds.
func (w *World) after(ms int64, do func()) {
	w.planned++
	heap.Push(&w.agenda, event{w.now + ms, w.planned, do})
}

// run lets things happen until a moment, and sets the clock to it.
func (w *World) run(until int64) {
	for len(w.agenda) > 0 && w.agenda[0].at <= until && w.wrong == nil {
		e := heap.Pop(&w.agenda).(event)
		w.now = max(w.now, e.at)
		e.do()
	}
	w.now = max(w.now, until)
}

// task is a call into the server that may have to wait there. It is a coroutine:
// it runs only while somebody resumes it, so that there is one thread of events. It
// serves one call after the other, because a new one has to grow its stack first.
type task struct {
	fn    func()
	ready func() bool // what it waits for
	next  func() (func() bool, bool)
	stop  func()
	yield func(func() bool) bool
	given bool // up: its server has ended
}

// begin runs fn until it waits or ends.
func (h *host) begin(fn func()) {
	var t *task
	if n := len(h.idle); n > 0 {
		t, h.idle = h.idle[n-1], h.idle[:n-1]
	} else {
		t = &task{}
		t.next, t.stop = iter.Pull(t.serve)
	}
	t.fn, t.given = fn, false
	h.resume(t)
}

// serve runs calls; between two it yields nil.
func (t *task) serve(yield func(func() bool) bool) {
	t.yield = yield
	for more := true; more; more = yield(nil) {
		t.fn()
		t.fn = nil
	}
}

// resume goes on with a task, and keeps it if it waits again.
func (h *host) resume(t *task) {
	before := h.current
	h.current = t
	ready, alive := t.next()
	h.current = before
	switch {
	case ready != nil:
		t.ready = ready
		h.tasks = append(h.tasks, t)
		h.turn()
	case alive:
		h.idle = append(h.idle, t)
	}
}

// wait is what the server calls where a goroutine would wait.
func (h *host) wait(ready func() bool) {
	t := h.current
	for !ready() && !t.given {
		t.yield(ready)
	}
}

// poll goes on with every task that has waited long enough.
func (h *host) poll() {
	waiting := h.tasks
	h.tasks = nil
	for _, t := range waiting {
		if t.given || t.ready() {
			h.resume(t)
		} else {
			h.tasks = append(h.tasks, t)
		}
	}
}

// giveUp ends all tasks: the server that they wait in is gone.
func (h *host) giveUp() {
	for len(h.tasks) > 0 {
		for _, t := range h.tasks {
			t.given = true
		}
		h.poll()
	}
}

// rest ends the coroutines that serve nobody.
func (h *host) rest() {
	for _, t := range h.idle {
		t.stop()
	}
	h.idle = nil
}
