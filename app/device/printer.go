package device

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"yizhan/app/escpos"
)

// Printer prints pictures of dots on paper.
type Printer interface {
	// Print returns once the slip is out, as far as the printer tells: Status.Known says
	// whether it does. An error is an *escpos.Error; then the slip is not printed, or not
	// to its end, and it is not tried again.
	Print(ctx context.Context, slip *escpos.Bitmap) (escpos.Status, error)
	// Status asks the printer how it is.
	Status(ctx context.Context) (escpos.Status, error)
}

// ParsePrinter makes the printer of a flag: usb:/dev/usb/lp0, tcp:HOST or tcp:HOST:PORT,
// png:FOLDER (which writes pictures instead). Nothing is opened yet.
func ParsePrinter(flag string) (Printer, error) {
	kind, where, _ := strings.Cut(flag, ":")
	switch {
	case where == "":
	case kind == "usb":
		return newReceipt(openFile(where)), nil
	case kind == "tcp":
		if _, _, err := net.SplitHostPort(where); err != nil {
			where = net.JoinHostPort(strings.Trim(where, "[]"), "9100")
		}
		return newReceipt(dial(where)), nil
	case kind == "png":
		return &Folder{Dir: where, Now: time.Now}, nil
	}
	return nil, fmt.Errorf("printer %q is not like usb:/dev/usb/lp0, tcp:HOST:9100 or png:FOLDER", flag)
}

// port is an open line to a printer. Deadlines are those of net.Conn; a line that
// has none answers os.ErrNoDeadline.
type port interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// dialTime is how long a printer in the same building may take to answer.
const dialTime = 3 * time.Second

func dial(address string) func(context.Context) (port, error) {
	return func(ctx context.Context) (port, error) {
		d := net.Dialer{Timeout: dialTime}
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, &escpos.Error{Trouble: escpos.Missing, Err: err}
		}
		return conn, nil
	}
}
