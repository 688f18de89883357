// Package disk is a simulated disk under SQLite: the real stores run on it, and
// it fails as told. It is a file system (VFS) of SQLite whose files lie in memory;
// a store is opened on it by name. What was written and not synced is lost or torn
// when the power goes, in any mixture.
package disk

import (
	"maps"
	"runtime/cgo"
	"slices"
	"sync"
	"syscall"
	"unsafe"
)

// Sector is what a disk writes whole or not at all, in bytes.
const Sector = 512

// Kind is what a program asks of the disk.
type Kind uint8

// Kinds of operations. All but Read change something.
const (
	Read Kind = iota
	Write
	Sync
	Truncate
	Create
	Delete
)

var kindNames = []string{"read", "write", "sync", "truncate", "create", "delete"}

func (k Kind) String() string { return kindNames[k] }

// Op is one operation, as a Plan is asked about it.
type Op struct {
	N    int // counts all operations but reads; for a read, the one before it
	Kind Kind
	File string
	At   int64 // offset, or new size
	Size int   // bytes
}

// Fault is what happens to an operation.
type Fault uint8

// Faults. Fail, FailDone, Torn and Full are errors that the program sees; after
// Cut and CutDone every operation fails until Restart.
const (
	None     Fault = iota
	Fail           // not done. A failed sync loses what it should have kept, also from later syncs: the kernel believes it clean
	FailDone       // done all the same; a read gives nothing
	Torn           // of a write only the first sectors are done
	Full           // no space: not done
	Cut            // the power goes before the operation
	CutDone        // the power goes after it; a write is not synced then, and may be torn
	Lie            // of a sync: reported as done and not done. No store survives it; it shows that a test would see that
)

var faultNames = []string{"none", "failed, not done", "failed, but done", "torn", "disk full", "power cut before", "power cut behind", "a lie"}

func (f Fault) String() string { return faultNames[f] }

// Plan says what happens to an operation. It may not use the disk, but may Fork it.
type Plan func(Op) Fault

// Disk is one simulated disk. It is safe for concurrent use.
type Disk struct {
	vfs        string
	handle     cgo.Handle
	registered registration

	mu    sync.Mutex // guards all below
	plan  Plan
	n     int
	dead  bool              // the power is off
	life  int               // grows with each Restart: files opened before it are lost
	names map[string]*inode // as programs see the folder
	kept  map[string]*inode // as it is after a power cut
	errno syscall.Errno     // of the last error
}

// inode is a file, whatever it is called.
type inode struct {
	data    []byte   // as programs see it
	safe    []byte   // what a power cut leaves for sure
	pending []change // between the two, oldest first

	holders []*file          // that have it locked
	regions []unsafe.Pointer // memory that its connections share
	sharers int              // how many do
	shared  [8]int           // locks on slots of that memory: readers, or -1 for a writer
}

// change is a write, or a truncation if data is nil.
type change struct {
	at   int64
	data []byte
}

// New makes an empty disk and has SQLite know it. Close it when all that is open on it is closed.
func New() (*Disk, error) {
	d := &Disk{names: map[string]*inode{}, kept: map[string]*inode{}}
	return d, d.register()
}

// VFS is the name under which SQLite knows the disk.
func (d *Disk) VFS() string { return d.vfs }

// Close lets go of the disk and of what is on it.
func (d *Disk) Close() { d.unregister() }

// Plan has every operation from now on go as p says; nil means that all succeed.
func (d *Disk) Plan(p Plan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan = p
}

// Operations counts the operations so far, without reads.
func (d *Disk) Operations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.n
}

// Dead reports whether the power is off: an operation was cut.
func (d *Disk) Dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// Restart turns the power off, if it is on, and on again. keep is asked for each
// sector that was written and not synced, and for each other change that was not,
// whether it survived. What is open stays broken; close it and open it again.
func (d *Disk) Restart(keep func() bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names = d.after(keep)
	d.kept = maps.Clone(d.names)
	d.life++
	d.dead = false
}

// Kill ends the programs on the disk and leaves the power on: nothing that was
// written is lost, synced or not. What is open stays broken.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	files := map[*inode]*inode{}
	for _, folder := range []map[string]*inode{d.names, d.kept} {
		for name, i := range folder {
			if files[i] == nil {
				files[i] = &inode{data: i.data, safe: i.safe, pending: i.pending}
			}
			folder[name] = files[i]
		}
	}
	d.life++
}

// Fork gives another disk with what a power cut now would leave. It may be called
// from a Plan, before that operation.
func (d *Disk) Fork(keep func() bool) (*Disk, error) {
	f, err := New()
	if err != nil {
		return nil, err
	}
	f.names = d.after(keep)
	f.kept = maps.Clone(f.names)
	return f, nil
}

// Files gives the content of all files as programs see it.
func (d *Disk) Files() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string][]byte{}
	for name, i := range d.names {
		out[name] = slices.Clone(i.data)
	}
	return out
}

// after gives the folder as a power cut leaves it, with files of its own.
func (d *Disk) after(keep func() bool) map[string]*inode {
	left, files := map[string]*inode{}, map[*inode]*inode{}
	all := maps.Clone(d.names)
	maps.Copy(all, d.kept)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		i := d.kept[name]
		if now := d.names[name]; now != i && keep() {
			i = now
		}
		if i == nil {
			continue
		}
		if files[i] == nil {
			files[i] = i.after(keep)
		}
		left[name] = files[i]
	}
	return left
}

func (i *inode) after(keep func() bool) *inode {
	data := slices.Clone(i.safe)
	for _, c := range i.pending {
		if c.data == nil {
			if keep() {
				data = c.apply(data)
			}
			continue
		}
		for from := int64(0); from < int64(len(c.data)); {
			to := min(int64(len(c.data)), from+Sector-(c.at+from)%Sector)
			if keep() {
				data = change{c.at + from, c.data[from:to]}.apply(data)
			}
			from = to
		}
	}
	return &inode{data: data, safe: slices.Clone(data)}
}

// apply carries out a change; a hole before it reads as zeros.
func (c change) apply(b []byte) []byte {
	if c.data == nil {
		if c.at <= int64(len(b)) {
			return b[:c.at]
		}
		return append(b, make([]byte, c.at-int64(len(b)))...)
	}
	if end := c.at + int64(len(c.data)); end > int64(len(b)) {
		b = slices.Grow(b, int(end)-len(b))
		was := len(b)
		b = b[:end]
		clear(b[was:])
	}
	copy(b[c.at:], c.data)
	return b
}

// ask counts an operation and gives its fault. The caller holds d.mu.
func (d *Disk) ask(o Op) Fault {
	if d.dead {
		return Cut
	}
	if o.Kind != Read {
		d.n++
	}
	o.N = d.n
	if d.plan == nil {
		return None
	}
	f := d.plan(o)
	d.dead = f == Cut || f == CutDone
	return f
}

// code gives what SQLite is told of a fault, and keeps the system's error for it.
func (d *Disk) code(f Fault, otherwise int) int {
	switch f {
	case None, Lie:
		return resultOK
	case Full:
		d.errno = syscall.ENOSPC
		if otherwise == ioWrite {
			return resultFull
		}
	default:
		d.errno = syscall.EIO
	}
	return otherwise
}

func (d *Disk) lastError() syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.errno
}

// done reports whether an operation with this fault takes effect.
func (f Fault) done() bool { return f == None || f == FailDone || f == CutDone }
