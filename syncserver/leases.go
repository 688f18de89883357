package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/syncserver/control"
	"yizhan/syncserver/server"
)

// lend gives a device seats to grant by itself.
func lend(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	var l op.Lease
	device, activity := leaseFlags(fs)
	fs.IntVar(&l.Seats, "seats", 0, "how many seats; fewer are lent where fewer are left")
	pool := fs.String("pool", "", "pool or session, where the activity has several")
	policy := fs.String("policy", "hard", "hard: seats that the device does not report stay in doubt; void: they are free again after -void-after")
	fs.StringVar(&l.SetAside, "set-aside", "", "lend seats of this set-aside, for its audience only")
	members := fs.String("members", "", "file with one member id a line: the device serves these and nobody else does")
	org := fs.String("org", "", "tell the device about members of this organisation only")
	expires := fs.Duration("expires", 24*time.Hour, "how long the device may grant")
	voidAfter := fs.Duration("void-after", 24*time.Hour, "how long after that unreported tickets are void (policy void)")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	l.Device, l.Activity = id.Device(*device), id.Activity(*activity)
	l.Pool, l.Org, l.Lasts, l.Policy = id.Pool(*pool), id.Org(*org), expires.Milliseconds(), op.Hard
	switch {
	case l.Device == "" || l.Activity == "":
		return fmt.Errorf("%w: -device or -activity is missing", errUsage)
	case l.Seats < 1:
		return fmt.Errorf("%w: -seats must be 1 or more", errUsage)
	case *policy == "void":
		l.Policy, l.VoidAfter = op.VoidUnreported, voidAfter.Milliseconds()
	case given(fs, "void-after"):
		return fmt.Errorf("%w: -void-after is for -policy void only", errUsage)
	case *policy != "hard":
		return fmt.Errorf("%w: -policy %q is neither hard nor void", errUsage, *policy)
	}
	if *members != "" {
		file, err := os.ReadFile(*members)
		if err == nil {
			l.Members, err = borrowers(file)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", *members, err)
		}
	}
	r, err := control.Call[server.Lent](context.Background(), control.Dial(*data), "lend", l)
	if err != nil {
		return err
	}
	if r.Seats == 0 {
		return fmt.Errorf("nothing is left of %s to lend to %s", l.Activity, l.Device)
	}
	fmt.Printf("lent %d of %d seats of %s to %s until %s\n", r.Seats, l.Seats, l.Activity, l.Device, r.Expires.Format(stamp))
	return nil
}

// given reports whether a flag stands on the command line.
func given(fs *flag.FlagSet, name string) (ok bool) {
	fs.Visit(func(f *flag.Flag) { ok = ok || f.Name == name })
	return ok
}

func leaseFlags(fs *flag.FlagSet) (device, activity *string) {
	return fs.String("device", "", "device id, as syncserver devices lists it"), fs.String("activity", "", "activity id")
}

// borrowers reads member ids, one a line; empty lines and those after # are passed over.
func borrowers(file []byte) (all []op.Borrower, err error) {
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(file), "\ufeff")) {
		n++
		m := strings.TrimSpace(line)
		if m == "" || m[0] == '#' {
			continue
		}
		if err := id.Check(m); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, op.Borrower{Member: id.Member(m)})
	}
	if len(all) == 0 {
		return nil, errors.New("it names no member")
	}
	return all, nil
}

// leases lists what devices may grant by themselves.
func leases(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	asJSON := fs.Bool("json", false, "print JSON")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	all, err := control.Call[[]server.LeaseState](context.Background(), control.Dial(*data), "leases", struct{}{})
	if err != nil || *asJSON {
		return orJSON(all, err)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tACTIVITY\tLENT\tUSED\tIN DOUBT\tWRITTEN OFF\tEXPIRES\tPOLICY\tSTATE\tLAST CONTACT")
	for _, l := range all {
		what, state, contact := string(l.Activity)+"/"+string(l.Pool), l.Over, l.Contact.Format(stamp)
		if l.SetAside != "" {
			what += " (" + l.SetAside + ")"
		}
		if state == "" {
			state = "open"
		}
		if l.Online {
			contact = "now"
		} else if l.Contact.UnixMilli() <= 0 {
			contact = "never"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", l.Device, what, l.Lent, l.Used, l.InDoubt, l.WrittenOff, l.Expires.Format(stamp), l.Policy, state, contact)
	}
	return w.Flush()
}

// writeOff gives up what a lost device did not report.
func writeOff(fs *flag.FlagSet, args []string) error {
	force := fs.Bool("force", false, "also where the device is online and may still grant")
	r, in, err := endLease(fs, args, "write-off", force)
	if err == nil {
		fmt.Printf("wrote off %d seats of %s; if %s reports them after all, its tickets count\n", r.Seats, in.Activity, in.Device)
	}
	return err
}

// voidLease frees what a lost device did not report.
func voidLease(fs *flag.FlagSet, args []string) error {
	r, in, err := endLease(fs, args, "void-lease", new(bool))
	if err == nil {
		fmt.Printf("%d seats of %s are free again; tickets that %s did not report are void\n", r.Seats, in.Activity, in.Device)
	}
	return err
}

func endLease(fs *flag.FlagSet, args []string, what string, force *bool) (r op.Result, in control.LeaseRequest, err error) {
	data := dataFlag(fs)
	device, activity := leaseFlags(fs)
	if _, err := parse(fs, args, 0, 0); err != nil {
		return r, in, err
	}
	in = control.LeaseRequest{Device: id.Device(*device), Activity: id.Activity(*activity), Force: *force}
	if in.Device == "" || in.Activity == "" {
		return r, in, fmt.Errorf("%w: -device or -activity is missing", errUsage)
	}
	r, err = control.Call[op.Result](context.Background(), control.Dial(*data), what, in)
	return r, in, err
}
