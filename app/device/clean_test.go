package device

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"yizhan/core/id"
	"yizhan/core/seal"
	"yizhan/core/ticket"
)

var ticketCode, otherCode = sealed(1024), sealed(99999)

func sealed(t id.Ticket) string {
	key, err := seal.Generate(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		panic(err)
	}
	code, err := ticket.Seal(key, ticket.Ticket{Deployment: 1, ID: t, Activity: 1, Seats: 1})
	if err != nil {
		panic(err)
	}
	return code
}

// wide is what a Chinese input method makes of typed ASCII.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r - '!' + '！'
		}
		return r
	}, s)
}

func TestClean(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"a ticket":                 {ticketCode, []string{ticketCode}},
		"lower case":               {strings.ToLower(ticketCode), []string{ticketCode}},
		"full width":               {wide(ticketCode) + "\u3000", []string{ticketCode}},
		"control characters":       {"\x02" + ticketCode[:9] + "\x00\u200b" + ticketCode[9:] + "\x03\r\n", []string{ticketCode}},
		"twice the same":           {ticketCode + ticketCode, []string{ticketCode}},
		"two":                      {ticketCode + strings.ToLower(otherCode), []string{ticketCode, otherCode}},
		"two of the longest":       {strings.Repeat("A", 500) + strings.Repeat("B", 500), []string{strings.Repeat("A", 500) + strings.Repeat("B", 500)}},
		"one and a half":           {ticketCode + otherCode[:50], []string{ticketCode + otherCode[:50]}},
		"our code in a path":       {"https://mp.weixin.qq.com/t/" + ticketCode, []string{ticketCode}},
		"our code in a query":      {"https://example.org/t?from=chat&c=" + strings.ToLower(ticketCode), []string{ticketCode}},
		"our code in a fragment":   {"HTTPS://EXAMPLE.ORG/T#" + ticketCode, []string{ticketCode}},
		"a link of somebody else":  {"https://u.wechat.com/EAbcDefGhijKlmnOp", []string{"https://u.wechat.com/EAbcDefGhijKlmnOp"}},
		"a link that does not end": {"https://[::1/%zz", []string{"https://[::1/%zz"}},
		"an invitation":            {"YZ1AAAABBBBWSS://HOST:8640", []string{"YZ1AAAABBBBWSS://HOST:8640"}},
		"a short code":             {" 2k7x-9 ", []string{"2k7x-9"}},
		"Chinese":                  {"驿站　欢迎", []string{"驿站 欢迎"}},
		"words":                    {"Hello, World", []string{"Hello, World"}},
		"nothing":                  {" \r\n\t\x00 ", nil},
		"bytes":                    {"\xff\xfe\xfd", nil},
	} {
		if got := Clean(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := Clean(strings.Repeat("三千字节", 1000)); len(got) != 1 || len(got[0]) > longest || !utf8.ValidString(got[0]) {
		t.Errorf("3 KB gave %q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add(ticketCode + otherCode)
	f.Add("https://example.org/t?c=" + ticketCode)
	f.Add("\xf0\x9f")
	f.Fuzz(func(t *testing.T, text string) {
		for _, code := range Clean(text) {
			if code == "" || len(code) > longest || !utf8.ValidString(code) {
				t.Fatalf("%q gave %q", text, code)
			}
			if again := Clean(code); len(again) != 1 || again[0] != code {
				t.Fatalf("%q gave %q, and that gave %q", text, code, again)
			}
		}
	})
}
