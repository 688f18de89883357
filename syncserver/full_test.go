package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/op"
)

// TestFullDiskAtTheServer lets the server's disk fill up under load: requests get
// a fault and stay queued, questions go on being answered, nothing that was
// acknowledged is lost, and with space again everything waiting is decided.
func TestFullDiskAtTheServer(t *testing.T) {
	t.Run("file system", func(t *testing.T) {
		disk := t.TempDir()
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16m"); err != nil {
			t.Skipf("only root may mount a small file system: %v", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		p := servingAt(t, filepath.Join(disk, "server"))
		all := pressers(p, 6, 1)
		balloon := filepath.Join(disk, "balloon")
		pressUntilFull(t, p, all, func() { blow(t, balloon) })
		// Space comes back while the server runs.
		if err := os.Remove(balloon); err != nil {
			t.Fatal(err)
		}
		recovered(t, p, all)
	})
	t.Run("file size limit", func(t *testing.T) {
		p := serving(t)
		all := pressers(p, 6, 1)
		if code := p.end(syscall.SIGTERM); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		largest := 0
		for _, content := range p.image() {
			largest = max(largest, len(content))
		}
		limit := "ulimit -f " + strconv.Itoa(largest/1024+64) + `; exec "$0" "$@"`
		p.start("bash", "-c", limit)
		pressUntilFull(t, p, all, func() {})
		p.end(syscall.SIGTERM)
		p.must("verify")
		p.start()
		recovered(t, p, all)
	})
}

// blow fills a file system nearly to the last byte.
func blow(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	// A little space is left, so that the disk fills up between two requests.
	size, err := f.Seek(0, io.SeekEnd)
	if err := errors.Join(err, f.Truncate(size-256<<10), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// pressUntilFull lets the phones ask until all of them are told that the disk is full.
func pressUntilFull(t *testing.T, p *process, all []*presser, fill func()) {
	t.Helper()
	for _, s := range all {
		s.Kick()
		s.synced()
	}
	fill()
	var wg sync.WaitGroup
	var answered, full atomic.Int64
	for _, s := range all {
		wg.Go(func() {
			told, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			stop := s.Notify(func() {
				if f := s.Status().Problem; f != nil && f.Kind == fault.StorageFull {
					cancel()
				}
			})
			defer stop()
			for range 5000 {
				o := s.next()
				raw, err := op.Encode(&o)
				if err != nil {
					t.Error(err)
					return
				}
				seq, err := s.Do(o)
				if err != nil {
					t.Error(err)
					return
				}
				s.ops = append(s.ops, raw)
				r, err := s.Wait(told, seq)
				if errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: no answer and no word of a full disk: %+v", s.device, s.Status())
				}
				if err != nil {
					full.Add(1)
					return
				}
				s.results = append(s.results, r)
				answered.Add(1)
			}
			t.Errorf("%s: the disk never filled up", s.device)
		})
	}
	wg.Wait()
	t.Logf("%d ops answered before the disk was full, %d phones wait", answered.Load(), full.Load())
	if st := p.status(); st.Sum != "ok" || st.People != len(all) {
		t.Errorf("status of a server with a full disk: %+v", st)
	}
	p.must("verify")
	if out := p.do("enrol", "-role", "phone", "-member", string(all[0].member)); out.code == 0 {
		t.Errorf("a code was offered that is not on disk: %v", out)
	} else {
		holds(t, out, out.stderr, "full")
	}
}

// recovered lets the phones have the answers that they still wait for, and audits all.
func recovered(t *testing.T, p *process, all []*presser) {
	t.Helper()
	for _, s := range all {
		s.Kick()
		for seq := len(s.results) + 1; seq <= len(s.ops); seq++ {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			r, err := s.Wait(ctx, uint64(seq))
			cancel()
			if err != nil {
				t.Fatalf("%s op %d: %v (status %+v)", s.device, seq, err, s.Status())
			}
			s.results = append(s.results, r)
		}
		s.synced()
	}
	p.must("verify")
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.must("verify")
	audit(t, p, all)
}
