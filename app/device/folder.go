package device

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"yizhan/app/escpos"
)

// Folder is the printer of a machine without one: it writes PNG files.
type Folder struct {
	Dir string
	Now func() time.Time
}

// Print implements Printer. A file is whole or not there.
func (f *Folder) Print(ctx context.Context, slip *escpos.Bitmap) (escpos.Status, error) {
	if ctx.Err() != nil {
		return escpos.Status{}, &escpos.Error{Trouble: escpos.Stuck, Err: ctx.Err()}
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, slip); err != nil {
		return escpos.Status{}, &escpos.Error{Trouble: escpos.NotDrawn, Err: err}
	}
	if err := f.write(picture.Bytes()); err != nil {
		return escpos.Status{}, &escpos.Error{Trouble: escpos.Missing, Err: err}
	}
	return escpos.Status{Known: true}, nil
}

func (f *Folder) write(picture []byte) error {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return fmt.Errorf("write slip: %w", err)
	}
	whole, err := os.CreateTemp(f.Dir, ".slip-*")
	if err != nil {
		return fmt.Errorf("write slip: %w", err)
	}
	defer os.Remove(whole.Name())
	if _, err := whole.Write(picture); err != nil {
		return errors.Join(fmt.Errorf("write slip: %w", err), whole.Close())
	}
	if err := whole.Close(); err != nil {
		return fmt.Errorf("write slip: %w", err)
	}
	for n := 1; ; n++ {
		err := os.Link(whole.Name(), filepath.Join(f.Dir, fmt.Sprintf("slip-%s-%d.png", f.Now().Format("20060102-150405"), n)))
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

// Status implements Printer.
func (f *Folder) Status(context.Context) (escpos.Status, error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return escpos.Status{}, &escpos.Error{Trouble: escpos.Missing, Err: err}
	}
	return escpos.Status{Known: true}, nil
}
