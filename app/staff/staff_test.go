package staff

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"

	"yizhan/app/flow/lend"
	"yizhan/app/shell/shelltest"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

func TestScreens(t *testing.T) {
	env, _, _, w := shelltest.NewDevice(t, op.Staff)
	s := Start(env)
	canvas := env.Window.Canvas()
	test.AssertRendersToMarkup(t, "counter.xml", canvas)
	s.show(true)
	test.AssertRendersToMarkup(t, "duty.xml", canvas)
	if canvas.OnTypedRune() != nil {
		t.Error("a scan is taken while the counter is not on screen")
	}
	s.sync = true
	s.draw()
	test.AssertRendersToMarkup(t, "sync.xml", canvas)
	s.show(false)
	if canvas.OnTypedRune() == nil || w.Ticket == "" {
		t.Error("back at the counter no scan is taken")
	}
}

// TestLeases gives out one seat with no network, and refuses the next person.
func TestLeases(t *testing.T) {
	env, link, turn, w := shelltest.NewDevice(t, op.Staff)
	taken := []op.Taken{{From: 41, N: 1}}
	signed, err := ticket.Certify(w.Key, ticket.Certificate{Deployment: 1, Lease: 7, Device: w.Key.Public(), Activity: 5, Policy: op.Hard, Ranges: ticket.Ranges(taken)})
	if err != nil {
		t.Fatal(err)
	}
	lease := op.Lease{ID: 7, Activity: shelltest.Picking, Pool: "picking", Taken: taken, Policy: op.Hard, Expires: shelltest.Now.UnixMilli() + 3_600_000}
	var rows []local.Row
	for key, v := range map[string]any{wire.TableLease + " 7": wire.LeaseRow{Lease: lease, Certificate: signed, Secret: make([]byte, 16)},
		wire.TablePerson + " M0007": wire.PersonRow{Person: member.Person{ID: "M0007", Org: "C001", Sex: "F"}},
		wire.TablePerson + " M0008": wire.PersonRow{Person: member.Person{ID: "M0008", Org: "C001", Sex: "F"}}} {
		table, name, _ := strings.Cut(key, " ")
		body, err := wire.EncodeRow(v)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, local.Row{Table: table, ID: name, Seq: 2001, Body: body})
	}
	if err := env.Store.Apply(local.Checkpoint{To: 2001, Rows: rows}); err != nil {
		t.Fatal(err)
	}
	s := Start(env)
	s.show(true)
	s.lend = true
	s.draw()
	has := func(text string) bool { return strings.Contains(test.RenderToMarkup(env.Window.Canvas()), text) }
	if !has("发放") || !has("余 1") {
		t.Fatal("the lease is not on screen")
	}
	press := func(m id.Member, want string) {
		t.Helper()
		s.send(lend.Press{Member: m})
		turn.Until(t, "screen says "+want, func() bool { return has(want) })
	}
	link.Fail = local.ErrFull
	press("M0007", "没有发放")
	link.Fail = nil
	press("M0007", "已发放")
	granted, err := env.Store.Rows(wire.TableGrant)
	if err != nil || len(granted) != 1 {
		t.Fatalf("%d grants are stored, %v", len(granted), err)
	}
	press("M0008", "未通过")
	if granted, _ = env.Store.Rows(wire.TableGrant); len(granted) != 1 {
		t.Errorf("%d grants are stored", len(granted))
	}
}
