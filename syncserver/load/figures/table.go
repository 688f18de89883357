package main

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
)

// headline is a figure of the table.
type headline struct {
	row         int
	what        string
	name, unit  string  // a name may have a * for a number: where fewer devices had room, the most count
	least, most float64 // what was asked; 0 is nothing
	form        string  // in the document; "; " in front begins something else
}

var headlines = []headline{
	{1, "grants, 1,000 callers", "Grant1000/x1", "decisions/s", 300_000, 0, "%s/s"},
	{1, "grants, 1,000 callers: p99", "Grant1000/x1", "p99-ms", 0, 15, "p99 %s ms"},
	{1, "grants, 1,000 callers: of Redis", "Grant1000/redis", "peer-ratio", 2.5, 0, "%s × peer"},
	{2, "grants, 64 callers", "Grant64/x1", "decisions/s", 80_000, 0, "%s/s"},
	{2, "grants, 64 callers: p99", "Grant64/x1", "p99-ms", 0, 3, "p99 %s ms"},
	{2, "grants, 64 callers: of Redis", "Grant64/redis", "peer-ratio", 2.5, 0, "%s × peer"},
	{3, "premiere", "Premiere/x1", "decisions/s", 500_000, 0, "%s/s"},
	{3, "premiere: of Redis", "Premiere/redis", "peer-ratio", 1.5, 0, "%s × peer"},
	{4, "storm, press by press", "Storm/devices=10000", "answers/s", 20_000, 0, "%s/s press by press"},
	{4, "storm: p99", "Storm/devices=10000", "p99-s", 0, 1, "p99 %s s"},
	{4, "storm: of Redis", "Storm/devices=10000", "peer-ratio", 0, 0, "%s × peer"},
	{4, "storm, batches of 20", "Storm/devices=10000/batch=20", "answers/s", 40_000, 0, "; %s/s in batches of 20"},
	{5, "crowd: memory of a device", "Crowd/devices=*", "KiB/device", 0, 10, "%s KiB a device"},
	{5, "crowd: idle CPU", "Crowd/devices=*", "cpu-%", 0, 5, "%s %% of a core"},
	{5, "crowd: with TLS", "Crowd/devices=*/tls", "KiB/device", 0, 24, "; %s KiB with TLS"},
	{6, "fan-out: p99", "Fanout/devices=10000", "p99-ms", 0, 200, "p99 %s ms"},
	{7, "herd: all current", "Herd/devices=10000", "all-s", 0, 30, "%s s"},
	{7, "herd: at most resident", "Herd/devices=10000", "peak-MiB", 0, 0, "%s MiB at most"},
	{8, "tablet: usable", "Bootstrap/rows=100000", "tablet-usable-s", 0, 2, "tablet %s s"},
	{8, "tablet: on the wire", "Bootstrap/rows=100000", "tablet-MB", 0, 6, "%s MB"},
	{8, "tablet: the next one", "Bootstrap/rows=100000", "second-usable-s", 0, 2, "the next one %s s"},
	{8, "kiosk: usable", "Bootstrap/rows=100000", "kiosk-usable-s", 0, 2, "; kiosk %s s"},
	{8, "kiosk: on the wire", "Bootstrap/rows=100000", "kiosk-MB", 0, 3, "%s MB"},
	{8, "at 23 kbit/s: the first things", "Bootstrap/rows=100000", "slow-first-s", 0, 60, "; at 23 kbit/s %s s"},
	{9, "a phone's day", "Day", "day-KB", 0, 100, "%s KB"},
	{10, "city of 1,460,000: ready", "BigCity/members=1460000", "ready-s", 0, 5, "%s s"},
	{10, "city of 1,460,000: resident", "BigCity/members=1460000", "MiB", 0, 1536, "%s MiB"},
	{10, "city of 1,460,000: decisions, of a small one's", "City/big", "big/small", 0.8, 0, "; %s × row 1"},
	{11, "scan to verdict: p99", "Scan", "p99-ms", 0, 5, "p99 %s ms"},
	{11, "scan to verdict: half", "Scan", "p50-ms", 0, 0, "half %s ms"},
	{11, "scan to verdict: bare fsync, p99", "Scan", "fsync-p99-ms", 0, 0, "; bare fsync p99 %s ms"},
	{12, "roster of 43,000: rows read and checked", "Import43000", "rows/s", 8_600, 0, "%s rows/s"},
	{12, "roster of 43,000: heap", "Import43000", "peak-MB", 0, 300, "%s MB"},
}

// of finds the headline's value.
func (h headline) of(f Figures) (v float64, ok bool) {
	before, after, any := strings.Cut(h.name, "*")
	if !any {
		v, ok = f[h.name][h.unit]
		return v, ok
	}
	most := 0
	for name, metrics := range f {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(name, before), after))
		if one, has := metrics[h.unit]; has && err == nil && name == before+strconv.Itoa(n)+after && n > most {
			most, v, ok = n, one, true
		}
	}
	return v, ok
}

