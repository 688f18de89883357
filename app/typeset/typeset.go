// Package typeset breaks running text into lines the Chinese way, for screens and
// for paper. It knows no fonts: the caller measures.
package typeset

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Measure gives the width of a text on one line, in any unit.
type Measure func(string) float32

// tolerance is how far a line may stick out, because measured widths are rounded.
const tolerance = 0.5

// Lines breaks a text into lines of at most width: between any two Chinese
// characters, but never inside a number or a Latin word, never before a closing
// sign and never after an opening one. What is wider than a line on its own (a
// long code) is taken apart.
func Lines(text string, width float32, measure Measure) []string {
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		line, used := "", float32(0)
		for _, piece := range fitting(paragraph, width, measure) {
			w := measure(piece)
			if used+w > width+tolerance && line != "" {
				lines = append(lines, strings.TrimRight(line, " "))
				line, used = "", 0
				piece = strings.TrimLeft(piece, " ")
			}
			line, used = line+piece, used+w
		}
		lines = append(lines, line)
	}
	return lines
}

// Balanced is Lines with lines about equally long, for centred text: no single
// character is left over on the last. step is how finely it tries.
func Balanced(text string, width, step float32, measure Measure) []string {
	return tightened(text, width, step, measure, func([]string) bool { return true })
}

// Unwidowed is Lines with the last line never one or two characters short, where
// fewer on the lines before it can help that.
func Unwidowed(text string, width, step float32, measure Measure) []string {
	return tightened(text, width, step, measure, func(lines []string) bool {
		return utf8.RuneCountInString(lines[len(lines)-1]) <= 2
	})
}

// tightened makes lines narrower while somebody wants it and no line is added. It
// takes nothing apart that has to stay on one line.
func tightened(text string, width, step float32, measure Measure, wanted func([]string) bool) []string {
	lines := Lines(text, width, measure)
	if len(lines) < 2 || step <= 0 {
		return lines
	}
	least := width / 2
	for _, piece := range pieces(text, moment) {
		least = max(least, measure(piece))
	}
	for narrow := width - step; narrow > least && wanted(lines); narrow -= step {
		tighter := Lines(text, narrow, measure)
		if len(tighter) > len(lines) {
			break
		}
		lines = tighter
	}
	return lines
}

// Cut keeps at most n lines; what is left out shows as "…". No n is any number.
func Cut(lines []string, n int, width float32, measure Measure) []string {
	if n <= 0 || len(lines) <= n {
		return lines
	}
	lines = lines[:n]
	last := []rune(lines[n-1])
	for len(last) > 0 && measure(string(last)+"…") > width {
		last = last[:len(last)-1]
	}
	lines[n-1] = string(last) + "…"
	return lines
}

// fitting gives the pieces of a paragraph, those wider than a line taken apart: a
// moment between day and time, all else anywhere.
func fitting(paragraph string, width float32, measure Measure) []string {
	var out []string
	for _, piece := range pieces(paragraph, moment) {
		if measure(piece) <= width {
			out = append(out, piece)
			continue
		}
		for _, part := range pieces(piece, never) {
			if measure(part) <= width {
				out = append(out, part)
			} else {
				out = append(out, strings.Split(part, "")...)
			}
		}
	}
	return out
}

const (
	closing = "，。、；：？！）》」』】〕”’…％%,.;:?!)]}"
	opening = "（《「『【〔“‘([{"
	counted = "年月日时分秒号楼层室张人位个条元米天" // stay with the number before them
)

// moment is a time as flow.Moment writes it: torn over two lines it is misread. So is an
// amount, with its blank before what is counted.
var moment = regexp.MustCompile(`(今天|明天|(\d+年)?\d+月\d+日(（周.）)?) ?(\d\d:\d\d)?|` +
	`\d+(\.\d+)? (公里|分钟|[` + counted + `])|` +
	`(today|tomorrow|\d+ (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)( \d{4})?)( \d\d:\d\d)`)

// never matches nothing.
var never = regexp.MustCompile(`[^\s\S]`)

// pieces splits a paragraph into what must stay on one line, and what whole matches
// with it.
func pieces(s string, whole *regexp.Regexp) []string {
	var out []string
	var before rune
	add := func(piece string) {
		first, _ := utf8.DecodeRuneInString(piece)
		last, _ := utf8.DecodeLastRuneInString(piece)
		if before != 0 && (strings.ContainsRune(closing, first) || strings.ContainsRune(opening, before) ||
			latin(before) && latin(first) || unicode.IsDigit(before) && strings.ContainsRune(counted, first)) {
			for len(out) > 1 && strings.TrimSpace(out[len(out)-1]) == "" { // a line begins without its blanks
				out = append(out[:len(out)-2], out[len(out)-2]+out[len(out)-1])
			}
			out[len(out)-1] += piece
		} else {
			out = append(out, piece)
		}
		before = last
	}
	for s != "" {
		at := whole.FindStringIndex(s)
		if at == nil {
			at = []int{len(s), len(s)}
		}
		for _, r := range s[:at[0]] {
			add(string(r))
		}
		if at[0] < at[1] {
			add(s[at[0]:at[1]])
		}
		s = s[at[1]:]
	}
	return out
}

func latin(r rune) bool {
	return r < 0x250 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-/.:_+@#~", r))
}
