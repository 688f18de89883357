package arbiter

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/image"
	"yizhan/core/image/imagetest"
)

// Restart goes on from an image, as a server does after a start. The mirror, which only
// reads the journal, says whether what is decided afterwards is still the same.
func (m *model) Restart(t *rapid.T) { m.s = reborn(t, m.s) }

// Restart goes on from an image.
func (x *exclusives) Restart(t *rapid.T) { x.s = reborn(t, x.s) }

// reborn is the state as its image gives it, which is like it in every field.
func reborn(t interface {
	Helper()
	Fatal(...any)
}, s *State) *State {
	t.Helper()
	var b bytes.Buffer
	if err := s.Save(&b, nil, nil); err != nil {
		t.Fatal(err)
	}
	m, err := image.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Load(m, s.zone)
	if err != nil {
		t.Fatal(err)
	}
	if d := imagetest.Differ(s, got); d != "" {
		t.Fatal(d)
	}
	if got.Digest() != s.Digest() {
		t.Fatal("the image has another digest")
	}
	return got
}

// TestWhatAnImageLeavesOut names the fields that are only memory: no decision may be
// another without them. A field that is added here must be made anew by Load, or be of
// no use after a start.
func TestWhatAnImageLeavesOut(t *testing.T) {
	var out []string
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(t.Elem())
		case reflect.Map:
			walk(t.Key())
			walk(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				if f := t.Field(i); f.Tag.Get("image") == "-" {
					out = append(out, t.Name()+"."+f.Name)
				} else {
					walk(f.Type)
				}
			}
		}
	}
	walk(reflect.TypeFor[State]())
	slices.Sort(out)
	want := []string{"State.hashes", "State.near", "State.next", "State.recent", "State.rooms", "State.run", "State.scratch", "State.seams", "State.zone",
		"act.askers", "person.recent"}
	if !slices.Equal(out, want) {
		t.Errorf("an image leaves out\n%v, and not\n%v", out, want)
	}
}
