package quota

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
)

// desk decides claims on a book as the arbiter does, one after the other.
type desk struct {
	t     failer
	book  *Book
	last  id.Ticket
	claim map[id.Ticket]*Claim
}

// asker is who stands at the desk: "m1/A" is m1 of organisation A.
type asker struct {
	who   string
	parts []int // nil is the rest alone
	guest bool
	child bool
}

// failer is what the desk needs of a test, of either kind.
type failer interface {
	Helper()
	Fatal(...any)
}

func newDesk(t failer, series Series, rules Rules) *desk {
	d := &desk{t: t, book: NewBook(series), claim: map[id.Ticket]*Claim{}}
	d.book.Rules = rules
	return d
}

func (d *desk) ask(a asker, pool, seats int) Answer {
	d.t.Helper()
	name, org, _ := strings.Cut(a.who, "/")
	if a.parts == nil {
		a.parts = []int{0}
	}
	f := Facts{Seats: seats, Eligible: true, Horizon: true, HasChild: a.child}
	d.book.Fill(&f, id.Member(name), id.Org(org), pool, a.parts, a.guest)
	got := d.book.Rules.Decide(f)
	if got.Outcome == op.Refused {
		return got
	}
	d.last++
	c := &Claim{Ticket: d.last, Member: id.Member(name), Org: id.Org(org), Pool: pool, Seats: got.Seats, Guest: a.guest, Parts: a.parts}
	switch got.Outcome {
	case op.Granted:
		c.State, c.Taken, c.Granted = op.ClaimGranted, d.book.Pools[pool].Pick(a.parts, got.Seats), uint64(d.last)
	case op.Waitlisted:
		c.State = op.ClaimWaitlisted
	case op.Entered:
		c.State = op.ClaimEntered
	}
	d.must(d.book.Add(c))
	d.claim[c.Ticket] = c
	return got
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err == nil {
		err = d.book.Check()
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// give gives seats of a claim back and walks the line; it returns who was promoted.
func (d *desk) give(c *Claim, seats int) []string {
	d.t.Helper()
	var taken []op.Taken
	if c.State == op.ClaimGranted {
		taken = Last(c.Taken, seats)
	}
	d.must(d.book.Drop(c, seats, taken, op.ClaimCancelled))
	return d.walk(c.Pool)
}

func (d *desk) walk(pool int) (promoted []string) {
	d.t.Helper()
	for i := 0; ; {
		place, taken, ok := d.book.Next(pool, i)
		if !ok {
			return promoted
		}
		c := d.book.Lines[pool][place]
		d.must(d.book.Promote(c, taken, uint64(d.last)))
		promoted, i = append(promoted, string(c.Member)), place
	}
}

// ask is one step of a story: who asks for how many, and what comes of it.
type ask struct {
	who  asker
	n    int
	want string // outcome or code, with the seats of a grant
}

func (a Answer) String() string {
	if a.Outcome == op.Refused {
		return a.Code.String()
	}
	return fmt.Sprint(a.Outcome, " ", a.Seats)
}

func TestBookStories(t *testing.T) {
	one := func(who string) asker { return asker{who: who} }
	front := func(who string) asker { return asker{who: who, parts: []int{1, 0}} }
	guest := func(who string) asker { return asker{who: who, guest: true} }
	for _, c := range []struct {
		name    string
		rules   Rules
		total   int
		asides  []int
		ceiling []int
		asks    []ask
		free    string
	}{
		{"total", Rules{}, 2, nil, nil, []ask{{one("a/X"), 1, "granted 1"}, {one("b/X"), 2, "sold_out"}, {one("b/X"), 1, "granted 1"}, {one("c/X"), 1, "sold_out"}}, ""},
		{"member limit counts all claims", Rules{Member: []Limit{{Max: 2}}}, 9, nil, nil, []ask{{one("a/X"), 1, "granted 1"}, {one("a/X"), 1, "granted 1"}, {one("a/X"), 1, "member_cap"}, {one("b/X"), 1, "granted 1"}}, "4-9"},
		{"member limit counts waiting seats", Rules{Member: []Limit{{Max: 2}}, Waitlist: true}, 1, nil, nil, []ask{{one("a/X"), 1, "granted 1"}, {one("a/X"), 1, "waitlisted 1"}, {one("a/X"), 1, "member_cap"}}, ""},
		{"member limit counts entered seats", Rules{Member: []Limit{{Max: 2}}, Enter: true}, 1, nil, nil, []ask{{one("a/X"), 2, "entered 2"}, {one("a/X"), 1, "member_cap"}}, "1"},
		{"organisation's limit", Rules{Org: []Limit{{Max: 2}}}, 9, nil, nil, []ask{{one("a/X"), 1, "granted 1"}, {one("b/X"), 1, "granted 1"}, {one("c/X"), 1, "org_cap"}, {one("d/Y"), 1, "granted 1"}}, "4-9"},
		{"organisation's limit counts waiting seats", Rules{Org: []Limit{{Max: 2}}, Waitlist: true}, 1, nil, nil, []ask{{one("a/X"), 1, "granted 1"}, {one("b/X"), 1, "waitlisted 1"}, {one("c/X"), 1, "org_cap"}}, ""},
		{"trim never cuts to a limit", Rules{Member: []Limit{{Max: 2}}, Trim: true}, 9, nil, nil, []ask{{one("a/X"), 3, "member_cap"}}, "1-9"},
		{"trim and the organisation's limit", Rules{Org: []Limit{{Max: 2}}, Trim: true}, 9, nil, nil, []ask{{one("a/X"), 3, "org_cap"}}, "1-9"},
		{"trim, then limit", Rules{Member: []Limit{{Max: 3}}, Trim: true}, 2, nil, nil, []ask{{one("a/X"), 3, "granted 2"}, {one("a/X"), 2, "member_cap"}, {one("a/X"), 1, "sold_out"}}, ""},
		{"set-aside first", Rules{}, 4, []int{2}, nil, []ask{{front("a/X"), 1, "granted 1"}, {one("b/X"), 2, "granted 2"}, {one("c/X"), 1, "sold_out"}, {front("d/X"), 1, "granted 1"}, {front("e/X"), 1, "sold_out"}}, " | "},
		{"set-aside, then the rest", Rules{}, 4, []int{1}, nil, []ask{{front("a/X"), 3, "granted 3"}}, "3 | "},
		{"trim takes both parts", Rules{Trim: true}, 3, []int{1}, nil, []ask{{front("a/X"), 9, "granted 3"}}, " | "},
		{"trim takes the rest alone", Rules{Trim: true}, 3, []int{1}, nil, []ask{{one("a/X"), 9, "granted 2"}}, " | 3"},
		{"guest share", Rules{}, 9, nil, []int{2}, []ask{{guest("a/X"), 2, "granted 2"}, {guest("b/X"), 1, "sold_out"}, {one("c/X"), 7, "granted 7"}}, ""},
		{"guest share of nothing", Rules{}, 9, nil, []int{0}, []ask{{guest("a/X"), 1, "sold_out"}}, "1-9"},
		{"guest share is no reservation", Rules{}, 3, nil, []int{2}, []ask{{one("a/X"), 3, "granted 3"}, {guest("b/X"), 1, "sold_out"}}, ""},
		{"guest share and set-aside", Rules{}, 9, []int{4}, []int{2}, []ask{{asker{who: "a/X", parts: []int{1, 0}, guest: true}, 2, "granted 2"}, {asker{who: "b/X", parts: []int{1, 0}, guest: true}, 1, "sold_out"}, {front("c/X"), 2, "granted 2"}}, "1-5 | "},
		{"guest share and trim", Rules{Trim: true}, 9, nil, []int{2}, []ask{{guest("a/X"), 5, "granted 2"}}, "3-9"},
		{"guest share and waitlist", Rules{Waitlist: true}, 9, nil, []int{2}, []ask{{guest("a/X"), 5, "waitlisted 5"}, {guest("b/X"), 2, "granted 2"}}, "3-9"},
		{"a guest's child", Rules{Member: []Limit{{Max: 1, MaxWithChild: 2}}}, 9, nil, []int{5}, []ask{{asker{who: "a/X", guest: true, child: true}, 2, "granted 2"}, {guest("b/X"), 2, "member_cap"}}, "3-9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, Series{}, c.rules)
			d.book.Open(c.total, c.asides)
			d.book.Ceiling = c.ceiling
			for i, a := range c.asks {
				if got := d.ask(a.who, 0, a.n).String(); got != a.want {
					t.Fatalf("%d: %s asks for %d: got %s, want %s", i, a.who.who, a.n, got, a.want)
				}
			}
			if got := d.book.Pools[0].String(); got != c.free {
				t.Errorf("free are %q, want %q", got, c.free)
			}
		})
	}
}

func TestSeriesSpansBooks(t *testing.T) {
	series := Series{}
	rules := Rules{Member: []Limit{{Max: 3}, {Max: 2, Series: "diy"}}}
	lamp, lipstick := newDesk(t, series, rules), newDesk(t, series, rules)
	other := newDesk(t, series, Rules{Member: []Limit{{Max: 2, Series: "other"}}})
	for _, d := range []*desk{lamp, lipstick, other} {
		d.book.Open(9, nil)
	}
	a := asker{who: "a/X"}
	for i, step := range []struct {
		d    *desk
		n    int
		want string
	}{{lamp, 1, "granted 1"}, {lipstick, 1, "granted 1"}, {lamp, 1, "series_cap"}, {lipstick, 1, "series_cap"}, {other, 2, "granted 2"}, {lamp, 3, "member_cap"}} {
		if got := step.d.ask(a, 0, step.n).String(); got != step.want {
			t.Fatalf("step %d: got %s, want %s", i, got, step.want)
		}
	}
	lamp.give(lamp.claim[1], 1)
	if got := lipstick.ask(a, 0, 1).String(); got != "granted 1" {
		t.Fatalf("after a seat of the series was given back: %s", got)
	}
	before := lipstick.book.Rules.Member
	lipstick.book.Rules.Member = []Limit{{Max: 3}, {Max: 2, Series: "other"}} // a revision moves it to another series
	lipstick.book.Recount(before)
	if series["diy"]["a"] != 0 || series["other"]["a"] != 4 {
		t.Errorf("after the move: %v", series)
	}
	sum := Series{}
	for _, d := range []*desk{lamp, lipstick, other} {
		d.book.Contribute(sum)
	}
	if sum["other"]["a"] != 4 || sum["diy"]["a"] != 0 {
		t.Errorf("the books say %v", sum)
	}
}

func TestWaitlistPromotesWhatFitsWhole(t *testing.T) {
	d := newDesk(t, Series{}, Rules{Waitlist: true})
	d.book.Open(4, []int{1})
	d.book.Ceiling = []int{1}
	d.ask(asker{who: "full/X"}, 0, 3)                                        // 1: all of the rest
	d.ask(asker{who: "front/X", parts: []int{1, 0}}, 0, 1)                   // 2: the set-aside
	d.ask(asker{who: "three/X"}, 0, 3)                                       // 3
	d.ask(asker{who: "guest/X", guest: true}, 0, 2)                          // 4: never fits under the ceiling
	d.ask(asker{who: "one/X"}, 0, 1)                                         // 5
	d.ask(asker{who: "aside/X", parts: []int{1, 0}}, 0, 1)                   // 6
	d.ask(asker{who: "late/X"}, 0, 1)                                        // 7
	if got := d.give(d.claim[2], 1); !slices.Equal(got, []string{"aside"}) { // the set-aside's seat goes back to it
		t.Fatalf("after a seat of the set-aside: %v", got)
	}
	if got := d.give(d.claim[1], 1); !slices.Equal(got, []string{"one"}) {
		t.Fatalf("after a seat of the rest: %v", got)
	}
	if got := d.give(d.claim[4], 1); got != nil { // a smaller wish, but no seat
		t.Fatalf("after a waiting claim shrank: %v", got)
	}
	if got := d.give(d.claim[1], 2); !slices.Equal(got, []string{"guest", "late"}) {
		t.Fatalf("after two seats: %v, three waits whole", got)
	}
	d.give(d.claim[3], 3)
	if len(d.book.Lines[0]) != 0 || d.book.Pools[0].Free() != 0 {
		t.Errorf("%d wait, %d are free", len(d.book.Lines[0]), d.book.Pools[0].Free())
	}
}

func TestBookRefusesWhatTheJournalCannotMean(t *testing.T) {
	fresh := func() (*desk, *Claim, *Claim) {
		d := newDesk(t, Series{}, Rules{Waitlist: true})
		d.book.Open(2, nil)
		d.ask(asker{who: "a/X"}, 0, 2)
		d.ask(asker{who: "b/X"}, 0, 1)
		return d, d.claim[1], d.claim[2]
	}
	for _, c := range []struct {
		name string
		do   func(b *Book, granted, waiting *Claim) error
	}{
		{"add to no pool", func(b *Book, _, _ *Claim) error { return b.Add(&Claim{Pool: 1, Seats: 1, State: op.ClaimEntered}) }},
		{"add to pool -1", func(b *Book, _, _ *Claim) error { return b.Add(&Claim{Pool: -1, Seats: 1, State: op.ClaimEntered}) }},
		{"add a claim without a state", func(b *Book, _, _ *Claim) error { return b.Add(&Claim{Seats: 1}) }},
		{"add a grant without serials", func(b *Book, _, _ *Claim) error { return b.Add(&Claim{Seats: 1, State: op.ClaimGranted}) }},
		{"add a grant of held serials", func(b *Book, g, _ *Claim) error {
			return b.Add(&Claim{Seats: 2, State: op.ClaimGranted, Taken: g.Taken})
		}},
		{"promote a granted claim", func(b *Book, g, _ *Claim) error { return b.Promote(g, g.Taken, 9) }},
		{"promote with held serials", func(b *Book, g, w *Claim) error { return b.Promote(w, []op.Taken{taken(0, 1, 1)}, 9) }},
		{"drop no seats", func(b *Book, g, _ *Claim) error { return b.Drop(g, 0, nil, op.ClaimCancelled) }},
		{"drop too many seats", func(b *Book, g, _ *Claim) error { return b.Drop(g, 3, g.Taken, op.ClaimCancelled) }},
		{"drop a grant without its serials", func(b *Book, g, _ *Claim) error { return b.Drop(g, 1, nil, op.ClaimCancelled) }},
		{"drop fewer serials than seats", func(b *Book, g, _ *Claim) error { return b.Drop(g, 2, []op.Taken{taken(0, 1, 1)}, op.ClaimCancelled) }},
		{"drop serials of nobody", func(b *Book, g, _ *Claim) error { return b.Drop(g, 1, []op.Taken{taken(0, 3, 1)}, op.ClaimCancelled) }},
		{"drop serials of a waiting claim", func(b *Book, _, w *Claim) error { return b.Drop(w, 1, []op.Taken{taken(0, 1, 1)}, op.ClaimCancelled) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, granted, waiting := fresh()
			if err := c.do(d.book, granted, waiting); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}

// TestCheckFindsWhatIsWrong breaks one counter at a time.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	for name, spoil := range map[string]func(*Book){
		"granted":       func(b *Book) { b.Pools[0].Granted++ },
		"total":         func(b *Book) { b.Pools[0].Total++ },
		"free":          func(b *Book) { b.Pools[0].parts[0].left-- },
		"part":          func(b *Book) { b.Pools[0].parts[0].left = 9 },
		"guests":        func(b *Book) { b.Guests[0]++ },
		"member":        func(b *Book) { b.Members["a"].Seats++ },
		"organisation":  func(b *Book) { b.Orgs["X"].Seats-- },
		"line":          func(b *Book) { b.Lines[0][0].State = op.ClaimCancelled },
		"claim's seats": func(b *Book) { b.Claims[0].Seats-- },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, Series{}, Rules{Waitlist: true})
			d.book.Open(3, nil)
			d.ask(asker{who: "a/X", guest: true}, 0, 2)
			d.ask(asker{who: "b/X"}, 0, 2)
			spoil(d.book)
			if d.book.Check() == nil {
				t.Error("nothing was found")
			}
		})
	}
}

