package device

import (
	"context"
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"yizhan/app/escpos"
)

// lineFile is the device file of a USB printer.
type lineFile struct{ *os.File }

func openFile(path string) func(context.Context) (port, error) {
	return func(context.Context) (port, error) {
		f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
		if err != nil {
			return nil, notOpened(err)
		}
		return &lineFile{f}, nil
	}
}

func notOpened(err error) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return &escpos.Error{Trouble: escpos.Forbidden, Err: err}
	case errors.Is(err, syscall.EBUSY):
		return &escpos.Error{Trouble: escpos.Taken, Err: err}
	}
	return &escpos.Error{Trouble: escpos.Missing, Err: err}
}

// oneWay reports whether a printer's file cannot be read: such printers only listen.
func oneWay(err error) bool { return errors.Is(err, syscall.EINVAL) }

// hungUp reports whether the printer behind the file has gone.
func (f *lineFile) hungUp() bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return true
	}
	state := []unix.PollFd{{}}
	ctl := raw.Control(func(fd uintptr) {
		state[0].Fd = int32(fd)
		_, err = unix.Poll(state, 0)
	})
	return ctl != nil || err != nil || state[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
}

// Status lines of the parallel port, which USB printers report in its stead.
const (
	getStatus = 0x060b // ioctl LPGETSTATUS
	noPaper   = 0x20
)

// paperOut asks for the paper line, which is all that printers without DLE EOT tell.
func (f *lineFile) paperOut() bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	status := 0
	ctl := raw.Control(func(fd uintptr) { status, err = unix.IoctlGetInt(int(fd), getStatus) })
	return ctl == nil && err == nil && status&noPaper != 0
}
