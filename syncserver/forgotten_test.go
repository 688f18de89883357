package main

import (
	"path/filepath"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/op"
)

// TestForgottenDevice was enrolled after the backup that its server goes on from. It
// finds that out, says so, and with a new code is who it was: what it was told stays,
// and what it has queued is decided.
func TestForgottenDevice(t *testing.T) {
	p := serving(t)
	all := pressers(p, 3, 5)
	out := filepath.Join(t.TempDir(), "out")
	p.must("backup", "-o", out)
	desk := p.enrolled("desk", "-role", "staff")
	before, _ := desk.Identity()
	claim := func(s *presser) op.Op {
		return op.Op{Kind: op.Claim, Activity: "rush", Member: s.member, Seats: 1, Channel: op.ByStaff}
	}
	first := desk.ask(claim(all[0]))
	if first.Outcome != op.Granted {
		t.Fatalf("%+v", first)
	}
	desk.synced()
	desk.SetOnline(false)
	waits, err := desk.Do(claim(all[1]))
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "new")
	must(t, "restore", "-from", out, "-data", fresh)
	p.moveTo(fresh)
	if err := desk.enrol(p.code("-role", "staff")); err == nil {
		t.Error("a device that does not know that it was forgotten was enrolled again")
	}
	desk.SetOnline(true)
	until(t, "the desk says that it was forgotten", func() bool {
		why := desk.Status().Problem
		return why != nil && why.Kind == fault.Stranger && desk.Forgotten() && why.Kind.Sentence() != ""
	})
	if err := desk.enrol(p.code("-role", "phone", "-member", string(all[2].member))); err == nil {
		t.Error("a staff device came back as a phone")
	}
	code := p.code("-role", "staff")
	if err := desk.enrol(code); err != nil {
		t.Fatal(err)
	}
	if now, _ := desk.Identity(); now.Device != before.Device {
		t.Errorf("it is %s now and was %s", now.Device, before.Device)
	}
	until(t, "every device has reported", func() bool { r := p.recovery(); return r.Waiting && len(r.Missing) == 0 })
	p.must("reopen", "all")
	desk.synced()
	if r := desk.result(waits); r.Outcome != op.Granted {
		t.Errorf("what it had queued was answered %+v", r)
	}
	if again := desk.result(1); again.Ticket != first.Ticket || again.Seq != first.Seq {
		t.Errorf("its first answer is %+v now, and was %+v", again, first)
	}
	if r := desk.ask(op.Op{Kind: op.Cancel, Activity: "rush", Member: all[0].member, Seats: 1}); r.Outcome != op.OK {
		t.Errorf("the seat that it was told of is not there: %+v", r)
	}
	other := open(t, p.addr, filepath.Join(t.TempDir(), "other.db"))
	if err := other.enrol(code); err == nil {
		t.Error("the code was used twice")
	}
	p.must("verify")
}
