package boot

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"yizhan/app/device"
)

const decodeUsage = `usage: yizhan decode FILE…

For each PNG or JPEG picture, a line with its name and what the scanner reads from
it, or "-"; then how many were read, in what time.
`

// decode is the command decode: the scanner's reader over files. The exit code is 0
// if all were read, 1 if one was not, 2 after a wrong command line.
func decode(files []string, stdout, stderr io.Writer) int {
	if len(files) == 0 || strings.HasPrefix(files[0], "-") {
		fmt.Fprint(stderr, decodeUsage)
		if len(files) > 0 && (files[0] == "-h" || files[0] == "-help" || files[0] == "--help") {
			return 0
		}
		return 2
	}
	read, began := 0, time.Now()
	var searching time.Duration
	for _, file := range files {
		text, took, err := device.ReadPicture(file)
		searching += took
		switch {
		case err == nil:
			read++
			fmt.Fprintf(stdout, "%s\t%s\n", file, oneLine(text))
		case took > 0: // a picture, but no code in it
			fmt.Fprintf(stdout, "%s\t-\n", file)
		default:
			fmt.Fprintf(stdout, "%s\t-\t%s\n", file, oneLine(err.Error()))
		}
	}
	fmt.Fprintf(stdout, "%d of %d read in %v, of which %v searching\n", read, len(files), time.Since(began).Round(time.Millisecond), searching.Round(time.Millisecond))
	if read < len(files) {
		return 1
	}
	return 0
}

// oneLine writes what would break the line, or the terminal, as Go would.
func oneLine(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) < 0 {
		return text
	}
	return strconv.Quote(text)
}
