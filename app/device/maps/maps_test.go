package maps

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/geo"
	"yizhan/core/mappack"
)

// city makes a pack with one street, which is called by the day that it was made on.
func city(t interface {
	Helper()
	Fatal(...any)
}, dir, area, made string) string {
	t.Helper()
	path := filepath.Join(dir, area+made+".map")
	w, err := mappack.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	at := func(lat, lon float64) geo.Fix { return geo.Point{Lat: lat, Lon: lon}.Fix() }
	street := mappack.Feature{Class: mappack.SideStreet, Name: made, Rings: [][]geo.Fix{{at(24.5, 118.1), at(24.51, 118.11)}}}
	if err := w.Add(&street); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(mappack.About{Area: area, Name: "云鹭市", Attribution: "© OpenStreetMap contributors", Made: made}, []byte{1}); err != nil {
		t.Fatal(err)
	}
	return path
}

// streets reads the names in an open pack.
func streets(t *testing.T, p *mappack.Pack) (names string) {
	t.Helper()
	if err := p.Features(context.Background(), p.Box, 16, func(f *mappack.Feature) error { names += f.Name; return nil }); err != nil {
		t.Fatal(err)
	}
	return names
}

// newer gives a pack the next version of the format, as a newer program would seal it.
func newer(body []byte) []byte {
	body = bytes.Clone(body)
	end := len(body) - sha256.Size
	body[end-1]++
	sum := sha256.Sum256(body[:end])
	copy(body[end:], sum[:])
	return body
}

func write(t *testing.T, path string, body []byte) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, body, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func reason(err error) mappack.Reason {
	var r *mappack.Refusal
	if !errors.As(err, &r) {
		return 99
	}
	return r.Reason
}

// A pack that is open stays what it is when another takes its place.
func TestSwapWhileOpen(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "maps"))
	if _, err := s.Open(); !errors.Is(err, ErrNone) || s.Status() != (Status{}) {
		t.Fatalf("an empty store: %v, %+v", err, s.Status())
	}
	told := 0
	stop := s.Notify(func() { told++ })
	if _, err := s.Install(city(t, t.TempDir(), "yunlu", "2026-01-01"), false); err != nil {
		t.Fatal(err)
	}
	old, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	second := city(t, t.TempDir(), "yunlu", "2026-02-02")
	if _, err := s.Install(second, false); err != nil || told != 2 {
		t.Fatalf("second: %v, told %d times", err, told)
	}
	fresh, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	if a, b := streets(t, old), streets(t, fresh); a != "2026-01-01" || b != "2026-02-02" || s.Status().Held.Hash != fresh.Hash {
		t.Errorf("the old one draws %s, the new one %s; held is %+v", a, b, s.Status().Held)
	}
	if _, err := s.Install(second, false); err != nil || told != 2 {
		t.Errorf("the same again: %v, told %d times", err, told)
	}
	stop()
	if _, err := s.Install(city(t, t.TempDir(), "yunlu", "2026-03-03"), false); err != nil || told != 2 {
		t.Errorf("third: %v, told %d times", err, told)
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, ".new-*")); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

