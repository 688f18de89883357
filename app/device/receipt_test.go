package device

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"yizhan/app/escpos"
	"yizhan/app/escpos/escpostest"
	"yizhan/core/qr"
)

// hurried is for lines on which nothing can be late by itself.
var hurried = patience{answer: 100 * time.Millisecond, band: 200 * time.Millisecond}

// slip is a picture with a code in it, and with every byte that a printer might
// take for a command.
func slip(t *testing.T, rows int) (*escpos.Bitmap, string) {
	t.Helper()
	const text = "2KCEVAAAABBBBCCCCDDDD"
	code, err := qr.Image(text, 6)
	if err != nil {
		t.Fatal(err)
	}
	b := escpos.NewBitmap(384, rows)
	for y := range code.Rect.Dy() {
		for x := range code.Rect.Dx() {
			if code.GrayAt(x, y).Y == 0 {
				b.SetBlack(60+x, 40+y)
			}
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 20 * b.Stride() {
		b.Bits[len(b.Bits)-1-i] = byte(rnd.Uint32())
	}
	// A bitmap that has been through Bands has nothing in it that would be changed.
	for y, bands := 0, escpos.Bands(b); len(bands) > 0; bands = bands[1:] {
		y += copy(b.Bits[y:], bands[0][8:])
	}
	return b, text
}

func network(t *testing.T, p *escpostest.Printer) *receipt {
	t.Helper()
	printer, err := ParsePrinter("tcp:" + p.Listen(t))
	if err != nil {
		t.Fatal(err)
	}
	return printer.(*receipt)
}

func trouble(err error) escpos.Trouble {
	var e *escpos.Error
	if err != nil && !errors.As(err, &e) {
		return 255
	} else if err == nil {
		return escpos.None
	}
	return e.Trouble
}

func TestSlipComesOutAsItWasSent(t *testing.T) {
	sent, text := slip(t, 900)
	for name, p := range map[string]*escpostest.Printer{"well": {}, "mute": {Mute: true}, "does not say when it has finished": {Endless: true}} {
		t.Run(name, func(t *testing.T) {
			r := network(t, p)
			if name != "well" {
				r.patience = hurried
			}
			for n := 1; n <= 2; n++ {
				status, err := r.Print(t.Context(), sent)
				if err != nil || status.Known == p.Mute {
					t.Fatalf("slip %d: %+v, %v", n, status, err)
				}
				p.Await(func(_, slips int) bool { return slips == n })
				if !escpostest.Same(sent, p.Slips()[n-1]) {
					t.Fatalf("slip %d differs", n)
				}
			}
			if got, err := qr.Read(p.Slips()[0]); err != nil || got != text {
				t.Errorf("the printed code is read as %q, %v", got, err)
			}
			if odd := p.Strange(); len(odd) > 0 {
				t.Errorf("the printer would print characters: %x", odd)
			}
		})
	}
}

// Wherever the paper ends, the person is told, nothing is printed again by itself,
// and once there is paper the same slip can be printed whole.
func TestPaperEnds(t *testing.T) {
	sent, _ := slip(t, 900)
	for _, row := range []int{1, 40, 71, 500, 899, 930} {
		t.Run(strconv.Itoa(row), func(t *testing.T) {
			p := &escpostest.Printer{Paper: row}
			r := network(t, p)
			status, err := r.Print(t.Context(), sent)
			if trouble(err) != escpos.PaperOut || !status.PaperOut {
				t.Fatalf("paper ends at row %d: %+v, %v", row, status, err)
			}
			if status, err := r.Status(t.Context()); err != nil || status.Trouble() != escpos.PaperOut {
				t.Errorf("asked for its state: %+v, %v", status, err)
			}
			if _, err := r.Print(t.Context(), sent); trouble(err) != escpos.PaperOut {
				t.Errorf("printed without paper: %v", err)
			}
			p.Refill()
			if _, err := r.Print(t.Context(), sent); err != nil {
				t.Fatalf("with new paper: %v", err)
			}
			slips := p.Slips()
			if len(slips) == 0 || !endsWith(slips[len(slips)-1], sent) || len(slips) > 2 {
				t.Errorf("with new paper %d slips came out", len(slips))
			}
		})
	}
}

// endsWith reports whether the strip ends with a slip, and white: the rest of a slip
// that was broken off may stand before it.
func endsWith(strip, slip *escpos.Bitmap) bool {
	for y := strip.Height - slip.Height; y >= 0; y-- {
		rest := &escpos.Bitmap{Width: strip.Width, Height: strip.Height - y, Bits: strip.Bits[y*strip.Stride():]}
		if escpostest.Same(slip, rest) {
			return true
		}
	}
	return false
}

func TestCoverIsOpen(t *testing.T) {
	sent, _ := slip(t, 400)
	p := &escpostest.Printer{}
	r := network(t, p)
	p.OpenCover(true)
	if _, err := r.Print(t.Context(), sent); trouble(err) != escpos.CoverOpen {
		t.Errorf("open cover: %v", err)
	}
	p.OpenCover(false)
	if _, err := r.Print(t.Context(), sent); err != nil || !escpostest.Same(sent, p.Slips()[0]) {
		t.Errorf("closed again: %v", err)
	}
}

// A cable that is pulled in the middle of a picture leaves a printer that waits for
// the rest of it; the next slip is whole all the same.
func TestLineBreaks(t *testing.T) {
	sent, _ := slip(t, 900)
	p := &escpostest.Printer{CutAt: 300}
	r := network(t, p)
	if _, err := r.Print(t.Context(), sent); trouble(err) != escpos.Unplugged {
		t.Fatalf("the line broke: %v", err)
	}
	if _, err := r.Print(t.Context(), sent); err != nil {
		t.Fatalf("connected again: %v", err)
	}
	p.Await(func(_, slips int) bool { return slips == 1 })
	if slips := p.Slips(); len(slips) != 1 || !endsWith(slips[0], sent) {
		t.Errorf("connected again %d slips came out", len(slips))
	}
	if odd := p.Strange(); len(odd) > 0 {
		t.Errorf("the printer would print characters: %x", odd)
	}
}

func TestPrinterHangs(t *testing.T) {
	sent, _ := slip(t, 900)
	p := &escpostest.Printer{HangAt: 300}
	r := network(t, p)
	r.patience = hurried
	for range 2 {
		if _, err := r.Print(t.Context(), sent); trouble(err) != escpos.Stuck {
			t.Errorf("a printer that hangs: %v", err)
		}
	}
	p.Revive()
	r.patience = usual
	if _, err := r.Print(t.Context(), sent); err != nil {
		t.Fatalf("switched off and on: %v", err)
	}
	if slips := p.Slips(); len(slips) != 1 || !endsWith(slips[0], sent) {
		t.Errorf("switched off and on, %d slips came out", len(slips))
	}
}

// A program that ends does not wait for a printer.
func TestPrintIsCancelled(t *testing.T) {
	sent, _ := slip(t, 900)
	p := &escpostest.Printer{HangAt: 1}
	r := network(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := r.Print(ctx, sent); done <- err }()
	p.Await(func(rows, _ int) bool { return rows == 1 })
	cancel()
	if err := <-done; trouble(err) != escpos.Stuck || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Who waited too long for somebody else's slip is not told that there is no printer.
func TestPrintComesTooLate(t *testing.T) {
	sent, _ := slip(t, 400)
	p := &escpostest.Printer{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := network(t, p).Print(ctx, sent); trouble(err) != escpos.Stuck || len(p.Slips()) > 0 {
		t.Errorf("too late: %v", err)
	}
}

func TestNobodyAtTheAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	sent, _ := slip(t, 100+300)
	r := newReceipt(dial(l.Addr().String()))
	if _, err := r.Print(t.Context(), sent); trouble(err) != escpos.Missing {
		t.Errorf("nobody listens: %v", err)
	}
}

// half takes connections and never reads from them, as a machine that has lost its
// power does to those who had spoken with it.
func half(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// Nothing is said to be printed by a printer that is not there any more.
func TestHalfOpenLine(t *testing.T) {
	sent, _ := slip(t, 900)
	r := newReceipt(dial(half(t)))
	r.patience = hurried
	if status, err := r.Print(t.Context(), sent); err == nil && status.Known {
		t.Error("nobody was there, and yet it is known to be printed")
	}
	r.talks = true // it had answered before
	if _, err := r.Print(t.Context(), sent); trouble(err) != escpos.Stuck {
		t.Errorf("a printer that used to answer: %v", err)
	}
	long := escpos.NewBitmap(384, 400_000) // more than any line holds
	r.talks = false
	if _, err := r.Print(t.Context(), long); trouble(err) != escpos.Stuck {
		t.Errorf("a line that takes no more: %v", err)
	}
}

// pty gives two ends of a serial line: a file that a printer's can be taken for, and
// its other end.
func pty(t *testing.T) (other *os.File, path string) {
	t.Helper()
	other, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatalf("tests of printer files need pseudo terminals: %v", err)
	}
	raw, err := other.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	failed := raw.Control(func(fd uintptr) {
		n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		err = errors.Join(err, unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0))
	})
	if err := errors.Join(failed, err); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join("/dev/pts", strconv.Itoa(n))
	side, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = side.Close() }) // kept open, so that the line outlives a slip
	if raw, err = side.SyscallConn(); err != nil {
		t.Fatal(err)
	}
	failed = raw.Control(func(fd uintptr) {
		var mode *unix.Termios
		if mode, err = unix.IoctlGetTermios(int(fd), unix.TCGETS); err == nil {
			mode.Iflag, mode.Oflag, mode.Lflag = 0, 0, 0
			err = unix.IoctlSetTermios(int(fd), unix.TCSETS, mode)
		}
	})
	if err := errors.Join(failed, err); err != nil {
		t.Fatal(err)
	}
	return other, path
}