// Missing names the headlines without a figure.
func Missing(f Figures) (all []string) {
	for _, h := range headlines {
		if _, ok := h.of(f); !ok {
			all = append(all, h.what)
		}
	}
	return all
}

// rate reports whether more is better.
func rate(unit string) bool {
	return strings.HasSuffix(unit, "/s") || unit == "peer-ratio" || unit == "big/small"
}

// Gain is how much better a figure is than another: 2 is twice as fast, or half as dear.
func Gain(unit string, now, before float64) float64 {
	if rate(unit) {
		return now / before
	}
	return before / now
}

// Table prints all rows that were measured, with their gain over the committed ones.
func Table(now, old Figures) string {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "#\twhat\tnow\tunit\tcommitted\tgain\tasked\t")
	for _, h := range headlines {
		v, ok := h.of(now)
		if !ok {
			continue
		}
		before, gain := "–", "–"
		if o, ok := h.of(old); ok && o != 0 && v != 0 {
			before, gain = number(o), fmt.Sprintf("%.2f", Gain(h.unit, v, o))
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", h.row, h.what, number(v), h.unit, before, gain, h.asked(v))
	}
	t.Flush()
	for _, p := range plots {
		if worst, ok := p.growth(now); ok {
			fmt.Fprintf(&b, "growth of %s: %.2f times linear at worst\n", p.what, worst)
		}
	}
	return b.String()
}

// met reports whether a value is as good as was asked.
func (h headline) met(v float64) bool {
	return (h.least == 0 || v >= h.least) && (h.most == 0 || v <= h.most)
}

func (h headline) asked(v float64) (text string) {
	switch {
	case h.least > 0:
		text = "≥ " + number(h.least)
	case h.most > 0:
		text = "≤ " + number(h.most)
	}
	if !h.met(v) {
		text += " NOT met"
	}
	return text
}

// third is what the short form may fall to.
const third = 1.0 / 3

// Compare holds the short form against the committed one, and names what fell below a third.
func Compare(now, old Figures) (report string, fallen []string) {
	for _, q := range quick {
		before, v := old[q.name][q.unit], now[q.name][q.unit]
		if before == 0 || v == 0 {
			continue
		}
		gain := Gain(q.unit, v, before)
		report += fmt.Sprintf("%-22s %-20s %5.2f × committed\n", q.name, q.unit, gain)
		if gain < third {
			fallen = append(fallen, q.name)
		}
	}
	return report, fallen
}

// number writes three digits or more, thousands apart.
func number(v float64) string {
	digits := max(2-int(math.Floor(math.Log10(max(math.Abs(v), 0.01)))), 0)
	s := strconv.FormatFloat(v, 'f', digits, 64)
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest = strings.TrimRight(rest, "0"); rest != "" {
		whole += "." + rest
	}
	return whole
}

// row finds a row of the document's table; its fourth cell is what was measured.
var row = regexp.MustCompile(`(?m)^(\| (\d+) \|[^|]*\|[^|]*\|)([^|]*)(\|.*)$`)

// growth is where the document shows the plots.
var growth = regexp.MustCompile(`(?s)(<!-- plots -->\n).*(<!-- end of plots -->)`)

// Fill writes the figures into the document's table, bold where they are not what was
// asked, and below it the plots that can be drawn.
func Fill(text string, f File) string {
	shown := ""
	for _, p := range plots {
		if worst, ok := p.growth(f.Figures); ok {
			shown += fmt.Sprintf("\n![growth of %s](pictures/%s)\n\n%s: %s times what is in proportion, at worst.\n", p.what, p.file, strings.ToUpper(p.what[:1])+p.what[1:], number(worst))
		}
	}
	text = growth.ReplaceAllStringFunc(text, func(s string) string {
		m := growth.FindStringSubmatch(s)
		return m[1] + shown + m[2]
	})
	return row.ReplaceAllStringFunc(text, func(s string) string {
		m := row.FindStringSubmatch(s)
		cell := ""
		for _, h := range headlines {
			if v, ok := h.of(f.Figures); ok && strconv.Itoa(h.row) == m[2] {
				text, between := strings.CutPrefix(h.form, "; ")
				text = fmt.Sprintf(text, number(v))
				if !h.met(v) {
					text = "**" + text + "**"
				}
				if cell != "" {
					cell += map[bool]string{false: ", ", true: "; "}[between]
				}
				cell += text
			}
		}
		if cell == "" {
			return s
		}
		return m[1] + " " + cell + " " + m[4]
	})
}
