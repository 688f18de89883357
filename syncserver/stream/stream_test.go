package stream_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/local"
	"yizhan/core/scope"
	"yizhan/core/wire"
)

// everything are the scopes of the tests, by rank.
var everything = []string{"fleet", "member/m", "public", "door", "org/o"}

// TestEveryLoss changes rows and scopes, flips rows at the device, forgets removed
// ones and cuts network and power at any moment: what the device shows of the
// scopes that it holds is at each moment what the server had at its cursor, and in
// the end it holds everything, and nothing else.
func TestEveryLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFeed()
		d := newDevice(t, f, everything...)
		d.old = rapid.IntRange(0, 3).Draw(t, "age") == 0
		d.distinct = d.old // such a device cannot keep two scopes with one row apart
		f.put("fleet", "hologram", "key", []byte("k"))
		d.connect()
		budget := rapid.IntRange(50, 800).Draw(t, "budget")
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			step(t, d, budget)
		}
		d.old = d.old && rapid.Bool().Draw(t, "stays old")
		d.connect()
		d.settle(budget)
		d.stream.Verify()
		d.settle(budget)
		equal(t, d)
	})
}

func step(t *rapid.T, d *device, budget int) {
	f := d.f
	pick := func(from ...string) string { return rapid.SampledFrom(from).Draw(t, "pick") }
	row := func() key {
		k := key{pick(everything...), pick(tables...), fmt.Sprint(rapid.IntRange(0, 6).Draw(t, "row"))}
		if d.distinct {
			k.id = k.scope + k.id
		}
		return k
	}
	switch pick("put", "put", "put", "remove", "op", "serve", "send", "send", "send", "deliver", "deliver", "deliver", "power", "lose", "scopes", "flip", "forget", "verify") {
	case "put":
		k := row()
		f.put(k.scope, k.table, k.id, bytes.Repeat([]byte{'a' + byte(f.seq%26)}, rapid.IntRange(0, 200).Draw(t, "size")))
	case "remove":
		f.remove(row())
	case "op":
		d.append(fmt.Sprint("op ", f.seq))
	case "serve":
		d.serve()
	case "send":
		d.send(budget)
	case "deliver":
		d.deliver(-1)
	case "power":
		d.deliver(rapid.IntRange(0, 3).Draw(t, "effects"))
	case "lose":
		d.old = d.old && rapid.Bool().Draw(t, "stays old")
		d.connect()
	case "scopes":
		if d.old {
			return // such a device has no way to hear of it
		}
		d.scopes = slices.DeleteFunc(slices.Clone(everything), func(name string) bool {
			return name != "fleet" && rapid.IntRange(0, 3).Draw(t, "without") == 0 // every device holds fleet
		})
		d.connect()
	case "flip":
		flip(t, d)
	case "forget":
		f.forget(rapid.Uint64Range(0, f.seq).Draw(t, "floor"))
	case "verify":
		d.stream.Verify()
	}
}

// flip spoils a row that the device holds.
func flip(t *rapid.T, d *device) {
	view := d.inView()
	keys := slices.SortedFunc(maps.Keys(view), func(a, b key) int { return bytes.Compare([]byte(fmt.Sprint(a)), []byte(fmt.Sprint(b))) })
	if len(keys) == 0 || d.old {
		return
	}
	k := rapid.SampledFrom(keys).Draw(t, "spoilt")
	if k.scope == "" {
		return
	}
	state, err := d.store.State()
	d.must(err)
	r, _, err := d.store.Get(k.table, k.id)
	d.must(err)
	c := local.Checkpoint{To: state.Cursor}
	if r.Body = append(bytes.Clone(r.Body), '!'); rapid.Bool().Draw(t, "lost") {
		c.Gone = []local.Row{r}
	} else {
		c.Rows = []local.Row{r}
	}
	held, err := d.store.Held()
	d.must(err)
	if slices.Contains(held.Scopes, k.scope) {
		d.must(d.store.Apply(c))
		d.broken = true
	}
}

// equal holds that both sides have the same in the end.
func equal(t *rapid.T, d *device) {
	if d.old {
		want := map[key]string{}
		for k, r := range d.f.rows {
			if slices.Contains(d.scopes, k.scope) && !r.Gone {
				rows := []wire.RowChange{r}
				d.must(sign(rows))
				want[key{"", k.table, k.id}] = fmt.Sprint(r.Seq, " ", string(rows[0].Body))
			}
		}
		if got := d.inView(); !maps.Equal(got, want) {
			t.Fatalf("device has\n%v\nserver\n%v", got, want)
		}
		return
	}
	held, err := d.store.Held()
	d.must(err)
	if !slices.Equal(held.Scopes, slices.Sorted(slices.Values(d.scopes))) || len(held.Staged) > 0 || held.Legacy {
		t.Fatalf("holds %+v, want %v", held, d.scopes)
	}
	sums, err := d.store.Sums()
	d.must(err)
	for _, name := range d.scopes {
		theirs := d.f.add(name)
		if sums[name] == nil {
			sums[name] = &scope.Sums{}
		}
		if *sums[name] != theirs {
			t.Fatalf("%s: rows are not those of the server, buckets %v", name, sums[name].Differ(&theirs))
		}
		delete(sums, name)
	}
	if len(sums) > 0 {
		t.Fatalf("rows of scopes that are not the device's: %v", slices.Collect(maps.Keys(sums)))
	}
	queue, err := d.store.Queue()
	d.must(err)
	if slices.Contains(d.scopes, "member/m") && len(queue) > 0 {
		t.Fatalf("%d ops are left in the outbox", len(queue))
	}
}