func TestDeviceFile(t *testing.T) {
	sent, text := slip(t, 900)
	other, path := pty(t)
	p := &escpostest.Printer{}
	p.Connect(t, other)
	printer, err := ParsePrinter("usb:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := printer.Print(t.Context(), sent); err != nil || !status.Known {
		t.Fatalf("%+v, %v", status, err)
	}
	if got, err := qr.Read(p.Slips()[0]); err != nil || got != text || !escpostest.Same(sent, p.Slips()[0]) {
		t.Errorf("the printed code is read as %q, %v", got, err)
	}
	p.OpenCover(true)
	if _, err := printer.Print(t.Context(), sent); trouble(err) != escpos.CoverOpen {
		t.Errorf("open cover: %v", err)
	}
}

func TestDeviceFileIsUnplugged(t *testing.T) {
	sent, _ := slip(t, 900)
	other, path := pty(t)
	p := &escpostest.Printer{CutAt: 300}
	p.Connect(t, other)
	r := newReceipt(openFile(path))
	if _, err := r.Print(t.Context(), sent); trouble(err) != escpos.Unplugged {
		t.Errorf("unplugged in the middle: %v", err)
	}
	if _, err := r.Print(t.Context(), sent); trouble(err) != escpos.Missing {
		t.Errorf("not plugged in again: %v", err)
	}
}

