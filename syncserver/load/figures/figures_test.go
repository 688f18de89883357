package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got := Parse("goos: linux\nBenchmarkGrant1000/x1-2 \t 3000000\t 398.0 cpu-ns/op\t 412345 decisions/s\t 9.1 p99-ms\nload day (2 cores)\nBenchmarkDay 1 57.7 day-KB 7.03 idle-KB\nok  \tyizhan\t3s\n")
	for name, want := range map[string]struct {
		unit string
		v    float64
	}{"Grant1000/x1": {"decisions/s", 412345}, "Day": {"day-KB", 57.7}} {
		if v := got[name][want.unit]; v != want.v {
			t.Errorf("%s: %v, want %v", name, v, want.v)
		}
	}
	if len(got) != 2 || got["Grant1000/x1"]["p99-ms"] != 9.1 {
		t.Errorf("read %v", got)
	}
}

// TestFall: a cost of three times and a rate of a third are falls; the noise of a busy machine is none.
func TestFall(t *testing.T) {
	old := Figures{"Scan": {"cpu-ns/op": 100}, "Import43000": {"cpu-s": 4}}
	for _, c := range []struct {
		now    Figures
		fallen string
	}{
		{Figures{"Scan": {"cpu-ns/op": 180}, "Import43000": {"cpu-s": 2}}, ""},
		{Figures{"Scan": {"cpu-ns/op": 301}, "Import43000": {"cpu-s": 4}}, "Scan"},
		{Figures{"Scan": {"cpu-ns/op": 90}, "Import43000": {"cpu-s": 12.1}}, "Import43000"},
	} {
		if _, fallen := Compare(c.now, old); strings.Join(fallen, " ") != c.fallen {
			t.Errorf("%v: fallen are %v, want %q", c.now, fallen, c.fallen)
		}
	}
	if g := Gain("decisions/s", 100, 50); g != 2 {
		t.Errorf("twice the rate is a gain of %v", g)
	}
}

func TestTable(t *testing.T) {
	old, now := Figures{"Day": {"day-KB": 50}}, Figures{"Day": {"day-KB": 100.5}, "Scan": {"p99-ms": 4}}
	got := Table(now, old)
	for _, want := range []string{"a phone's day", "0.50", "≤ 100 NOT met", "≤ 5 "} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q:\n%s", want, got)
		}
	}
}

func TestFill(t *testing.T) {
	text := "| # | what | asked | measured | command |\n|---|---|---|---|---|\n| 9 | a day | ≤ 100 KB | | `load day` |\n| 7 | herd | 30 s | old | x |\n"
	got := Fill(text, File{Figures: Figures{"Day": {"day-KB": 57.71}}})
	if want := strings.Replace(text, "| ≤ 100 KB | |", "| ≤ 100 KB | 57.7 KB |", 1); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	shown := Fill("<!-- plots -->\nold\n<!-- end of plots -->\n", File{Figures: Figures{"Bootstrap/rows=10000": {"tablet-usable-s": 1}, "Bootstrap/rows=100000": {"tablet-usable-s": 5}, "Bootstrap/rows=1000000": {"tablet-usable-s": 110}}})
	if !strings.Contains(shown, "(pictures/growth-bootstrap.svg)") || !strings.Contains(shown, "1.1 times") || strings.Contains(shown, "old") || strings.Contains(shown, "grants") {
		t.Errorf("plots:\n%s", shown)
	}
	if again := Fill(got, File{Figures: Figures{"Day": {"day-KB": 57.71}}}); again != got {
		t.Errorf("twice:\n%s", again)
	}
}

// TestCell: of a crowd the largest counts, what began something else is set apart, and what was not reached is bold.
func TestCell(t *testing.T) {
	f := Figures{"Crowd/devices=300": {"KiB/device": 90}, "Crowd/devices=19900": {"KiB/device": 9.5, "cpu-%": 6}, "Crowd/devices=8000/tls": {"KiB/device": 20}, "Crowd/devices=x": {"KiB/device": 1}}
	if got, want := Fill("| 5 | crowd | little | | x |\n", File{Figures: f}), "| 5 | crowd | little | 9.5 KiB a device, **6 % of a core**; 20 KiB with TLS | x |\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if missing := strings.Join(Missing(f), "; "); strings.Contains(missing, "crowd") || !strings.Contains(missing, "a phone's day") {
		t.Errorf("missing are %s", missing)
	}
	if g := Gain("peer-ratio", 3, 2); g != 1.5 {
		t.Errorf("half as much again beside the peer is a gain of %v", g)
	}
}

// TestPlot: the file is well-formed, holds every value, and growth is measured against the first point.
func TestPlot(t *testing.T) {
	p := plots[2]
	f := Figures{"Bootstrap/rows=10000": {"tablet-usable-s": 0.2}, "Bootstrap/rows=100000": {"tablet-usable-s": 1.5}, "Bootstrap/rows=1000000": {"tablet-usable-s": 25}}
	svg := p.Draw(f)
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">200<", ">1,500<", ">25,000<", ">1,000,000<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the plot lacks %s", want)
		}
	}
	if worst, ok := p.growth(f); !ok || worst != 1.25 {
		t.Errorf("grows %v times linear, %v", worst, ok)
	}
	delete(f, "Bootstrap/rows=10000")
	if p.Draw(f) != "" {
		t.Error("a plot without its first point")
	}
}
