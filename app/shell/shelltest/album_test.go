package shelltest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// shown finds the pictures that docs/SCREENS.md shows.
var shown = regexp.MustCompile(`\]\(screens/([^)]+)\)`)

// TestScreensAreShown: docs/SCREENS.md shows each picture of docs/screens once, links
// lead somewhere, and a clone stays small.
func TestScreensAreShown(t *testing.T) {
	const docs = "../../../docs"
	var there []string
	total := int64(0)
	entries, err := os.ReadDir(filepath.Join(docs, "screens"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		there, total = append(there, e.Name()), total+info.Size()
	}
	if total > 6<<20 {
		t.Errorf("the pictures take %d bytes", total)
	}
	text, err := os.ReadFile(filepath.Join(docs, "SCREENS.md"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range shown.FindAllStringSubmatch(string(text), -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	for _, name := range there {
		if !slices.Contains(all, name) {
			t.Errorf("docs/SCREENS.md does not show %s: give it a sentence", name)
		}
	}
	for i, name := range all {
		if i > 0 && all[i-1] == name || !slices.Contains(there, name) {
			t.Errorf("docs/SCREENS.md shows %s, which is there twice or not at all", name)
		}
	}
}
