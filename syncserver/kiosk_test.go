package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/lookup"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
	"yizhan/syncserver/democity"
)

// desk is a kiosk, a member with a phone and one without, and staff.
type desk struct {
	*testing.T
	p                   *process
	city                *democity.City
	kiosk, phone, staff *client
	member, other       id.Member
}

func newDesk(t *testing.T) *desk {
	p, _, c := settled(t)
	d := &desk{T: t, p: p, city: c, member: p.member(c.Samples[0].Name), other: p.member(c.Samples[1].Name)}
	d.kiosk = p.enrolled("kiosk", "-role", "kiosk", "-station", string(c.Kiosk))
	d.phone = p.enrolled("phone", "-role", "phone", "-member", string(d.member))
	d.staff = p.enrolled("staff", "-role", "staff", "-station", string(c.Kiosk))
	for _, one := range []*client{d.kiosk, d.phone, d.staff} {
		one.synced()
	}
	return d
}

// shown is the proof that a device shows at a moment.
func (d *desk) shown(by *client, at time.Time) []byte {
	d.Helper()
	code, _, err := membercode.Own(by.store, at)
	if err != nil {
		d.Fatal(err)
	}
	proof, err := ticket.Bytes(code)
	if err != nil {
		d.Fatal(err)
	}
	return proof
}

func (d *desk) ask(from *client, m wire.Ask) wire.Told {
	d.Helper()
	told, err := from.Ask(context.Background(), m)
	if err != nil {
		d.Fatal(err)
	}
	return told
}

func (d *desk) claim(o op.Op) op.Result {
	d.Helper()
	o.Kind, o.Seats, o.Channel = op.Claim, 1, op.ByKiosk
	seq, err := d.kiosk.Do(o)
	if err != nil {
		d.Fatal(err)
	}
	r, err := d.kiosk.Wait(context.Background(), seq)
	if err != nil {
		d.Fatal(err)
	}
	return r
}

