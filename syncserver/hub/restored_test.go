package hub_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/server"
	"yizhan/syncserver/session"
)

// startCity opens the server on what its folder holds.
func (s *site) startCity() {
	s.t.Helper()
	opened, err := server.Open(server.Config{Dir: s.dir, Zone: shanghai, Now: time.Now, Random: rand.Reader, Log: quiet,
		Fatal: func(err error) { s.t.Error(err) }})
	s.ok(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Server = opened
}

func (s *site) stopCity() {
	s.t.Helper()
	s.city.set(true)
	s.ok(s.Server.Close(context.Background()))
}

// backup copies what the server has now.
func (s *site) backup() (dir string) {
	s.t.Helper()
	dir = filepath.Join(s.t.TempDir(), "backup")
	s.stopCity()
	s.ok(os.CopyFS(dir, os.DirFS(s.dir)))
	s.startCity()
	mark, err := json.Marshal(server.Marker{Seq: s.Head()})
	s.ok(err)
	s.ok(os.WriteFile(filepath.Join(dir, server.RestoredFile), mark, 0o600))
	s.city.set(false)
	s.hub.Kick()
	return dir
}

// restore has the server go on from a backup, with its line to the hub down.
func (s *site) restore(dir string) {
	s.t.Helper()
	s.stopCity()
	s.dir = dir
	s.startCity()
}

// complete waits until the server misses nobody but those devices, and reopens its pools.
func (s *site) complete(but ...id.Device) {
	s.t.Helper()
	ctx := context.Background()
	s.until("every device has reported", func() bool {
		s.hub.Kick()
		r, err := s.Recovery(ctx)
		s.ok(err)
		for _, d := range r.Missing {
			if d != "desk" && !contains(but, d) {
				return false
			}
		}
		return true
	})
	_, err := s.Reopen(ctx, "")
	s.ok(err)
}

func contains(all []id.Device, d id.Device) bool {
	for _, o := range all {
		if o == d {
			return true
		}
	}
	return false
}

// TestCityGoesOnFromABackup: the hub brings back what its scanners did, although they have
// nothing new to say, and tells them of the epoch only when its rows are whole; its power
// goes in between.
func TestCityGoesOnFromABackup(t *testing.T) {
	s := newSite(t)
	for _, code := range s.codes[:8] {
		if v, err := s.scanners[0].scan(code); v != fault.Valid || err != nil {
			t.Fatal(v, err)
		}
	}
	s.cityBack()
	backup := s.backup()
	s.cityBack()
	for i, code := range s.codes[8:20] {
		if v, err := s.scanners[i%3].scan(code); v != fault.Valid || err != nil {
			t.Fatal(v, err)
		}
	}
	s.cityBack()
	s.restore(backup)
	for i, code := range s.codes[15:24] { // some of them a second time
		want := fault.AlreadyRedeemed
		if i >= 5 {
			want = fault.Valid
		}
		if v, err := s.scanners[2].scan(code); v != want || err != nil {
			t.Fatal(i, v, err)
		}
	}
	s.city.set(false)
	s.until("the hub has met the restored server", func() bool { s.hub.Kick(); return s.hub.Status().Online })
	s.crashHub()
	s.startHub("")
	for _, d := range s.scanners {
		d.Kick()
	}
	s.complete()
	s.cityBack()
	if n := s.counts(); n.Redeemed != 24 {
		t.Errorf("the city has %+v", n)
	}
	for _, d := range s.scanners {
		d.Kick()
		s.synced(d.Device)
		for _, code := range []string{s.codes[0], s.codes[19]} {
			if v, err := d.scan(code); v != fault.AlreadyRedeemed || err != nil {
				t.Errorf("handed over before the restore, and then: %v %v", v, err)
			}
		}
	}
	for _, d := range s.scanners {
		s.synced(d.Device)
	}
	s.cityBack()
	s.settled()
}

// TestForgottenScanner was enrolled after the backup. It is enrolled again as who it was.
func TestForgottenScanner(t *testing.T) {
	s := newSite(t)
	s.cityBack()
	backup := s.backup()
	s.until("the hub is back", func() bool { s.hub.Kick(); return s.hub.Status().Online })
	d := s.scanner("scanner-late")
	for _, code := range s.codes[:3] {
		if v, err := d.scan(code); v != fault.Valid || err != nil {
			t.Fatal(v, err)
		}
	}
	s.cityBack()
	s.restore(backup)
	s.city.set(false)
	s.complete()
	s.until("the scanner is a stranger", func() bool { s.hub.Kick(); d.Kick(); return d.Forgotten() })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	code := s.offer(op.Enrolment{Role: op.Staff, Station: "S", Upstream: "hub-1", Supervisor: true})
	me, err := d.Enrol(ctx, code)
	if err != nil || me.Device != "scanner-late" {
		t.Fatalf("%+v, %v", me, err)
	}
	s.cityBack()
	s.synced(d.Device)
	if v, err := d.scan(s.codes[3]); v != fault.Valid || err != nil {
		t.Error(v, err)
	}
	s.synced(d.Device)
	s.cityBack()
	if n := s.counts(); n.Redeemed != 4 {
		t.Errorf("the city has %+v", n)
	}
	s.scanners = append(s.scanners, d)
	s.settled()
}

// TestOldOpsAreAnswered: a scanner asks for answers to ops that the hub keeps no more,
// because its store was put back to before they came.
func TestOldOpsAreAnswered(t *testing.T) {
	s := newSite(t)
	s.kept = 4
	s.crashHub()
	s.startHub("")
	file := filepath.Join(t.TempDir(), "old.db")
	store, err := sqlite.Open(file)
	s.ok(err)
	code := s.offer(op.Enrolment{Role: op.Staff, Station: "S", Device: "old", Upstream: "hub-1"})
	s.until("the hub is online", func() bool { s.hub.Kick(); return s.hub.Status().Online })
	first, end := s.live(store, code)
	s.synced(first.Device)
	s.crashHub()
	s.until("the scanner is cut off", func() bool { return !first.Status().Online })
	for range 20 {
		_, err := first.Do(op.Op{Kind: op.Claim, Member: "m1", Activity: "a", Pool: "p", Seats: 1, Station: "T", Channel: op.ByStaff})
		s.ok(err)
	}
	end()
	s.ok(store.Close())
	copied := filepath.Join(t.TempDir(), "copy.db")
	data, err := os.ReadFile(file)
	s.ok(err)
	s.ok(os.WriteFile(copied, data, 0o600))
	s.startHub("")
	results := map[string][]op.Result{}
	for _, path := range []string{file, copied} {
		store, err := sqlite.Open(path)
		s.ok(err)
		d, end := s.live(store, "")
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		for seq := uint64(1); seq <= 20; seq++ {
			r, err := d.Wait(ctx, seq)
			s.ok(err)
			r.Seq = 0 // a hub may know no place
			results[path] = append(results[path], r)
		}
		s.synced(d.Device)
		s.cityBack()
		cancel()
		end()
		s.ok(store.Close())
	}
	for i, r := range results[file] {
		if again := results[copied][i]; again.Outcome != r.Outcome || again.Code != r.Code || again.Ticket != r.Ticket {
			t.Errorf("op %d was answered %+v and then %+v", i+1, r, again)
		}
	}
}

// live keeps a device in touch until end is called.
func (s *site) live(store local.Store, code string) (d *scanner, end func()) {
	s.t.Helper()
	device := s.link("ws://"+s.addr+session.Path, store, code)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { device.Run(ctx); close(ended) }()
	return &scanner{Device: device, store: store}, func() { cancel(); <-ended }
}

// TestForkFoundByTheCity: it has another op in the place of one that this hub has accepted.
// All that the hub accepted is kept for staff, and does not hold its station for ever.
func TestForkFoundByTheCity(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	next := id.Device("hub-2")
	s.device(s.url, "hub-2", op.Enrolment{Role: op.Kiosk, Station: "S", Device: next})
	s.cityBack()
	s.cityDown()
	d := s.scanners[0]
	me, _ := d.Identity()
	var stands arbiter.Device
	s.ok(s.View(ctx, func(state *arbiter.State) { stands, _ = state.Device(me.Device) }))
	for _, code := range s.codes[:3] {
		if v, err := d.scan(code); v != fault.Valid || err != nil {
			t.Fatal(v, err)
		}
	}
	raw, err := op.Encode(&op.Op{Kind: op.Redeem, Verdict: fault.Unknown, Scanned: "OTHER"})
	s.ok(err)
	if r := s.Relay(ctx, "hub-1", wire.Relay{Device: me.Device, First: stands.Last + 1, Previous: stands.Chain[:], Ops: [][]byte{raw}}); r.Kind != fault.NoFault {
		t.Fatalf("%+v", r)
	}
	s.cityBack()
	s.until("the scanner is closed", func() bool {
		s.ok(s.View(ctx, func(state *arbiter.State) { stands, _ = state.Device(me.Device) }))
		return stands.Gone == "forked"
	})
	kept, err := s.Quarantine(ctx, me.Device)
	if err != nil || len(kept) < 3 {
		t.Errorf("%d ops are kept, %v", len(kept), err)
	}
	if _, err := s.SetAuthority(ctx, "S", next); err != nil {
		t.Errorf("the station is not given up: %v", err)
	}
}

// TestForkOutlivesTheHub: a copy shows the hub its other history, and the hub loses its
// power before it could tell the city.
func TestForkOutlivesTheHub(t *testing.T) {
	s := newSite(t)
	s.crashHub()
	s.startHub("")
	dir := t.TempDir()
	file, copied := filepath.Join(dir, "scanner.db"), filepath.Join(dir, "copy.db")
	store, err := sqlite.Open(file)
	s.ok(err)
	code := s.offer(op.Enrolment{Role: op.Staff, Station: "S", Device: "twin", Upstream: "hub-1"})
	s.until("the hub is online", func() bool { s.hub.Kick(); return s.hub.Status().Online })
	first, end := s.live(store, code)
	s.synced(first.Device)
	end()
	s.ok(store.Close())
	data, err := os.ReadFile(file)
	s.ok(err)
	s.ok(os.WriteFile(copied, data, 0o600))
	s.cityDown()
	for i, path := range []string{file, copied} {
		store, err := sqlite.Open(path)
		s.ok(err)
		d, end := s.live(store, "")
		_, err = d.Do(op.Op{Kind: op.Redeem, Verdict: fault.Unknown, Scanned: path, Channel: op.ByStaff})
		s.ok(err)
		s.until("the hub has an opinion", func() bool {
			why := d.Status().Problem
			return i == 0 && s.hub.Backlog() == 1 || i == 1 && why != nil && why.Kind == fault.Fork
		})
		end()
		s.ok(store.Close())
	}
	s.crashHub()
	s.startHub("")
	s.cityBack()
	s.until("the scanner is closed", func() bool {
		var stands arbiter.Device
		s.ok(s.View(context.Background(), func(state *arbiter.State) { stands, _ = state.Device("twin") }))
		return stands.Gone == "forked"
	})
}
