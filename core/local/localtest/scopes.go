package localtest

import (
	"fmt"
	"reflect"
	"testing"

	"yizhan/core/local"
	"yizhan/core/scope"
)

// scopes are the tests of what is staged, held and dropped.
var scopes = map[string]func(*testing.T, *device){
	"staged": staged, "own rows": ownRows, "anew": anew, "drop": dropped, "one row in two scopes": shared,
	"replace": replaced, "sums": sums, "reset of scopes": resetScopes, "no scope": noScope,
}

func in(name string, r local.Row) local.Row {
	r.Scope = name
	return r
}

func (d *device) wantHeld(want local.Held) {
	d.Helper()
	got, err := d.Held()
	d.must(err)
	if len(got.Scopes) == 0 {
		got.Scopes = nil
	}
	if len(got.Staged) == 0 {
		got.Staged = nil
	}
	if !reflect.DeepEqual(got, want) {
		d.Fatalf("held is %+v, want %+v", got, want)
	}
}

func at(name string, seq uint64, table, id string, fresh bool) local.Staged {
	return local.Staged{Scope: name, Position: scope.Position{Seq: seq, Table: table, ID: id}, Fresh: fresh}
}

// staged: rows are durable and out of sight until a checkpoint takes their scope.
func staged(_ *testing.T, d *device) {
	d.must(d.Stage(local.Chunk{Fresh: []string{"door"}, Rows: []local.Row{in("door", row("t", "2", 3, "b")), in("door", row("t", "1", 3, "a"))}}))
	d.must(d.Stage(local.Chunk{Rows: []local.Row{in("door", row("t", "3", 5, "c"))}, Gone: []local.Row{in("door", row("t", "1", 6, ""))}}))
	d.restart()
	d.wantRows("t")
	d.wantHeld(local.Held{Staged: []local.Staged{at("door", 6, "t", "1", true)}})
	// Another scope is taken, with a row of the one that waits.
	d.must(d.Apply(local.Checkpoint{To: 7, Take: []string{"fleet"}, Staged: true,
		Rows: []local.Row{in("fleet", row("k", "1", 7, "key")), in("door", row("t", "4", 7, "d"))}}))
	d.wantRows("t")
	d.wantRows("k", in("fleet", row("k", "1", 7, "key")))
	d.wantHeld(local.Held{Scopes: []string{"fleet"}, Staged: []local.Staged{at("door", 7, "t", "4", true)}})
	d.must(d.Apply(local.Checkpoint{To: 9, Take: []string{"door"}, Staged: true, Rows: []local.Row{in("door", row("t", "3", 9, "newer"))}}))
	d.restart()
	d.wantRows("t", in("door", row("t", "2", 3, "b")), in("door", row("t", "3", 9, "newer")), in("door", row("t", "4", 7, "d")))
	d.wantHeld(local.Held{Scopes: []string{"door", "fleet"}})
	// A large change of a scope that is held waits in the same way, and removes on top of what is in view.
	d.must(d.Stage(local.Chunk{Gone: []local.Row{in("door", row("t", "2", 11, ""))}, Rows: []local.Row{in("door", row("t", "5", 12, "e"))}}))
	d.wantRows("t", in("door", row("t", "2", 3, "b")), in("door", row("t", "3", 9, "newer")), in("door", row("t", "4", 7, "d")))
	d.wantHeld(local.Held{Scopes: []string{"door", "fleet"}, Staged: []local.Staged{at("door", 12, "t", "5", false)}})
	d.must(d.Apply(local.Checkpoint{To: 12, Staged: true}))
	d.wantRows("t", in("door", row("t", "3", 9, "newer")), in("door", row("t", "4", 7, "d")), in("door", row("t", "5", 12, "e")))
}

// ownRows: what the device notes for itself brings nothing into view.
func ownRows(_ *testing.T, d *device) {
	d.must(d.Apply(local.Checkpoint{To: 5, Take: []string{"door"}, Staged: true}))
	d.must(d.Stage(local.Chunk{Rows: []local.Row{in("door", row("t", "1", 6, "half"))}}))
	d.must(d.Apply(local.Checkpoint{To: 5, Rows: []local.Row{row("mark", "m", 0, "mine")}}))
	d.must(d.Append(Op(1), row("used", "7", 0, "mine")))
	d.wantRows("t")
	d.wantRows("mark", row("mark", "m", 0, "mine"))
	d.must(d.Apply(local.Checkpoint{To: 7, Staged: true}))
	d.wantRows("t", in("door", row("t", "1", 6, "half")))
}

