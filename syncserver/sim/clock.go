package sim

import "container/heap"

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
