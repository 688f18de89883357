package jsoncheck

import (
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
		{"not JSON", `{"id":`, "(line 1): the document ends too early"},
		{"tail", `{} {}`, "(line 1): something follows the end of the document"},
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
