// Package ime types Chinese by pinyin: a dictionary that is asked with letters, and
// the state of a keyboard that composes. It holds no screen; nothing that was typed
// is remembered, because many people use one kiosk.
package ime

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"yizhan/core/pinyin"
)

// Dict is a list of words by reading. The text that it was made of is kept as it
// is: a word is read out of it when it is asked for.
type Dict struct {
	text  string
	lines []uint32 // where each line begins, in order of reading
	total float64  // of all frequencies
	poor  bool     // single characters only
}

// Load takes what `make pinyin` made: lines of a reading ("ni hao"), a tab, and words
// and frequencies, in order. The error names the line that is none.
func Load(text string) (*Dict, error) {
	d := &Dict{text: text}
	for at, n := 0, 1; at < len(text); n++ {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) - at
		}
		line := text[at : at+end]
		reading, words, ok := strings.Cut(line, "\t")
		if !ok || reading == "" || strings.Count(words, " ")%2 == 0 {
			return nil, fmt.Errorf("read words: line %d is not a reading and its words", n)
		}
		if last := len(d.lines) - 1; last >= 0 && d.reading(last) >= reading {
			return nil, fmt.Errorf("read words: line %d is out of order", n)
		}
		d.lines = append(d.lines, uint32(at))
		at += end + 1
	}
	d.lines = slices.Clip(d.lines)
	for i := range d.lines {
		for _, weight := range d.words(i) {
			d.total += weight
		}
	}
	return d, nil
}

// Characters is what is there without such a list: the single characters that every
// Chinese font has, by their usual readings.
func Characters() *Dict {
	all := map[string]*strings.Builder{}
	for r := rune(0x4e00); r < 0x9fa6; r++ {
		for _, reading := range pinyin.Readings(r)[:min(1, len(pinyin.Readings(r)))] {
			if all[reading] == nil {
				all[reading] = &strings.Builder{}
			} else {
				all[reading].WriteByte(' ')
			}
			fmt.Fprintf(all[reading], "%c 1", r)
		}
	}
	var text strings.Builder
	for _, reading := range pinyin.Syllables {
		if all[reading] != nil {
			fmt.Fprintf(&text, "%s\t%s\n", reading, all[reading])
		}
	}
	d, err := Load(text.String())
	if err != nil { // it was written three lines above
		panic(err)
	}
	d.poor = true
	return d
}

// Poor reports whether only single characters are there.
func (d *Dict) Poor() bool { return d.poor }

func (d *Dict) reading(i int) string {
	rest := d.text[d.lines[i]:]
	return rest[:strings.IndexByte(rest, '\t')]
}

// words gives the words of a line and their frequencies, the most frequent first.
func (d *Dict) words(i int) func(yield func(string, float64) bool) {
	line := d.text[d.lines[i]:]
	if end := strings.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	_, line, _ = strings.Cut(line, "\t")
	return func(yield func(string, float64) bool) {
		for line != "" {
			var word, weight string
			word, line, _ = strings.Cut(line, " ")
			weight, line, _ = strings.Cut(line, " ")
			n, _ := strconv.Atoi(weight)
			if !yield(word, float64(n)) {
				return
			}
		}
	}
}

// from gives the first line whose reading is not before a text.
func (d *Dict) from(text string) int {
	n, _ := slices.BinarySearchFunc(d.lines, text, func(at uint32, text string) int {
		rest := d.text[at:]
		return cmp.Compare(rest[:strings.IndexByte(rest, '\t')], text)
	})
	return n
}

// Candidate is a word that may be meant by the first Letters of what was typed.
type Candidate struct {
	Text    string
	Letters int
	short   int // pieces that were not spelt out
	score   float64
}

// maxCandidates are more than anybody leafs through.
const maxCandidates = 120

// perSyllable raises longer words: who types all of 西安 rather means it than 现.
const perSyllable = 3

// Candidates gives what typed letters may mean: longest first, spelt out before
// initials, frequent before rare. Where no word takes all letters, the first one
// is put together of several. An apostrophe separates syllables; v is ü.
func (d *Dict) Candidates(typed string) []Candidate {
	cuts := split(typed)
	found := map[string]Candidate{}
	for _, cut := range cuts {
		d.match(cut, func(c Candidate) {
			if old, seen := found[c.Text]; !seen || better(c, old) < 0 {
				found[c.Text] = c
			}
		})
	}
	all := make([]Candidate, 0, len(found)+1)
	for _, c := range found {
		all = append(all, c)
	}
	slices.SortFunc(all, better)
	all = all[:min(len(all), maxCandidates)]
	if len(cuts) > 0 && len(all) > 0 && all[0].Letters < cuts[0].end() {
		if c, ok := d.sentence(cuts[0]); ok {
			all = slices.Insert(all, 0, c)
		}
	}
	return all
}

func better(a, b Candidate) int {
	return cmp.Or(cmp.Compare(b.Letters, a.Letters), cmp.Compare(a.short, b.short), cmp.Compare(b.score, a.score), cmp.Compare(a.Text, b.Text))
}

// match calls fn with every word that a cut begins with.
func (d *Dict) match(c cut, fn func(Candidate)) {
	if len(c) == 0 {
		return
	}
	first := c[0].letters
	for i := d.from(first); i < len(d.lines); i++ {
		reading := d.reading(i)
		if !strings.HasPrefix(reading, first) {
			return
		}
		n, short, ok := c.fits(reading)
		if !ok {
			continue
		}
		for word, weight := range d.words(i) {
			fn(Candidate{word, c[n-1].end, short, math.Log2(weight+1) + perSyllable*float64(n-1)})
		}
	}
}

// best gives the most frequent word of exactly these pieces.
func (d *Dict) best(c cut) (word string, weight float64) {
	prefix, _, _ := c.prefix()
	for i := d.from(prefix); i < len(d.lines); i++ {
		reading := d.reading(i)
		if !strings.HasPrefix(reading, prefix) {
			break
		}
		if n, _, ok := c.fits(reading); ok && n == len(c) {
			for w, f := range d.words(i) {
				if f >= weight {
					word, weight = w, f
				}
				break
			}
		}
	}
	return word, weight
}

// Limits of a sentence: words have at most 4 syllables, and few may be initials,
// because each of those is looked for among thousands.
const (
	maxWord   = 4
	maxShorts = 3
)

// sentence puts the likeliest words together that take all pieces of a cut.
func (d *Dict) sentence(c cut) (Candidate, bool) {
	short := c.shorts()
	if len(c) < 2 || short > maxShorts {
		return Candidate{}, false
	}
	texts, scores := make([]string, len(c)+1), make([]float64, len(c)+1)
	for end := 1; end <= len(c); end++ {
		scores[end] = math.Inf(-1)
		for start := max(0, end-maxWord); start < end; start++ {
			if word, weight := d.best(c[start:end]); word != "" {
				if s := scores[start] + math.Log2((weight+1)/d.total); s > scores[end] {
					scores[end], texts[end] = s, texts[start]+word
				}
			}
		}
	}
	return Candidate{texts[len(c)], c.end(), short, 0}, !math.IsInf(scores[len(c)], -1)
}
