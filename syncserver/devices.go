package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/syncserver/control"
	"yizhan/syncserver/server"
)

const stamp = "2006-01-02 15:04:05"

// devices lists every device that ever enrolled.
func devices(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	asJSON := fs.Bool("json", false, "print JSON")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	all, err := control.Call[[]server.DeviceState](context.Background(), control.Dial(*data), "devices", struct{}{})
	if err != nil || *asJSON {
		return orJSON(all, err)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tROLE\tPLACE\tSTATE\tLAST CONTACT\tDECIDED\tWAITING")
	for _, d := range all {
		place, state, contact, waiting := string(d.Station)+string(d.Member), d.State, d.Contact.Format(stamp), "unknown"
		if d.Reason != "" && d.Reason != d.State {
			state += " (" + d.Reason + ")"
		}
		if d.Online {
			contact = "now"
		}
		if d.State == "wiped" {
			waiting = "0"
		}
		role := string(d.Role)
		if d.Supervisor {
			role += " (supervisor)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", d.Device, role, dash(place), state, contact, d.Ops, waiting)
	}
	return w.Flush()
}

func orJSON(v any, err error) error {
	if err != nil {
		return err
	}
	return printJSON(v)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// quarantine lists what closed devices sent, and records a hand-over of it after all.
func quarantine(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	device := fs.String("device", "", "only what this device sent")
	accept := fs.String("accept", "", "number of a `hand-over` that is to be recorded as if it were reported now")
	asJSON := fs.Bool("json", false, "print JSON")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	ctx, c := context.Background(), control.Dial(*data)
	if *accept != "" {
		number, err := strconv.ParseUint(*accept, 10, 64)
		if err != nil {
			return fmt.Errorf("%w: -accept is the number in front of a line of: syncserver quarantine", errUsage)
		}
		r, err := control.Call[op.Result](ctx, c, "accept", number)
		if err != nil {
			return err
		}
		fmt.Printf("recorded: %s\n", became(r))
		return nil
	}
	all, err := control.Call[[]server.KeptOp](ctx, c, "quarantine", id.Device(*device))
	if err != nil || *asJSON {
		return orJSON(all, err)
	}
	if len(all) == 0 {
		fmt.Println("nothing is in quarantine")
		return nil
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tDEVICE\tOP\tWHAT\tTICKET\tMEMBER\tAT (DEVICE CLOCK)\tWHY")
	for _, k := range all {
		fmt.Fprintln(w, keptLine(k))
	}
	return w.Flush()
}

func became(r op.Result) string {
	if r.Verdict == fault.NoVerdict {
		return r.Outcome.String()
	}
	return r.Verdict.String()
}

// keptLine is one op as a person reads it.
func keptLine(k server.KeptOp) string {
	what, ticket, member, at := fmt.Sprintf("unreadable, %d bytes", k.Bytes), "-", "-", "-"
	if o := k.Op; o != nil {
		what, member = describe(o), dash(string(o.Member))
		if o.Ticket != 0 {
			ticket = strconv.FormatUint(uint64(o.Ticket), 10)
		}
		if o.At != 0 {
			at = time.UnixMilli(o.At).In(k.Came.Location()).Format(stamp)
		}
	}
	why := k.Why
	if k.Accepted {
		why += ", accepted"
	}
	return fmt.Sprintf("%d\t%s\t%d\t%s\t%s\t%s\t%s\t%s", k.Number, k.Device, k.DevSeq, what, ticket, member, at, why)
}

func describe(o *op.Op) string {
	switch o.Kind {
	case op.Claim:
		if o.Lease != 0 {
			return fmt.Sprintf("granted %d of %s from lease %d", o.Seats, o.Activity, o.Lease)
		}
		return fmt.Sprintf("claim %d of %s", o.Seats, o.Activity)
	case op.GroupClaim:
		return fmt.Sprintf("claim for %d members of %s", len(o.Lines), o.Activity)
	case op.Cancel:
		return "cancel " + string(o.Activity)
	case op.Redeem:
		return "hand-over: " + handed(o)
	case op.CheckIn:
		if o.Out {
			return "left: " + handed(o)
		}
		return "check-in: " + handed(o)
	case op.Rebind:
		return fmt.Sprintf("move %s to %s", o.Activity, o.Station)
	}
	return fmt.Sprintf("op of kind %d", o.Kind)
}

func handed(o *op.Op) string {
	if o.Override {
		return "by override over " + o.Verdict.String()
	}
	return o.Verdict.String()
}
