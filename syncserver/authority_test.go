package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// second puts another kiosk beside the first, with the warning that it hands nothing over.
func (d day) second(t *testing.T) *client {
	t.Helper()
	at, _ := d.kiosk.Identity()
	o := d.do("enrol", "-role", "kiosk", "-station", string(at.Station))
	holds(t, o, o.stderr, "handed over by "+string(at.Device), "syncserver authority -station "+string(at.Station))
	c := d.enrolled("second", "-role", "kiosk", "-station", string(at.Station), "-supervisor")
	c.synced()
	if out := c.redeem(d.code); out.Verdict != fault.WrongStation || out.Station.ID != at.Station {
		t.Fatalf("beside the authority: %v, shown as of %q", out.Verdict, out.Station.ID)
	}
	return c
}

func TestStationIsGivenUpInOrder(t *testing.T) {
	d := premiere(t)
	second := d.second(t)
	at, _ := d.kiosk.Identity()
	me, _ := second.Identity()
	d.kiosk.SetOnline(false)
	until(t, "the kiosk is offline", func() bool { return !d.kiosk.Status().Online })
	name := []string{"authority", "-station", string(at.Station), "-device", string(me.Device)}
	d.refuses([]string{string(at.Device), "connect it", "revoke it"}, name...)
	d.kiosk.OnRecall(d.kiosk.counter().GiveUp)
	d.kiosk.SetOnline(true)
	d.kiosk.synced()
	if o := d.do(name...); o.code != 0 || o.stderr != "" {
		t.Fatalf("named: %v", o)
	}
	d.kiosk.synced()
	second.synced()
	if out := d.kiosk.redeem(d.code); out.Verdict != fault.WrongStation {
		t.Errorf("at the old device: %v", out.Verdict)
	}
	if out := second.redeem(d.code); out.Verdict != fault.Valid {
		t.Errorf("at the new one: %v", out.Verdict)
	}
	second.synced()
	d.must("verify")
}

func TestLostAuthorityIsReplaced(t *testing.T) {
	d := premiere(t)
	second := d.second(t)
	at, _ := d.kiosk.Identity()
	me, _ := second.Identity()
	staff := d.enrolled("staff", "-role", "staff", "-org", string(rows[wire.MeRow](d.phone, wire.TableMe)[0].Org))
	o := d.do("revoke", string(at.Device))
	holds(t, o, o.stderr, "warning: nobody hands over", "syncserver authority -station "+string(at.Station))
	o = d.do("authority", "-station", string(at.Station), "-device", string(me.Device))
	holds(t, o, o.stderr, "1 tickets may have been handed over by "+string(at.Device))
	second.synced()
	if out := second.redeem(d.code); out.Verdict != fault.Blocked {
		t.Fatalf("what the lost one may have handed over: %v", out.Verdict)
	}
	out, err := second.counter().Redeem(d.code, time.Now(), handover.Options{Override: true, Reason: "旧设备已毁", By: "li"})
	if err != nil || out.Verdict != fault.Valid || out.Overridden != fault.Blocked {
		t.Fatalf("overridden: %+v, %v", out, err)
	}
	second.synced()
	staff.synced()
	all := rows[wire.IncidentRow](staff, wire.TableIncident)
	if len(all) != 1 || all[0].Word != "override" || all[0].Reason != "旧设备已毁" || all[0].By != "li" || all[0].Station != at.Station || all[0].ScannedAt == 0 {
		t.Fatalf("staff see %+v", all)
	}
	d.settles(staff, all[0])
	d.must("verify")
}

// settles has staff look at an incident on their device, and the console end it.
func (d day) settles(staff *client, i wire.IncidentRow) {
	d.t.Helper()
	number := strconv.FormatUint(i.Seq, 10)
	r := staff.ask(op.Op{Kind: op.Settle, About: i.Seq, Reason: "已打电话核对", EnteredBy: "li"})
	staff.synced()
	all := rows[wire.IncidentRow](staff, wire.TableIncident)
	if r.Outcome != op.OK || len(all) != 1 || all[0].Handled || all[0].Note != "已打电话核对" || all[0].SettledBy != "li" || all[0].Word != i.Word {
		d.t.Errorf("seen: %+v, %+v", r, all)
	}
	o := d.do("incidents")
	holds(d.t, o, o.stdout, number, "override", "已打电话核对")
	d.must("incidents", "-handled", number, "-by", "wang", "-note", "票已收回")
	staff.synced()
	if all = rows[wire.IncidentRow](staff, wire.TableIncident); len(all) != 1 || !all[0].Handled || all[0].Note != "票已收回" || all[0].SettledBy != "wang" {
		d.t.Errorf("handled: %+v", all)
	}
	if o = d.do("incidents"); strings.Contains(o.stdout, number) {
		d.t.Errorf("handled, and listed: %v", o)
	}
	o = d.do("incidents", "-all")
	holds(d.t, o, o.stdout, number, "handled", "wang")
	if o = d.do("incidents", "-handled", "1"); o.code == 0 || !strings.Contains(o.stderr, "syncserver incidents") {
		d.t.Errorf("what is no incident: %v", o)
	}
}

// TestStolenKioskNamesNobody: the store of a kiosk holds no name, not even masked;
// the code on the holder's phone opens it.
func TestStolenKioskNamesNobody(t *testing.T) {
	d := premiere(t)
	name, out := d.name, d.kiosk.redeem(d.code)
	if r := []rune(name); out.Verdict != fault.Valid || !strings.HasPrefix(out.Holder, string(r[0])+"*") || out.Holder == name {
		t.Errorf("the counter shows %q of %s, %v", out.Holder, name, out.Verdict)
	}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(d.kiosk.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{name, out.Holder} {
			if bytes.Contains(b, []byte(text)) {
				t.Errorf("the kiosk's store%s holds %q", suffix, text)
			}
		}
	}
	held := rows[wire.TicketRow](d.kiosk, wire.TableTicket)
	if len(held) != 1 || len(held[0].Sealed) == 0 && held[0].State == op.ClaimGranted {
		t.Errorf("the kiosk holds %+v", held)
	}
}
