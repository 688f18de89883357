package quota

import (
	"slices"
	"strings"
	"testing"

	"yizhan/core/op"
)

func taken(part, from, n int) op.Taken { return op.Taken{Part: part, From: from, N: n} }

func TestPoolSteps(t *testing.T) {
	take := func(want []op.Taken, parts []int, n int) func(*testing.T, *Pool) {
		return func(t *testing.T, p *Pool) {
			got := p.Pick(parts, n)
			if !slices.Equal(got, want) {
				t.Fatalf("pick %d of parts %v: got %v, want %v", n, parts, got, want)
			}
			if err := p.Take(got); err != nil {
				t.Fatal(err)
			}
		}
	}
	give := func(back ...op.Taken) func(*testing.T, *Pool) {
		return func(t *testing.T, p *Pool) {
			if err := p.Return(back); err != nil {
				t.Fatal(err)
			}
		}
	}
	resize := func(total int, asides ...int) func(*testing.T, *Pool) {
		return func(t *testing.T, p *Pool) {
			if err := p.Resize(total, asides); err != nil {
				t.Fatal(err)
			}
		}
	}
	rest := []int{0}
	for _, c := range []struct {
		name   string
		total  int
		asides []int
		steps  []func(*testing.T, *Pool)
		want   string // free serials by part
	}{
		{"empty of asides", 5, nil, nil, "1-5"},
		{"the last serials are set aside", 10, []int{2, 3}, nil, "1-5 | 6-7 | 8-10"},
		{"all set aside", 3, []int{3}, nil, " | 1-3"},
		{"the lowest first", 5, nil, []func(*testing.T, *Pool){take([]op.Taken{taken(0, 1, 2)}, rest, 2)}, "3-5"},
		{"the set-aside first, then the rest", 5, []int{2}, []func(*testing.T, *Pool){
			take([]op.Taken{taken(1, 4, 2), taken(0, 1, 1)}, []int{1, 0}, 3)}, "2-3 | "},
		{"merge with the run before", 5, nil, []func(*testing.T, *Pool){
			take([]op.Taken{taken(0, 1, 3)}, rest, 3), give(taken(0, 1, 1)), give(taken(0, 2, 1))}, "1-2,4-5"},
		{"merge with the run after", 5, nil, []func(*testing.T, *Pool){
			take([]op.Taken{taken(0, 1, 3)}, rest, 3), give(taken(0, 3, 1))}, "3-5"},
		{"merge on both sides", 5, nil, []func(*testing.T, *Pool){
			take([]op.Taken{taken(0, 1, 3)}, rest, 3), give(taken(0, 1, 1)), give(taken(0, 3, 1)), give(taken(0, 2, 1))}, "1-5"},
		{"runs of two parts never merge", 4, []int{2}, []func(*testing.T, *Pool){
			take([]op.Taken{taken(1, 3, 2), taken(0, 1, 2)}, []int{1, 0}, 4), give(taken(0, 1, 2)), give(taken(1, 3, 2))}, "1-2 | 3-4"},
		{"a hole is filled from below", 6, nil, []func(*testing.T, *Pool){
			take([]op.Taken{taken(0, 1, 5)}, rest, 5), give(taken(0, 2, 1)), give(taken(0, 4, 1)),
			take([]op.Taken{taken(0, 2, 1), taken(0, 4, 1), taken(0, 6, 1)}, rest, 3)}, ""},
		{"grow", 3, nil, []func(*testing.T, *Pool){take([]op.Taken{taken(0, 1, 3)}, rest, 3), resize(5)}, "4-5"},
		{"grow beside a set-aside", 3, []int{1}, []func(*testing.T, *Pool){resize(5, 1)}, "1-2,4-5 | 3"},
		{"shrink drops the highest", 5, nil, []func(*testing.T, *Pool){take([]op.Taken{taken(0, 1, 1)}, rest, 1), resize(3)}, "2-3"},
		{"shrink over several runs", 6, nil, []func(*testing.T, *Pool){
			take([]op.Taken{taken(0, 1, 6)}, rest, 6), give(taken(0, 1, 1)), give(taken(0, 3, 1)), give(taken(0, 5, 2)), resize(3)}, "1"},
		{"a dropped serial never comes back", 3, nil, []func(*testing.T, *Pool){resize(2), resize(3)}, "1-2,4"},
		{"a new set-aside", 4, nil, []func(*testing.T, *Pool){resize(4, 2)}, "1-2 | 5-6"},
		{"a set-aside ends", 4, []int{2}, []func(*testing.T, *Pool){resize(4)}, "1-2,5-6 | "},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewPool(c.total, c.asides)
			for _, step := range c.steps {
				step(t, p)
				if err := p.Check(); err != nil {
					t.Fatal(err)
				}
			}
			if got := p.String(); got != c.want {
				t.Errorf("free are %q, want %q", got, c.want)
			}
		})
	}
}

