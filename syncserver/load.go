package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"yizhan/syncserver/load"
)

// loading gives the flags that every load command has, and what runs one.
func loading(fs *flag.FlagSet, devices int) func(run func(context.Context, load.Config) (*load.Report, error)) error {
	n := fs.Int("devices", devices, "how many are enrolled and connected")
	dir := fs.String("dir", "", "where the server's data directory is made, on the disk that is measured; the system's folder for temporary files if empty")
	secure := fs.Bool("tls", false, "connect by wss://, with a certificate made for it")
	profiles := fs.String("profile", "", "`folder` for profiles of the server")
	asJSON := fs.Bool("json", false, "print JSON")
	return func(run func(context.Context, load.Config) (*load.Report, error)) (err error) {
		if *n < 1 {
			return fmt.Errorf("%w: -devices is at least 1", errUsage)
		}
		program, err := os.Executable()
		if err != nil {
			return err
		}
		folder, err := os.MkdirTemp(*dir, "load-")
		if err != nil {
			return err
		}
		defer func() {
			if err != nil {
				err = fmt.Errorf("%w; the server's data and log are left in %s", err, folder)
				return
			}
			err = os.RemoveAll(folder)
		}()
		debug.SetGCPercent(400) // phones would collect their own rubbish, and not in a heap of ten thousand
		began := time.Now()
		say := func(format string, args ...any) {
			fmt.Fprintf(os.Stderr, "%5.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
		}
		r, err := run(context.Background(), load.Config{Program: program, Dir: folder, Devices: *n, TLS: *secure, Profile: *profiles, Say: say})
		if err != nil {
			return err
		}
		return r.Write(os.Stdout, *asJSON)
	}
}

// loadStorm has everybody press at once.
func loadStorm(fs *flag.FlagSet, args []string) error {
	run := loading(fs, 10000)
	presses := fs.Int("presses", 20, "of each phone, one after the other's answer")
	batch := fs.Int("batch", 1, "presses that wait in an outbox and go together")
	quota := fs.Int("quota", 0, "seats; 0 is enough for half of the presses")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	return run(func(ctx context.Context, c load.Config) (*load.Report, error) {
		return load.Storm{Config: c, Presses: *presses, Batch: *batch, Quota: *quota}.Run(ctx)
	})
}

// loadCrowd has devices connected that do nothing.
func loadCrowd(fs *flag.FlagSet, args []string) error {
	run := loading(fs, 20000)
	quiet := fs.Duration("quiet", 50*time.Second, "how long the server is watched, after as long to come to rest")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	return run(func(ctx context.Context, c load.Config) (*load.Report, error) {
		return load.Idle{Config: c, Quiet: *quiet}.Run(ctx)
	})
}

// loadFanout changes what all devices show.
func loadFanout(fs *flag.FlagSet, args []string) error {
	run := loading(fs, 10000)
	rounds := fs.Int("rounds", 10, "changes, one after the other")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	if *rounds < 1 {
		return fmt.Errorf("%w: -rounds is at least 1", errUsage)
	}
	return run(func(ctx context.Context, c load.Config) (*load.Report, error) {
		return load.Fanout{Config: c, Rounds: *rounds}.Run(ctx)
	})
}

// loadHerd restarts a server under its devices.
func loadHerd(fs *flag.FlagSet, args []string) error {
	run := loading(fs, 10000)
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	return run(func(ctx context.Context, c load.Config) (*load.Report, error) { return load.Herd{Config: c}.Run(ctx) })
}

// loadBootstrap has devices come for the first time.
func loadBootstrap(fs *flag.FlagSet, args []string) error {
	run := loading(fs, 1)
	rows := fs.Int("rows", 100000, "people on the check-in lists, with their names")
	tickets := fs.Int("tickets", 20000, "sealed tickets of the kiosk's station")
	activities := fs.Int("activities", 500, "how many are published")
	slow := fs.Bool("slow", false, "also over a line of 23 kbit/s, which takes a minute more")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	return run(func(ctx context.Context, c load.Config) (*load.Report, error) {
		return load.Bootstrap{Config: c, Rows: *rows, Tickets: *tickets, Activities: *activities, Slow: *slow}.Run(ctx)
	})
}

// loadDay lives a day of a member's phone.
func loadDay(fs *flag.FlagSet, args []string) error {
	run := loading(fs, 1)
	idle := fs.Duration("idle", 100*time.Second, "silence that is waited for; 30m waits for all of it")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	return run(func(ctx context.Context, c load.Config) (*load.Report, error) {
		return load.Day{Config: c, Idle: *idle}.Run(ctx)
	})
}

// loadBigCity starts a server that has a whole city's past.
func loadBigCity(fs *flag.FlagSet, args []string) error {
	run := loading(fs, 1)
	members := fs.Int("members", 1_460_000, "people of the union")
	entries := fs.Int("entries", 5_000_000, "length of the journal")
	bare := fs.Bool("bare", false, "build no ledger, which takes longest; the server then makes it after its start")
	data := fs.String("data", "", "data directory that is built, or was before, and stays; empty: one that goes")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	return run(func(ctx context.Context, c load.Config) (*load.Report, error) {
		return load.BigCity{Config: c, Data: *data, Members: *members, Entries: *entries, Bare: *bare}.Run(ctx)
	})
}
