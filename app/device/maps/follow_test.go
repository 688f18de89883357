package maps

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yizhan/app/device/files"
	"yizhan/core/link/blob"
	"yizhan/core/local"
	"yizhan/core/mappack"
	"yizhan/core/wire"
)

// server is what a store follows.
type server struct {
	t     *testing.T
	dir   string // where what was fetched lies
	row   wire.MapRow
	body  []byte
	err   error // of the next fetches
	asked int
	free  int64
	off   bool
	now   time.Time
}

func newServer(t *testing.T) *server {
	return &server{t: t, dir: t.TempDir(), free: 1 << 40, now: time.UnixMilli(1790000000000)}
}

func (v *server) publish(body []byte, area, made string) {
	b := sha256.Sum256(body)
	v.body, v.row = body, wire.MapRow{Area: area, Name: "云鹭市", Made: made, Blob: b[:], Bytes: int64(len(body))}
}

func (v *server) source() Source {
	path := func(b wire.Blob) string { return filepath.Join(v.dir, b.String()) }
	return Source{
		Source: files.Source{
			Fetch: func(_ context.Context, b wire.Blob) (string, error) {
				v.asked++
				if v.err != nil {
					return "", v.err
				}
				return path(b), os.WriteFile(path(b), v.body, 0o600)
			},
			Forget: func(b wire.Blob) error { return os.RemoveAll(path(b)) },
			Online: func() bool { return !v.off },
			Free:   func() int64 { return v.free },
			Notify: func(func()) func() { return func() {} },
			Now:    func() time.Time { return v.now },
		},
		Offer:   func() (wire.MapRow, bool, error) { return v.row, v.row.Area != "", nil },
		Arrived: func(wire.Blob) int64 { return 7 },
	}
}

// made makes a pack's bytes.
func made(t *testing.T, area, day string) []byte { return read(t, city(t, t.TempDir(), area, day)) }

func TestFollow(t *testing.T) {
	v, dir := newServer(t), filepath.Join(t.TempDir(), "maps")
	s, ctx := Open(dir), context.Background()
	step := func(what string, stage Stage, held string, asked int) {
		t.Helper()
		v.asked = 0
		s.step(ctx, v.source())
		if st := s.Status(); st.Stage != stage || st.Held.Made != held || v.asked != asked {
			t.Errorf("%s: stage %d, holds %q, fetched %d times; want %d, %q, %d", what, st.Stage, st.Held.Made, v.asked, stage, held, asked)
		}
	}
	step("nothing is published", Settled, "", 0)
	v.publish(made(t, "yunlu", "2026-01-01"), "yunlu", "2026-01-01")
	v.off = true
	step("no network", Fetching, "", 0)
	v.off, v.free = false, files.Spare
	step("no room", NoRoom, "", 0)
	v.free, v.err = 1<<40, fmt.Errorf("write: %w", local.ErrFull)
	step("no room after all", NoRoom, "", 1)
	step("not again at once", NoRoom, "", 0)
	v.now, v.err = v.now.Add(files.Later), fmt.Errorf("fetch: %w", blob.ErrMissing)
	step("not at the server", Missing, "", 1)
	s.Want()
	v.err = os.ErrDeadlineExceeded
	step("somebody insists, the network breaks", Fetching, "", 1)
	step("in a minute", Fetching, "", 0)
	if s.Status().Arrived != 7 {
		t.Errorf("%+v", s.Status())
	}
	v.now, v.err = v.now.Add(files.Patience), nil
	step("first", Settled, "2026-01-01", 1)
	step("is held", Settled, "2026-01-01", 0)

	v.publish(newer(made(t, "yunlu", "2026-02-02")), "yunlu", "2026-02-02")
	step("newer program", Settled, "2026-01-01", 1)
	if r := s.Status().Refused; r.Reason != mappack.Newer || r.Made != "2026-02-02" || r.At != v.now.UnixMilli() {
		t.Errorf("refused: %+v", r)
	}
	s = Open(dir)
	step("refused for good", Settled, "2026-01-01", 0)
	if r := s.Status().Refused; r.Reason != mappack.Newer {
		t.Errorf("after a restart: %+v", r)
	}
	v.publish(made(t, "other", "2026-02-03"), "yunlu", "2026-02-03")
	step("another city under this one's name", Settled, "2026-01-01", 1)
	v.err = fmt.Errorf("fetch: %w", blob.ErrDamaged)
	v.publish(made(t, "yunlu", "2026-02-04"), "yunlu", "2026-02-04")
	step("damaged on the way", Fetching, "2026-01-01", 1)
	if r := s.Status().Refused; r.final() {
		t.Errorf("refused: %+v", r)
	}
	v.now, v.err = v.now.Add(files.Later), nil
	step("whole", Settled, "2026-02-04", 1)
	if s.Status().Refused != (Refused{}) {
		t.Errorf("refused: %+v", s.Status().Refused)
	}
	v.publish(made(t, "other", "2026-01-05"), "other", "2026-01-05")
	step("the deployment moves", Settled, "2026-01-05", 1)
	left, err := os.ReadDir(v.dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%d fetched files are left", len(left))
	}
}

