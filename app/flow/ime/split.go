package ime

import (
	"cmp"
	"slices"
	"strings"

	"yizhan/core/pinyin"
)

// piece is one syllable of what was typed, or the beginning of one.
type piece struct {
	letters string
	whole   bool
	end     int // in what was typed
}

// cut is a way of reading what was typed.
type cut []piece

// maxCuts is how many ways are followed: xian is xian and xi'an.
const maxCuts = 4

func (c cut) end() int { return c[len(c)-1].end }

// shorts counts the pieces that are not spelt out.
func (c cut) shorts() (n int) {
	for _, p := range c {
		if !p.whole {
			n++
		}
	}
	return n
}

// prefix is what the readings of a cut begin with.
func (c cut) prefix() (text string, n int, ok bool) {
	var b strings.Builder
	for i, p := range c {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.letters)
		if !p.whole {
			return b.String(), i, false
		}
	}
	return b.String(), len(c), true
}

// fits reports whether a reading has the first n pieces, all of it, and how many of them are not spelt out.
func (c cut) fits(reading string) (n, short int, ok bool) {
	for reading != "" {
		if n == len(c) {
			return 0, 0, false
		}
		syllable, rest, _ := strings.Cut(reading, " ")
		switch p := c[n]; {
		case syllable == p.letters:
		case p.whole || !strings.HasPrefix(syllable, p.letters):
			return 0, 0, false
		default:
			short++
		}
		n, reading = n+1, rest
	}
	return n, short, true
}

// split gives the ways of reading typed letters that have the fewest beginnings, those
// of the fewest pieces first. What is no pinyin ends them.
func split(typed string) []cut {
	letters := strings.NewReplacer("ve", "ue").Replace(strings.ToLower(typed)) // lüe and nüe are typed both ways
	ways := make([][]cut, len(letters)+1)                                      // from each place on to the end
	ways[len(letters)] = []cut{nil}
	for at := len(letters) - 1; at >= 0; at-- {
		if letters[at] == '\'' {
			ways[at] = ways[at+1]
			continue
		}
		for n := 1; n <= pinyin.Longest && at+n <= len(letters); n++ {
			text := letters[at : at+n]
			whole := pinyin.IsSyllable(text)
			if strings.Contains(text, "'") || !whole && !begins(text, at+n == len(letters) || letters[at+n] == '\'') {
				continue
			}
			for _, rest := range ways[at+n] {
				ways[at] = append(ways[at], append(cut{{text, whole, at + n}}, rest...))
			}
		}
		slices.SortStableFunc(ways[at], func(a, b cut) int {
			return cmp.Or(cmp.Compare(a.shorts(), b.shorts()), cmp.Compare(len(a), len(b)))
		})
		ways[at] = ways[at][:min(len(ways[at]), maxCuts)]
	}
	return slices.DeleteFunc(ways[0], func(c cut) bool { return len(c) == 0 || c.shorts() > ways[0][0].shorts() })
}

// begins reports whether letters may stand for a syllable that begins with them: an
// initial anywhere, and more than that where the typing, or the piece, ends.
func begins(letters string, last bool) bool {
	if !last && len(letters) > 1 && letters != "zh" && letters != "ch" && letters != "sh" {
		return false
	}
	if !last && strings.ContainsAny(letters, "aeo") {
		return false
	}
	i, _ := slices.BinarySearch(pinyin.Syllables, letters)
	return i < len(pinyin.Syllables) && strings.HasPrefix(pinyin.Syllables[i], letters)
}
