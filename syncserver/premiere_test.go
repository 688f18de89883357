package main

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/server"
)

func TestACodeWorksOnce(t *testing.T) {
	p, _, c := settled(t)
	dir := t.TempDir()
	code := p.code("-role", "kiosk", "-station", string(c.Kiosk))
	first, second := open(t, p.addr, filepath.Join(dir, "1.db")), open(t, p.addr, filepath.Join(dir, "2.db"))
	var f *fault.Error
	if err := second.enrol("AAAA-AAAA-AAAA-AAAA"); !errors.As(err, &f) || f.Kind != fault.CodeUnknown {
		t.Errorf("a code that nobody offered: %v", err)
	}
	if err := first.enrol(strings.ToLower(strings.ReplaceAll(code, "-", " "))); err != nil {
		t.Errorf("typed with spaces in small letters: %v", err)
	}
	if err := second.enrol(code); !errors.As(err, &f) || f.Kind != fault.CodeUsed {
		t.Errorf("a second device with the same code: %v", err)
	}
	if _, is := second.Identity(); is {
		t.Error("the second device believes that it is enrolled")
	}
	// The answer was lost on the way: the same device, which has only its key, asks again.
	if err := first.store.SetMeta(map[string][]byte{"device.identity": nil, "server.key": nil, "deployment": nil}); err != nil {
		t.Fatal(err)
	}
	again, err := loaded(p.addr, first.path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.store.Close()
	if err := again.enrol(code); err != nil {
		t.Errorf("the first device asks again: %v", err)
	}
	if st := p.status(); st.Devices != 1 {
		t.Errorf("status %+v", st)
	}
	brief := p.code("-role", "kiosk", "-station", string(c.Near), "-valid", "1ms")
	if err := second.enrol(brief); !errors.As(err, &f) || f.Kind != fault.CodeUnknown {
		t.Errorf("a code that is over its time: %v", err)
	}
}

func TestEnrolStaffAndPhones(t *testing.T) {
	p, _, c := settled(t)
	staff := p.enrolled("staff", "-role", "staff", "-org", string(c.Park), "-station", string(c.Kiosk))
	if me, _ := staff.Identity(); me.Role != op.Staff || me.Org != c.Park || me.Station != c.Kiosk {
		t.Errorf("staff is %+v", me)
	}
	m := p.member(c.Samples[0].Name)
	old := p.enrolled("old", "-role", "phone", "-member", string(m))
	old.synced()
	phone := p.enrolled("phone", "-role", "phone", "-member", string(m))
	if me, _ := phone.Identity(); me.Role != op.Phone || me.Member != m {
		t.Errorf("phone is %+v", me)
	}
	until(t, "the replaced phone erased itself", func() bool { _, ok := old.Identity(); return !ok && old.Status().Wiped })
	me, _ := phone.Identity()
	p.must("revoke", string(me.Device))
	until(t, "the revoked phone erased itself", func() bool { _, ok := phone.Identity(); return !ok && phone.Status().Wiped })
	until(t, "the receipts are recorded", func() bool { return strings.Count(p.must("devices"), "  wiped (") == 2 })
	staff.synced()

	p.refuses([]string{"-yes"}, "erase", "-member", string(m))
	if out := p.must("erase", "-member", string(m), "-yes"); !strings.Contains(out, "forgotten") {
		t.Errorf("erase says %q", out)
	}
	p.refuses([]string{"no member"}, "member", "find", c.Samples[0].Name)
	p.refuses([]string{"no member"}, "erase", "-member", string(m), "-yes")
	p.must("verify")
}

// day is the premiere's cast on a real server.
type day struct {
	*process
	kiosk, phone *client
	code         string // of the ticket
	name         string // of its holder
}

// premiere lets a member claim a ticket on their phone.
func premiere(t *testing.T) day {
	t.Helper()
	p, _, c := settled(t)
	kiosk := p.enrolled("kiosk", "-role", "kiosk", "-station", string(c.Kiosk))
	m := p.member(c.Samples[0].Name)
	phone := p.enrolled("phone", "-role", "phone", "-member", string(m))
	phone.synced()
	if n := len(rows[wire.ActivityRow](phone, wire.TableActivity)); n != len(c.Activities) {
		t.Fatalf("the phone shows %d activities", n)
	}
	claim := op.Op{Kind: op.Claim, Activity: "film", Member: m, Seats: 1, Channel: op.ByPhone}
	if r := phone.ask(claim); r.Outcome != op.Granted || r.Seats != 1 {
		t.Fatalf("claim: %+v", r)
	}
	if r := phone.ask(claim); r.Outcome != op.Refused || r.Code != fault.MemberCap {
		t.Errorf("second claim: %+v", r)
	}
	outside := p.member(c.Samples[4].Name)
	stranger := p.enrolled("stranger", "-role", "phone", "-member", string(outside))
	claim.Member = outside
	if r := stranger.ask(claim); r.Outcome != op.Refused || r.Code != fault.NotEligible {
		t.Errorf("a member from outside the park: %+v", r)
	}
	phone.synced()
	claims := rows[wire.ClaimRow](phone, wire.TableClaim)
	if len(claims) != 1 || claims[0].State != op.ClaimGranted || claims[0].Code == "" || claims[0].Station != c.Kiosk {
		t.Fatalf("the phone shows %+v", claims)
	}
	kiosk.synced()
	return day{p, kiosk, phone, claims[0].Code, c.Samples[0].Name}
}

// TestPremiere is the whole path: hours offline at the kiosk, a kill between
// scan and sync, and then the report.
func TestPremiere(t *testing.T) {
	d := premiere(t)
	d.kiosk.SetOnline(false)
	until(t, "the kiosk is offline", func() bool { return !d.kiosk.Status().Online })
	for what, want := range map[string]fault.Verdict{
		"https://example.org/ticket": fault.Unknown,
		"":                           fault.Unknown,
		flip(d.code):                 fault.BadSignature,
	} {
		if out := d.kiosk.redeem(what); out.Verdict != want || out.HandsOver() {
			t.Errorf("scan of %q: %v, want %v", what, out.Verdict, want)
		}
	}
	d.kiosk.halt()
	d.kiosk.store.Close()
	if v := scanAndKill(t, d.kiosk.path, d.code); v != "valid" {
		t.Fatalf("the first scan: %s", v)
	}
	if v := scanAndKill(t, d.kiosk.path, d.code); v != "already_redeemed" {
		t.Fatalf("the second scan, after a kill: %s", v)
	}
	kiosk := open(t, d.addr, d.kiosk.path)
	if out := kiosk.redeem(d.code); out.Verdict != fault.AlreadyRedeemed || out.UsedAt == 0 {
		t.Errorf("the third scan, after another kill: %+v", out)
	}
	if n := kiosk.Status().Waiting; n != 6 {
		t.Errorf("%d scans wait to be reported, want 6", n)
	}
	kiosk.run()
	kiosk.synced()
	if st := d.status(); st.Sum != "ok" || st.Connected < 2 {
		t.Errorf("status %+v", st)
	}
	d.phone.synced()
	if claims := rows[wire.ClaimRow](d.phone, wire.TableClaim); len(claims) != 1 || claims[0].State != op.ClaimRedeemed {
		t.Errorf("the phone shows %+v", claims)
	}
	if out := kiosk.redeem(d.code); out.Verdict != fault.AlreadyRedeemed {
		t.Errorf("scan after the report: %v", out.Verdict)
	}
	kiosk.synced()
	if code := d.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	redeemed, incidents := d.books(t)
	if redeemed != 1 || incidents != 0 {
		t.Errorf("the ledger has %d redeemed and %d incidents, want 1 and 0", redeemed, incidents)
	}
}

// flip changes one character of a code into another of the same alphabet.
func flip(code string) string {
	b := []byte(code)
	if i := len(b) / 2; b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

// books reads the ledger of a stopped server, once it has everything.
func (p *process) books(t *testing.T) (redeemed, incidents int) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(p.data, server.LedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRow(`SELECT (SELECT count(*) FROM claim WHERE state = ?), (SELECT count(*) FROM incident)`, int(op.ClaimRedeemed)).Scan(&redeemed, &incidents)
	if err != nil {
		t.Fatal(err)
	}
	return redeemed, incidents
}

// TestAFullDiskHandsNothingOver: a scan that cannot be stored gives no verdict to act on.
func TestAFullDiskHandsNothingOver(t *testing.T) {
	d := premiere(t)
	d.kiosk.halt()
	d.kiosk.store.Close()
	full := open(t, d.addr, d.kiosk.path)
	var before, after syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	after = before
	after.Cur = 1 // no file may grow any more; Go ignores the signal, writes fail with EFBIG
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &after); err != nil {
		t.Fatal(err)
	}
	out, scanErr := full.counter().Redeem(d.code, time.Now(), handover.Options{})
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if scanErr == nil || out.HandsOver() {
		t.Errorf("a scan that could not be stored: %+v, %v", out, scanErr)
	}
	if out := full.redeem(d.code); out.Verdict != fault.Valid {
		t.Errorf("with space again: %v", out.Verdict)
	}
	if out := full.redeem(d.code); out.Verdict != fault.AlreadyRedeemed {
		t.Errorf("a second scan: %v", out.Verdict)
	}
}
