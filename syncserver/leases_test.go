package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yizhan/core/activity"
	"yizhan/core/handover"
	"yizhan/core/lease"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// holder grants from the leases of a device.
func (c *client) holder() *lease.Holder {
	return lease.New(lease.Config{Store: c.store, Outbox: c.Device, Zone: shanghai, Boot: func() (string, time.Duration) { return "boot", time.Hour },
		Status: func() lease.Status { return lease.Status{Online: c.Status().Online} }})
}

// TestLendToAKiosk lends seats to a kiosk, which grants one without the server;
// another station hands it over before anybody has reported the grant.
func TestLendToAKiosk(t *testing.T) {
	p, _, c := settled(t)
	kiosk := p.enrolled("kiosk", "-role", "kiosk", "-station", string(c.Kiosk))
	other := p.enrolled("other", "-role", "staff")
	me, _ := kiosk.Identity()
	p.must("publish", file(t, activity.Spec{ID: "soap", Title: "肥皂", Pools: []activity.Pool{{ID: "p", Total: 10}}}))
	lent := []string{"-device", string(me.Device), "-activity", "soap"}
	p.refuses([]string{"organisation \"nowhere\""}, append([]string{"lend", "-seats", "3", "-org", "nowhere"}, lent...)...)
	if out := p.must(append([]string{"lend", "-seats", "30"}, lent...)...); out[:len("lent 10 of 30 seats of soap")] != "lent 10 of 30 seats of soap" {
		t.Errorf("lend says %q", out)
	}
	// Staff read the deployment's clock, and one time in all messages, wherever the command runs.
	said := strings.Fields(p.must("leases", "-json"))
	if zone := said[slices.Index(said, `"expires":`)+1]; !strings.HasSuffix(zone, `+08:00",`) {
		t.Errorf("the lease expires at %s, want Shanghai time", zone)
	}
	p.refuses([]string{"nothing is left of soap"}, append([]string{"lend", "-seats", "1"}, lent...)...)
	kiosk.synced()
	held := rows[wire.LeaseRow](kiosk, wire.TableLease)
	if len(held) != 1 || len(held[0].Certificate) == 0 || len(held[0].Secret) != 16 || held[0].Lease.Expires == 0 {
		t.Fatalf("the kiosk holds %+v", held)
	}
	if n := len(rows[wire.LeaseRow](other, wire.TableLease)); n != 0 {
		t.Errorf("another device is told about %d leases", n)
	}
	kiosk.halt()
	m := p.member(c.Samples[0].Name)
	r, _, handled, err := kiosk.holder().Claim(op.Op{Activity: "soap", Member: m, Seats: 1, Channel: op.ByKiosk}, time.Now())
	if err != nil || !handled || r.Outcome != op.Granted {
		t.Fatalf("the kiosk answers %+v, handled %v (%v)", r, handled, err)
	}
	code := rows[wire.GrantRow](kiosk, wire.TableGrant)[0].Code
	other.synced()
	out, err := other.counter().Redeem(code, time.Now(), handover.Options{})
	if err != nil || !out.HandsOver() && out.Verdict.String() != "provisional" {
		t.Fatalf("the other station says %+v (%v)", out, err)
	}
	other.synced()
	kiosk.run()
	kiosk.synced()
	table := p.must("leases")
	holds(t, try(t, "leases", "-data", p.data), table, "DEVICE", string(me.Device), "soap/p", "hard", "open", "now")
	p.refuses([]string{"is online now", "wait until", "-force"}, append([]string{"write-off"}, lent...)...)
	p.refuses([]string{"may still grant", "revoke the device"}, append([]string{"void-lease"}, lent...)...)
	p.must("revoke", string(me.Device))
	if out := p.must(append([]string{"void-lease"}, lent...)...); out[:len("9 seats of soap are free again")] != "9 seats of soap are free again" {
		t.Errorf("void-lease says %q", out)
	}
	p.refuses([]string{"no unreported seats"}, append([]string{"write-off"}, lent...)...)
	other.synced()
	if void := rows[wire.VoidRow](other, wire.TableVoid); len(void) != 1 || len(void[0].Taken) != 1 || void[0].Taken[0].N != 9 || void[0].InDoubt {
		t.Errorf("the other station is told %+v", void)
	}
	if st := p.status(); st.Sum != "ok" {
		t.Error(st.Sum)
	}
	p.must("verify")
}

func TestLendToMembers(t *testing.T) {
	p, _, c := settled(t)
	staff := p.enrolled("staff", "-role", "staff")
	me, _ := staff.Identity()
	list := filepath.Join(t.TempDir(), "members.txt")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"lend", "-device", string(me.Device), "-activity", "film", "-seats", "2", "-policy", "void", "-expires", "1h", "-void-after", "2h", "-members", list}
	write("# nobody\n")
	p.refuses([]string{"members.txt", "names no member"}, args...)
	write("a b\n")
	p.refuses([]string{"members.txt", "line 1"}, args...)
	m := p.member(c.Samples[0].Name)
	write(fmt.Sprintf("\ufeff# 名单\r\n%s\r\n\r\n", m))
	p.must(args...)
	staff.synced()
	held := rows[wire.LeaseRow](staff, wire.TableLease)
	if len(held) != 1 || held[0].Lease.VoidAfter != 2*60*60*1000 || held[0].Lease.Policy != op.VoidUnreported || len(held[0].Lease.Members) != 1 {
		t.Fatalf("the device holds %+v", held)
	}
	if people := rows[wire.PersonRow](staff, wire.TablePerson); len(people) != 1 || people[0].Person.ID != m || people[0].Person.Sealed != nil {
		t.Errorf("the device is told about %+v", people)
	}
	phone := p.enrolled("phone", "-role", "phone", "-member", string(m))
	if r := phone.ask(op.Op{Kind: op.Claim, Activity: "film", Member: m, Seats: 1, Channel: op.ByPhone}); r.Code.String() != "held_elsewhere" {
		t.Errorf("elsewhere the member is answered %+v", r)
	}
}
