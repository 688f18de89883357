package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

// revoke closes a device, as the arbiter's journal says it.
func (s *site) revoke(d id.Device) {
	s.world.mu.Lock()
	s.world.devices[d].Gone = true
	s.world.mu.Unlock()
	s.server.Drop(d)
}

// receipts waits until the server has n of them.
func (s *site) receipts(d *link.Device, n int) []wire.Wiped {
	s.t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for ctx := s.ctx(); ; {
		s.world.mu.Lock()
		got := slices.Clone(s.world.wiped)
		s.world.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			s.t.Fatalf("%d receipts, want %d; status %+v", len(got), n, d.Status())
		}
	}
}

func TestRevokedDeviceHandsInItsQueueAndIsErased(t *testing.T) {
	s := newSite(t)
	d, store := s.device("PHONE-CODE")
	first := s.do(d, claim(1))
	if _, err := d.Wait(s.ctx(), first); err != nil {
		t.Fatal(err)
	}
	d.SetOnline(false)
	s.until(d, "offline", func() bool { return !d.Status().Online })
	s.revoke("phone-1")
	for n := range 3 { // it has not heard of it, and works on
		s.do(d, claim(2+n))
	}
	lost := make(chan error, 1)
	go func() { _, err := d.Wait(s.ctx(), 4); lost <- err }()
	s.world.mu.Lock()
	s.world.busy = 1 // the first batch is refused: the device must not think it is safe
	s.world.mu.Unlock()
	d.SetOnline(true)
	s.until(d, "wiped", func() bool { return d.Status().Wiped })
	if err := <-lost; !errors.Is(err, link.ErrWiped) {
		t.Errorf("whoever waits for an answer is told %v", err)
	}
	receipt := s.receipts(d, 1)[0]
	s.world.mu.Lock()
	kept := s.world.kept["phone-1"]
	s.world.mu.Unlock()
	if len(kept) != 3 || receipt.Last != 4 || receipt.Device != "phone-1" {
		t.Errorf("%d ops in quarantine, receipt %+v", len(kept), receipt)
	}
	if _, ok := d.Identity(); ok {
		t.Error("the device still knows who it was")
	}
	if _, err := d.Do(claim(1)); !errors.Is(err, link.ErrNotEnrolled) {
		t.Errorf("a wiped device takes an op: %v", err)
	}
	if rows, err := store.Rows(wire.TableClaim); err != nil || len(rows) != 0 {
		t.Errorf("rows left: %v, %v", rows, err)
	}
	for _, key := range []string{replica.MetaKey, replica.MetaIdentity, replica.MetaServer} {
		if v, err := store.Meta(key); err != nil || v != nil {
			t.Errorf("%s is left: %x, %v", key, v, err)
		}
	}
	// The same device may be enrolled again, as another one.
	s.world.mu.Lock()
	s.world.offer("NEW-CODE", op.Enrolment{Device: "phone-3", Role: op.Phone, Member: "m1"})
	s.world.mu.Unlock()
	if _, err := d.Enrol(s.ctx(), "NEW-CODE"); err != nil {
		t.Fatal(err)
	}
	r, err := d.Wait(s.ctx(), s.do(d, claim(1)))
	if st := d.Status(); err != nil || r.Outcome != op.Granted || st.Wiped || st.Problem != nil {
		t.Errorf("after a new enrolment: %+v, %v, status %+v", r, err, st)
	}
}

// A device that is connected hears of it at once, without losing what is in flight.
func TestRevokedWhileConnected(t *testing.T) {
	s := newSite(t)
	d, _ := s.device("PHONE-CODE")
	s.until(d, "online", func() bool { return d.Status().Online })
	s.revoke("phone-1")
	s.until(d, "wiped", func() bool { return d.Status().Wiped })
	if r := s.receipts(d, 1)[0]; r.Last != 0 {
		t.Errorf("receipt %+v", r)
	}
	if p := d.Status().Problem; p == nil || p.Kind != fault.RevokedDevice {
		t.Errorf("problem %v", p)
	}
}

// The receipt is lost with the program; the next start hands it in, with no key and no identity left.
func TestLostReceiptIsHandedInLater(t *testing.T) {
	s := newSite(t)
	d, store := s.device("PHONE-CODE")
	s.until(d, "online", func() bool { return d.Status().Online })
	s.world.mu.Lock()
	s.world.busy = 1 // recording the receipt fails
	s.world.mu.Unlock()
	s.revoke("phone-1")
	s.until(d, "wiped", func() bool { return d.Status().Wiped })
	again := s.open(store.Reopen())
	if st := again.Status(); !st.Wiped || st.Problem == nil {
		t.Errorf("status after a restart %+v", st)
	}
	s.run(again)
	if r := s.receipts(again, 1)[0]; r.Device != "phone-1" {
		t.Errorf("receipt %+v", r)
	}
}

func TestReceiptsThatAreNone(t *testing.T) {
	s := newSite(t)
	s.known("known")
	ask := func(m wire.Message) fault.Kind {
		r := s.raw()
		r.write(wire.Hello{Min: 1, Max: 1, Device: "known", Nonce: []byte("0123456789abcdef")})
		if _, ok := r.read().(wire.Challenge); !ok {
			t.Fatal("no challenge")
		}
		r.write(m)
		return r.fault()
	}
	forged := wire.Wiped{Deployment: "云鹭", Device: "known", Signature: make([]byte, 64)}
	if got := ask(forged); got != fault.Unauthenticated {
		t.Errorf("receipt for a device in use: %v", got)
	}
	s.revoke("known")
	if got := ask(forged); got != fault.Unauthenticated {
		t.Errorf("receipt that the device did not sign: %v", got)
	}
	if got := ask(wire.Ops{First: 1, Previous: make([]byte, 16), Ops: [][]byte{{1}}}); got != fault.BadFrame {
		t.Errorf("ops without a proof: %v", got)
	}
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	if len(s.world.wiped)+len(s.world.kept) != 0 {
		t.Errorf("recorded %+v, kept %v", s.world.wiped, s.world.kept)
	}
}
