package ticket

import (
	"strings"

	"github.com/fxamacker/cbor/v2"

	"yizhan/core/id"
)

// Whole reports whether a text in capitals has the form of a sealed code, from its
// first to its last character. It opens nothing.
func Whole(code string) bool {
	if !strings.HasPrefix(code, opening) {
		return false
	}
	signed, err := id.Alphabet.DecodeString(code)
	return err == nil && id.Alphabet.EncodeToString(signed) == code && cbor.Wellformed(signed) == nil
}

// Split puts codes apart that a scanner typed without an end between them; the same
// one twice is one. What is not made of whole codes alone comes back as it is.
func Split(text string) []string {
	codes := split(text)
	if len(codes) == 0 {
		return []string{text}
	}
	return codes
}

func split(text string) []string {
	if Whole(text) {
		return []string{text}
	}
	for at := 1; ; at++ {
		next := strings.Index(text[min(at, len(text)):], opening)
		if next < 0 {
			return nil
		}
		if at += next; !Whole(text[:at]) {
			continue // the letters of the opening inside a code
		}
		rest := split(text[at:])
		switch {
		case len(rest) == 0:
			return nil
		case rest[0] == text[:at]:
			return rest
		}
		return append([]string{text[:at]}, rest...)
	}
}
