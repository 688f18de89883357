// Program lexicon makes the word list of the app's pinyin keyboard out of a Rime
// dictionary and the words of unions and stations.
package main

import (
	"bufio"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func main() {
	dict := flag.String("dict", "", "Rime dictionary (pinyin_simp.dict.yaml)")
	domain := flag.String("domain", "assets/lexicon/domain.txt", "words to put to it")
	unfit := flag.String("unfit", "assets/lexicon/unfit.txt", "parts of words that a public keyboard does not offer")
	chars := flag.String("chars", "", "what can be shown, as assets/charset lists it")
	flag.Parse()
	if err := run(*dict, *domain, *unfit, *chars, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "lexicon:", err)
		os.Exit(1)
	}
}

// lexicon holds the words of each reading, with their frequencies.
type lexicon struct {
	shown map[rune]bool
	unfit []string // parts of words that are left out
	words map[string]map[string]int
}

func run(dict, domain, unfit, chars string, out io.Writer) error {
	l := lexicon{shown: map[rune]bool{}, words: map[string]map[string]int{}}
	if err := read(chars, l.char); err != nil {
		return err
	}
	if err := read(unfit, func(part string) error { l.unfit = append(l.unfit, part); return nil }); err != nil {
		return err
	}
	for _, file := range []string{dict, domain} {
		if err := read(file, l.word); err != nil {
			return err
		}
	}
	return l.write(out)
}

// read calls fn with the lines of a file that are no comments.
func read(name string, fn func(string) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if line := strings.TrimSpace(lines.Text()); line != "" && line[0] != '#' {
			if err := fn(line); err != nil {
				return fmt.Errorf("%s:%d: %w", name, n, err)
			}
		}
	}
	return lines.Err()
}

// char takes a line of assets/charset.
func (l lexicon) char(line string) error {
	n, err := strconv.ParseUint(strings.TrimPrefix(line, "U+"), 16, 32)
	l.shown[rune(n)] = true
	return err
}

// word takes "word, tab, pinyin, tab, frequency"; the head of the dictionary has no tabs.
func (l lexicon) word(line string) error {
	fields := strings.Split(line, "\t")
	if len(fields) == 1 {
		return nil
	}
	if len(fields) != 3 {
		return errors.New("want word, pinyin and frequency")
	}
	weight, err := strconv.Atoi(fields[2])
	if err != nil {
		return err
	}
	for _, r := range fields[0] {
		if !l.shown[r] {
			return nil
		}
	}
	if utf8.RuneCountInString(fields[0]) > 1 && slices.ContainsFunc(l.unfit, func(part string) bool { return strings.Contains(fields[0], part) }) {
		return nil
	}
	if len(strings.Fields(fields[1])) != utf8.RuneCountInString(fields[0]) {
		return errors.New("every character has one syllable")
	}
	if l.words[fields[1]] == nil {
		l.words[fields[1]] = map[string]int{}
	}
	l.words[fields[1]][fields[0]] = max(l.words[fields[1]][fields[0]], weight)
	return nil
}

// write gives a line for each reading, in order: the reading, a tab, and its words
// with their frequencies, the most frequent first.
func (l lexicon) write(out io.Writer) error {
	w := bufio.NewWriter(out)
	var readings []string
	for r := range l.words {
		readings = append(readings, r)
	}
	slices.Sort(readings)
	for _, r := range readings {
		var words []string
		for word := range l.words[r] {
			words = append(words, word)
		}
		slices.SortFunc(words, func(a, b string) int {
			return cmp.Or(cmp.Compare(l.words[r][b], l.words[r][a]), cmp.Compare(a, b))
		})
		fmt.Fprint(w, r, "\t")
		for i, word := range words {
			if i > 0 {
				fmt.Fprint(w, " ")
			}
			fmt.Fprint(w, word, " ", l.words[r][word])
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
