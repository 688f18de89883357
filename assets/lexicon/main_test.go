package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	chars := file("chars", "4f60\n574f\n597d\n62df\n9a7f\n7ad9\n")
	dict := file("dict", "# head\n---\nname: x\n...\n你好\tni hao\t5\n拟好\tni hao\t9\n你\tni\t7\n坏好\thuai hao\t7\n坏\thuai\t7\n鼥\tba\t1\n")
	unfit := file("unfit", "# head\n坏\n")
	var out strings.Builder
	if err := run(dict, file("domain", "驿站\tyi zhan\t60\n你好\tni hao\t99\n"), unfit, chars, &out); err != nil {
		t.Fatal(err)
	}
	if want := "huai\t坏 7\nni\t你 7\nni hao\t你好 99 拟好 9\nyi zhan\t驿站 60\n"; out.String() != want {
		t.Errorf("made %q, want %q", out.String(), want)
	}
	for text, want := range map[string]string{"你好\tni\t5\n": ":1: every character", "你\tni\tx\n": ":1:", "你\tni\n": ":1: want word"} {
		if err := run(dict, file("domain", text), unfit, chars, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// Our own words are well formed.
func TestDomain(t *testing.T) {
	n := 0
	err := read("domain.txt", func(line string) error {
		n++
		return lexicon{shown: map[rune]bool{}, words: map[string]map[string]int{}}.word(line)
	})
	if err != nil || n < 40 {
		t.Errorf("%d words: %v", n, err)
	}
}