func TestCancellable(t *testing.T) {
	for state, want := range map[op.ClaimState]fault.Code{
		op.ClaimNone: fault.Invalid, op.ClaimGranted: fault.None, op.ClaimWaitlisted: fault.None, op.ClaimEntered: fault.None,
		op.ClaimRedeemed: fault.Invalid, op.ClaimLapsed: fault.Invalid, op.ClaimCancelled: fault.Invalid, op.ClaimNotDrawn: fault.Invalid, op.ClaimReturned: fault.Invalid,
	} {
		if got := (&Claim{State: state}).Cancellable(); got != want {
			t.Errorf("state %d: got %v, want %v", state, got, want)
		}
	}
}

// TestDrawOrderCanBeRecomputed does it by hand, as docs/SCENARIOS.md says it.
func TestDrawOrderCanBeRecomputed(t *testing.T) {
	entrants := []id.Member{"李-1", "b", "c", "a", "m-1001"}
	type pair struct{ key, name string }
	var pairs []pair
	for _, m := range entrants {
		sum := sha256.Sum256(append(append([]byte("种子"), 0), m...))
		pairs = append(pairs, pair{hex.EncodeToString(sum[:]), string(m)})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	var want []string
	for _, p := range pairs {
		want = append(want, p.name)
	}
	sum := sha256.Sum256([]byte(strings.Join(want, "\n")))
	for range 5 {
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(entrants), func(i, j int) { entrants[i], entrants[j] = entrants[j], entrants[i] })
		given := slices.Clone(entrants)
		order, digest := DrawOrder("种子", entrants)
		var got []string
		for _, m := range order {
			got = append(got, string(m))
		}
		if !slices.Equal(got, want) || digest != hex.EncodeToString(sum[:]) || !slices.Equal(entrants, given) {
			t.Fatalf("got %v %s, want %v", got, digest, want)
		}
	}
	if order, digest := DrawOrder("x", nil); len(order) != 0 || digest != hex.EncodeToString(sha256.New().Sum(nil)) {
		t.Errorf("nobody: %v %s", order, digest)
	}
	if first, _ := DrawOrder("1", entrants); slices.Equal(first, must1(DrawOrder("2", entrants))) {
		t.Error("another seed gives the same order")
	}
}

