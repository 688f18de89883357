package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"yizhan/syncserver/load"
)

// loading gives the flags that every load command has, and what runs one.
func loading(fs *flag.FlagSet, devices int) func(run func(context.Context, load.Config) (*load.Report, error)) error {
	n := fs.Int("devices", devices, "how many are enrolled and connected")
	dir := fs.String("dir", "", "where the server's data directory is made, on the disk that is measured; the system's folder for temporary files if empty")
	secure := fs.Bool("tls", false, "connect by wss://, with a certificate made for it")
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
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
		began := time.Now()
		say := func(format string, args ...any) {
			fmt.Fprintf(os.Stderr, "%5.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
		}
		r, err := run(context.Background(), load.Config{Program: program, Dir: folder, Devices: *n, TLS: *secure, Say: say})
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
