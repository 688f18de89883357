// Package pinyin knows how Chinese characters are read, and how the family names
// among them are, which have readings of their own (单 is Shan, not Dan).
package pinyin

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	spell "github.com/mozillazg/go-pinyin"
)

// asTyped takes the tones off, and writes ü as people type it.
var asTyped = strings.NewReplacer(
	"ā", "a", "á", "a", "ǎ", "a", "à", "a", "ē", "e", "é", "e", "ě", "e", "è", "e", "ê", "e", "ế", "e", "ề", "e", "ḿ", "m",
	"ī", "i", "í", "i", "ǐ", "i", "ì", "i", "ō", "o", "ó", "o", "ǒ", "o", "ò", "o", "ū", "u", "ú", "u", "ǔ", "u", "ù", "u",
	"üe", "ue", "ǖe", "ue", "ǘe", "ue", "ǚe", "ue", "ǜe", "ue", "üē", "ue", "üé", "ue", "üě", "ue", "üè", "ue",
	"ü", "v", "ǖ", "v", "ǘ", "v", "ǚ", "v", "ǜ", "v", "ń", "n", "ň", "n", "ǹ", "n")

// read holds the readings of characters that were asked for: a list of names asks for
// few characters, again and again.
var read sync.Map

// Readings gives the syllables of a character, the most usual one first and each
// once; none for what is no Chinese character. Nobody may change them.
func Readings(r rune) []string {
	if known, ok := read.Load(r); ok {
		return known.([]string)
	}
	entry, ok := spell.PinyinDict[int(r)]
	if !ok {
		return nil
	}
	var all []string
	for s := range strings.SplitSeq(entry, ",") {
		if s = asTyped.Replace(s); IsSyllable(s) && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	all = slices.Clip(all)
	read.Store(r, all)
	return all
}

// Sound is one character of a name: its readings, of which the first Usual ones
// are how it is really read there.
type Sound struct {
	Rune     rune
	Readings []string
	Usual    int
}

// Sounds reads a name: the family name by its own readings first and then by all
// others, because people type what they see. A word in Latin letters is one sound;
// dots, spaces and hyphens are none.
func Sounds(name string) []Sound {
	runes := []rune(strings.TrimSpace(name))
	all := make([]Sound, 0, len(runes))
	for i, own := range familyOf(runes) {
		all = append(all, sound(runes[i], own))
	}
	for i := len(all); i < len(runes); i++ {
		if end := word(runes, i); end > i {
			all = append(all, Sound{Rune: runes[i], Readings: []string{strings.ToLower(string(runes[i:end]))}, Usual: 1})
			i = end - 1
			continue
		}
		if readings := Readings(runes[i]); readings != nil {
			all = append(all, Sound{Rune: runes[i], Readings: readings, Usual: 1})
		}
	}
	return all
}

// sound puts readings before the others that a character has.
func sound(r rune, usual []string) Sound {
	s := Sound{Rune: r, Readings: slices.Clone(usual), Usual: len(usual)}
	for _, other := range Readings(r) {
		if !slices.Contains(usual, other) {
			s.Readings = append(s.Readings, other)
		}
	}
	return s
}

// word gives the end of the Latin word that begins at i, i if there is none.
func word(runes []rune, i int) int {
	for i < len(runes) && unicode.Is(unicode.Latin, runes[i]) {
		i++
	}
	return i
}
