package boot

import (
	"os"
	"strings"
	"testing"

	"yizhan/core/qr"
)

func TestDecode(t *testing.T) {
	t.Chdir(t.TempDir())
	code, err := qr.PNG("https://example.org/enrol#一次\n一码", 4)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"good.png": code, "cut.png": code[:len(code)/2], "text.jpg": []byte("no picture"), "empty.png": nil} {
		if err := os.WriteFile(name, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		files []string
		code  int
		want  []string // beginnings of the lines
	}{
		{[]string{"good.png"}, 0, []string{"good.png\t\"https://example.org/enrol#一次\\n一码\"", "1 of 1 read in "}},
		{[]string{"missing.png", "cut.png", "text.jpg", "empty.png", ".", "good.png"}, 1, []string{"missing.png\t-\topen picture: ", "cut.png\t-\tread picture cut.png: ",
			"text.jpg\t-\tread picture text.jpg: ", "empty.png\t-\tread picture empty.png: ", ".\t-\tread picture", "good.png\t\"https", "1 of 6 read in "}},
		{nil, 2, nil},
		{[]string{"-x", "good.png"}, 2, nil},
		{[]string{"-h"}, 0, nil},
	} {
		var stdout, stderr strings.Builder
		if got := decode(c.files, &stdout, &stderr); got != c.code {
			t.Errorf("%q: exit code %d, want %d", c.files, got, c.code)
		}
		lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
		if c.want == nil {
			if stdout.Len() > 0 || !strings.Contains(stderr.String(), "usage: yizhan decode FILE") {
				t.Errorf("%q: %q, %q", c.files, stdout.String(), stderr.String())
			}
			continue
		}
		if len(lines) != len(c.want) {
			t.Fatalf("%q: %q", c.files, lines)
		}
		for i, line := range lines {
			if !strings.HasPrefix(line, c.want[i]) {
				t.Errorf("%q: line %q, want %q", c.files, line, c.want[i])
			}
		}
	}
}
