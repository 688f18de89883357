package server

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"yizhan/core/scope"
	"yizhan/core/wire"
	"yizhan/syncserver/stream"
)

// look gives fn the feed with all that was asked for.
func look(t *testing.T, s *Server, fn func(v stream.View) error) {
	t.Helper()
	if _, err := s.Ledger(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := (feed{s}).View(fn); err != nil {
		t.Fatal(err)
	}
}

// TestKeyRowHasItsPlace: a device can check tickets only with the key, and what it
// was sent goes on from wherever it stands.
func TestKeyRowHasItsPlace(t *testing.T) {
	s, _ := settled(t, t.TempDir(), &clock{})
	key := scope.Position{Seq: 1, Table: wire.TableKey, ID: hex.EncodeToString(s.keys.private.Public().KID())}
	for after, want := range map[scope.Position][]scope.Position{{}: {key}, scope.After(0): {key}, key: nil, scope.After(1): nil, {Seq: 3}: nil} {
		var got []scope.Position
		look(t, s, func(v stream.View) error {
			return v.Delta("fleet", after, func(r wire.RowChange) error {
				got = append(got, scope.Position{Seq: r.Seq, Table: r.Table, ID: r.ID})
				return nil
			})
		})
		if !slices.Equal(got, want) {
			t.Errorf("after %v: %v, want %v", after, got, want)
		}
	}
}

// TestComeBeforeTheFirstEntry: a device that comes while the ledger is empty holds
// what the server says at every checkpoint, with the key once there is an entry.
func TestComeBeforeTheFirstEntry(t *testing.T) {
	s := open(t, t.TempDir(), &clock{})
	asIs := func([]wire.RowChange) error { return nil }
	device := stream.New(stream.Config{Device: "d", Scopes: []string{"fleet"}, Sign: asIs, Sums: &stream.Sums{}}, wire.Proof{Held: &wire.Held{}})
	held, keys := scope.Sums{}, 0
	for i := range 3 {
		device.Verify()
		look(t, s, func(v stream.View) error {
			chunk, err := device.Next(v, 0, 1<<20)
			if err != nil {
				return err
			}
			for _, r := range chunk.Rows {
				if r.Seq > chunk.To {
					t.Errorf("checkpoint up to %d has a row of %d", chunk.To, r.Seq)
				}
				if r.Table == wire.TableKey {
					keys++
				}
				held.Add("fleet", r.Table, r.ID, r.Seq, r.Body)
			}
			if total := held.Total(); !slices.Equal(chunk.Sums["fleet"], total[:]) {
				t.Errorf("up to %d: the device holds %x, the server wants %x", chunk.To, total, chunk.Sums["fleet"])
			}
			return nil
		})
		device.Sent()
		if want := min(i, 1); keys != want {
			t.Errorf("%d key rows after checkpoint %d, want %d", keys, i, want)
		}
		publish(t, s, fmt.Sprintf(`{"id":"a%d","title":"甲","pools":[{"id":"p","total":3}]}`, i))
	}
}
