package hub_test

import (
	"bytes"
	"context"
	mrand "math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/journal/sqlite"
	"yizhan/syncserver/sequencer"
	"yizhan/syncserver/server"
	"yizhan/syncserver/session"
)

// TestScannersAreOneAuthority: the line to the city is down, 200 tickets are scanned
// by random scanners, many of them several times, and the hub loses its power in the
// middle, twice. Each ticket is handed over once, and nothing is lost.
func TestScannersAreOneAuthority(t *testing.T) {
	s := newSite(t)
	s.cityDown()
	var work []string
	for _, code := range s.codes {
		for range 1 + mrand.IntN(3) {
			work = append(work, code)
		}
	}
	mrand.Shuffle(len(work), func(i, j int) { work[i], work[j] = work[j], work[i] })
	handed := s.scanAll(work, len(work)/3, 2*len(work)/3)
	for _, code := range s.codes {
		if handed[code] != 1 {
			t.Errorf("a ticket was handed over %d times", handed[code])
		}
	}
	if n := s.counts(); n.Redeemed != 0 {
		t.Errorf("the city heard of it without a line: %+v", n)
	}
	s.cityBack()
	if n := s.counts(); n.Redeemed != tickets {
		t.Errorf("the city has %+v", n)
	}
	for _, d := range s.scanners {
		s.synced(d.Device)
	}
	s.settled()
}

// scanAll has every scanner scan its share; the hub crashes after so many scans.
func (s *site) scanAll(work []string, crashes ...int) map[string]int {
	var mu sync.Mutex
	handed, done := map[string]int{}, 0
	next := make(chan string)
	var wg sync.WaitGroup
	for _, d := range s.scanners {
		wg.Go(func() {
			for code := range next {
				v, err := d.scan(code)
				if err != nil || v != fault.Valid && v != fault.AlreadyRedeemed {
					s.t.Errorf("%v, %v", v, err)
				}
				mu.Lock()
				if done++; v == fault.Valid {
					handed[code]++
				}
				mu.Unlock()
			}
		})
	}
	for i, code := range work {
		next <- code
		if len(crashes) > 0 && i == crashes[0] {
			crashes = crashes[1:]
			s.crashHub()
			s.startHub("")
			for _, d := range s.scanners {
				d.Kick()
			}
		}
	}
	close(next)
	wg.Wait()
	return handed
}

// settled compares journal, state and ledger, and looks for incidents.
func (s *site) settled() {
	s.t.Helper()
	ctx := context.Background()
	books, err := s.Ledger(ctx)
	s.ok(err)
	incidents, err := books.Incidents()
	if err != nil || len(incidents) != 0 {
		s.t.Errorf("incidents %+v %v", incidents, err)
	}
	for _, d := range s.scanners {
		me, _ := d.Identity()
		here, err := d.store.State()
		s.ok(err)
		s.ok(s.View(ctx, func(state *arbiter.State) {
			if there, _ := state.Device(me.Device); there.Last != here.Last || there.Chain != here.Hash {
				s.t.Errorf("%s made %d ops, the server has %d of that chain", me.Device, here.Last, there.Last)
			}
		}))
	}
	snap, err := s.Snapshot(ctx)
	s.ok(err)
	j, err := sqlite.OpenReadOnly(filepath.Join(s.dir, server.JournalFile))
	s.ok(err)
	defer j.Close()
	again, err := sequencer.Replay(j, shanghai)
	s.ok(err)
	if again.Digest() != snap.Digest {
		s.t.Error("a replay of the journal gives another state")
	}
}

