package device

import (
	"strings"
	"testing"
	"time"
)

const code = "2KCEVAAAABBBBCCCCDDDD"

// feed types text with a pause between keys and gives the codes that came out.
func feed(w *Wedge, at *time.Time, text string, pause time.Duration) (codes []string) {
	for _, r := range text {
		*at = at.Add(pause)
		if c, ok := w.Rune(r, *at); ok {
			codes = append(codes, c)
		}
	}
	return codes
}

func TestWedge(t *testing.T) {
	fast := 2 * time.Millisecond
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"CR":                     {code + "\r", []string{code}},
		"LF":                     {code + "\n", []string{code}},
		"CR and LF":              {code + "\r\n", []string{code}},
		"tab":                    {code + "\t", []string{code}},
		"two in one burst":       {code + "\r\n" + code + "X\r\n", []string{code, code + "X"}},
		"lower case":             {strings.ToLower(code) + "\r", []string{strings.ToLower(code)}},
		"only ends":              {"\r\n\r\n", nil},
		"not ended yet":          {code, nil},
		"longer than any code":   {strings.Repeat("A", 2000) + "\r", []string{strings.Repeat("A", longest)}},
		"spaces around the code": {" " + code + " \r", []string{code}},
	} {
		var w Wedge
		at := time.Unix(1000, 0)
		if got := feed(&w, &at, c.text, fast); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestStrayKeysDoNotSpoilTheNextScan(t *testing.T) {
	var w Wedge
	at := time.Unix(1000, 0)
	feed(&w, &at, "asd", 100*time.Millisecond)
	at = at.Add(time.Second)
	if got := feed(&w, &at, code+"\r", time.Millisecond); len(got) != 1 || got[0] != code {
		t.Fatalf("got %q, want the scanned code alone", got)
	}
	feed(&w, &at, "q", time.Millisecond)
	at = at.Add(time.Second)
	if c, ok := w.Enter(at); ok {
		t.Fatalf("a stray key and a late Enter made the code %q", c)
	}
}

func TestSilenceEndsACodeWithoutEndKey(t *testing.T) {
	var w Wedge
	at := time.Unix(1000, 0)
	feed(&w, &at, code, time.Millisecond)
	if _, ok := w.Idle(at.Add(gap)); ok {
		t.Fatal("ended while keys may still come")
	}
	if c, ok := w.Idle(at.Add(gap + 1)); !ok || c != code {
		t.Fatalf("got %q %v after silence, want the code", c, ok)
	}
	feed(&w, &at, code, time.Millisecond)
	at = at.Add(time.Second)
	if got := feed(&w, &at, code+"\r", time.Millisecond); len(got) != 2 {
		t.Fatalf("two scans without end key between them gave %q", got)
	}
}

// A redraw holds keys up; they then come in bursts with pauses between.
func TestSlowScreen(t *testing.T) {
	var w Wedge
	at := time.Unix(1000, 0)
	if got := feed(&w, &at, code[:10], time.Millisecond); got != nil {
		t.Fatal(got)
	}
	at = at.Add(250 * time.Millisecond)
	if got := feed(&w, &at, code[10:]+"\r", time.Millisecond); len(got) != 1 || got[0] != code {
		t.Fatalf("got %q, want the whole code", got)
	}
}