// Whatever is wrong with a pack, it is refused as that, and the old one goes on working,
// also for a program that starts then.
func TestDamagedPacks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "maps")
	s := Open(dir)
	if _, err := s.Install(city(t, t.TempDir(), "yunlu", "2026-01-01"), false); err != nil {
		t.Fatal(err)
	}
	good := read(t, city(t, t.TempDir(), "yunlu", "2026-02-02"))
	path := filepath.Join(t.TempDir(), "a.map")
	refused := func(t interface{ Errorf(string, ...any) }, what string, body []byte, want mappack.Reason) {
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Errorf("%v", err)
		}
		if _, err := s.Install(path, true); reason(err) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, len(good)-1).Draw(t, "at")
		refused(t, "cut", good[:n], mappack.NoPack)
		flipped := bytes.Clone(good)
		flipped[n] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		want := mappack.Damaged
		if tail := n - (len(good) - 48); tail >= 0 && tail < 15 {
			want = mappack.NoPack // the word that says what it is
		}
		refused(t, "a bit", flipped, want)
	})
	refused(t, "nothing", nil, mappack.NoPack)
	refused(t, "newer", newer(good), mappack.Newer)
	refused(t, "another city", read(t, city(t, t.TempDir(), "other", "2026-03-03")), mappack.Elsewhere)
	if _, err := s.Install(city(t, t.TempDir(), "yunlu", "2025-12-31"), false); !errors.Is(err, ErrOlder) {
		t.Errorf("older: %v", err)
	}
	for _, s := range []*Store{s, Open(dir)} {
		p, err := s.Open()
		if err != nil || streets(t, p) != "2026-01-01" || s.Status().Held.Made != "2026-01-01" {
			t.Fatalf("held: %+v, %v", s.Status(), err)
		}
		p.Close()
	}
	if _, err := s.Install(city(t, t.TempDir(), "yunlu", "2025-12-31"), true); err != nil || s.Status().Held.Made != "2025-12-31" {
		t.Errorf("older, meant: %v, %+v", err, s.Status().Held)
	}
	// A held pack that rots is said to be so, and its area is still the only one taken.
	body := read(t, filepath.Join(dir, heldName))
	body[len(body)/2] ^= 4
	write(t, filepath.Join(dir, heldName), body)
	rotten := Open(dir)
	if st := rotten.Status(); reason(st.Damaged) != mappack.Damaged || st.Held.Hash != "" {
		t.Errorf("rotten: %+v", st)
	}
	if _, err := rotten.Install(city(t, t.TempDir(), "other", "2026-03-03"), true); reason(err) != mappack.Elsewhere {
		t.Errorf("another city over a rotten one: %v", err)
	}
	if _, err := rotten.Install(city(t, t.TempDir(), "yunlu", "2025-01-01"), false); err != nil || rotten.Status().Damaged != nil {
		t.Errorf("mended: %v, %+v", err, rotten.Status())
	}
	if _, err := Fixed(path).Install(path, true); !errors.Is(err, ErrFixed) {
		t.Errorf("into -map: %v", err)
	}
}

// swapping is the folder in which this test, run as a program of its own, swaps two packs
// until it is killed.
const swapping = "YIZHAN_TEST_SWAPPING"

// TestKilledInTheSwap kills a program that does nothing but swap: what is held is the one
// pack or the other, whole, each time.
func TestKilledInTheSwap(t *testing.T) {
	if dir := os.Getenv(swapping); dir != "" {
		s := Open(filepath.Join(dir, "maps"))
		for n := 0; ; n++ {
			if _, err := s.Install(filepath.Join(dir, []string{"yunlu2026-01-01.map", "yunlu2026-02-02.map"}[n%2]), true); err != nil {
				t.Fatal(err)
			}
			os.Stdout.WriteString("swapped\n")
		}
	}
	dir := t.TempDir()
	city(t, dir, "yunlu", "2026-01-01")
	city(t, dir, "yunlu", "2026-02-02")
	for range 12 {
		c := exec.Command(os.Args[0], "-test.run=^TestKilledInTheSwap$")
		c.Env = append(os.Environ(), swapping+"="+dir)
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 8)
		for range 1 + rand.IntN(20) { // swaps that it is let do
			if _, err := out.Read(buf); err != nil {
				t.Fatal(err)
			}
		}
		c.Process.Kill()
		c.Wait() // killed, as it says
		s := Open(filepath.Join(dir, "maps"))
		if st := s.Status(); st.Damaged != nil || st.Held.Made != "2026-01-01" && st.Held.Made != "2026-02-02" {
			t.Fatalf("after a kill: %+v", st)
		}
		s.tidy()
		left, _ := filepath.Glob(filepath.Join(dir, "maps", ".new*"))
		if len(left) != 0 {
			t.Errorf("left over: %v", left)
		}
	}
}