// TestCutAtEveryChunk cuts a bootstrap behind each chunk, and in the middle of
// one: the server goes on where the device has got to.
func TestCutAtEveryChunk(t *testing.T) {
	const rows, size, budget = 200, 100, 1000
	perChunk := budget / size
	for _, lost := range []bool{false, true} {
		for cut := 1; ; cut++ {
			f := newFeed()
			for i := range rows {
				f.put("door", "door", fmt.Sprintf("%04d", i), bytes.Repeat([]byte{'x'}, size))
			}
			d := newDevice(t, f, "fleet", "door")
			d.connect()
			chunks := 0
			for !d.stream.Idle() {
				d.send(budget)
				if chunks++; chunks == cut && lost { // on its way, and never stored
					d.connect()
				}
				d.deliver(-1)
				if chunks == cut {
					f.put("door", "door", "0000", []byte("changed meanwhile"))
					f.remove(key{"door", "door", "0001"})
					d.connect()
				}
			}
			if most := rows + perChunk + 2; d.rows > most {
				t.Fatalf("cut behind chunk %d (lost: %v): %d rows were sent, want at most %d", cut, lost, d.rows, most)
			}
			if got, err := d.store.Rows("door"); err != nil || len(got) != rows-1 && chunks >= cut {
				t.Fatalf("cut behind chunk %d: %d rows, %v", cut, len(got), err)
			}
			if chunks < cut {
				break
			}
		}
	}
}

// TestOwnRowsComeFirst: a large list keeps nobody from their own tickets, and what
// changes meanwhile comes through.
func TestOwnRowsComeFirst(t *testing.T) {
	f := newFeed()
	for i := range 100 {
		f.put("door", "door", fmt.Sprint(i), make([]byte, 100))
		f.put("public", "hologram", fmt.Sprint(i), make([]byte, 100))
	}
	f.put("member/m", "claim", "1", []byte("mine"))
	d := newDevice(t, f, everything...)
	d.connect()
	var taken []string
	for n := 0; !d.stream.Idle(); n++ {
		c := d.send(1000)
		d.deliver(-1)
		taken = append(taken, c.Take...)
		if c.More == slices.Contains(taken, "org/o") {
			t.Fatalf("chunk %d says more: %v, when the device holds %v", n, c.More, taken)
		}
		if _, ok, _ := d.store.Get("claim", "1"); !ok {
			t.Fatalf("chunk %d came before the device's own claim", n)
		}
		if n == 5 {
			f.put("member/m", "claim", "2", []byte("also mine"))
		}
		if _, ok, _ := d.store.Get("claim", "2"); n == 6 && !ok {
			t.Fatal("a change of a scope that is held waits for one that is not")
		}
	}
	if want := []string{"fleet", "member/m", "public", "door", "org/o"}; !slices.Equal(taken, want) {
		t.Fatalf("scopes came as %v, want %v", taken, want)
	}
}

// TestRepairIsSmall: one bad row brings its bucket, not its scope.
func TestRepairIsSmall(t *testing.T) {
	f := newFeed()
	for i := range 2000 {
		f.put("door", "hologram", fmt.Sprint(i), []byte("unknown to this program"))
	}
	d := newDevice(t, f, "fleet", "door")
	d.connect()
	d.settle(1 << 20)
	before := d.rows
	state, _ := d.store.State()
	d.must(d.store.Apply(local.Checkpoint{To: state.Cursor, Rows: []local.Row{
		{Scope: "door", Table: "hologram", ID: "7", Seq: 8, Body: []byte("flipped")}, {Scope: "door", Table: "hologram", ID: "no such row", Seq: 9, Body: []byte("made up")}}}))
	d.broken = true
	d.connect()
	d.settle(1 << 20)
	if r, _, _ := d.store.Get("hologram", "7"); string(r.Body) != "unknown to this program" {
		t.Errorf("row is %q", r.Body)
	}
	if _, ok, _ := d.store.Get("hologram", "no such row"); ok || f.repaired != 1 {
		t.Errorf("a row that nobody sent is there: %v; %d repairs", ok, f.repaired)
	}
	if sent := d.rows - before; sent == 0 || sent > 60 {
		t.Errorf("repair took %d rows of 2000", sent)
	}
}

// TestServerOf01 has a device of today take what the server of 0.1 sends, and then
// what one sends that names scopes.
func TestServerOf01(t *testing.T) {
	file, err := os.ReadFile("../../core/wire/testdata/session-0.1.json")
	if err != nil {
		t.Fatal(err)
	}
	var frames []struct{ Name, Hex string }
	if err := json.Unmarshal(file, &frames); err != nil {
		t.Fatal(err)
	}
	f := newFeed()
	d := newDevice(t, f, "fleet", "public")
	d.old = true
	d.connect()
	for _, one := range frames[:2] {
		frame, err := hex.DecodeString(one.Hex)
		if err != nil {
			t.Fatal(err)
		}
		d.do(d.session.Frame(frame, 0))
	}
	held, err := d.store.Held()
	d.must(err)
	state, err := d.store.State()
	d.must(err)
	if _, ok, _ := d.store.Get("hologram", "1"); !ok || !held.Legacy || len(held.Scopes) > 0 || state.Cursor != 7 {
		t.Fatalf("after the older server at %d: %+v, row of an unknown table: %v", state.Cursor, held, ok)
	}
	f.seq = 7
	f.put("public", "door", "1", []byte("new"))
	d.old = false
	d.connect()
	d.settle(1000)
	held, err = d.store.Held()
	d.must(err)
	if _, ok, _ := d.store.Get("hologram", "1"); ok || held.Legacy || !slices.Equal(held.Scopes, d.scopes) {
		t.Errorf("after the newer one: %+v, row that it does not have: %v", held, ok)
	}
}
