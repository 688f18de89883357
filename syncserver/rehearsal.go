package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"yizhan/core/jsoncheck"
	"yizhan/syncserver/democity"
	"yizhan/syncserver/rehearse"
)

func rehearseFiles(fs *flag.FlagSet, args []string) error {
	asJSON := fs.Bool("json", false, "print the outcome as JSON")
	chaos := fs.Int64("chaos", 0, "insert a crash or a disconnect into every step, chosen by this number; what comes out must stay the same")
	verbose := fs.Bool("v", false, "also print the log of the rehearsal's server")
	rest, err := parse(fs, args, 1, -1)
	if err != nil {
		return err
	}
	level := slog.LevelError
	if *verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	failed := 0
	for _, name := range rest {
		report, err := rehearseFile(name, *chaos, log)
		if err != nil {
			failed++
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, prefixed(name, err))
			continue
		}
		if len(report.Differences) > 0 {
			failed++
		}
		if *asJSON {
			if err := printJSON(report); err != nil {
				return err
			}
			continue
		}
		for _, d := range report.Differences {
			fmt.Printf("%s: %s\n", name, d)
		}
		if len(report.Differences) == 0 {
			fmt.Printf("%s: %d steps as expected%s\n", name, report.Steps, inSpite(report.Faults))
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d scenarios did not come out as expected", failed, len(rest))
	}
	return nil
}

// inSpite says how many faults of which kind a rehearsal stood.
func inSpite(faults map[string]int) string {
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(faults)) {
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, faults[kind]))
	}
	if len(kinds) == 0 {
		return ""
	}
	return " in spite of faults: " + strings.Join(kinds, ", ")
}

// prefixed puts each mistake of a file on a line of its own.
func prefixed(name string, err error) error {
	var problems jsoncheck.Problems
	if errors.As(err, &problems) && len(problems) > 1 {
		return fmt.Errorf("%d mistakes\n%w", len(problems), problems)
	}
	return err
}

func rehearseFile(name string, chaos int64, log *slog.Logger) (*rehearse.Report, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s, err := rehearse.Parse(data)
	if err != nil {
		return nil, err
	}
	s.Chaos = chaos
	return rehearse.Run(s, log)
}

func demo(fs *flag.FlagSet, args []string) error {
	seed := fs.Int64("seed", 1, "number from which the city is made")
	tier := fs.String("tier", democity.Small, "S: 2,000 people; park: 43,000")
	faults := fs.Bool("faults", false, "also write a roster with planted mistakes")
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return err
	}
	o := democity.Options{Seed: *seed, Tier: *tier, Now: time.Now().In(zone)}
	if *faults {
		o.Plant = democity.Plant{Spoiled: 20, CheckDigits: 10, Duplicates: 10}
	}
	city, err := democity.Write(rest[0], o)
	if err != nil {
		return err
	}
	fmt.Printf("wrote 云鹭市 to %s: %d organisations, %d people, %d stations, %d shops, hospitals and halls, %d activities\n", rest[0], len(city.Orgs), len(city.People), len(city.Stations), len(city.Partners), len(city.Activities))
	fmt.Printf("map %s\n", filepath.Join(rest[0], democity.MapFile))
	fmt.Printf("kiosk station %s\n", city.Kiosk)
	for _, s := range city.Samples {
		fmt.Printf("member %s, phone %s: %s\n", s.Name, s.Phone, s.Why)
	}
	return nil
}
