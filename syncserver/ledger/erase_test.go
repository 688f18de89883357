package ledger_test

import (
	"reflect"
	"testing"

	"yizhan/core/op"
	"yizhan/core/wire"
)

func TestErasedMember(t *testing.T) {
	l := open(t)
	all := story()
	project(t, l, all...)
	at := l.Applied()
	project(t, l, op.Entry{Kind: op.Erased, Member: "m00000"}, op.Entry{Kind: op.Erased, Member: "m00002"})
	for _, c := range delta(t, l, 0, l.Applied(), "member/m00000", "member/m00002") {
		t.Errorf("a new phone would still get %s %s", c.Table, c.ID)
	}
	gone := 0
	for _, c := range delta(t, l, at, l.Applied(), "member/m00000") {
		if !c.Gone || len(c.Body) != 0 {
			t.Errorf("%s %s is not a tombstone: %+v", c.Table, c.ID, c)
		}
		gone++
	}
	if gone < 3 { // me, claim, messages
		t.Errorf("%d rows are taken back", gone)
	}
	for _, c := range delta(t, l, at, l.Applied(), "door", "station/HQ", "station/ST1") {
		row := blank(c.Table)
		if err := wire.DecodeRow(c.Body, row); err != nil {
			t.Fatal(err)
		}
		if who := reflect.ValueOf(row).Elem().FieldByName("Member"); who.IsValid() && who.String() != "" {
			t.Errorf("%s %s still names %s", c.Table, c.ID, who)
		}
	}
	if _, ok, err := l.Person("m00000"); ok || err != nil {
		t.Errorf("the person is still there: %v", err)
	}
	if p, ok, err := l.Person("m00001"); !ok || err != nil || p.Org == "" {
		t.Errorf("somebody else: %+v %v %v", p, ok, err)
	}
	// A late word about an old ticket brings nothing of the person back.
	before := l.Applied()
	project(t, l, op.Entry{Kind: op.CheckedIn, Ticket: 19, Device: "K1", Out: true})
	if rows := delta(t, l, before, l.Applied(), "member/m00002"); len(rows) != 0 {
		t.Errorf("rows of nobody: %+v", rows)
	}
	project(t, l, op.Entry{Kind: op.PeoplePut, People: people(1, 0)})
	if rows := delta(t, l, 0, l.Applied(), "member/m00000"); len(rows) != 1 || rows[0].Table != wire.TableMe {
		t.Errorf("after coming back: %+v", rows)
	}
	// However the entries fall into transactions, the tables are the same.
	var again []op.Entry
	again = append(again, story()...)
	again = append(again, op.Entry{Kind: op.Erased, Member: "m00000"}, op.Entry{Kind: op.Erased, Member: "m00002"},
		op.Entry{Kind: op.CheckedIn, Ticket: 19, Device: "K1", Out: true}, op.Entry{Kind: op.PeoplePut, People: people(1, 0)})
	for _, step := range []int{1, len(again)} {
		other := open(t)
		for i := 0; i < len(again); i += step {
			part := append([]op.Entry{}, again[i:min(i+step, len(again))]...)
			project(t, other, part...)
		}
		if got, want := digest(t, other), digest(t, l); !reflect.DeepEqual(got, want) {
			t.Errorf("in steps of %d:\n%v\n%v", step, got, want)
		}
	}
}
