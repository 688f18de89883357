package disk

import (
	"slices"
	"unsafe"
)

// Levels of SQLite's locks on a file.
const (
	shared    = 1
	reserved  = 2
	pending   = 3
	exclusive = 4
)

// Flags of locks on shared memory.
const (
	shmUnlock = 1
	shmShared = 4
)

// file is an open file.
type file struct {
	d     *Disk
	i     *inode
	name  string
	life  int    // of the disk when it was opened
	level int    // of its lock
	fresh bool   // its first sync also syncs the folder, as SQLite does on Linux
	temp  bool   // has no name and no faults
	maps  bool   // uses shared memory
	slots [8]int // its locks there: 1 for reading, -1 for writing
}

func (d *Disk) open(name string, flags int) (*file, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if name == "" {
		return &file{d: d, i: &inode{}, life: d.life, temp: true}, resultOK
	}
	if d.dead {
		return nil, d.code(Cut, resultCantOpen)
	}
	i := d.names[name]
	if i == nil {
		if flags&openCreate == 0 {
			return nil, resultCantOpen
		}
		f := d.ask(Op{Kind: Create, File: name})
		if f.done() {
			i = &inode{}
			d.names[name] = i
		}
		if code := d.code(f, resultCantOpen); code != resultOK {
			return nil, code
		}
	}
	fresh := flags&openCreate != 0 && flags&(openMainJournal|openSuperJournal|openWAL) != 0
	return &file{d: d, i: i, name: name, life: d.life, fresh: fresh, temp: flags&openDeleteOnClose != 0}, resultOK
}

func (d *Disk) remove(name string, sync bool) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name] == nil && !d.dead {
		return ioDeleteNone
	}
	f := d.ask(Op{Kind: Delete, File: name})
	if f.done() {
		delete(d.names, name)
		if sync && f == None {
			d.syncFolder()
		}
	}
	return d.code(f, ioDelete)
}

func (d *Disk) exists(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[name] != nil
}

func (d *Disk) syncFolder() {
	clear(d.kept)
	for name, i := range d.names {
		d.kept[name] = i
	}
}

// gone reports whether the power has been cut since the file was opened.
func (f *file) gone() bool { return f.d.dead || f.life != f.d.life }

// begin asks what happens to an operation on the file. The caller holds d.mu.
func (f *file) begin(kind Kind, at int64, size int) Fault {
	switch {
	case f.gone():
		return Cut
	case f.temp:
		return None
	}
	return f.d.ask(Op{Kind: kind, File: f.name, At: at, Size: size})
}

func (f *file) close() {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.release(0)
	f.leave()
}

func (f *file) read(p []byte, at int64) int {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if fault := f.begin(Read, at, len(p)); fault != None {
		return f.d.code(fault, ioRead)
	}
	n := 0
	if at < int64(len(f.i.data)) {
		n = copy(p, f.i.data[at:])
	}
	if n < len(p) {
		clear(p[n:])
		return ioShortRead
	}
	return resultOK
}

func (f *file) write(p []byte, at int64) int {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	fault := f.begin(Write, at, len(p))
	if fault == Torn {
		whole := int64(len(p)) / 2
		p = p[:max(0, whole-(at+whole)%Sector)]
	}
	if len(p) > 0 && (fault.done() || fault == Torn) {
		f.change(change{at, slices.Clone(p)})
	}
	return f.d.code(fault, ioWrite)
}

func (f *file) truncate(size int64) int {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	fault := f.begin(Truncate, size, 0)
	if fault.done() {
		f.change(change{at: size})
	}
	return f.d.code(fault, ioTruncate)
}

func (f *file) change(c change) {
	f.i.data = c.apply(f.i.data)
	if !f.temp {
		f.i.pending = append(f.i.pending, c)
	}
}

func (f *file) sync() int {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	fault := f.begin(Sync, 0, 0)
	switch {
	case fault.done():
		for _, c := range f.i.pending {
			f.i.safe = c.apply(f.i.safe)
		}
		f.i.pending = nil
		if f.fresh {
			f.d.syncFolder()
			f.fresh = false
		}
	case fault == Fail || fault == Full:
		f.i.pending = nil // programs still read it; no later sync writes it
	}
	return f.d.code(fault, ioSync)
}

func (f *file) size() (int64, int) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.gone() {
		return 0, f.d.code(Cut, ioSize)
	}
	return int64(len(f.i.data)), resultOK
}

// lock takes a lock of SQLite's ladder: many readers, one of them about to write,
// and none while one writes.
func (f *file) lock(level int) int {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.gone() {
		return f.d.code(Cut, ioLock)
	}
	if f.level >= level {
		return resultOK
	}
	highest := 0
	for _, h := range f.i.holders {
		if h != f {
			highest = max(highest, h.level)
		}
	}
	switch {
	case level == shared && highest >= pending, level == reserved && highest >= reserved:
		return resultBusy
	case level == exclusive && highest >= shared:
		if highest < reserved {
			f.hold(pending) // readers leave, none comes
		}
		return resultBusy
	}
	f.hold(level)
	return resultOK
}

func (f *file) hold(level int) {
	if f.level == 0 {
		f.i.holders = append(f.i.holders, f)
	}
	f.level = level
}

func (f *file) unlock(level int) int {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.release(level)
	return resultOK
}

func (f *file) release(level int) {
	if f.level = min(f.level, level); f.level == 0 {
		f.i.holders = slices.DeleteFunc(f.i.holders, func(h *file) bool { return h == f })
	}
}

func (f *file) reserved() bool {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return slices.ContainsFunc(f.i.holders, func(h *file) bool { return h.level >= reserved })
}

// share gives a region of the memory that connections of one file share.
func (f *file) share(n, size int, extend bool) (unsafe.Pointer, int) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.gone() {
		return nil, f.d.code(Cut, ioShmMap)
	}
	if !f.maps {
		f.maps = true
		f.i.sharers++
	}
	if n >= len(f.i.regions) && !extend {
		return nil, resultOK
	}
	for n >= len(f.i.regions) {
		f.i.regions = append(f.i.regions, region(size))
	}
	return f.i.regions[n], resultOK
}

// lockShared takes or gives up locks on slots of the shared memory.
func (f *file) lockShared(from, n, flags int) int {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if flags&shmUnlock != 0 {
		f.freeSlots(from, n)
		return resultOK
	}
	if f.gone() {
		return f.d.code(Cut, ioLock)
	}
	want := -1
	if flags&shmShared != 0 {
		want = 1
	}
	for s := from; s < from+n; s++ {
		if others := f.i.shared[s] - f.slots[s]; others < 0 || want < 0 && others != 0 {
			return resultBusy
		}
	}
	for s := from; s < from+n; s++ {
		f.i.shared[s] += want - f.slots[s]
		f.slots[s] = want
	}
	return resultOK
}

func (f *file) freeSlots(from, n int) {
	for s := from; s < from+n; s++ {
		f.i.shared[s] -= f.slots[s]
		f.slots[s] = 0
	}
}

func (f *file) unshare() {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.leave()
}

func (f *file) leave() {
	f.freeSlots(0, len(f.slots))
	if !f.maps {
		return
	}
	f.maps = false
	if f.i.sharers--; f.i.sharers == 0 {
		for _, r := range f.i.regions {
			release(r)
		}
		f.i.regions = nil
	}
}
