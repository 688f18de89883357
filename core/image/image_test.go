package image_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/image"
	"yizhan/core/image/imagetest"
)

type name string

// node is of everything that a state is made of.
type node struct {
	word   name
	flag   bool
	skip   bool `image:"-"`
	small  int8
	number int
	ratio  float64
	hash   [3]byte
	words  []string
	raw    []byte
	pairs  []pair
	nested [][]*node
	next   *node
	inner  *pair // of another node, or of this
	own    pair
	byName map[name]*node
	counts map[pair]int
	maps   map[string]map[string]bool
	page   *[3]*node
	form   *compiled
	extra
	cache func() `image:"-"`
}

type pair struct {
	a, b int32
}

type extra struct{ more string }

// compiled stands for what cannot be written.
type compiled struct {
	source string
	fn     func() string
}

func compile(s *string) (*compiled, error) {
	switch *s {
	case "bad":
		return nil, errors.New("it does not compile")
	case "fault":
		panic("a fault of the program")
	}
	text := *s
	return &compiled{text, func() string { return text }}, nil
}

var planned = sync.OnceValues(func() (*image.Plan, error) {
	return image.For[node](image.As(func(c *compiled) *string { return &c.source }, compile), image.Inside[pair, node]())
})

func plan(t interface{ Fatal(...any) }) *image.Plan {
	p, err := planned()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func written(t testing.TB, n *node) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := plan(t).Write(&b, n, []byte("label"), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t testing.TB, b []byte) (*node, error) {
	m, err := image.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	if string(m.Label) != "label" {
		return nil, fmt.Errorf("the label is %q", m.Label)
	}
	root, err := m.Read(plan(t))
	if err != nil {
		return nil, err
	}
	return root.(*node), nil
}

// anyGraph is a few nodes that point to each other at random.
func anyGraph(t *rapid.T) *node {
	all := make([]*node, rapid.IntRange(1, 8).Draw(t, "nodes"))
	for i := range all {
		all[i] = &node{}
	}
	one := rapid.Custom(func(t *rapid.T) *node {
		if i := rapid.IntRange(-2, len(all)-1).Draw(t, "node"); i >= 0 {
			return all[i]
		}
		return nil
	})
	text := rapid.OneOf(rapid.Just(""), rapid.Just("again"), rapid.String())
	anyPair := rapid.Custom(func(t *rapid.T) pair { return pair{rapid.Int32().Draw(t, "a"), rapid.Int32().Draw(t, "b")} })
	shared := map[name]*node{}
	for i, n := range all {
		*n = node{word: name(text.Draw(t, "word")), flag: rapid.Bool().Draw(t, "flag"), skip: true, small: rapid.Int8().Draw(t, "small"), number: rapid.Int().Draw(t, "number"),
			ratio: rapid.Float64Range(-1, 1).Draw(t, "ratio"), hash: [3]byte{byte(i), 1, 2}, words: rapid.SliceOfN(text, -1, 3).Draw(t, "words"), raw: rapid.SliceOf(rapid.Byte()).Draw(t, "raw"),
			pairs: rapid.SliceOfN(anyPair, -1, 3).Draw(t, "pairs"), next: one.Draw(t, "next"), own: anyPair.Draw(t, "own"),
			counts: rapid.MapOfN(anyPair, rapid.Int(), -1, 4).Draw(t, "counts"), extra: extra{text.Draw(t, "more")}, cache: func() {}}
		if rapid.Bool().Draw(t, "maps") {
			inside := map[string]bool{"x": true}
			n.maps = map[string]map[string]bool{"one": inside, "same": inside, "none": nil}
			n.byName = shared
			n.nested = [][]*node{{one.Draw(t, "in"), n}, {}, nil}
			n.page = &[3]*node{1: one.Draw(t, "on page")}
			n.form = &compiled{"source " + string(n.word), func() string { return "" }}
		}
		shared[n.word] = n
	}
	for _, n := range all {
		if o := one.Draw(t, "inner"); o != nil {
			n.inner = &o.own
		}
	}
	return all[0]
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := anyGraph(t)
		var b bytes.Buffer
		p := plan(t)
		if err := p.Write(&b, n, nil, nil); err != nil {
			t.Fatal(err)
		}
		m, err := image.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		if d := imagetest.Differ(n, got); d != "" {
			t.Fatal(d)
		}
		if g := got.(*node); g.skip || g.cache != nil || g.form != nil && g.form.fn() != g.form.source {
			t.Fatalf("read %+v", g)
		}
	})
}

