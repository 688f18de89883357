// Command figures runs the benchmarks and load commands of docs/PERFORMANCE.md and
// prints one table, with ratios to the committed figures (docs/figures.json).
//
//	figures [-only PATTERN]   runs them and prints the table
//	figures -write            also commits what was found: figures, document, plots
//	figures -short            CI's form: less than a minute, fails on a fall to below a third
//	figures -draw             only draws document and plots from the committed figures
//
// It is run from the module's root; `make bench` and `make figures` do so.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

const committed = "docs/figures.json"

func main() {
	only := flag.String("only", "", "run the commands that this `pattern` matches")
	write := flag.Bool("write", false, "write figures, document and plots")
	short := flag.Bool("short", false, "the short form, which fails on a fall to below a third")
	draw := flag.Bool("draw", false, "run nothing; write document and plots from the committed figures")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err == nil {
		switch {
		case *draw:
			var f File
			if f, err = ReadFile(committed); err == nil {
				err = publish(f)
			}
		case *short:
			err = check()
		default:
			err = measure(pattern, *write)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

// measure runs the full commands, and prints the table.
func measure(only *regexp.Regexp, write bool) error {
	old, err := ReadFile(committed)
	if err != nil {
		return err
	}
	now := File{Taken: time.Now().Format(time.DateOnly), Machine: machine(), Figures: Figures{}, Short: old.Short}
	server, remove, err := build()
	if err != nil {
		return err
	}
	defer remove()
	var failed error
	for _, s := range steps {
		if !only.MatchString(s.String()) {
			continue
		}
		got, err := s.run(server)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		now.Figures.Add(got)
	}
	fmt.Print(Table(now.Figures, old.Figures))
	if missing := Missing(now.Figures); only.String() == "" && len(missing) > 0 {
		failed = errors.Join(failed, fmt.Errorf("not measured: %s", strings.Join(missing, "; ")))
	}
	if !write {
		return failed
	}
	for name, metrics := range old.Figures { // what was not run stays
		if _, again := now.Figures[name]; !again {
			now.Figures[name] = metrics
		}
	}
	if only.String() == "" { // some commands alone say nothing about the short form
		if now.Short, err = shorts(server); err != nil {
			return errors.Join(failed, err)
		}
	}
	return errors.Join(failed, now.Write(committed), publish(now))
}

// check is the short form.
func check() error {
	old, err := ReadFile(committed)
	if err != nil {
		return err
	}
	server, remove, err := build()
	if err != nil {
		return err
	}
	defer remove()
	var fallen []string
	for range 2 { // a machine with other work may have a bad minute: what fell has a second try
		now, err := shorts(server)
		if err != nil {
			return err
		}
		var report string
		if report, fallen = Compare(now, old.Short); len(fallen) == 0 {
			fmt.Print(report)
			return nil
		}
		fmt.Print(report)
	}
	return fmt.Errorf("below a third of the committed figures: %v; see where the time goes (docs/HACKING.md), or say in the commit why it is so and run make figures", fallen)
}

// build makes the server's program.
func build() (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "figures-")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "syncserver")
	c := exec.Command("go", "build", "-o", path, "./syncserver")
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		return "", nil, errors.Join(fmt.Errorf("build the server: %w", err), os.RemoveAll(dir))
	}
	return path, func() { os.RemoveAll(dir) }, nil
}

func machine() string {
	return fmt.Sprintf("%d cores, %s, %s", runtime.NumCPU(), runtime.GOARCH, runtime.Version())
}

// publish writes the document's column of figures, and the plots.
func publish(f File) error {
	const document = "docs/PERFORMANCE.md"
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	if err := os.WriteFile(document, []byte(Fill(string(text), f)), 0o644); err != nil {
		return err
	}
	for _, p := range plots {
		svg := p.Draw(f.Figures)
		if svg == "" {
			continue // not measured yet
		}
		if err := os.WriteFile("docs/pictures/"+p.file, []byte(svg), 0o644); err != nil {
			return err
		}
	}
	return nil
}
