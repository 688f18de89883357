package hub_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/link/blob"
	"yizhan/core/wire"
)

// photo gives a station a picture of so many points, and its name.
func (s *site) photo(side int) (wire.Blob, []byte) {
	s.t.Helper()
	var out bytes.Buffer
	s.ok(jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, side, side)), nil))
	_, err := s.PutPhoto(context.Background(), "T", out.Bytes())
	s.ok(err)
	p, err := s.Places(context.Background())
	s.ok(err)
	for _, st := range p.Stations {
		if st.ID == "T" {
			b, err := wire.ParseBlob(st.Photo)
			s.ok(err)
			return b, out.Bytes()
		}
	}
	s.t.Fatal("the station has no photo")
	return wire.Blob{}, nil
}

func (s *site) files(d *scanner) *blob.Client {
	s.t.Helper()
	c, err := d.Attachments()
	s.ok(err)
	return c
}

func busy(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind == fault.Busy
}

// TestFilesThroughTheHub: an attachment comes over the line once, however many scanners ask for
// it, and then also without a line; what the hub does not have comes when the line is back.
func TestFilesThroughTheHub(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	first, body := s.photo(200)
	for i, d := range s.scanners {
		path, err := s.files(d).Get(ctx, first)
		if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, body) {
			t.Errorf("scanner %d: %d bytes, %v", i, len(got), err)
		}
	}
	if n := s.asked.Load(); n != 1 {
		t.Errorf("the server was asked %d times", n)
	}
	second, _ := s.photo(300)
	s.cityDown()
	one := s.files(s.scanners[0])
	if err := one.Remove(first); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Get(ctx, first); err != nil {
		t.Errorf("what the hub has, without a line: %v", err)
	}
	if _, err := one.Get(ctx, second); !busy(err) {
		t.Errorf("what it does not have, without a line: %v", err)
	}
	s.cityBack()
	if _, err := one.Get(ctx, second); err != nil {
		t.Errorf("with the line back: %v", err)
	}
	if _, err := one.Get(ctx, wire.Blob{1}); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("what nobody has: %v", err)
	}
	mine, err := one.Add(strings.NewReader("of a scanner"))
	s.ok(err)
	if err := one.Put(ctx, mine); err == nil {
		t.Error("a hub took an upload")
	}
}

// TestFilesGiveWay: while an op waits for the line, nothing is fetched over it.
func TestFilesGiveWay(t *testing.T) {
	s := newSite(t)
	b, _ := s.photo(200)
	s.cityDown()
	if v, err := s.scanners[0].scan(s.codes[0]); err != nil || v != fault.Valid {
		t.Fatalf("%v, %v", v, err)
	}
	if s.hub.Backlog() == 0 {
		t.Fatal("nothing waits")
	}
	if _, err := s.files(s.scanners[1]).Get(context.Background(), b); !busy(err) || s.asked.Load() != 0 {
		t.Errorf("%v, and the server was asked %d times", err, s.asked.Load())
	}
	s.cityBack()
	if _, err := s.files(s.scanners[1]).Get(context.Background(), b); err != nil {
		t.Errorf("with the op gone: %v", err)
	}
}

// TestFilesAreThrownAway: a hub keeps what rows name, and nothing else.
func TestFilesAreThrownAway(t *testing.T) {
	s := newSite(t)
	old, _ := s.photo(200)
	one := s.files(s.scanners[0])
	if _, err := one.Get(context.Background(), old); err != nil {
		t.Fatal(err)
	}
	held := func() (n int) {
		all, err := filepath.Glob(filepath.Join(s.dir, "hub attachments", "*", "*"))
		s.ok(err)
		return len(all)
	}
	if held() != 1 {
		t.Fatalf("%d files are held", held())
	}
	now, _ := s.photo(300)
	s.synced(s.scanners[0].Device)
	if _, err := one.Get(context.Background(), now); err != nil || held() != 2 {
		t.Errorf("%d files are held, %v", held(), err)
	}
	s.crashHub()
	s.startHub("")
	s.until("the old one is gone", func() bool { return held() == 1 })
	if err := one.Remove(now); err != nil {
		t.Fatal(err)
	}
	s.until("the scanner is back", func() bool { return s.scanners[0].Status().Online })
	if _, err := one.Get(context.Background(), now); err != nil {
		t.Errorf("the new one: %v", err)
	}
}