// Many things are read in many pieces, by several readers.
func TestManyThings(t *testing.T) {
	n := &node{byName: map[name]*node{}}
	for i := range 60_000 {
		word := name(fmt.Sprint("node ", i))
		n.byName[word] = &node{word: word, next: n, raw: bytes.Repeat([]byte{byte(i)}, i%100), nested: make([][]*node, i%7), words: []string{string(word), "same"}}
		n.nested = append(n.nested, []*node{n.byName[word]})
	}
	n.raw = bytes.Repeat([]byte("long"), 1<<16)
	got, err := read(t, written(t, n))
	if err != nil {
		t.Fatal(err)
	}
	if d := imagetest.Differ(n, got); d != "" {
		t.Fatal(d)
	}
	got.byName["node 7"].words = append(got.byName["node 7"].words, "more") // slices lie side by side, and have no room behind them
	got.byName["node 7"].raw = append(got.byName["node 7"].raw, 255)
	got.byName["node 7"].words = got.byName["node 7"].words[:2]
	got.byName["node 7"].raw = got.byName["node 7"].raw[:7]
	if d := imagetest.Differ(n, got); d != "" {
		t.Error("behind an append:", d)
	}
}

func TestDamageIsFound(t *testing.T) {
	n := &node{word: "one", byName: map[name]*node{"two": {word: "two"}}, raw: []byte("bytes"), form: &compiled{source: "s"}, words: []string{"a", ""}}
	n.next, n.inner = n.byName["two"], &n.own
	b := written(t, n)
	if _, err := read(t, b); err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] ^= 0x40
		if _, err := read(t, b); err == nil {
			t.Errorf("byte %d of %d was changed, and nobody saw it", i, len(b))
		}
		b[i] ^= 0x40
		if _, err := read(t, b[:i]); err == nil {
			t.Errorf("%d bytes of %d were taken for all", i, len(b))
		}
	}
	if _, err := read(t, append(b, 0)); !errors.Is(err, image.ErrDamaged) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestAnotherTypeIsRefused(t *testing.T) {
	type older struct{ A, B int }
	type newer struct{ A, C int }
	was, err := image.For[older]()
	if err != nil {
		t.Fatal(err)
	}
	is, err := image.For[newer]()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := was.Write(&b, &older{1, 2}, nil, nil); err != nil {
		t.Fatal(err)
	}
	m, err := image.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Read(is); !errors.Is(err, image.ErrOther) {
		t.Errorf("read as another type: %v", err)
	}
	if err := is.Write(&b, &older{}, nil, nil); err == nil {
		t.Error("wrote a type that the plan is not for")
	}
}

func TestWhatHasNoBytesIsRefused(t *testing.T) {
	type deep struct {
		OK   int
		List []struct{ call func() }
	}
	_, err := image.For[deep]()
	if err == nil || !strings.Contains(err.Error(), "call is a func") {
		t.Errorf("a func: %v", err)
	}
	if _, err := image.For[struct{ v any }](); err == nil {
		t.Error("an interface was taken")
	}
	if _, err := image.For[node](image.Inside[strings.Builder, node]()); err == nil {
		t.Error("inside what has no such field")
	}
	bad := written(t, &node{form: &compiled{source: "bad"}})
	if _, err := read(t, bad); err == nil || !strings.Contains(err.Error(), "compile") {
		t.Errorf("a form that cannot be made: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a fault of the program was taken for a whole image")
		}
	}()
	_, _ = read(t, written(t, &node{form: &compiled{source: "fault"}}))
}

func TestWritingIsGivenUp(t *testing.T) {
	n, asked := &node{counts: map[pair]int{}}, 0
	for i := range int32(100_000) {
		n.counts[pair{i, i}] = math.MaxInt
	}
	err := plan(t).Write(&bytes.Buffer{}, n, nil, func() bool { asked++; return asked == 3 })
	if !errors.Is(err, image.ErrStopped) || asked != 3 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	broken := errors.New("the disk is full")
	if err := plan(t).Write(failing{broken}, n, nil, nil); !errors.Is(err, broken) {
		t.Errorf("a full disk: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