// A phone fetches what somebody wants, once; what a kill left is not left for ever.
func TestThrifty(t *testing.T) {
	v, dir := newServer(t), filepath.Join(t.TempDir(), "maps")
	s, ctx := Open(dir), context.Background()
	thrifty := v.source()
	thrifty.Thrifty = true
	v.publish(made(t, "yunlu", "2026-01-01"), "yunlu", "2026-01-01")
	s.step(ctx, thrifty)
	if st := s.Status(); st.Stage != Unasked || v.asked != 0 || st.Offer.Bytes != int64(len(v.body)) {
		t.Errorf("unasked: %+v, fetched %d times", st, v.asked)
	}
	gone, cancel := context.WithCancel(ctx)
	v.err = context.Canceled
	thrifty.Fetch = func(_ context.Context, b wire.Blob) (string, error) {
		cancel() // the app ends in the middle of it
		return "", os.WriteFile(filepath.Join(v.dir, b.String()), []byte("half"), 0o600)
	}
	s.Want()
	s.step(gone, thrifty)
	v.err, thrifty.Fetch = nil, v.source().Fetch
	v.publish(made(t, "yunlu", "2026-02-02"), "yunlu", "2026-02-02")
	s = Open(dir)
	s.Want()
	s.step(ctx, thrifty)
	if st := s.Status(); st.Held.Made != "2026-02-02" || st.Stage != Settled {
		t.Errorf("wanted: %+v", st)
	}
	if left, err := os.ReadDir(v.dir); err != nil || len(left) != 0 {
		t.Errorf("half a file is left: %v, %v", left, err)
	}
	v.publish(made(t, "yunlu", "2026-03-03"), "yunlu", "2026-03-03")
	v.asked = 0
	s.step(ctx, thrifty)
	if st := s.Status(); st.Stage != Unasked || v.asked != 0 {
		t.Errorf("the next one: %+v", st)
	}
}

func TestSticks(t *testing.T) {
	v, media := newServer(t), t.TempDir()
	s, ctx := Open(filepath.Join(t.TempDir(), "maps")), context.Background()
	from := v.source()
	from.Sticks = []string{media}
	v.off = true
	v.publish(made(t, "yunlu", "2026-01-01"), "yunlu", "2026-01-01")
	on := func(name string, body []byte) string { return write(t, filepath.Join(media, name), body) }
	stick := func(what, held, waits string, older bool) {
		t.Helper()
		s.step(ctx, from)
		if st := s.Status(); st.Held.Made != held || st.Stick.Held.Made != waits || st.Stick.Older != older {
			t.Errorf("%s: holds %q, the stick has %+v", what, st.Held.Made, st.Stick)
		}
	}
	path := on("usb0/yunlu.map", v.body)
	stick("the published one comes on a stick", "2026-01-01", "", false)
	on("usb0/other.map", made(t, "other", "2026-09-09"))
	on("usb0/half.map", made(t, "yunlu", "2026-09-09")[:900])
	stick("what is no map of here", "2026-01-01", "", false)
	on("kiosk/STICK/old.map", made(t, "yunlu", "2025-01-01"))
	stick("older", "2026-01-01", "2025-01-01", true)
	fresh := on("kiosk/STICK/new.map", made(t, "yunlu", "2026-02-02"))
	stick("newer", "2026-01-01", "2026-02-02", false)
	if _, err := s.Install(s.Status().Stick.Path, false); err != nil || s.Status().Held.Made != "2026-02-02" {
		t.Fatalf("%v, %+v", err, s.Status())
	}
	v.off = false
	stick("the network is back, with an older one", "2026-02-02", "2026-01-01", true)
	if v.asked != 0 {
		t.Error("a map that somebody brought was replaced by an older one")
	}
	for _, p := range []string{path, fresh} {
		if _, err := os.Stat(p); err != nil {
			t.Errorf("taken from the stick: %v", err)
		}
	}
	if err := os.RemoveAll(filepath.Join(media, "kiosk")); err != nil {
		t.Fatal(err)
	}
	v.publish(made(t, "yunlu", "2026-03-03"), "yunlu", "2026-03-03")
	stick("pulled out, and something newer is published", "2026-03-03", "2026-01-01", true)
}

// A command beside the app replaces the map: the app finds it.
func TestInstalledBesideTheApp(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "maps")
	running, told := Open(dir), 0
	defer running.Notify(func() { told++ })()
	if _, err := Open(dir).Install(city(t, t.TempDir(), "yunlu", "2026-01-01"), false); err != nil {
		t.Fatal(err)
	}
	v := newServer(t)
	running.step(context.Background(), v.source())
	if running.Status().Held.Made != "2026-01-01" || told != 1 || running.area() != "yunlu" {
		t.Errorf("%+v, told %d times", running.Status(), told)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	v.publish(made(t, "yunlu", "2026-02-02"), "yunlu", "2026-02-02")
	came := make(chan struct{}, 9)
	defer running.Notify(func() { came <- struct{}{} })()
	go func() { running.Follow(ctx, v.source()); close(ended) }()
	for running.Status().Held.Made != "2026-02-02" {
		<-came
	}
	cancel()
	<-ended
}
