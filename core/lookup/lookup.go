// Package lookup finds people by what somebody types or says of them: Chinese,
// full pinyin, initials, or any mixture, and the last four digits of a phone. The
// same function serves staff at a desk, a kiosk's question, and the console.
package lookup

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strings"
	"unicode"

	"yizhan/core/id"
	"yizhan/core/pinyin"
)

// Query is what was typed, taken apart.
type Query struct {
	text []rune // Chinese characters and lower-case letters
	Tail string // the last four digits of a phone; empty where fewer were typed
}

// maxQuery is the most characters that are looked at: a name has fewer.
const maxQuery = 40

// asTyped brings all ways of typing ü to that of package pinyin.
var asTyped = strings.NewReplacer("üe", "ue", "Üe", "ue", "ÜE", "ue", "ve", "ue", "VE", "ue", "ü", "v", "Ü", "v")

// Parse takes apart what was typed: "lxh", "李xh", "lixiaohua 0001", "0001". Four
// digits or more are a phone, of which the last four count; other signs separate.
func Parse(typed string) Query {
	var q Query
	var digits []rune
	for _, r := range asTyped.Replace(typed) {
		if '０' <= r && r <= '９' || 'Ａ' <= r && r <= 'ｚ' {
			r -= 'Ａ' - 'A' // full width, as a Chinese input method types it
		}
		switch {
		case '0' <= r && r <= '9':
			digits = append(digits, r)
		case len(q.text) == maxQuery:
		case unicode.IsLetter(r):
			q.text = append(q.text, unicode.ToLower(r))
		}
	}
	if n := len(digits); n >= 4 {
		q.Tail = string(digits[n-4:])
	}
	return q
}

// Empty reports whether there is nothing to look for.
func (q Query) Empty() bool { return len(q.text) == 0 && q.Tail == "" }

// Named reports whether a name is looked for, or a part of one.
func (q Query) Named() bool { return len(q.text) > 0 }

// Letters counts the characters of the name that is looked for.
func (q Query) Letters() int { return len(q.text) }

// Name is a name that can be looked for.
type Name struct{ sounds []pinyin.Sound }

// masked is a character of a masked name, of which only the initial is known.
const masked = '*'

// NewName makes a name, masked ("李*华") or not. initials are those of the whole
// name as Initials gave them, which say what the stars may be; nil is unknown.
func NewName(name string, initials []string) Name {
	if !strings.ContainsRune(name, masked) {
		return Name{pinyin.Sounds(name)}
	}
	var sounds []pinyin.Sound
	plain := pinyin.Sounds(strings.ReplaceAll(name, string(masked), ""))
	at := 0
	for _, r := range name {
		switch {
		case r == masked:
			sounds = append(sounds, pinyin.Sound{Rune: masked, Readings: starting(initials, len(sounds))})
		case at < len(plain) && plain[at].Rune == r:
			sounds = append(sounds, plain[at])
			at++
		}
	}
	return Name{sounds}
}

// starting gives all syllables that begin as the n-th character may.
func starting(initials []string, n int) (all []string) {
	for _, s := range pinyin.Syllables {
		if slices.ContainsFunc(initials, func(word string) bool { return n < len(word) && strings.ToUpper(s[:1]) == word[n:n+1] }) {
			all = append(all, s)
		}
	}
	return all
}

// maxInitials bounds Initials: what is beyond are readings that nobody uses.
const maxInitials = 4

// Initials are the first letters of a name in capitals, as it is usually read and
// then as it might be: 单小华 is SXH, and DXH to whoever does not know. At most 4.
func (n Name) Initials() []string {
	if len(n.sounds) == 0 {
		return nil
	}
	words := []string{""}
	for _, s := range n.sounds {
		var letters [maxInitials]string // whoever has more would be cut off below
		found := letters[:0]
		for _, r := range s.Readings {
			if l := capital(r); !slices.Contains(found, l) && len(found) < len(letters) {
				found = append(found, l)
			}
		}
		longer := make([]string, 0, len(found)*len(words))
		for _, l := range found {
			for _, w := range words {
				longer = append(longer, w+l)
			}
		}
		words = longer[:min(len(longer), maxInitials)]
	}
	return words
}

