package quota

import (
	"reflect"
	"testing"

	"yizhan/core/op"
)

func serials(pairs ...int) (all []op.Taken) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, op.Taken{From: pairs[i], N: pairs[i+1]})
	}
	return all
}

func TestWithin(t *testing.T) {
	held := serials(1, 4, 9, 2)
	for name, c := range map[string]struct {
		some, rest []op.Taken
		ok         bool
	}{
		"nothing":           {nil, held, true},
		"the first":         {serials(1, 2), serials(3, 2, 9, 2), true},
		"of both":           {serials(3, 2, 9, 1), serials(1, 2, 10, 1), true},
		"all":               {held, nil, true},
		"twice":             {serials(1, 1, 1, 1), nil, false},
		"over the end":      {serials(4, 2), nil, false},
		"another part":      {[]op.Taken{{Part: 1, From: 1, N: 1}}, nil, false},
		"none":              {serials(1, 0), nil, false},
		"less than none":    {serials(2, -1), nil, false},
		"over all integers": {serials(1, int(^uint(0)>>1)), nil, false},
		"serial 0":          {serials(0, 1), nil, false},
	} {
		if rest, ok := Within(held, c.some); ok != c.ok || ok && !reflect.DeepEqual(rest, c.rest) {
			t.Errorf("%s: %v, %v; want %v, %v", name, rest, ok, c.rest, c.ok)
		}
	}
}

func TestFrom(t *testing.T) {
	held := serials(11, 2, 3, 4)
	for _, c := range []struct {
		serial, n int
		want      []op.Taken
	}{{11, 1, serials(11, 1)}, {12, 3, serials(12, 1, 3, 2)}, {4, 9, serials(4, 3)}, {1, 1, nil}, {13, 1, nil}, {11, 0, nil}} {
		if got := From(held, c.serial, c.n); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d from %d: %v, want %v", c.n, c.serial, got, c.want)
		}
	}
}

func TestRuns(t *testing.T) {
	p := NewPool(20, nil)
	if err := p.Take(serials(2, 1, 6, 1, 8, 1, 15, 1)); err != nil { // 1, 3–5, 7, 9–14 and 16–20 are free
		t.Fatal(err)
	}
	for _, c := range []struct {
		n, runs int
		want    []op.Taken
	}{{4, 4, serials(1, 1, 3, 3)}, {99, 5, serials(1, 1, 3, 3, 7, 1, 9, 6, 16, 5)}, {99, 2, serials(9, 6, 16, 5)}, {7, 2, serials(9, 6, 16, 1)}, {9, 0, nil}, {0, 4, nil}} {
		if got := p.Runs(0, c.n, c.runs); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d in %d runs: %v, want %v", c.n, c.runs, got, c.want)
		}
	}
}

// TestLeaseInABook follows every serial through the states that it can be in.
func TestLeaseInABook(t *testing.T) {
	b := NewBook(Series{})
	b.Open(10, nil)
	l := &Lease{Lease: op.Lease{ID: 7, Taken: serials(1, 6)}}
	must := func(err error, want string) {
		t.Helper()
		if err == nil {
			err = b.Check()
		}
		if err != nil {
			t.Fatal(err)
		}
		p := b.Pools[0]
		if got := [5]int{p.Free(), p.Granted, p.Leased, p.InDoubt, p.WrittenOff}; got != map[string][5]int{
			"lent": {4, 0, 6, 0, 0}, "reported": {4, 2, 4, 0, 0}, "renewed": {2, 2, 6, 0, 0}, "in doubt": {2, 2, 0, 6, 0}, "partly free": {4, 2, 0, 4, 0},
			"written off": {4, 2, 0, 0, 4}, "honoured": {4, 3, 0, 0, 3}, "cancelled": {6, 1, 0, 0, 3}}[want] {
			t.Fatalf("%s: free, granted, leased, in doubt, written off are %v", want, got)
		}
	}
	must(b.Lend(l), "lent")
	if b.Lend(&Lease{Lease: op.Lease{ID: 8, Taken: serials(6, 1)}}) == nil {
		t.Fatal("serial 6 was lent twice")
	}
	b.Leases = b.Leases[:1] // that book was broken, and would be built again
	c := &Claim{Ticket: 1, Member: "m", Org: "o", Seats: 2, Taken: serials(1, 2), State: op.ClaimGranted, Lease: 7}
	must(b.Report(c, l), "reported")
	if b.Report(&Claim{Ticket: 2, Seats: 1, Taken: serials(2, 1), State: op.ClaimGranted}, l) == nil || l.UsedBy(serials(2, 1)) != 1 || l.UsedBy(serials(3, 1)) != 0 {
		t.Fatal("serial 2 was granted twice")
	}
	must(b.Renew(l, serials(7, 2), 99, 2), "renewed")
	must(b.End(l, op.LeaseExpired, nil, InDoubt), "in doubt")
	must(b.Renew(l, nil, 100, 2), "renewed")
	must(b.End(l, op.LeaseExpired, nil, InDoubt), "in doubt")
	if l.Closed() || b.End(l, op.LeaseVoid, serials(1, 1), InDoubt) == nil {
		t.Fatal("a lease that is over was renewed, or gave back what was granted")
	}
	must(b.End(l, op.LeaseReturned, serials(7, 2), InDoubt), "partly free")
	if b.Renew(l, nil, 101, 2) == nil {
		t.Fatal("a lease that was given back was renewed")
	}
	must(b.End(l, op.LeaseWrittenOff, nil, WrittenOff), "written off")
	if !l.Closed() {
		t.Fatal("what was written off is open")
	}
	must(b.Report(&Claim{Ticket: 3, Member: "n", Org: "o", Seats: 1, Taken: serials(3, 1), State: op.ClaimGranted, Lease: 7}, l), "honoured")
	must(b.Drop(c, 2, c.Taken, op.ClaimCancelled), "cancelled")
}
