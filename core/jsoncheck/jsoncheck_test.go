package jsoncheck

import (
	"errors"
	"strings"
	"testing"
)

type inner struct {
	Total int `json:"total"`
}

type doc struct {
	ID    string         `json:"id"`
	Pools []inner        `json:"pools"`
	Any   any            `json:"any"`
	Map   map[string]int `json:"map"`
	Share *float64       `json:"share"`
	Flag  bool           `json:"flag"`
	Own   *own           `json:"own"`
	Words []word         `json:"words"`
}

// own reads itself, and finds its mistakes with paths of its own.
type own struct {
	Days int `json:"days"`
}

func (o *own) UnmarshalJSON(b []byte) error {
	type plain own
	return Decode(b, (*plain)(o))
}

// word reads itself, and knows no paths. As encoding/json asks, null changes nothing.
type word string

func (w *word) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if string(b) != `"yes"` {
		return errors.New("must be yes")
	}
	*w = "yes"
	return nil
}

func TestDecodeNamesEveryMistake(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"fits", `{"id":"a","pools":[{"total":1}],"any":{"x":[1]},"map":{"k":2},"share":1.5,"flag":true}`, ""},
		{"unknown key", "{\n\"pool\":[]}", `pool (line 2): unknown key (did you mean "pools"?)`},
		{"unknown key deep", "{\"pools\":[{\"total\":1},\n{\"totl\":1}]}", "pools[1].totl (line 2): unknown key"},
		{"wrong kind", `{"id":5,"pools":{"x":1},"flag":"yes"}`, "id (line 1): 5 stands where a string is meant\n" +
			"pools (line 1): an object stands where a list is meant\nflag (line 1): yes stands where true or false is meant"},
		{"not whole", `{"pools":[{"total":1.5}]}`, "pools[0].total (line 1): 1.5 stands where a whole number is meant"},
		{"twice", `{"id":"a","id":"b"}`, "id (line 1): this key stands twice"},
		{"map value", `{"map":{"k":"v"}}`, "map.k (line 1): v stands where a whole number is meant"},
		{"GBK", "{\n\"id\":\"\xb5\xe7\xd3\xb0\"}", "(line 2): not UTF-8; save the file as UTF-8"},
		{"byte order mark", "\ufeff{\"id\":5}", "(line 1): begins with a byte order mark; save it as UTF-8 without one (without BOM)\nid (line 1): 5 stands where a string is meant"},
		{"not JSON", `{"id":`, "(line 1): the document ends too early"},
		{"deep", `{"any":` + strings.Repeat("[", 98) + "1" + strings.Repeat("]", 98) + "}", ""},
		{"too deep", `{"any":` + strings.Repeat("[", 300_000), "(line 1): more than 100 levels stand inside each other"},
		{"tail", `{} {}`, "(line 1): something follows the end of the document"},
		{"reads itself", `{"own":{"days":2},"words":["yes", "yes"]}`, ""},
		{"reads itself, null", `{"own":null}`, ""},
		{"reads itself, key", "{\"own\":\n{\"days\":2,\n\"dys\":3}}", "own.dys (line 3): unknown key"},
		{"reads itself, kind", `{"own" : 5}`, "own (line 1): 5 stands where an object is meant"},
		{"reads itself, no paths", "{\"words\":[\"yes\",\n\"no\"]}", "words[1] (line 2): must be yes"},
		{"list for scalar", `{"id":["a"]}`, "id (line 1): a list stands where a string is meant"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d doc
			err := Decode([]byte(c.in), &d)
			switch {
			case c.want == "" && err != nil:
				t.Fatal(err)
			case c.want != "" && (err == nil || err.Error() != c.want):
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"a","pools":[{"total":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var d doc
		if err := Decode(data, &d); err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Fatal("an error without words")
		}
	})
}

// TestDecodeReadsOn holds that a value which refuses to read itself hides nothing
// that follows it.
func TestDecodeReadsOn(t *testing.T) {
	var d doc
	if err := Decode([]byte(`{"words":["yes","no",  7 ,"yes"],"own":{"dys":1},"id":"after"}`), &d); err == nil {
		t.Fatal("no mistake was found")
	}
	if d.ID != "after" || len(d.Words) != 4 || d.Words[3] != "yes" {
		t.Errorf("read %+v", d)
	}
}