// A printer that only listens has a file that cannot be read.
func TestFileThatOnlyTakes(t *testing.T) {
	sent, _ := slip(t, 400)
	path := filepath.Join(t.TempDir(), "lp0")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	status, err := newReceipt(openFile(path)).Print(t.Context(), sent)
	written, _ := os.ReadFile(path)
	if err != nil || status.Known || len(written) < len(sent.Bits) {
		t.Errorf("%+v, %v, %d bytes", status, err, len(written))
	}
}

func TestDeviceFileThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	_, err := newReceipt(openFile(filepath.Join(dir, "lp0"))).Print(t.Context(), escpos.NewBitmap(384, 8))
	if trouble(err) != escpos.Missing {
		t.Errorf("no such file: %v", err)
	}
	for _, c := range []struct {
		err  error
		want escpos.Trouble
	}{{unix.EACCES, escpos.Forbidden}, {unix.EPERM, escpos.Forbidden}, {unix.EBUSY, escpos.Taken}, {unix.ENODEV, escpos.Missing}, {unix.ENOENT, escpos.Missing}} {
		if got := trouble(notOpened(&os.PathError{Op: "open", Path: "/dev/usb/lp0", Err: c.err})); got != c.want {
			t.Errorf("%v is %v, want %v", c.err, got, c.want)
		}
	}
}

func TestFolder(t *testing.T) {
	sent, text := slip(t, 400)
	dir := filepath.Join(t.TempDir(), "new", "slips")
	printer, err := ParsePrinter("png:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	printer.(*Folder).Now = func() time.Time { return time.Date(2026, 11, 21, 14, 5, 0, 0, time.UTC) }
	for range 2 {
		if status, err := printer.Print(t.Context(), sent); err != nil || !status.Known {
			t.Fatalf("%+v, %v", status, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 2 || filepath.Base(files[1]) != "slip-20261121-140500-2.png" {
		t.Fatalf("files %q, %v", files, err)
	}
	if got, _, err := ReadPicture(files[1]); err != nil || got != text {
		t.Errorf("the picture is read as %q, %v", got, err)
	}
	if _, err := (&Folder{Dir: files[0], Now: time.Now}).Print(t.Context(), sent); trouble(err) != escpos.Missing {
		t.Errorf("a file in the way: %v", err)
	}
}

func TestParsePrinter(t *testing.T) {
	for _, bad := range []string{"", "lp0", "usb:", "tcp:", "png:", "cups:x"} {
		if p, err := ParsePrinter(bad); err == nil {
			t.Errorf("%q is taken for %v", bad, p)
		}
	}
	for _, good := range []string{"usb:/dev/usb/lp0", "tcp:192.0.2.7", "tcp:192.0.2.7:9101", "tcp:[2001:db8::7]", "tcp:printer.example", "png:out"} {
		if _, err := ParsePrinter(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
