package album

import (
	"archive/zip"
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"yizhan/core/photo"
)

func taken(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, 300, 200)), nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// folder lays files out; their content is what a clerk's folder holds.
func folder(t *testing.T) string {
	t.Helper()
	dir, good := t.TempDir(), taken(t)
	var shot bytes.Buffer
	if err := png.Encode(&shot, image.NewGray(image.Rect(0, 0, 120, 120))); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{
		"yl001.JPG": good, "站点/YL002 门口.png": shot.Bytes(), "站点/仙桥驿站.jpeg": good, "南浦驿站.jpg": good, "YL005.jpg": good, "YL005-2.jpg": good,
		"YL0061.jpg": good, "YL007.jpg": []byte("这不是照片"), "YL008.heic": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"),
		"Thumbs.db": nil, ".DS_Store": nil, ".缓存/YL009.jpg": good,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var places = []Place{{"YL001", "科园站"}, {"YL002", "云鹭站"}, {"YL003", "仙桥驿站"}, {"YL004", "南浦驿站"}, {"YL005", "湖滨站"}, {"YL006", "渡口站"}, {"YL007", "织造站"}, {"YL008", "学堂站"},
	{"YL009", "北门站"}, {"YL010", "南浦驿站"}}

func TestMatch(t *testing.T) {
	a, err := Open(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	of, problems := a.Match(places, map[string]bool{})
	want := map[string]string{"YL001": "yl001.JPG", "YL002": "站点/YL002 门口.png", "YL003": "站点/仙桥驿站.jpeg", "YL007": "YL007.jpg", "YL008": "YL008.heic"}
	if len(of) != len(want) {
		t.Errorf("matched %v", of)
	}
	for s, name := range of {
		if want[string(s)] != name {
			t.Errorf("%s is shown by %s", s, name)
		}
	}
	said := strings.Join(problems, "\n")
	for _, words := range []string{"“南浦驿站.jpg”：有 2 个站点叫这个名称", "“YL0061.jpg”：没有叫这个编码或名称的站点", "YL005-2.jpg", "都是站点 YL005 的"} {
		if !strings.Contains(said, words) {
			t.Errorf("%q is not said in\n%s", words, said)
		}
	}
	if len(problems) != 3 {
		t.Errorf("%d problems:\n%s", len(problems), said)
	}
	if _, problems := a.Match(places, map[string]bool{"YL0061.jpg": true}); len(problems) != 2 {
		t.Errorf("what was used already is a problem: %q", problems)
	}
	for name, reason := range map[string]string{"yl001.JPG": "", "YL007.jpg": "不是 JPEG 或 PNG", "YL008.heic": "HEIC", "nothing.jpg": "找不到"} {
		b, err := a.Small(name)
		if reason == "" && (err != nil || photo.Check(b) != nil) || reason != "" && (err == nil || !strings.Contains(err.Error(), reason)) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	for cell, name := range map[string]string{"YL001.jpg": "yl001.JPG", "yl001": "yl001.JPG", "仙桥驿站": "站点/仙桥驿站.jpeg", `站点\YL002 门口.png`: "站点/YL002 门口.png", "没有": "", "": ""} {
		if got, err := a.Named(cell); got != name || (err == nil) != (name != "") {
			t.Errorf("the cell %q names %q, %v", cell, got, err)
		}
	}
}

// Windows packs Chinese names in the code page of the machine, Macs add files of their own.
func TestZip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "照片.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(`照片\仙桥驿站.jpg`)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []zip.FileHeader{{Name: gbk, NonUTF8: true}, {Name: "照片/YL001.jpg"}, {Name: "__MACOSX/照片/._YL001.jpg"}} {
		w, err := z.CreateHeader(&h)
		if err == nil {
			_, err = w.Write(taken(t))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	of, problems := a.Match(places, nil)
	if len(of) != 2 || of["YL003"] != "照片/仙桥驿站.jpg" || len(problems) != 0 {
		t.Errorf("%v, %q", of, problems)
	}
	if b, err := a.Small(of["YL003"]); err != nil || photo.Check(b) != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := Open(filepath.Join(folder(t), "yl001.JPG")); err == nil || !strings.Contains(err.Error(), "zip") {
		t.Errorf("a picture as a zip: %v", err)
	}
}
