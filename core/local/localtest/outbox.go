package localtest

import (
	"reflect"
	"testing"

	"yizhan/core/local"
)

func (d *device) wantQueue(want ...local.Queued) {
	d.Helper()
	got, err := d.Queue()
	d.must(err)
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		d.Fatalf("queue is %v, want %v", got, want)
	}
	state, err := d.State()
	d.must(err)
	oldest := state.Last + 1
	if len(want) > 0 {
		oldest = want[0].Seq
	}
	if first, err := d.First(); err != nil || first != oldest {
		d.Fatalf("the outbox begins at %d, %v, want %d", first, err, oldest)
	}
}

func outbox(_ *testing.T, d *device) {
	d.append(1, 4)
	d.must(d.Answer(map[uint64][]byte{1: []byte("r1"), 3: []byte("r3")}))
	d.must(d.Apply(local.Checkpoint{To: 10}))
	d.wantQueue(answered(Op(1), "r1"), Op(2), answered(Op(3), "r3"), Op(4))
	d.must(d.Apply(local.Checkpoint{To: 11, Acked: 2}))
	d.wantQueue(Op(2), answered(Op(3), "r3"), Op(4))
	d.must(d.Apply(local.Checkpoint{To: 12, Acked: 3}))
	d.wantQueue(Op(2), Op(4))
	d.wantState(local.State{Cursor: 12, Last: 4, Hash: Op(4).Hash})
	d.append(5, 5)
	d.restart()
	d.wantQueue(Op(2), Op(4), Op(5))
}

// lateAnswer: the checkpoint that contains an op came before its result.
func lateAnswer(_ *testing.T, d *device) {
	d.append(1, 3)
	d.must(d.Apply(local.Checkpoint{To: 10, Acked: 2}))
	d.wantQueue(Op(1), Op(2), Op(3))
	d.must(d.Apply(local.Checkpoint{To: 11, Acked: 1})) // the number that was reached stays reached
	d.restart()
	d.must(d.Answer(map[uint64][]byte{2: []byte("r2"), 3: []byte("r3")}))
	d.wantQueue(Op(1), answered(Op(3), "r3"))
	d.must(d.Apply(local.Checkpoint{To: 12, Acked: 1, Reset: true})) // a server that knows less
	d.must(d.Answer(map[uint64][]byte{1: {}}))
	d.wantQueue(answered(Op(3), "r3"))
}

// kept: ops that left the outbox stay, in their order, until many others followed.
func kept(t *testing.T, d *device) {
	want := func(from uint64, n int, want ...local.Queued) {
		t.Helper()
		got, err := d.Kept(from, n)
		d.must(err)
		if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("from %d: kept are %v, want %v", from, got, want)
		}
	}
	want(1, 9)
	d.append(1, 5)
	d.must(d.Answer(map[uint64][]byte{1: []byte("r1"), 2: []byte("r2"), 4: []byte("r4")}))
	d.must(d.Apply(local.Checkpoint{To: 9, Acked: 3}))
	d.restart()
	want(0, 9, answered(Op(1), "r1"), answered(Op(2), "r2"), answered(Op(4), "r4"))
	want(2, 1, answered(Op(2), "r2"))
	d.must(d.Answer(map[uint64][]byte{3: []byte("r3")})) // leaves the outbox at once
	d.must(d.Apply(local.Checkpoint{To: 2, Acked: 0, Reset: true}))
	d.wantQueue(answered(Op(4), "r4"), Op(5))
	d.must(d.Answer(map[uint64][]byte{2: []byte("of the next epoch")}))
	want(2, 9, answered(Op(2), "of the next epoch"), answered(Op(3), "r3"), answered(Op(4), "r4"))
}