// anew: a scope that begins anew is not held until it is taken; its rows stay in view so long.
func anew(_ *testing.T, d *device) {
	old, neu := in("door", row("t", "old", 4, "o")), in("door", row("t", "new", 2, "n"))
	d.must(d.Apply(local.Checkpoint{To: 5, Take: []string{"door", "org"}, Staged: true, Rows: []local.Row{old}}))
	d.must(d.Stage(local.Chunk{Rows: []local.Row{in("door", row("t", "thrown away", 6, "x"))}}))
	d.must(d.Stage(local.Chunk{Fresh: []string{"door", "org"}}))
	d.restart()
	d.wantHeld(local.Held{Staged: []local.Staged{at("door", 0, "", "", true), at("org", 0, "", "", true)}})
	d.must(d.Apply(local.Checkpoint{To: 8, Staged: true, Rows: []local.Row{neu}}))
	d.wantRows("t", old)
	d.must(d.Apply(local.Checkpoint{To: 9, Take: []string{"door"}, Staged: true}))
	d.wantRows("t", neu)
	d.wantHeld(local.Held{Scopes: []string{"door"}, Staged: []local.Staged{at("org", 0, "", "", true)}})
	d.must(d.Apply(local.Checkpoint{To: 10, Fresh: []string{"door"}, Take: []string{"door"}, Staged: true, Rows: []local.Row{old}})) // all in one
	d.wantRows("t", old)
	d.must(d.Apply(local.Checkpoint{To: 11, Staged: true})) // fresh once, not for ever
	d.wantRows("t", old)
}

func dropped(_ *testing.T, d *device) {
	d.must(d.Apply(local.Checkpoint{To: 5, Take: []string{"door", "org"}, Staged: true,
		Rows: []local.Row{in("door", row("t", "1", 4, "a")), in("org", row("t", "2", 5, "b"))}}))
	d.must(d.Stage(local.Chunk{Rows: []local.Row{in("door", row("t", "3", 6, "c")), in("member/m", row("t", "4", 6, "d"))}}))
	d.must(d.Apply(local.Checkpoint{To: 7, Drop: []string{"door", "member/m", "never seen"}, Staged: true}))
	d.restart()
	d.wantRows("t", in("org", row("t", "2", 5, "b")))
	d.wantHeld(local.Held{Scopes: []string{"org"}})
}

// shared: the newest version of a row is shown, whichever scope it came in.
func shared(_ *testing.T, d *device) {
	d.must(d.Apply(local.Checkpoint{To: 9, Take: []string{"a", "b"}, Staged: true, Rows: []local.Row{in("a", row("t", "1", 8, "newer")), in("b", row("t", "1", 3, "older"))}}))
	d.wantRows("t", in("a", row("t", "1", 8, "newer")))
	d.must(d.Apply(local.Checkpoint{To: 10, Staged: true, Gone: []local.Row{in("a", row("t", "1", 10, ""))}}))
	d.wantRows("t", in("b", row("t", "1", 3, "older")))
	d.must(d.Apply(local.Checkpoint{To: 11, Staged: true, Rows: []local.Row{in("b", row("t", "1", 11, "b")), in("a", row("t", "1", 11, "a"))}}))
	d.wantRows("t", in("b", row("t", "1", 11, "b"))) // the same everywhere
}

