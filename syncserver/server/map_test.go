package server

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"yizhan/core/arbiter"
	"yizhan/core/geo"
	"yizhan/core/mappack"
	"yizhan/core/walk"
	"yizhan/core/wire"
)

// pack is a map of one street.
func pack(t *testing.T, area, made string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.map")
	w, err := mappack.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	at := func(lat, lon float64) geo.Fix { return geo.Point{Lat: lat, Lon: lon}.Fix() }
	street := []geo.Fix{at(24.5, 118.1), at(24.51, 118.11)}
	if err := w.Add(&mappack.Feature{Class: mappack.SideStreet, Rings: [][]geo.Fix{street}}); err != nil {
		t.Fatal(err)
	}
	var b walk.Builder
	b.Add([]int64{1, 2}, street, "", walk.Street, 0)
	if err := w.Finish(mappack.About{Area: area, Name: "云鹭市", Attribution: "© OpenStreetMap contributors", Made: made}, b.Build().Encode()); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestPublishMapDamaged brings a pack that is cut, has a bit turned, is of a newer
// program or is no pack: each is refused as what it is, and devices keep theirs.
func TestPublishMapDamaged(t *testing.T) {
	var c clock
	s, _ := settled(t, t.TempDir(), &c)
	ctx := context.Background()
	good := pack(t, "yunlu", "2026-01-02")
	first, err := s.PublishMap(ctx, good, false)
	if err != nil || !first.New {
		t.Fatalf("%+v, %v", first, err)
	}
	refused := func(what string, body []byte, want mappack.Reason) {
		t.Helper()
		_, err := s.PublishMap(ctx, body, true)
		var r *mappack.Refusal
		if !errors.As(err, &r) || r.Reason != want || r.Sentence() == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	for n := 0; n < len(good); n += 1 + len(good)/60 {
		refused("cut", good[:n], mappack.NoPack)
		flipped := bytes.Clone(good)
		flipped[n] ^= 1 << (n % 8)
		if n < len(good)-48 {
			refused("one bit", flipped, mappack.Damaged)
		}
	}
	refused("nothing", nil, mappack.NoPack)
	refused("cut by a byte", good[:len(good)-1], mappack.NoPack)
	if _, err := s.PublishMap(ctx, make([]byte, wire.MaxBlob+1), true); err == nil {
		t.Error("a pack that devices cannot fetch was taken")
	}
	var refusal arbiter.Refusal
	if _, err := s.PublishMap(ctx, pack(t, "other", "2026-02-02"), false); !errors.As(err, &refusal) {
		t.Errorf("another city: %v", err)
	}
	if again, err := s.PublishMap(ctx, good, false); err != nil || again.New {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	st, err := s.Status(ctx)
	if err != nil || st.Map == nil || !bytes.Equal(st.Map.Blob, first.Blob) {
		t.Errorf("devices carry %+v, %v", st.Map, err)
	}
	left, err := filepath.Glob(filepath.Join(s.cfg.Dir, "map-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// A server that starts again, and a ledger that is made again, know the map.
func TestMapSurvives(t *testing.T) {
	var c clock
	dir := t.TempDir()
	s, _ := settled(t, dir, &c)
	ctx := context.Background()
	for _, p := range [][]byte{pack(t, "yunlu", "2026-01-02"), pack(t, "other", "2026-01-03")} {
		if _, err := s.PublishMap(ctx, p, true); err != nil {
			t.Fatal(err)
		}
	}
	digests := func(s *Server) (map[string]string, uint64) {
		books, err := s.Ledger(ctx)
		if err != nil {
			t.Fatal(err)
		}
		all, applied, err := books.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return all, applied
	}
	before, last := digests(s)
	shut(t, s)
	if err := os.Remove(filepath.Join(dir, LedgerFile)); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, &c)
	if st, err := again.Status(ctx); err != nil || st.Map == nil || st.Map.Area != "other" {
		t.Errorf("after a restart: %+v, %v", st.Map, err)
	}
	if after, applied := digests(again); applied != last || after["map"] != before["map"] || after["feed"] != before["feed"] {
		t.Errorf("the ledger made again differs at %d", applied)
	}
}
