package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"yizhan/core/wire"
)

// Put sends an attachment of this device. After a lost connection the next Put
// goes on where the server stands; that it is there is known when Put returns nil.
func (c *Client) Put(ctx context.Context, b wire.Blob) error {
	f, err := os.Open(c.Path(b))
	if errors.Is(err, os.ErrNotExist) {
		err = ErrMissing
	}
	if err != nil {
		return fmt.Errorf("send attachment %s: %w", b, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = c.put(ctx, b, f, info.Size())
	}
	if err != nil {
		return fmt.Errorf("send attachment %s: %w", b, err)
	}
	return nil
}

func (c *Client) put(ctx context.Context, b wire.Blob, f io.ReaderAt, size int64) error {
	at, done, err := c.stands(ctx, b)
	for restarts := 0; err == nil && !done; {
		if err := c.cfg.Idle(ctx); err != nil {
			return err
		}
		before, status := at, 0
		at, status, err = c.piece(ctx, b, f, before, size)
		switch status {
		case http.StatusAccepted:
			if at <= before { // it would be sent again without end
				err = fmt.Errorf("the server takes a piece and stands at %d bytes, at %d before it", at, before)
			}
		case http.StatusOK, http.StatusCreated:
			done = true
		case http.StatusConflict, http.StatusUnprocessableEntity: // the server stands elsewhere, or what it had was damaged
			if restarts++; restarts > tries {
				return ErrDamaged
			}
		}
	}
	return err
}

// stands asks how much of an attachment the server has.
func (c *Client) stands(ctx context.Context, b wire.Blob) (at int64, done bool, err error) {
	ctx, end := c.limit(ctx)
	defer end()
	r, err := c.ask(ctx, http.MethodHead, b, "", "", nil, 0)
	if err != nil {
		return 0, false, err
	}
	defer r.Body.Close()
	switch r.StatusCode {
	case http.StatusOK:
		return 0, true, nil
	case http.StatusNotFound:
		return offset(r), false, nil
	}
	return 0, false, refused(r)
}

// piece sends one piece and gives where the server stands afterwards.
func (c *Client) piece(ctx context.Context, b wire.Blob, f io.ReaderAt, at, size int64) (now int64, status int, err error) {
	ctx, end := c.limit(ctx)
	defer end()
	n := min(size-at, wire.BlobPiece)
	if n < 0 {
		return 0, 0, fmt.Errorf("the server has %d bytes of %d", at, size)
	}
	// With nothing left to send, an empty request has the server finish: it lost power before it could.
	ranged, body := fmt.Sprintf("bytes */%d", size), io.Reader(http.NoBody)
	if n > 0 {
		ranged, body = fmt.Sprintf("bytes %d-%d/%d", at, at+n-1, size), io.NewSectionReader(f, at, n)
	}
	r, err := c.ask(ctx, http.MethodPut, b, "Content-Range", ranged, body, n)
	if err != nil {
		return at, 0, err
	}
	defer r.Body.Close()
	switch r.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusConflict, http.StatusUnprocessableEntity:
		return offset(r), r.StatusCode, nil
	}
	return at, r.StatusCode, refused(r)
}

func offset(r *http.Response) int64 {
	n, err := strconv.ParseInt(r.Header.Get(wire.BlobOffset), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// Get fetches an attachment, unless it is here, and gives the path of the file.
// After a lost connection the next Get goes on with what is here. A file that is
// not what its name says is thrown away and fetched again from the start.
func (c *Client) Get(ctx context.Context, b wire.Blob) (path string, err error) {
	if _, busy := c.fetching.LoadOrStore(b, true); busy {
		return "", fmt.Errorf("fetch attachment %s: %w", b, ErrUnderWay)
	}
	defer c.fetching.Delete(b)
	for range tries {
		if c.Has(b) {
			return c.Path(b), nil
		}
		if err = c.fetch(ctx, b); !errors.Is(err, ErrDamaged) {
			break
		}
	}
	if err != nil {
		return "", fmt.Errorf("fetch attachment %s: %w", b, err)
	}
	return c.Path(b), nil
}

// fetch goes on with the partial file until it is whole.
func (c *Client) fetch(ctx context.Context, b wire.Blob) error {
	path := c.Path(b) + partSuffix
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return full(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return full(err)
	}
	defer f.Close()
	at, err := f.Seek(0, io.SeekEnd)
	for whole := false; err == nil && !whole; {
		if err := c.cfg.Idle(ctx); err != nil {
			return err
		}
		at, whole, err = c.undisturbed(ctx, b, f, at)
	}
	if err != nil {
		return err
	}
	h := sha256.New()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if wire.Blob(h.Sum(nil)) != b {
		return errors.Join(ErrDamaged, os.Remove(path))
	}
	return c.keep(f, b)
}

// undisturbed fetches one piece, or as much of it as comes before an op waits.
func (c *Client) undisturbed(ctx context.Context, b wire.Blob, f *os.File, at int64) (now int64, whole bool, err error) {
	quiet, end := c.cfg.Quiet(ctx)
	defer end()
	now, whole, err = c.more(quiet, b, f, at)
	if err != nil && quiet.Err() != nil && ctx.Err() == nil {
		return now, false, nil
	}
	return now, whole, err
}

// more fetches one piece behind what is here.
func (c *Client) more(ctx context.Context, b wire.Blob, f *os.File, at int64) (now int64, whole bool, err error) {
	ctx, end := c.limit(ctx)
	defer end()
	r, err := c.ask(ctx, http.MethodGet, b, "Range", fmt.Sprintf("bytes=%d-%d", at, at+wire.BlobPiece-1), nil, 0)
	if err != nil {
		return at, false, err
	}
	defer r.Body.Close()
	var from, to, total int64
	switch r.StatusCode {
	case http.StatusOK: // an empty one, or a server without ranges
		from, total = 0, r.ContentLength
	case http.StatusPartialContent:
		if n, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); n != 3 || err != nil || from != at {
			return at, false, fmt.Errorf("the server answers bytes %q, want from %d", r.Header.Get("Content-Range"), at)
		}
	case http.StatusRequestedRangeNotSatisfiable: // all of it is here, or more than all
		return at, true, nil
	default:
		return at, false, refused(r)
	}
	if total > wire.MaxBlob || total < 0 {
		return at, false, fmt.Errorf("the server names a size of %d bytes", total)
	}
	if from == 0 {
		if err := f.Truncate(0); err != nil {
			return at, false, err
		}
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return at, false, err
	}
	n, err := io.Copy(writer{c, f}, io.LimitReader(r.Body, total-from))
	if err == nil && n == 0 && from < total { // it would be asked again without end
		err = fmt.Errorf("the server sends nothing of bytes %q", r.Header.Get("Content-Range"))
	}
	return from + n, from+n >= total, full(err)
}
