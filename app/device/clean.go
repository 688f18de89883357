package device

import (
	"net/url"
	"strings"
	"unicode"

	"yizhan/core/ticket"
)

// longest is the most bytes of a text that are looked at: two of our codes without an
// end between them. A symbol holds up to 4,296.
const longest = 2 * ticket.MaxText

// shortest is the fewest characters of Base32 that may be a code of ours.
const shortest = 16

// Clean gives the codes in what a scanner, a picture or a person gave, as they were
// when we made them: without control characters and spaces around it, full-width
// letters made narrow, Base32 in capitals, out of the link that carries it, and two
// tickets apart that came without an end between them. A text that is no code of
// ours comes back as it is, so that the page can say so; one without anything in it
// gives none.
func Clean(text string) []string {
	text = narrow(text)
	if len(text) > longest {
		text = strings.TrimSpace(strings.ToValidUTF8(text[:longest], "")) // not half a letter
	}
	switch {
	case text == "":
		return nil
	case strings.Contains(text, "://"):
		return []string{linked(text)}
	}
	return ticket.Split(capitals(text))
}

// narrow drops what is not a letter of any script, digit, sign or inner space, and
// makes full-width ASCII, which input methods type, plain.
func narrow(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u3000':
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text))
}

// linked gives our code in a link, or the link itself: its fragment, the value of
// a query field, or the last part of its path, whatever host the link names.
func linked(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	parts := []string{u.Fragment}
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	parts = append(parts, u.Path[strings.LastIndexByte(u.Path, '/')+1:])
	for _, part := range parts {
		if code := capitals(part); ticket.Whole(code) {
			return code
		}
	}
	return text
}

// capitals writes a text in capitals that may be a code of ours which a person, or a
// scanner with another keyboard layout, wrote small.
func capitals(text string) string {
	upper := strings.ToUpper(text)
	if len(text) < shortest || strings.Trim(upper, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return text
	}
	return upper
}
