// Command charset prints, one hexadecimal code point a line, the characters that
// the bundled Chinese font must have. hb-subset reads the list.
package main

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

func main() {
	unihan := flag.String("unihan", "/usr/share/unicode/Unihan_OtherMappings.txt.bz2",
		"Unihan file with the kTGH field (Debian: unicode-data)")
	flag.Parse()
	if err := run(os.Stdout, *unihan); err != nil {
		fmt.Fprintln(os.Stderr, "charset:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, unihan string) error {
	f, err := os.Open(unihan)
	if err != nil {
		return fmt.Errorf("open Unihan (apt-get install unicode-data): %w", err)
	}
	defer f.Close()
	table, err := standardTable(bzip2.NewReader(f))
	if err != nil {
		return fmt.Errorf("read %s: %w", unihan, err)
	}
	all := slices.Concat(plain(), gb2312(), table)
	slices.Sort(all)
	w := bufio.NewWriter(out)
	for _, r := range slices.Compact(all) {
		fmt.Fprintf(w, "%x\n", r)
	}
	return w.Flush()
}

// plain is ASCII, Latin letters with marks, and the punctuation and signs of Chinese text.
func plain() []rune {
	var rs []rune
	for _, span := range [][2]rune{{0x20, 0x7e}, {0xa0, 0xff}, {0x2010, 0x2027}, {0x2030, 0x203b}, {0x2460, 0x2473},
		{0x25a0, 0x25cf}, {0x3000, 0x301f}, {0xff01, 0xff5e}, {0xffe0, 0xffe6}} {
		for r := span[0]; r <= span[1]; r++ {
			rs = append(rs, r)
		}
	}
	return append(rs, '€', '℃', '№', '✓', '✗', '−', '→', '←', '↑', '↓', '〇', 0xfffd)
}

// gb2312 decodes every cell of the 94×94 table; empty cells have no character.
func gb2312() []rune {
	var rs []rune
	decoder := simplifiedchinese.GBK.NewDecoder()
	for hi := byte(0xa1); hi <= 0xf7; hi++ {
		for lo := byte(0xa1); lo <= 0xfe; lo++ {
			s, err := decoder.String(string([]byte{hi, lo}))
			if err != nil || strings.ContainsRune(s, '\ufffd') {
				continue
			}
			if r := []rune(s); len(r) == 1 && (r[0] < 0xe000 || r[0] > 0xf8ff) {
				rs = append(rs, r[0])
			}
		}
	}
	return rs
}

// standardTable reads the characters of 通用规范汉字表. Fewer than its 8,105 means a wrong file.
func standardTable(r io.Reader) ([]rune, error) {
	var rs []rune
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		field := strings.Split(lines.Text(), "\t")
		if len(field) < 3 || field[1] != "kTGH" {
			continue
		}
		code, err := strconv.ParseUint(strings.TrimPrefix(field[0], "U+"), 16, 32)
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", lines.Text(), err)
		}
		rs = append(rs, rune(code))
	}
	if len(rs) != 8105 {
		return nil, errors.Join(lines.Err(), fmt.Errorf("%d characters of the standard table, want 8105", len(rs)))
	}
	return rs, lines.Err()
}