func must1(order []id.Member, _ string) []id.Member { return order }

// BenchmarkWalkLongLine frees a pool for a line of 40,000 that is served whole.
func BenchmarkWalkLongLine(b *testing.B) {
	for range b.N {
		b.StopTimer()
		d := newDesk(b, Series{}, Rules{Waitlist: true})
		d.book.Open(1, nil)
		d.ask(asker{who: "full/X"}, 0, 1)
		for i := range 40_000 {
			c := &Claim{Ticket: id.Ticket(i + 2), Member: id.Member(fmt.Sprint("m", i)), Org: "X", Seats: 1, Parts: []int{0}, State: op.ClaimWaitlisted}
			if err := d.book.Add(c); err != nil {
				b.Fatal(err)
			}
		}
		if err := d.book.Pools[0].Resize(40_001, nil); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for i := 0; ; {
			place, taken, ok := d.book.Next(0, i)
			if !ok {
				break
			}
			if err := d.book.Promote(d.book.Lines[0][place], taken, 1); err != nil {
				b.Fatal(err)
			}
			i = place
		}
	}
}

// BenchmarkWalkBlockedLine gives back one seat that none of 40,000 waiting fits.
func BenchmarkWalkBlockedLine(b *testing.B) {
	d := newDesk(b, Series{}, Rules{Waitlist: true})
	d.book.Open(2, []int{1})
	for i := range 40_000 {
		if err := d.book.Add(&Claim{Ticket: id.Ticket(i + 2), Member: id.Member(fmt.Sprint("m", i)), Org: "X", Seats: 2, Parts: []int{0}, State: op.ClaimWaitlisted}); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for range b.N {
		if _, _, ok := d.book.Next(0, 0); ok {
			b.Fatal("one was promoted")
		}
	}
}
