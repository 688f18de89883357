package disk

// #include <stdlib.h>
// #include "vfs.h"
import "C"

import (
	"fmt"
	"runtime/cgo"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // the library that the C part registers with
)

// Result codes of SQLite that a disk can give.
const (
	resultOK       = 0
	resultBusy     = 5
	resultFull     = 13
	resultCantOpen = 14
	resultIO       = 10
	ioRead         = resultIO | 1<<8
	ioShortRead    = resultIO | 2<<8
	ioWrite        = resultIO | 3<<8
	ioSync         = resultIO | 4<<8
	ioTruncate     = resultIO | 6<<8
	ioDelete       = resultIO | 10<<8
	ioLock         = resultIO | 15<<8
	ioSize         = resultIO | 7<<8
	ioShmMap       = resultIO | 21<<8
	ioDeleteNone   = resultIO | 23<<8
)

// Flags with which SQLite opens a file.
const (
	openCreate        = 0x4
	openDeleteOnClose = 0x8
	openMainJournal   = 0x800
	openSuperJournal  = 0x4000
	openWAL           = 0x80000
)

// register makes SQLite know the disk under the name that it returns.
func (d *Disk) register() error {
	d.handle = cgo.NewHandle(d)
	d.vfs = fmt.Sprintf("disk-%d", uintptr(d.handle))
	name := C.CString(d.vfs)
	defer C.free(unsafe.Pointer(name))
	if d.registered = C.disk_register(name, C.uintptr_t(d.handle)); d.registered == nil {
		d.handle.Delete()
		return fmt.Errorf("register disk with SQLite: it refused")
	}
	return nil
}

func (d *Disk) unregister() {
	C.disk_unregister(d.registered)
	d.handle.Delete()
}

// registration is what SQLite holds of a disk.
type registration = *C.sqlite3_vfs

func diskOf(h C.uintptr_t) *Disk { return cgo.Handle(h).Value().(*Disk) }
func fileOf(h C.uintptr_t) *file { return cgo.Handle(h).Value().(*file) }

//export diskOpen
func diskOpen(disk C.uintptr_t, name *C.char, flags C.int, out *C.uintptr_t) C.int {
	f, code := diskOf(disk).open(C.GoString(name), int(flags))
	if code == resultOK {
		*out = C.uintptr_t(cgo.NewHandle(f))
	}
	return C.int(code)
}

//export diskDelete
func diskDelete(disk C.uintptr_t, name *C.char, sync C.int) C.int {
	return C.int(diskOf(disk).remove(C.GoString(name), sync != 0))
}

//export diskAccess
func diskAccess(disk C.uintptr_t, name *C.char, is *C.int) C.int {
	*is = 0
	if diskOf(disk).exists(C.GoString(name)) {
		*is = 1
	}
	return resultOK
}

//export diskErrno
func diskErrno(disk C.uintptr_t) C.int { return C.int(diskOf(disk).lastError()) }

//export diskClose
func diskClose(h C.uintptr_t) {
	fileOf(h).close()
	cgo.Handle(h).Delete()
}

//export diskRead
func diskRead(h C.uintptr_t, p unsafe.Pointer, n C.int, at C.longlong) C.int {
	return C.int(fileOf(h).read(unsafe.Slice((*byte)(p), n), int64(at)))
}

//export diskWrite
func diskWrite(h C.uintptr_t, p unsafe.Pointer, n C.int, at C.longlong) C.int {
	return C.int(fileOf(h).write(unsafe.Slice((*byte)(p), n), int64(at)))
}

//export diskTruncate
func diskTruncate(h C.uintptr_t, size C.longlong) C.int {
	return C.int(fileOf(h).truncate(int64(size)))
}

//export diskSync
func diskSync(h C.uintptr_t) C.int { return C.int(fileOf(h).sync()) }

//export diskSize
func diskSize(h C.uintptr_t, size *C.longlong) C.int {
	n, code := fileOf(h).size()
	*size = C.longlong(n)
	return C.int(code)
}

//export diskLock
func diskLock(h C.uintptr_t, level C.int) C.int { return C.int(fileOf(h).lock(int(level))) }

//export diskUnlock
func diskUnlock(h C.uintptr_t, level C.int) C.int { return C.int(fileOf(h).unlock(int(level))) }

//export diskReserved
func diskReserved(h C.uintptr_t, is *C.int) C.int {
	*is = 0
	if fileOf(h).reserved() {
		*is = 1
	}
	return resultOK
}

//export diskShmMap
func diskShmMap(h C.uintptr_t, region, size, extend C.int, p *unsafe.Pointer) C.int {
	*p = nil
	r, code := fileOf(h).share(int(region), int(size), extend != 0)
	*p = r
	return C.int(code)
}

//export diskShmLock
func diskShmLock(h C.uintptr_t, from, n, flags C.int) C.int {
	return C.int(fileOf(h).lockShared(int(from), int(n), int(flags)))
}

//export diskShmUnmap
func diskShmUnmap(h C.uintptr_t) C.int {
	fileOf(h).unshare()
	return resultOK
}

// region gives zeroed memory that SQLite's connections share; Go's own may not be
// kept by C.
func region(size int) unsafe.Pointer { return C.calloc(1, C.size_t(size)) }

func release(p unsafe.Pointer) { C.free(p) }
