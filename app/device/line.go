package device

import (
	"context"
	"errors"
	"io"
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
		trouble := escpos.Missing
		switch {
		case err == nil:
			return &lineFile{f}, nil
		case errors.Is(err, os.ErrPermission):
			trouble = escpos.Forbidden
		case errors.Is(err, syscall.EBUSY):
			trouble = escpos.Taken
		}
		return nil, &escpos.Error{Trouble: trouble, Err: err}
	}
}

// oneWay reports whether a printer's file cannot be read: such printers only listen.
func oneWay(err error) bool { return errors.Is(err, syscall.EINVAL) || errors.Is(err, io.EOF) }

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
