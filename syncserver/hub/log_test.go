package hub

import (
	"strings"
	"testing"

	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
)

// TestDamagedLog: whoever opens a hub whose rows do not belong together reads which row it is, and why.
func TestDamagedLog(t *testing.T) {
	encoded := func(r local.Row, err error) local.Row {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	begins, third := encoded(row("scanner", base{})), encoded(row(opID("scanner", 3), &held{Seq: 3}))
	other := encoded(row("scanner", &fork{Seq: 1}))
	other.Table = tableFork
	for _, c := range []struct {
		why  string
		rows []local.Row
	}{
		{"row " + third.ID + " does not follow the one before it: device storage is damaged", []local.Row{begins, third}},
		{"row " + third.ID + " does not follow the one before it: device storage is damaged", []local.Row{third}},
		{"row " + third.ID + ": ", []local.Row{begins, {Table: tableRelay, ID: third.ID, Body: []byte("?")}}},
		{"history of scanner: nothing says where its ops begin: device storage is damaged", []local.Row{other}},
		{"history of scanner: ", []local.Row{begins, {Table: tableFork, ID: "scanner", Body: []byte("?")}}},
	} {
		kept := memory.New()
		if err := kept.Apply(local.Checkpoint{Rows: c.rows}); err != nil {
			t.Fatal(err)
		}
		h := &Hub{store: &store{Store: kept}, scanners: map[id.Device]*scanner{}}
		if err := h.readLog(); err == nil || !strings.Contains(err.Error(), c.why) || strings.Contains(err.Error(), "%!") {
			t.Errorf("%v, and not %s", err, c.why)
		}
	}
}
