package scope

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type vector struct {
	Scope  string `json:"scope"`
	Table  string `json:"table"`
	ID     string `json:"id"`
	Seq    uint64 `json:"seq"`
	Body   string `json:"body"` // hex
	Bucket byte   `json:"bucket"`
	Sum    string `json:"sum"` // hex
}

// TestVectors compares with values that were worked out by another program
// (sha256sum): other languages read the same file.
func TestVectors(t *testing.T) {
	file, err := os.ReadFile("testdata/sums.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(file, &all); err != nil || len(all) < 4 {
		t.Fatalf("%d vectors, %v", len(all), err)
	}
	for _, v := range all {
		body, err := hex.DecodeString(v.Body)
		if err != nil {
			t.Fatal(err)
		}
		got := row(v.Scope, v.Table, v.ID, v.Seq, body)
		if b := Bucket(v.Table, v.ID); b != v.Bucket || hex.EncodeToString(got[:]) != v.Sum {
			t.Errorf("%s %s %s: bucket %d and sum %x, want %d and %s", v.Scope, v.Table, v.ID, b, got, v.Bucket, v.Sum)
		}
	}
}

// TestSum holds that the order of rows does not count, every part of a row does,
// and that the arithmetic is that of numbers of 128 bits.
func TestSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type one struct {
			table, id string
			seq       uint64
			body      []byte
		}
		text := rapid.StringN(1, 4, -1)
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) one {
			return one{text.Draw(t, "table"), text.Draw(t, "id"), rapid.Uint64().Draw(t, "seq"), rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "body")}
		}), 1, 20).Draw(t, "rows")
		var forward, backward, changed Sums
		want := new(big.Int)
		for _, r := range rows {
			forward.Add("s", r.table, r.id, r.seq, r.body)
			sum := row("s", r.table, r.id, r.seq, r.body)
			want.Add(want, new(big.Int).SetBytes(sum[:]))
		}
		at := rapid.IntRange(0, len(rows)-1).Draw(t, "changed")
		for i, r := range slices.Backward(rows) {
			backward.Add("s", r.table, r.id, r.seq, r.body)
			if i == at {
				r.body = append(bytes.Clone(r.body), 1)
			}
			changed.Add("s", r.table, r.id, r.seq, r.body)
		}
		want.Mod(want, new(big.Int).Lsh(big.NewInt(1), 128))
		total := forward.Total()
		if forward != backward || new(big.Int).SetBytes(total[:]).Cmp(want) != 0 {
			t.Fatalf("total %x, want %x; backwards the same: %v", total, want, forward == backward)
		}
		if bad := forward.Differ(&changed); len(bad) != 1 || bad[0] != Bucket(rows[at].table, rows[at].id) || total == changed.Total() {
			t.Fatalf("a changed row of bucket %d is seen in %d", Bucket(rows[at].table, rows[at].id), bad)
		}
		if again, ok := Parse(forward.Bytes()); !ok || again != forward {
			t.Fatal("sub-sums do not survive the wire")
		}
	})
	if _, ok := Parse(make([]byte, 4095)); ok {
		t.Error("half a sub-sum was read")
	}
}

func TestPositions(t *testing.T) {
	for i, p := range []Position{{}, After(4), {5, "a", "b"}, {5, "b", "a"}, {5, "b", "b"}, After(5)} {
		for j, q := range []Position{{}, After(4), {5, "a", "b"}, {5, "b", "a"}, {5, "b", "b"}, After(5)} {
			if p.Less(q) != (i < j) {
				t.Errorf("%v before %v: %v", p, q, p.Less(q))
			}
		}
	}
}

func TestRank(t *testing.T) {
	for name, want := range map[string]int{"fleet": 0, "member/m1": 0, "station/s": 0, "lease/k1": 0, "public": 1, "door": 2, "org/o": 2, "from a newer server": 2} {
		if got := Rank(name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}
