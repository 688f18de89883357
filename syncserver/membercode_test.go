package main

import (
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yizhan/core/activity"
	"yizhan/core/lookup"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/qr"
	"yizhan/core/wire"
)

// TestMemberCode: a phone that has been online once shows who its owner is to a
// device that is not online now, until the phone is replaced.
func TestMemberCode(t *testing.T) {
	p, _, c := settled(t)
	staff := p.enrolled("staff", "-role", "staff", "-station", string(c.Kiosk))
	m := p.member(c.Samples[0].Name)
	phone := p.enrolled("phone", "-role", "phone", "-member", string(m))
	phone.synced()
	staff.synced()
	for _, d := range []*client{phone, staff} {
		d.SetOnline(false)
		until(t, "the device is offline", func() bool { return !d.Status().Online })
	}
	show := func(at time.Time) string {
		code, _, err := membercode.Own(phone.store, at)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	now, desk := time.Now(), membercode.NewDesk(staff.store)
	code := show(now)
	if s, err := desk.Read(code, now); err != nil || s.Member != m || s.Strength != membercode.Strong {
		t.Fatalf("read %+v, %v", s, err)
	}
	if _, err := desk.Read(code, now.Add(5*time.Minute)); !errors.Is(err, membercode.ErrOld) {
		t.Errorf("a picture of it: %v", err)
	}
	vouching, _, err := membercode.Own(staff.store, now)
	if s, wrong := membercode.NewDesk(phone.store).Read(vouching, now); err != nil || wrong != nil || s.Staff == "" || s.Member != "" {
		t.Errorf("a device of staff shows %+v: %v, %v", s, err, wrong)
	}
	me, _ := phone.Identity()
	p.must("revoke", string(me.Device))
	later := now.Add(membercode.Step)
	if _, err := desk.Read(show(later), later); err != nil {
		t.Errorf("a desk that has not heard of it: %v", err)
	}
	staff.SetOnline(true)
	staff.synced()
	later = later.Add(membercode.Step)
	if s, err := desk.Read(show(later), later); !errors.Is(err, membercode.ErrRevoked) || s.Member != m {
		t.Errorf("a desk that has heard of it: %+v, %v", s, err)
	}
	fresh := p.enrolled("kiosk", "-role", "kiosk", "-station", string(c.Kiosk))
	fresh.synced()
	later = later.Add(membercode.Step)
	if _, err := membercode.NewDesk(fresh.store).Read(show(later), later); !errors.Is(err, membercode.ErrRevoked) {
		t.Errorf("a device that came later: %v", err)
	}
	p.must("verify")
}

// TestNamesAtTheDoor: staff find a guest by initials and last four digits without a
// network; a kiosk holds no names.
func TestNamesAtTheDoor(t *testing.T) {
	p, _, c := settled(t)
	staff := p.enrolled("staff", "-role", "staff", "-station", string(c.Kiosk))
	kiosk := p.enrolled("kiosk", "-role", "kiosk", "-station", string(c.Kiosk))
	p.must("publish", file(t, activity.Spec{ID: "talk", Title: "讲座", Sessions: []activity.Session{{ID: "s", Starts: "2030-03-01T09:00:00", Ends: "2030-03-01T11:00:00", Total: 9}}}))
	who := c.Samples[0]
	m := p.member(who.Name)
	phone := p.enrolled("phone", "-role", "phone", "-member", string(m))
	if r := phone.ask(op.Op{Kind: op.Claim, Activity: "talk", Pool: "s", Member: m, Seats: 1, Channel: op.ByPhone}); r.Outcome != op.Granted {
		t.Fatalf("claim: %+v", r)
	}
	var tail string
	for _, one := range c.People {
		if one.Name == who.Name {
			tail = one.Phone[len(one.Phone)-4:]
		}
	}
	staff.synced()
	kiosk.synced()
	guests := rows[wire.GuestRow](staff, wire.TableGuest)
	initials := lookup.NewName(who.Name, nil).Initials()
	if len(guests) != 1 || guests[0].Member != m || !slices.Equal(guests[0].Initials, initials) || guests[0].Name == who.Name {
		t.Fatalf("staff have %+v", guests)
	}
	g := guests[0]
	list := []lookup.Candidate{{Member: g.Member, Name: lookup.NewName(g.Name, g.Initials), Mark: g.Mark}}
	if found := lookup.Find(lookup.Parse(initials[0]+tail), list); len(found) != 1 {
		t.Errorf("%s%s does not find %+v", initials[0], tail, g)
	}
	if n := len(rows[wire.GuestRow](kiosk, wire.TableGuest)); n != 0 {
		t.Errorf("the kiosk holds %d names", n)
	}
	p.must("verify")
}

// TestCard: the picture of a card reads as the member's, on a device without a network.
func TestCard(t *testing.T) {
	p, _, c := settled(t)
	kiosk := p.enrolled("kiosk", "-role", "kiosk", "-station", string(c.Kiosk))
	kiosk.synced()
	m := p.member(c.Samples[0].Name)
	path := filepath.Join(t.TempDir(), "card.png")
	p.must("member", "card", "-png", path, string(m))
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qr.Read(picture)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := membercode.NewDesk(kiosk.store).Read(code, time.Now()); err != nil || s.Member != m || s.Strength != membercode.Weak {
		t.Errorf("the card reads as %+v, %v", s, err)
	}
	if out := p.must("member", "card", string(m)); !strings.Contains(out, code) {
		t.Errorf("without a file: %s", out)
	}
	p.refuses([]string{"no member"}, "member", "card", "nobody")
}
