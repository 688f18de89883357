package load

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"text/tabwriter"
)

// Report is what one load command measured.
type Report struct {
	Name    string   `json:"name"` // of the line in the form of Go's benchmarks, as Storm/devices=10000
	Command string   `json:"command"`
	Machine string   `json:"machine"`
	Figures []Figure `json:"figures"`
	Notes   []string `json:"notes,omitempty"`
}

// Figure is one number of a report, with what it has to reach. Least or Most is 0
// where there is no such goal.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"` // one word; "x/s" is a rate, everything else a cost
	Least float64 `json:"least,omitempty"`
	Most  float64 `json:"most,omitempty"`
}

// NewReport begins a report of a command.
func NewReport(name, command string) *Report {
	return &Report{Name: name, Command: command, Machine: fmt.Sprintf("%d cores, %s, %s", runtime.GOMAXPROCS(0), runtime.GOARCH, runtime.Version())}
}

// Add adds a figure without a goal.
func (r *Report) Add(name string, value float64, unit string) {
	r.Figures = append(r.Figures, Figure{Name: name, Value: value, Unit: unit})
}

// AddLeast adds a figure that has to reach a goal, AddMost one that may not exceed it.
func (r *Report) AddLeast(name string, value float64, unit string, least float64) {
	r.Figures = append(r.Figures, Figure{Name: name, Value: value, Unit: unit, Least: least})
}

// AddMost adds a figure that may not exceed a goal.
func (r *Report) AddMost(name string, value float64, unit string, most float64) {
	r.Figures = append(r.Figures, Figure{Name: name, Value: value, Unit: unit, Most: most})
}

// Note adds a sentence below the table.
func (r *Report) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Met reports whether the figure reaches its goal; one without a goal does.
func (f Figure) Met() bool {
	return (f.Least == 0 || f.Value >= f.Least) && (f.Most == 0 || f.Value <= f.Most)
}

func (f Figure) goal() string {
	mark := "  met"
	if !f.Met() {
		mark = "  NOT met"
	}
	switch {
	case f.Least != 0:
		return "≥ " + number(f.Least) + mark
	case f.Most != 0:
		return "≤ " + number(f.Most) + mark
	}
	return ""
}

// number writes three digits or more, and never an exponent.
func number(v float64) string {
	digits := 0
	for at := v; at < 100 && at > -100 && at != 0 && digits < 4; at *= 10 {
		digits++
	}
	if v == float64(int64(v)) {
		digits = 0
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// Write prints the report as a table, or as JSON.
func (r *Report) Write(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	fmt.Fprintf(w, "%s (%s)\n", r.Command, r.Machine)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range r.Figures {
		fmt.Fprintf(t, "  %s\t%s %s\t%s\n", f.Name, number(f.Value), f.Unit, f.goal())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "  %s\n", n)
	}
	_, err := fmt.Fprintln(w, r.line())
	return err
}

// line gives the figures in the form that benchstat reads.
func (r *Report) line() string {
	line := "Benchmark" + r.Name + " 1"
	for _, f := range r.Figures {
		line += " " + number(f.Value) + " " + f.Unit
	}
	return line
}
