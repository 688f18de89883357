package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// step is one command that prints figures. "load" begins one of the server's program;
// folder stands for one that all steps share, and that goes with them.
type step []string

const folder = "DIR"

func (s step) String() string { return strings.Join(s, " ") }

// bench is a benchmark of a package.
func bench(pkg, pattern, times string) step {
	return step{"go", "test", pkg, "-run", "^$", "-bench", pattern, "-benchtime", times}
}

// steps are the commands of docs/PERFORMANCE.md, and those of its growth plots.
var steps = []step{
	bench("./syncserver/sequencer", "^BenchmarkGrant1000$", "2s"),
	bench("./syncserver/sequencer", "^BenchmarkGrant64$", "1s"),
	bench("./syncserver/sequencer", "^BenchmarkPremiere$", "5x"), // one storm is over in a quarter of a second
	{"load", "storm", "-devices", "1250", "-presses", "20"},
	{"load", "storm", "-devices", "2500", "-presses", "20"},
	{"load", "storm", "-devices", "5000", "-presses", "20"},
	{"load", "storm", "-devices", "10000", "-presses", "20"},
	{"load", "storm", "-devices", "10000", "-presses", "20", "-batch", "20"},
	{"load", "crowd", "-devices", "20000"},
	{"load", "crowd", "-devices", "20000", "-tls"},
	{"load", "fanout", "-devices", "10000"},
	{"load", "herd", "-devices", "10000"},
	{"load", "bootstrap", "-rows", "10000"},
	{"load", "bootstrap", "-rows", "100000", "-slow"},
	{"load", "bootstrap", "-rows", "1000000"},
	{"load", "day"},
	bench("./core/handover", "^BenchmarkScan$", "1000x"),
	bench("./syncserver/roster", "^BenchmarkImport43000$", "1x"),
	{"load", "bigcity", "-data", folder + "/city"},
	append(bench("./syncserver/sequencer", "^BenchmarkCity$", "1000000x"), "-city", folder+"/city"), // which the step before has built
}

// quick are the commands of the short form. Of their figures only processor time is
// compared, which other programs on the machine change little.
var quick = []struct {
	step
	name, unit string
}{
	{bench("./syncserver/sequencer", "^BenchmarkGrant1000$/^x1$", "200000x"), "Grant1000/x1", "cpu-ns/op"},
	{bench("./syncserver/sequencer", "^BenchmarkPremiere$/^x1$", "1x"), "Premiere/x1", "cpu-ns/op"},
	{step{"load", "storm", "-devices", "300", "-presses", "40"}, "Storm/devices=300", "server-cpu-s/1000"},
	{step{"load", "bootstrap", "-rows", "20000", "-tickets", "2000", "-activities", "100"}, "Bootstrap/rows=20000", "tablet-device-cpu-s"},
	{bench("./core/handover", "^BenchmarkScan$", "500x"), "Scan", "cpu-ns/op"},
	{bench("./syncserver/roster", "^BenchmarkImport43000$", "1x"), "Import43000", "cpu-s"},
}

// run runs a command, and reads what it measured. The server's program lies in the
// folder of the steps.
func (s step) run(server string) (Figures, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	var args []string
	if s[0] == "load" {
		args = append(args, server)
	}
	for _, arg := range s {
		args = append(args, strings.Replace(arg, folder, filepath.Dir(server), 1))
	}
	began := time.Now()
	defer func() { fmt.Fprintf(os.Stderr, "figures: %s: %.0f s\n", s, time.Since(began).Seconds()) }()
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, os.Stderr
	err := c.Run()
	got := Parse(out.String())
	if err != nil || len(got) == 0 {
		return nil, fmt.Errorf("%s: %v\n%s", s, err, out.String())
	}
	return got, nil
}

// shorts runs the short form, and gives its figures in units of the yardstick that ran
// beside each.
func shorts(server string) (Figures, error) {
	all := Figures{}
	for _, q := range quick {
		before := yardstick()
		got, err := q.run(server)
		if err != nil {
			return nil, err
		}
		v, ok := got[q.name][q.unit]
		if !ok {
			return nil, fmt.Errorf("%s measured no %s of %s: %v", q.step, q.unit, q.name, got)
		}
		all.Add(Figures{q.name: {q.unit: v / min(before, yardstick())}})
	}
	return all, nil
}