// A kiosk claims for whoever was there with their own phone, or whom staff have seen,
// and for nobody else; also when it comes back after days without a network.
func TestAKioskClaimsForWhoWasThere(t *testing.T) {
	d := newDesk(t)
	d.p.must("publish", file(t, map[string]any{"id": "cinema", "title": "电影票", "pools": []any{map[string]any{"id": "p", "total": 9}}}))
	now := time.Now()
	own, staff := d.shown(d.phone, now), d.shown(d.staff, now)
	altered := append([]byte(nil), own...)
	altered[len(altered)-1] ^= 1
	for _, c := range []struct {
		name   string
		member id.Member
		proof  []byte
		code   fault.Code
	}{
		{"nobody", d.member, nil, fault.NotAuthorised},
		{"not a code", d.member, []byte("wang"), fault.NotAuthorised},
		{"altered", d.member, altered, fault.NotAuthorised},
		{"somebody else's phone", d.other, own, fault.NotAuthorised},
		{"from tomorrow", d.member, d.shown(d.phone, now.Add(24*time.Hour)), fault.NotAuthorised},
		{"own phone", d.member, own, fault.None},
		{"own phone, last week", d.member, d.shown(d.phone, now.Add(-7*24*time.Hour)), fault.None},
		{"staff for one without a phone", d.other, staff, fault.None},
	} {
		want := op.Granted
		if c.code != fault.None {
			want = op.Refused
		}
		if r := d.claim(op.Op{Activity: "cinema", Member: c.member, Proof: c.proof}); r.Outcome != want || r.Code != c.code {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	me, _ := d.phone.Identity()
	d.p.must("revoke", string(me.Device))
	if r := d.claim(op.Op{Activity: "cinema", Member: d.member, Proof: own}); r.Code != fault.NotAuthorised {
		t.Errorf("a phone that was lost since: %+v", r)
	}
	d.p.must("verify")
}

func TestAKioskAsks(t *testing.T) {
	d := newDesk(t)
	person := d.city.Samples[0]
	four := person.Phone[len(person.Phone)-4:]
	now := time.Now()
	own, staff := d.shown(d.phone, now), d.shown(d.staff, now)
	who := d.ask(d.kiosk, wire.Ask{Kind: wire.AskPerson, Name: person.Name, Phone: four})
	if len(who.People) != 1 || who.People[0].Member != d.member || !strings.HasPrefix(person.Name, strings.TrimRight(who.People[0].Name, "*")) ||
		who.People[0].Phone != "****"+four || who.People[0].Org == "" || strings.Contains(who.People[0].Name, person.Name) {
		t.Errorf("by name: %+v", who)
	}
	if short := d.ask(d.kiosk, wire.Ask{Kind: wire.AskPerson, Name: lookup.NewName(person.Name, nil).Initials()[0], Phone: four}); len(short.People) != 1 || short.People[0].Member != d.member {
		t.Errorf("by initials: %+v", short)
	}
	if card := d.ask(d.kiosk, wire.Ask{Kind: wire.AskPerson, Member: d.member, Phone: four}); len(card.People) != 1 {
		t.Errorf("by card: %+v", card)
	}
	for name, c := range map[string]struct {
		from *client
		ask  wire.Ask
		code fault.Code
	}{
		"wrong digits":        {d.kiosk, wire.Ask{Kind: wire.AskPerson, Member: d.member, Phone: "0000"}, fault.UnknownMember},
		"digits alone":        {d.kiosk, wire.Ask{Kind: wire.AskPerson, Phone: four}, fault.Invalid},
		"a name alone":        {d.kiosk, wire.Ask{Kind: wire.AskPerson, Name: person.Name}, fault.Invalid},
		"no such member":      {d.kiosk, wire.Ask{Kind: wire.AskPerson, Member: "m-0", Phone: four}, fault.UnknownMember},
		"tickets, no proof":   {d.kiosk, wire.Ask{Kind: wire.AskTickets, Member: d.member}, fault.NotAuthorised},
		"tickets of others":   {d.kiosk, wire.Ask{Kind: wire.AskTickets, Member: d.other, Proof: own}, fault.NotAuthorised},
		"tickets, an hour on": {d.kiosk, wire.Ask{Kind: wire.AskTickets, Member: d.member, Proof: d.shown(d.phone, now.Add(-time.Hour))}, fault.NotAuthorised},
		"phone, no proof":     {d.kiosk, wire.Ask{Kind: wire.AskPhone, Member: d.other}, fault.NotAuthorised},
		"of nobody":           {d.kiosk, wire.Ask{Kind: wire.AskPhone, Member: "m-0", Proof: staff}, fault.UnknownMember},
		"a newer question":    {d.kiosk, wire.Ask{Kind: 99}, fault.Invalid},
		"from a phone":        {d.phone, wire.Ask{Kind: wire.AskPerson, Name: person.Name, Phone: four}, fault.NotAuthorised},
	} {
		if told := d.ask(c.from, c.ask); told.Code != c.code || told.People != nil || told.Claims != nil || told.Invitation != "" {
			t.Errorf("%s: %+v", name, told)
		}
	}
}

// TestAPhoneFromAKiosk: staff vouch for a member without a phone, who enrols one with
// the code on the screen; the phone before it goes out of use then.
func TestAPhoneFromAKiosk(t *testing.T) {
	d := newDesk(t)
	d.p.must("publish", file(t, map[string]any{"id": "cinema", "title": "电影票", "pools": []any{map[string]any{"id": "p", "total": 9}}}))
	staff := d.shown(d.staff, time.Now())
	d.claim(op.Op{Activity: "cinema", Member: d.member, Proof: staff})
	told := d.ask(d.kiosk, wire.Ask{Kind: wire.AskPhone, Member: d.member, Proof: staff})
	if told.Typed == "" || time.Until(time.UnixMilli(told.Expires)) > 11*time.Minute {
		t.Fatalf("told %+v", told)
	}
	before := d.shown(d.phone, time.Now())
	fresh := open(t, d.p.addr, t.TempDir()+"/new")
	if _, err := fresh.Enrol(context.Background(), told.Invitation); err != nil {
		t.Fatal(err)
	}
	fresh.run()
	fresh.synced()
	if me, _ := fresh.Identity(); me.Member != d.member || me.Role != op.Phone {
		t.Errorf("enrolled as %+v", me)
	}
	tickets := d.ask(d.kiosk, wire.Ask{Kind: wire.AskTickets, Member: d.member, Proof: d.shown(fresh, time.Now())})
	if len(tickets.Claims) != 1 || tickets.Claims[0].Code == "" || tickets.People[0].Org == "" {
		t.Errorf("tickets %+v", tickets)
	}
	if old := d.ask(d.kiosk, wire.Ask{Kind: wire.AskTickets, Member: d.member, Proof: before}); old.Code != fault.NotAuthorised {
		t.Errorf("the phone before: %+v", old)
	}
	for range 2 {
		d.ask(d.kiosk, wire.Ask{Kind: wire.AskPhone, Member: d.member, Proof: staff})
	}
	if more := d.ask(d.kiosk, wire.Ask{Kind: wire.AskPhone, Member: d.member, Proof: staff}); more.Code != fault.MemberCap || more.Invitation != "" {
		t.Errorf("the fourth code of a day: %+v", more)
	}
	d.kiosk.SetOnline(false)
	until(t, "the kiosk is offline", func() bool { return !d.kiosk.Status().Online })
	if _, err := d.kiosk.Ask(context.Background(), wire.Ask{Kind: wire.AskPerson}); err == nil {
		t.Error("an answer without a network")
	}
	d.p.must("verify")
}
