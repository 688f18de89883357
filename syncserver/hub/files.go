package hub

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"yizhan/core/id"
	upstream "yizhan/core/link/blob"
	"yizhan/core/wire"
	"yizhan/syncserver/blob"
)

const (
	// fetchTime is how long a scanner waits for what this hub has to fetch first; then it
	// asks again, and the hub goes on.
	fetchTime = 20 * time.Second
	// tidyTime is how often what nobody names any more is thrown away.
	tidyTime = time.Hour
)

// files are the attachments that scanners fetch through this hub: each comes once over
// the line to the city, when the first of them asks for it, and never beside an op.
type files struct {
	hub  *Hub
	from *upstream.Client
	life context.Context
	end  context.CancelFunc

	mu     sync.Mutex
	coming map[wire.Blob]*coming
}

// coming is an attachment that is being fetched.
type coming struct {
	done   chan struct{} // closed when err holds
	err    error
	cancel context.CancelFunc
}

func (h *Hub) newFiles() (*files, error) {
	from, err := h.link.Attachments()
	if err != nil {
		return nil, err
	}
	f := &files{hub: h, from: from, coming: map[wire.Blob]*coming{}}
	f.life, f.end = context.WithCancel(context.Background())
	return f, nil
}

// Blobs serves attachments to the scanners; it takes none from them.
func (h *Hub) Blobs() http.Handler {
	if h.files == nil {
		return http.NotFoundHandler()
	}
	down := downstream{h}
	return blob.NewHandler(blob.Config{Get: h.files.get, Deployment: h.deployment, Now: h.now, Log: h.cfg.Log,
		Device: func(d id.Device) (key []byte, gone, ok bool) {
			info, ok := down.Device(d)
			return info.Enrolment.PublicKey, info.Gone, ok
		}})
}

// get opens an attachment, which is fetched where it is not here.
func (f *files) get(ctx context.Context, b wire.Blob) (*os.File, error) {
	if file, err := os.Open(f.from.Path(b)); err == nil {
		return file, nil
	}
	c := f.fetch(b)
	if c == nil {
		return nil, blob.ErrLater
	}
	wait, cancel := f.hub.waits.Within(ctx, fetchTime)
	defer cancel()
	select {
	case <-c.done:
	case <-wait.Done():
		return nil, blob.ErrLater
	}
	switch {
	case c.err == nil:
		return os.Open(f.from.Path(b))
	case errors.Is(c.err, upstream.ErrMissing):
		return nil, os.ErrNotExist
	}
	return nil, blob.ErrLater
}

// fetch begins to fetch an attachment, or gives what is under way; nil while ops wait for
// the line.
func (f *files) fetch(b wire.Blob) *coming {
	if f.hub.Backlog() > 0 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.coming[b]; c != nil {
		return c
	}
	ctx, cancel := context.WithCancel(f.life)
	c := &coming{done: make(chan struct{}), cancel: cancel}
	f.coming[b] = c
	go func() {
		defer cancel()
		if _, c.err = f.from.Get(ctx, b); c.err != nil && !errors.Is(c.err, context.Canceled) {
			f.hub.cfg.Log.Info("an attachment was not fetched", "attachment", b, "error", c.err)
		}
		f.mu.Lock()
		delete(f.coming, b)
		f.mu.Unlock()
		close(c.done)
	}()
	return c
}

// yield breaks off what is being fetched, because an op wants the line; the next one
// who asks goes on where it stood.
func (f *files) yield() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.coming {
		c.cancel()
	}
}

// close ends what is being fetched, and waits until nothing writes any more.
func (f *files) close() {
	if f == nil {
		return
	}
	f.end()
	for {
		f.mu.Lock()
		var one *coming
		for _, one = range f.coming {
			break
		}
		f.mu.Unlock()
		if one == nil {
			return
		}
		<-one.done
	}
}

// keepTidy throws away what no row names any more, until ctx ends.
func (f *files) keepTidy(ctx context.Context) {
	if f == nil {
		return
	}
	again := time.NewTicker(tidyTime)
	defer again.Stop()
	for {
		if err := f.tidy(); err != nil {
			f.hub.cfg.Log.Warn("old attachments stay", "error", err)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

func (f *files) tidy() error {
	named, err := f.named()
	if err != nil || len(named) == 0 {
		return err // rows may be on their way
	}
	err = filepath.WalkDir(f.hub.cfg.Attachments, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _, _ := strings.Cut(d.Name(), ".")
		if _, err := wire.ParseBlob(name); err != nil || named[name] {
			return nil
		}
		return os.Remove(path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // none was fetched yet
	}
	return err
}

// named are the attachments that the rows here speak of: the map, and photos of stations.
func (f *files) named() (map[string]bool, error) {
	named := map[string]bool{}
	for _, table := range []string{wire.TableMap, wire.TableStation} {
		rows, err := f.hub.store.Rows(table)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			var m wire.MapRow
			var s wire.StationRow
			if table == wire.TableMap && wire.DecodeRow(r.Body, &m) == nil {
				named[hex.EncodeToString(m.Blob)] = true
			} else if table == wire.TableStation && wire.DecodeRow(r.Body, &s) == nil && s.Photo != "" {
				named[s.Photo] = true
			}
		}
	}
	return named, nil
}