// capital is the first letter of a reading.
func capital(reading string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if at := int(reading[0]) - 'a'; 0 <= at && at < len(letters) {
		return letters[at : at+1]
	}
	return strings.ToUpper(reading[:1])
}

// Rank says how well a name fits; 0 is not at all.
type Rank int

// What a fit is worth. A whole name is better than its beginning, Chinese or full
// pinyin better than initials, the usual reading better than another.
const (
	fits    Rank = 100
	whole   Rank = 40
	spelt   Rank = 4 // for each character
	unusual Rank = -3
	given   Rank = -60 // the family name was left out
)

// Match ranks a name. The tail is not looked at.
func (q Query) Match(n Name) Rank {
	best := Rank(0)
	if len(q.text) == 0 {
		return fits
	}
	for start := range min(len(n.sounds), 3) { // a family name has two characters at most
		r := fits
		if start > 0 {
			r += given
		}
		best = max(best, q.rest(n.sounds[start:], q.text, r))
	}
	return best
}

// Within ranks a query that may begin at any character of a name, as places are
// looked for: 爱心 in 仙桥广场爱心驿站. The further in, the less it is worth.
func (q Query) Within(n Name) Rank {
	best := Rank(0)
	for start := range n.sounds {
		if r := q.rest(n.sounds[start:], q.text, fits-Rank(min(start, 30))); r > best {
			best = r
		}
	}
	return best
}

// rest ranks what is left of the query against what is left of the name; 0 where
// it does not fit.
func (q Query) rest(sounds []pinyin.Sound, text []rune, so Rank) Rank {
	switch {
	case len(text) == 0 && len(sounds) == 0:
		return so + whole
	case len(text) == 0:
		return so
	case len(sounds) == 0:
		return 0
	}
	s := sounds[0]
	if text[0] == s.Rune || s.Rune == masked && unicode.Is(unicode.Han, text[0]) {
		return q.rest(sounds[1:], text[1:], so+spelt)
	}
	best := Rank(0)
	for i, reading := range s.Readings {
		worth := so
		if i >= s.Usual && s.Rune != masked {
			worth += unusual
		}
		for _, part := range parts(reading, text) {
			r := worth
			if part == len(reading) {
				r += spelt
			}
			best = max(best, q.rest(sounds[1:], text[part:], r))
		}
	}
	return best
}

// parts gives how many letters of the text may stand for a syllable: all of it, its
// initial, or as much as was typed so far.
func parts(reading string, text []rune) (lengths []int) {
	n := 0
	for n < len(reading) && n < len(text) && text[n] == rune(reading[n]) {
		n++
	}
	if n == 0 {
		return nil
	}
	lengths = append(lengths, 1)
	if n > 1 && reading[1] == 'h' {
		lengths = append(lengths, 2) // zh, ch, sh
	}
	if n > 1 && (n == len(reading) || n == len(text)) {
		lengths = append(lengths, n)
	}
	return lengths
}

// Mark is one byte that goes with a member's last four digits: the first of
// HMAC-SHA-256 of the digits under the member's id. One wrong number in 256 has the
// same, so that whoever steals a list learns next to nothing (docs/decisions/0019).
func Mark(m id.Member, lastFour string) []byte {
	mac := hmac.New(sha256.New, []byte("yizhan/last-four/1/"+m))
	mac.Write([]byte(lastFour))
	return mac.Sum(nil)[:1]
}

// Candidate is somebody who may be meant.
type Candidate struct {
	Member id.Member
	Name   Name
	Mark   []byte // of the last four digits; nil where they are not known
}

// Find gives the places in the list of those who fit, the best first, and otherwise
// in the order of the list. Whoever has no mark is not found by digits.
func Find(q Query, list []Candidate) []int {
	if q.Empty() {
		return nil
	}
	ranks := make([]Rank, len(list))
	var found []int
	for i, c := range list {
		if q.Tail != "" && (c.Mark == nil || string(c.Mark) != string(Mark(c.Member, q.Tail))) {
			continue
		}
		if ranks[i] = q.Match(c.Name); ranks[i] > 0 {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b int) int { return cmp.Compare(ranks[b], ranks[a]) })
	return found
}