// TestWhatOnlyTheServerDecides waits for the line and holds nobody up.
func TestWhatOnlyTheServerDecides(t *testing.T) {
	s := newSite(t)
	d := s.scanners[0]
	claim := op.Op{Kind: op.Claim, Member: "m201", Activity: "a", Pool: "p", Seats: 1, Station: "T", Channel: op.ByStaff}
	if r := s.ask(d.Device, claim); r.Outcome != op.Granted {
		t.Errorf("with a line: %+v", r)
	}
	s.cityDown()
	claim.Member = "m202"
	seq, err := d.Do(claim)
	s.ok(err)
	if v, err := d.scan(s.codes[0]); v != fault.Valid || err != nil {
		t.Errorf("a scan behind a claim: %v %v", v, err)
	}
	if v, err := s.scanners[1].scan(s.codes[0]); v != fault.AlreadyRedeemed || err != nil {
		t.Errorf("at the next scanner: %v %v", v, err)
	}
	if st := d.Status(); st.Waiting != 1 || !st.Online {
		t.Errorf("status %+v", st)
	}
	s.crashHub()
	s.startHub("")
	s.cityBack()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d.Kick()
	if r, err := d.Wait(ctx, seq); err != nil || r.Outcome != op.Granted {
		t.Errorf("when the line is back: %+v %v", r, err)
	}
	s.synced(d.Device)
	if st := d.Status(); st.Waiting != 0 {
		t.Errorf("status %+v", st)
	}
	s.settled()
}

// TestTheServerHearsInTheirOrder what one scanner took back and another handed over,
// though the other's ops stand first in line.
func TestTheServerHearsInTheirOrder(t *testing.T) {
	s := newSite(t)
	s.cityDown()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	first, second := s.scanners[2], s.scanners[0]
	for _, code := range s.codes[:20] {
		o, err := first.redeem(code)
		s.ok(err)
		r, err := first.Wait(ctx, o.Seq)
		s.ok(err)
		o, err = first.counter.Confirm(o, r.Verdict)
		s.ok(err)
		s.ok(first.counter.Undo(o.Ticket, time.Now(), ""))
		if r, err = first.Wait(ctx, o.Seq+1); err != nil || r.Outcome != op.OK {
			t.Fatalf("undo: %+v %v", r, err)
		}
		if v, err := second.scan(code); v != fault.Valid || err != nil {
			t.Fatalf("handed over again: %v %v", v, err)
		}
	}
	s.cityBack()
	if n := s.counts(); n.Redeemed != 20 {
		t.Errorf("the city has %+v", n)
	}
	s.settled()
}

// TestWithoutItsHub a scanner hands nothing over.
func TestWithoutItsHub(t *testing.T) {
	s := newSite(t)
	s.crashHub()
	d := s.scanners[0]
	s.until("the scanner is cut off", func() bool { return !d.Status().Online })
	o, err := d.redeem(s.codes[0])
	if err != nil || o.Verdict != fault.Provisional || o.HandsOver() {
		t.Errorf("%+v %v", o, err)
	}
	s.startHub("")
}

// TestStaffBehindAHubKnowTheGuests: their check-in list is the one that they would
// have without the hub, and stays with them without the city; a kiosk has none.
func TestStaffBehindAHubKnowTheGuests(t *testing.T) {
	s := newSite(t)
	_, err := s.Publish(context.Background(), []byte(`{"id":"film","title":"首映","sessions":[{"id":"am","starts":"2046-03-05T10:00:00","ends":"2046-03-05T12:00:00","total":9}]}`))
	s.ok(err)
	near := s.scanners[0]
	if r := s.ask(near.Device, op.Op{Kind: op.Claim, Member: "m1", Activity: "film", Seats: 1, Channel: op.ByStaff}); r.Outcome != op.Granted {
		t.Fatalf("%+v", r)
	}
	far := s.open(s.url, s.file("far"), s.offer(op.Enrolment{Role: op.Staff, Station: "T", Device: "far"}))
	kiosk := s.open("ws://"+s.addr+session.Path, s.file("kiosk"), s.offer(op.Enrolment{Role: op.Kiosk, Station: "S", Device: "kiosk", Upstream: "hub-1"}))
	guests := func(d *scanner) []local.Row {
		s.synced(d.Device)
		rows, err := d.store.Rows(wire.TableGuest)
		s.ok(err)
		return rows
	}
	want, got := guests(far), guests(near)
	if len(want) != 1 || len(got) != 1 || got[0].ID != want[0].ID || !bytes.Equal(got[0].Body, want[0].Body) || len(guests(kiosk)) != 0 {
		t.Errorf("behind the hub %+v, a kiosk %+v; without it %+v", got, guests(kiosk), want)
	}
}
