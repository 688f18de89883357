package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"yizhan/syncserver/sim"
)

// simulate lives whole worlds, in which everything goes wrong, and reports the ones
// in which a rule was broken.
func simulate(fs *flag.FlagSet, args []string) (err error) {
	worlds := fs.Int("worlds", 100, "how many, one seed after the other")
	seed := fs.Uint64("seed", 0, "the first one; alone: this world only, with its trace")
	twice := fs.Bool("twice", false, "live each world two times and compare them")
	restore := fs.Bool("restore", false, "let the server of every world lose its disk and go on from a backup, not of every third only")
	verbose := fs.Bool("v", false, "say of each world what became of it")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	alone, many := false, false
	fs.Visit(func(f *flag.Flag) { alone, many = alone || f.Name == "seed", many || f.Name == "worlds" })
	debug.SetGCPercent(400) // a world is small and short
	lab, err := sim.NewLab()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	lab.Restore = *restore
	if alone && !many {
		return retrace(lab, *seed, *twice)
	}
	live := func(seed uint64) sim.Outcome { return lab.Run(seed, nil, nil) }
	if *twice {
		live = func(seed uint64) sim.Outcome { return lab.Twice(seed, nil) }
	}
	var total sim.Stats
	broken, begin := 0, time.Now()
	lab.Many(*seed, *worlds, live, func(o sim.Outcome) bool {
		total.Add(o.Stats)
		if o.Wrong != nil {
			broken++
			fmt.Printf("seed %d: %v\n", o.Seed, o.Wrong)
		} else if *verbose {
			fmt.Printf("seed %d: trace %016x, %d ops\n", o.Seed, o.Trace, o.Stats.Ops)
		}
		return false
	})
	total.Write(os.Stdout)
	took := time.Since(begin)
	fmt.Printf("%.1f worlds/s, %v\n", float64(total.Worlds)/took.Seconds(), took.Round(time.Second))
	if broken > 0 {
		return fmt.Errorf("in %d of %d worlds a rule was broken: replay one with -seed N, and keep it in syncserver/sim/testdata/seeds.txt", broken, *worlds)
	}
	return nil
}

// retrace lives one world and tells what happens.
func retrace(lab *sim.Lab, seed uint64, twice bool) error {
	var o sim.Outcome
	if twice {
		o = lab.Twice(seed, nil)
	} else {
		o = lab.Run(seed, nil, io.Writer(os.Stdout))
	}
	fmt.Printf("seed %d: trace %016x\n", o.Seed, o.Trace)
	o.Stats.Write(os.Stdout)
	return o.Wrong
}
