package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Figures are values by benchmark and unit.
type Figures map[string]map[string]float64

// Add takes in other figures.
func (f Figures) Add(o Figures) {
	for name, metrics := range o {
		if f[name] == nil {
			f[name] = map[string]float64{}
		}
		for unit, v := range metrics {
			f[name][unit] = v
		}
	}
}

// File is what is committed.
type File struct {
	Taken   string  `json:"taken"` // date
	Machine string  `json:"machine"`
	Figures Figures `json:"figures"`
	Short   Figures `json:"short"` // of the short form, in units of the yardstick
}

// ReadFile reads committed figures; a file that is not there holds none.
func ReadFile(path string) (f File, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return File{Figures: Figures{}, Short: Figures{}}, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		return f, fmt.Errorf("read %s: %w", path, err)
	}
	return f, nil
}

// Write writes figures to be committed.
func (f File) Write(path string) error {
	data, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// line is one of Go's benchmarks: name, processors, runs, and values with their units.
var line = regexp.MustCompile(`(?m)^Benchmark(\S+?)(?:-\d+)?[ \t]+\d+[ \t]+(\S.*)$`)

// Parse finds the benchmark lines in what a command printed.
func Parse(out string) Figures {
	all := Figures{}
	for _, m := range line.FindAllStringSubmatch(out, -1) {
		fields := strings.Fields(m[2])
		for i := 0; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				all.Add(Figures{m[1]: {fields[i+1]: v}})
			}
		}
	}
	return all
}
