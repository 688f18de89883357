package notice_test

import (
	"testing"

	"yizhan/core/notice"
	"yizhan/core/op"
)

func TestOf(t *testing.T) {
	told := map[op.EntryKind]notice.Kind{
		op.Promoted: notice.Promoted, op.Reminded: notice.Reminder, op.Lapsed: notice.Lapsed,
		op.NotDrawn: notice.NotDrawn, op.Moved: notice.Moved,
	}
	for kind := op.Ticked; kind <= op.Done; kind++ {
		got, ok := notice.Of(&op.Entry{Kind: kind}, op.ClaimWaitlisted)
		if want, tell := told[kind]; got != want && tell || ok != tell {
			t.Errorf("entry kind %d: got %q %v, want %q %v", kind, got, ok, want, tell)
		}
	}
	for outcome, want := range map[op.Outcome]bool{op.Granted: true, op.Waitlisted: false, op.Refused: false, op.Entered: false} {
		if _, ok := notice.Of(&op.Entry{Kind: op.Claimed, Outcome: outcome}, op.ClaimNone); ok != want {
			t.Errorf("claim %s: told %v, want %v", outcome, ok, want)
		}
	}
	if got, _ := notice.Of(&op.Entry{Kind: op.Promoted}, op.ClaimEntered); got != notice.Drawn {
		t.Errorf("promoted out of a draw: got %q, want %q", got, notice.Drawn)
	}
}
