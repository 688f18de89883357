package wire

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"yizhan/core/fault"
	"yizhan/core/op"
)

// The document is what other clients are written from: where it and the code
// part, one of them is wrong.

func document(t *testing.T) string {
	t.Helper()
	b := must1[[]byte](t)(os.ReadFile("../../docs/PROTOCOL.md"))
	return string(b)
}

// section gives the text under a heading.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n## "+heading)
	if !ok {
		t.Fatalf("the document has no section %s", heading)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) && unicode.IsLower(rune(name[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// fieldsOf gives "4 last_op" for each field that has a key below limit.
func fieldsOf(v any, limit int) []string {
	var all []string
	for i := range reflect.TypeOf(v).NumField() {
		f := reflect.TypeOf(v).Field(i)
		var key int
		if n, _ := fmt.Sscanf(f.Tag.Get("cbor"), "%d,keyasint", &key); n == 1 && key < limit {
			all = append(all, fmt.Sprintf("%d %s", key, snake(f.Name)))
		}
	}
	return all
}

var field = regexp.MustCompile("`(\\d+ \\w+)\\??: ")

func wantFields(t *testing.T, what, text string, v any) {
	t.Helper()
	var got []string
	for _, m := range field.FindAllStringSubmatch(text, -1) {
		got = append(got, m[1])
	}
	if want := fieldsOf(v, 1<<30); !slices.Equal(got, want) {
		t.Errorf("%s: the document has %q, the code %q", what, got, want)
	}
}

func TestDocumentHasEveryMessageAndRow(t *testing.T) {
	tables := section(t, document(t), "6. ")
	line := func(start string) string {
		for l := range strings.Lines(tables) {
			if strings.HasPrefix(l, start) {
				return l
			}
		}
		t.Errorf("the document has no line %q", start)
		return ""
	}
	for _, m := range messages(t) {
		name := snake(reflect.TypeOf(m).Name())
		wantFields(t, name, line(fmt.Sprintf("| %d | %s |", m.Type(), name)), m)
	}
	for name, row := range rowValues() {
		table, _, _ := strings.Cut(name, "_") // a second vector of the same table
		if table != TableUsed {               // never crosses the wire
			wantFields(t, table, line("| "+table+" |"), reflect.ValueOf(row).Elem().Interface())
		}
	}
}

func TestDocumentHasEveryOpField(t *testing.T) {
	ops := section(t, document(t), "4. ")
	for _, f := range fieldsOf(op.Op{}, 32) {
		number, name, _ := strings.Cut(f, " ")
		if !strings.Contains(ops, "| "+number+" | "+name+" |") && !strings.Contains(ops, "| "+number+" | "+name+"? |") {
			t.Errorf("op field %q is not in the document", f)
		}
	}
	_, result, _ := strings.Cut(ops, "\nResult: ")
	wantFields(t, "result", strings.ReplaceAll(result, "\n", " "), op.Result{})
}

func TestDocumentHasEveryKindAndVersion(t *testing.T) {
	text := document(t)
	_, kinds, _ := strings.Cut(section(t, text, "4. "), "| kind | what |")
	for k := op.Kind(1); k < op.Tick; k++ {
		if found := strings.Contains(kinds, fmt.Sprintf("\n| %d | ", k)); found != (k.FromDevice() || k == op.Parted) { // that one is seen, never decided
			t.Errorf("op kind %d is in the document: %v, may come from a device: %v", k, found, k.FromDevice())
		}
	}
	if !strings.HasPrefix(text, fmt.Sprintf("# Yizhan protocol, versions %d to %d\n", MinVersion, MaxVersion)) {
		t.Errorf("the document's title does not name versions %d to %d", MinVersion, MaxVersion)
	}
}

func TestDocumentHasEveryCode(t *testing.T) {
	codes := strings.ReplaceAll(section(t, document(t), "7. "), "\n", " ")
	want := func(name fmt.Stringer, n int) bool {
		known := !strings.HasSuffix(name.String(), fmt.Sprintf("_%d", n))
		if known && !strings.Contains(codes, fmt.Sprintf(" %d %s", n, name)) {
			t.Errorf("%d %s is not in the document", n, name)
		}
		return known
	}
	for n := 1; want(fault.Code(n), n); n++ {
	}
	for n := 1; want(fault.Verdict(n), n); n++ {
	}
	for n := 1; want(fault.Kind(n), n); n++ {
	}
}

func TestDocumentHasTheLimits(t *testing.T) {
	text := strings.ReplaceAll(document(t), ",", "")
	for what, n := range map[string]int{"MaxRead": MaxRead, "MaxFrame": MaxFrame, "CompressMin": CompressMin, "MaxOps": MaxOps, "MaxOp": MaxOp, "MaxItems": MaxItems} {
		if !strings.Contains(text, fmt.Sprintf(" %d ", n)) && !strings.Contains(text, fmt.Sprintf("(%d ", n)) {
			t.Errorf("%s, %d, is not in the document", what, n)
		}
	}
	for _, context := range []string{SignChallenge, SignProof, SignEnrol, SignWipe, SignWiped} {
		if !strings.Contains(text, "`"+context+"`") {
			t.Errorf("context %s is not in the document", context)
		}
	}
}

var longHex = regexp.MustCompile(`(?m)^[0-9a-f]{24,}$`)

func TestDocumentExamplesAreVectors(t *testing.T) {
	known := map[string]bool{}
	for _, file := range []string{"testdata/messages.json", "testdata/transcripts.json"} {
		var all []vector
		if err := json.Unmarshal(must1[[]byte](t)(os.ReadFile(file)), &all); err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			known[v.Hex], known[v.Diag] = true, true
		}
	}
	example := section(t, document(t), "9. ")
	found := longHex.FindAllString(example, -1)
	if len(found) < 8 {
		t.Fatalf("the example has %d frames", len(found))
	}
	for _, h := range found {
		if !known[h] {
			t.Errorf("this is in no vector: %s", h)
		}
	}
	first := must1[[]byte](t)(hex.DecodeString(found[0]))
	if m, err := codec(t).Decode(first); err != nil || m.Type() != THello {
		t.Errorf("the example begins with %+v (%v)", m, err)
	}
	var chain op.Hash
	for _, o := range messages(t)["ops"].(Ops).Ops {
		if chain = op.Chain(chain, o); !strings.Contains(example, fmt.Sprintf("`%x`", chain)) {
			t.Errorf("chain hash %x is not in the example", chain)
		}
	}
}