// replaced: the rows of a sub-sum go, others of the scope and of other scopes stay.
func replaced(_ *testing.T, d *device) {
	bad, same := "", ""
	for n := 0; same == ""; n++ {
		switch name := Op(uint64(n)).Bytes; {
		case bad == "":
			bad = string(name)
		case scope.Bucket("t", string(name)) == scope.Bucket("t", bad):
			same = string(name)
		}
	}
	other := in("door", row("t", "another", 2, "stays"))
	if scope.Bucket("t", "another") == scope.Bucket("t", bad) {
		d.Fatalf("choose another name: the rows are of one sub-sum")
	}
	elsewhere := in("org", row("t", same, 2, "stays"))
	d.must(d.Apply(local.Checkpoint{To: 5, Take: []string{"door", "org"}, Staged: true, Rows: []local.Row{in("door", row("t", bad, 4, "bad")), other, elsewhere}}))
	good := in("door", row("t", same, 3, "good"))
	d.must(d.Apply(local.Checkpoint{To: 5, Staged: true, Replace: []local.Bucket{{Scope: "door", Number: scope.Bucket("t", bad)}}, Rows: []local.Row{good}}))
	if _, ok, err := d.Get("t", bad); ok || err != nil {
		d.Fatalf("the bad row is there: %v %v", ok, err)
	}
	r, _, err := d.Get("t", same)
	d.must(err)
	if !reflect.DeepEqual(r, good) {
		d.Fatalf("row is %v, want %v", r, good)
	}
	if r, ok, _ := d.Get("t", "another"); !ok || !reflect.DeepEqual(r, other) {
		d.Fatalf("row of another sub-sum is %v (%v)", r, ok)
	}
	all, err := d.Sums()
	d.must(err)
	want := &scope.Sums{}
	want.Add("org", "t", same, 2, []byte("stays"))
	if *all["org"] != *want {
		d.Fatalf("rows of another scope were replaced")
	}
}

// sums: they are of the rows in view, by scope, the device's own left out.
func sums(_ *testing.T, d *device) {
	want := map[string]*scope.Sums{"door": {}, "org": {}}
	c := local.Checkpoint{To: 400, Take: []string{"door", "org"}, Staged: true}
	for n := range uint64(300) {
		name := []string{"door", "org"}[n%2]
		r := in(name, row("unknown to this program", fmt.Sprint("北/", n), n+1, string(Op(n).Bytes)))
		c.Rows = append(c.Rows, r)
		want[name].Add(name, r.Table, r.ID, r.Seq, r.Body)
	}
	d.must(d.Append(Op(1), row("used", "7", 0, "mine")))
	d.must(d.Apply(c))
	d.must(d.Stage(local.Chunk{Rows: []local.Row{in("door", row("t", "1", 500, "out of sight"))}}))
	d.restart()
	got, err := d.Sums()
	d.must(err)
	if !reflect.DeepEqual(got, want) {
		d.Fatalf("sums of %d scopes are not those of their rows", len(got))
	}
}

func resetScopes(_ *testing.T, d *device) {
	d.must(d.Append(Op(1), row("used", "7", 0, "mine")))
	d.must(d.Apply(local.Checkpoint{To: 50, Take: []string{"door"}, Staged: true, Rows: []local.Row{in("door", row("t", "1", 50, "a"))}}))
	d.must(d.Stage(local.Chunk{Fresh: []string{"org"}, Rows: []local.Row{in("org", row("t", "2", 40, "b"))}}))
	d.must(d.Apply(local.Checkpoint{Reset: true, Staged: true}))
	d.restart()
	d.wantState(local.State{Last: 1, Hash: Op(1).Hash})
	d.wantHeld(local.Held{})
	d.wantRows("t")
	d.wantRows("used", row("used", "7", 0, "mine"))
}

// noScope: rows of a server that names no scopes are in view and can be dropped together.
func noScope(_ *testing.T, d *device) {
	d.must(d.Append(Op(1), row("used", "7", 0, "mine")))
	d.must(d.Stage(local.Chunk{Fresh: []string{""}, Rows: []local.Row{row("t", "1", 3, "a")}}))
	d.wantRows("t")
	d.wantHeld(local.Held{Staged: []local.Staged{at("", 3, "t", "1", true)}, Legacy: true})
	d.must(d.Apply(local.Checkpoint{To: 4, Staged: true, Rows: []local.Row{row("t", "2", 4, "b")}}))
	d.wantRows("t", row("t", "1", 3, "a"), row("t", "2", 4, "b"))
	d.wantHeld(local.Held{Legacy: true})
	d.must(d.Apply(local.Checkpoint{To: 5, Drop: []string{""}, Take: []string{"public"}, Staged: true, Rows: []local.Row{in("public", row("t", "1", 5, "c"))}}))
	d.restart()
	d.wantRows("t", in("public", row("t", "1", 5, "c")))
	d.wantRows("used", row("used", "7", 0, "mine"))
	d.wantHeld(local.Held{Scopes: []string{"public"}})
}