// TestPoolRefuses holds that a step that fails changes nothing.
func TestPoolRefuses(t *testing.T) {
	fresh := func(t *testing.T) *Pool { // free 3-4,6 | 7-8
		p := NewPool(8, []int{2})
		if err := p.Take([]op.Taken{taken(0, 1, 5)}); err != nil {
			t.Fatal(err)
		}
		if err := p.Return([]op.Taken{taken(0, 3, 2)}); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		name string
		step func(*Pool) error
		want string
	}{
		{"take what is held", func(p *Pool) error { return p.Take([]op.Taken{taken(0, 1, 1)}) }, "not free"},
		{"take over the end of a run", func(p *Pool) error { return p.Take([]op.Taken{taken(0, 4, 2)}) }, "not free"},
		{"take from the wrong part", func(p *Pool) error { return p.Take([]op.Taken{taken(1, 3, 1)}) }, "not free"},
		{"take from no part", func(p *Pool) error { return p.Take([]op.Taken{taken(2, 3, 1)}) }, "not free"},
		{"take from part -1", func(p *Pool) error { return p.Take([]op.Taken{taken(-1, 3, 1)}) }, "not free"},
		{"take nothing", func(p *Pool) error { return p.Take([]op.Taken{taken(0, 3, 0)}) }, "not free"},
		{"take a negative number", func(p *Pool) error { return p.Take([]op.Taken{taken(0, 3, -1)}) }, "not free"},
		{"take a number that wraps around", func(p *Pool) error { return p.Take([]op.Taken{taken(0, 3, int(^uint(0)>>1))}) }, "not free"},
		{"take one serial twice", func(p *Pool) error { return p.Take([]op.Taken{taken(0, 3, 2), taken(0, 4, 1)}) }, "not free"},
		{"take some that are free and some that are not", func(p *Pool) error { return p.Take([]op.Taken{taken(1, 7, 1), taken(0, 6, 1), taken(0, 5, 1)}) }, "not free"},
		{"return what is free", func(p *Pool) error { return p.Return([]op.Taken{taken(0, 3, 1)}) }, "free already"},
		{"return what is partly free", func(p *Pool) error { return p.Return([]op.Taken{taken(0, 2, 2)}) }, "free already"},
		{"return one serial twice", func(p *Pool) error { return p.Return([]op.Taken{taken(0, 1, 2), taken(0, 2, 1)}) }, "free already"},
		{"return to no part", func(p *Pool) error { return p.Return([]op.Taken{taken(5, 1, 1)}) }, "free already"},
		{"return nothing", func(p *Pool) error { return p.Return([]op.Taken{taken(0, 1, 0)}) }, "free already"},
		{"shrink below what is held", func(p *Pool) error { return p.Resize(4, []int{2}) }, "2 seats would be left where 3 are held"},
		{"set aside more than the rest can give", func(p *Pool) error { return p.Resize(8, []int{6}) }, "2 seats would be left where 3 are held"},
		{"set aside more than the total", func(p *Pool) error { return p.Resize(5, []int{6}) }, "-1 seats would be left where 3 are held"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := fresh(t)
			before, free, granted := p.String(), p.Free(), p.Granted
			err := c.step(p)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if p.String() != before || p.Free() != free || p.Granted != granted || p.Check() != nil {
				t.Errorf("it was %s (%d free, %d granted) and is %s (%d, %d, %v)", before, free, granted, p, p.Free(), p.Granted, p.Check())
			}
		})
	}
}

func TestPickTakesNothingItCannotFill(t *testing.T) {
	p := NewPool(4, []int{2})
	for _, c := range []struct {
		parts []int
		n     int
	}{{[]int{0}, 3}, {[]int{1}, 3}, {[]int{0, 1}, 5}, {nil, 1}, {[]int{0}, 0}, {[]int{0}, -1}, {[]int{7}, 1}} {
		if got := p.Pick(c.parts, c.n); got != nil {
			t.Errorf("pick %d of parts %v: got %v, want nothing", c.n, c.parts, got)
		}
	}
	if got := p.Left([]int{0, 1, 7}); got != 4 {
		t.Errorf("%d left, want 4", got)
	}
}

func TestLastAndSubtract(t *testing.T) {
	held := []op.Taken{taken(1, 9, 2), taken(0, 1, 3)}
	for _, c := range []struct {
		n    int
		last []op.Taken
		rest []op.Taken
	}{
		{1, []op.Taken{taken(0, 3, 1)}, []op.Taken{taken(1, 9, 2), taken(0, 1, 2)}},
		{3, []op.Taken{taken(0, 1, 3)}, []op.Taken{taken(1, 9, 2)}},
		{4, []op.Taken{taken(0, 1, 3), taken(1, 10, 1)}, []op.Taken{taken(1, 9, 1)}},
		{5, []op.Taken{taken(0, 1, 3), taken(1, 9, 2)}, nil},
	} {
		last := Last(held, c.n)
		if !slices.Equal(last, c.last) {
			t.Errorf("last %d: got %v, want %v", c.n, last, c.last)
		}
		if rest, ok := subtract(held, last); !ok || !slices.Equal(rest, c.rest) {
			t.Errorf("without the last %d: got %v, want %v", c.n, rest, c.rest)
		}
	}
	if rest, ok := subtract(held, []op.Taken{taken(0, 2, 1)}); !ok || !slices.Equal(rest, []op.Taken{taken(1, 9, 2), taken(0, 1, 1), taken(0, 3, 1)}) {
		t.Errorf("from the middle: got %v", rest)
	}
	for _, wrong := range [][]op.Taken{{taken(0, 9, 1)}, {taken(1, 8, 2)}, {taken(0, 3, 2)}, {taken(0, 1, 1), taken(0, 1, 1)}, {taken(0, 1, 0)}} {
		if rest, ok := subtract(held, wrong); ok {
			t.Errorf("gave back %v, which is not held; %v left", wrong, rest)
		}
	}
}
