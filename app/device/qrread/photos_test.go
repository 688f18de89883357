package qrread

import (
	"bufio"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPhotos reads the public set of photos of BoofCV, which is too large to be kept
// here: 536 of every sort of trouble, in folders that name it.
func TestPhotos(t *testing.T) {
	root := os.Getenv("QR_PHOTOS")
	if root == "" {
		t.Skip("set QR_PHOTOS to the folder qrcodes/detection of the BoofCV set to run it; docs/SCANNING.md has its last table")
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ read, all int }
	table := map[string]row{}
	var total row
	var longest, spent time.Duration
	for _, name := range files {
		if ext := strings.ToLower(filepath.Ext(name)); ext != ".jpg" && ext != ".png" {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		img, _, err := image.Decode(bufio.NewReader(f))
		if _ = f.Close(); err != nil { // it was only read
			t.Fatalf("%s: %v", name, err)
		}
		began := time.Now()
		found := Search(Grey(img), Patient)
		took := time.Since(began)
		spent, longest = spent+took, max(longest, took)
		kind := filepath.Base(filepath.Dir(name))
		r := table[kind]
		r.all++
		total.all++
		if found.Text != "" {
			r.read++
			total.read++
		}
		table[kind] = r
	}
	for _, kind := range slices.Sorted(maps.Keys(table)) {
		t.Logf("%-14s %3d of %3d", kind, table[kind].read, table[kind].all)
	}
	t.Logf("%-14s %3d of %3d, %.1f %%; %v a photo, %v the longest", "all", total.read, total.all, 100*float64(total.read)/float64(max(1, total.all)),
		spent/time.Duration(max(1, total.all)), longest)
	if total.read*100 < total.all*70 || total.all == 0 {
		t.Errorf("less than 70 %% are read")
	}
}
