package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/syncserver/control"
	"yizhan/syncserver/server"
)

// incidents lists what staff have to look at, and notes that one of it is dealt with.
func incidents(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	all := fs.Bool("all", false, "also what is dealt with")
	handled := fs.String("handled", "", "`number` of a line that is dealt with")
	note := fs.String("note", "", "with -handled: what was done")
	by := fs.String("by", os.Getenv("USER"), "with -handled: who did it")
	asJSON := fs.Bool("json", false, "print JSON")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	ctx, c := context.Background(), control.Dial(*data)
	if *handled != "" {
		about, err := strconv.ParseUint(*handled, 10, 64)
		if err != nil {
			return fmt.Errorf("%w: -handled is the number in front of a line of: syncserver incidents", errUsage)
		}
		r, err := control.Call[op.Result](ctx, c, "settle", control.SettleRequest{About: about, By: *by, Note: *note})
		if err == nil && r.Outcome != op.OK {
			err = fmt.Errorf("there is no task and no incident %d; list them with: syncserver incidents", about)
		}
		return err
	}
	found, err := control.Call[[]server.Matter](ctx, c, "incidents", struct{}{})
	if err != nil || *asJSON {
		return orJSON(found, err)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tWHEN\tWHAT\tABOUT\tDEVICE\tBEFORE IT\tDEALT WITH")
	for _, m := range found {
		if m.Handled && !*all {
			continue
		}
		about, before, dealt := strings.TrimSpace(string(m.Org)+" "+string(m.Activity)), "", ""
		if m.Ticket != 0 {
			about = "ticket " + ticket.Short(m.Ticket)
		}
		if m.FirstAt != nil {
			before = m.FirstAt.Format(stamp) + " " + string(m.FirstDevice)
		}
		if m.Settled != nil {
			dealt = fmt.Sprintf("%s %s by %s: %s", map[bool]string{false: "seen", true: "handled"}[m.Handled], m.Settled.Format(stamp), dash(m.SettledBy), dash(m.Note))
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", m.Number, m.At.Format(stamp), m.What, dash(about), dash(string(m.Device)), dash(before), dash(dealt))
	}
	return w.Flush()
}
