package device

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"yizhan/core/ticket"
)

const code = "2KCEVAAAABBBBCCCCDDDD"

// desk is a wedge whose codes are kept.
type desk struct {
	Wedge
	at    time.Time
	scans []Scan
}

func newDesk() *desk {
	d := &desk{at: time.Unix(1000, 0)}
	d.Open(func(s Scan) { d.scans = append(d.scans, s) })
	return d
}

// feed types text with a pause before each key and gives the codes that came out.
func (d *desk) feed(text string, pause time.Duration) (codes []string) {
	for _, r := range text {
		d.at = d.at.Add(pause)
		d.Rune(r, d.at)
	}
	return d.taken()
}

// quiet lets time pass and gives the codes that came out.
func (d *desk) quiet(t time.Duration) []string {
	d.at = d.at.Add(t)
	d.Idle(d.at)
	return d.taken()
}

func (d *desk) taken() (codes []string) {
	for _, s := range d.scans {
		codes = append(codes, s.Code)
	}
	d.scans = nil
	return codes
}

func TestWedge(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"CR":                     {code + "\r", []string{code}},
		"LF":                     {code + "\n", []string{code}},
		"CR and LF":              {code + "\r\n", []string{code}},
		"tab":                    {code + "\t", []string{code}},
		"two in one burst":       {code + "\r\n" + code + "X\r\n", []string{code, code + "X"}},
		"lower case":             {strings.ToLower(code) + "\r", []string{code}},
		"only ends":              {"\r\n\r\n", nil},
		"not ended yet":          {code, nil},
		"longer than any code":   {strings.Repeat("A", 2000) + "\r", []string{strings.Repeat("A", longest)}},
		"spaces around the code": {" " + code + " \r", []string{code}},
		"full width":             {wide(code) + "\r", []string{code}},
		"a lost key before":      {"\x00\x1b" + code + "\r", []string{code}},
		"glued together":         {ticketCode + otherCode + "\r", []string{ticketCode, otherCode}},
		"too short to be a code": {"ab\r", nil},
	} {
		if got := newDesk().feed(c.text, 2*time.Millisecond); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A symbol of 3 KB takes a scanner a while to type; what follows is not lost.
func TestLongSymbol(t *testing.T) {
	d := newDesk()
	got := d.feed(strings.Repeat("一二三四五六七八九十", 100)+"\r\n"+code+"\r\n", time.Millisecond)
	if len(got) != 2 || len(got[0]) > longest || !utf8.ValidString(got[0]) || got[1] != code {
		t.Fatalf("got %d codes, the last %q", len(got), got[len(got)-1])
	}
}

func TestStrayKeysDoNotSpoilTheNextScan(t *testing.T) {
	d := newDesk()
	d.feed("asd", 100*time.Millisecond)
	d.at = d.at.Add(time.Second)
	if got := d.feed(code+"\r", time.Millisecond); len(got) != 1 || got[0] != code {
		t.Fatalf("got %q, want the scanned code alone", got)
	}
	d.feed("q", time.Millisecond)
	if got := d.feed("\r", time.Second); got != nil {
		t.Fatalf("a stray key and a late Enter made %q", got)
	}
	d.feed("qwertz", 400*time.Millisecond)
	if got := d.feed("\r", 100*time.Millisecond); got != nil {
		t.Fatalf("stray keys and Enter made %q", got)
	}
}

func TestSilenceEndsACodeWithoutEndKey(t *testing.T) {
	d := newDesk()
	d.feed(code, time.Millisecond)
	if got := d.quiet(gap); got != nil {
		t.Fatal("ended while keys may still come")
	}
	if got := d.quiet(1); len(got) != 1 || got[0] != code {
		t.Fatalf("got %q after silence, want the code", got)
	}
	d.feed(code, time.Millisecond)
	d.at = d.at.Add(time.Second)
	if got := d.feed(code+"\r", time.Millisecond); len(got) != 2 {
		t.Fatalf("two scans without end key between them gave %q", got)
	}
}

// A redraw holds keys up; they then come in bursts with pauses between.
func TestSlowScreen(t *testing.T) {
	d := newDesk()
	if got := d.feed(code[:10], time.Millisecond); got != nil {
		t.Fatal(got)
	}
	d.at = d.at.Add(250 * time.Millisecond)
	if got := d.feed(code[10:]+"\r", time.Millisecond); len(got) != 1 || got[0] != code {
		t.Fatalf("got %q, want the whole code", got)
	}
}

// A person types a short code from a slip, at any speed, and it is told from a scan.
func TestShortCodeIsTyped(t *testing.T) {
	short := ticket.Short(123456)
	for _, pause := range []time.Duration{time.Millisecond, 100 * time.Millisecond, 900 * time.Millisecond} {
		d := newDesk()
		for _, r := range strings.ToLower(short[:3]) + "-" + short[3:] + "\r" {
			d.at = d.at.Add(pause)
			d.Rune(r, d.at)
			d.Idle(d.at.Add(pause / 2))
		}
		if len(d.scans) != 1 || d.scans[0].From != FromTyping {
			t.Fatalf("a key each %v gave %+v", pause, d.scans)
		}
		if n, err := ticket.ParseShort(d.scans[0].Code); err != nil || n != 123456 {
			t.Errorf("%q is ticket %d, %v", d.scans[0].Code, n, err)
		}
	}
}

func TestOnlyWhileOpen(t *testing.T) {
	d := newDesk()
	d.feed(code[:10], time.Millisecond)
	d.Close()
	d.feed(code+"\r", time.Millisecond)
	d.Open(func(s Scan) { d.scans = append(d.scans, s) })
	if got := d.feed(code+"\r", time.Millisecond); len(got) != 1 || got[0] != code {
		t.Fatalf("got %q, want what was scanned after Open", got)
	}
	d.Open(func(s Scan) {
		d.scans = append(d.scans, s)
		d.Close() // the page goes with its first code
	})
	if got := d.feed(ticketCode+otherCode+"\r", time.Millisecond); len(got) != 1 {
		t.Fatalf("a closed page took %q", got)
	}
}
