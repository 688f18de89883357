package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"yizhan/core/id"
	"yizhan/syncserver/backup"
	"yizhan/syncserver/control"
	"yizhan/syncserver/server"
)

// writeBackup reads the files of a server, which may run.
func writeBackup(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	out := fs.String("o", "", "directory for the copies of the journal, one file each time")
	secrets := fs.String("secrets", "", "directory for vault and keys, which are replaced each time; OUT/"+backup.SecretDir+" if empty")
	zone := zoneFlag(fs)
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	location, err := zone()
	switch {
	case err != nil:
		return err
	case *out == "":
		return fmt.Errorf("%w: -o is missing", errUsage)
	}
	w, err := backup.Write(*data, *out, *secrets, time.Now())
	if err != nil {
		return err
	}
	fmt.Printf(`journal: %s
  %d entries, until %s; read again, every byte and the hash chain are right
secrets: %s (%s, %s)
  they open names and sign tickets. Keep them apart from the journal, let few people read them, and do not keep older copies:
  who was erased is still in those

Copy both to another machine. To use them: syncserver restore -from %s -secrets %s -data NEW-DIRECTORY
`, w.Journal, w.Head.Next-1, w.At.In(location).Format(stamp), w.Secrets, server.VaultFile, server.KeysFile, *out, w.Secrets)
	return nil
}

func restore(fs *flag.FlagSet, args []string) error {
	data := fs.String("data", "", "new data directory, empty or not there yet")
	from := fs.String("from", "", "directory that was given to backup -o (the newest journal in it is taken), or one journal of it")
	secrets := fs.String("secrets", "", "directory with vault and keys, if they were put elsewhere")
	zone := zoneFlag(fs)
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	location, err := zone()
	if err != nil {
		return err
	}
	if *from == "" || *data == "" {
		return fmt.Errorf("%w: -from and -data are needed", errUsage)
	}
	w, err := backup.Restore(*from, *secrets, *data)
	if err != nil {
		return err
	}
	fmt.Printf(`restored %d entries%s into %s; every byte and the hash chain are right

What to do now:
1. Make sure that the old server does not run any more.
2. Start this one: syncserver serve -data %s
   All pools are frozen. Stations go on handing over the tickets that they have; claims wait on the devices and are not lost.
3. Publish, import, enrol, lend, revoke and erase again what was done after the backup. Nobody but this server knew of it, and of what time
   decided (lapses, promotions, reminders). Do it before step 5.
4. Let every device connect once: it brings back what it was told, with tickets and seats as they were. See who is missing:
   syncserver reopen -data %s
5. Reopen each activity: syncserver reopen -data %s ACTIVITY (or: all)
   A device that reports later may find its seats given to others: its tickets are blocked then, and each is an incident.
`, w.Head.Next-1, ofWhen(w.At.In(location)), *data, *data, *data, *data)
	return nil
}

func ofWhen(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " (backup of " + t.Format(stamp) + ")"
}

func acceptLoss(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	r, err := control.Call[server.Recovery](context.Background(), control.Dial(*data), "accept-loss", struct{}{})
	if err != nil {
		return err
	}
	fmt.Println("the server goes on without what it has lost; devices bring back what they were told")
	tellRecovery(r)
	return nil
}

func reopen(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	rest, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	ctx, c := context.Background(), control.Dial(*data)
	if len(rest) == 0 {
		r, err := control.Call[server.Recovery](ctx, c, "recovery", struct{}{})
		if err != nil {
			return err
		}
		tellRecovery(r)
		return nil
	}
	name := id.Activity(rest[0])
	if name == "all" {
		name = ""
	}
	before, err := control.Call[server.Recovery](ctx, c, "reopen", name)
	if err != nil {
		return err
	}
	seats, n := 0, 0
	for _, f := range before.Frozen {
		if name == "" || f.Activity == name {
			seats, n = seats+f.Free, n+1
		}
	}
	if n == 0 && !before.Waiting {
		fmt.Println("nothing was frozen")
		return nil
	}
	fmt.Printf("reopened %d activities\n", n)
	if len(before.Missing) > 0 {
		fmt.Printf("%d devices had not reported: up to %d of the seats that are given out from now on may be in somebody's hand already\n", len(before.Missing), seats)
	}
	return nil
}

// tellRecovery says what staff have to know before they reopen pools.
func tellRecovery(r server.Recovery) {
	if r.Loss != nil {
		what := fmt.Sprintf("was answered op %d at entry %d", r.Loss.Op, r.Loss.Seq)
		if r.Loss.Op == 0 {
			what = fmt.Sprintf("has rows as of an entry %d that is not in it", r.Loss.Seq)
		}
		fmt.Printf("the server was rolled back and decides nothing: the journal here ends at entry %d, and device %s %s\n"+
			"put the newest journal back, or go on without what is lost: syncserver accept-loss\n", r.Loss.Head, r.Loss.Device, what)
		return
	}
	if !r.Waiting {
		fmt.Println("nothing is frozen")
		return
	}
	for _, f := range r.Frozen {
		fmt.Printf("frozen: %s, %d seats without a known holder\n", f.Activity, f.Free)
	}
	if len(r.Missing) == 0 {
		fmt.Println("every device has reported: reopening gives nothing out twice")
		return
	}
	names := make([]string, len(r.Missing))
	for i, d := range r.Missing {
		names[i] = string(d)
	}
	fmt.Printf("%d devices have not reported since the restore; each may have been granted some of these seats: %s\n", len(names), strings.Join(names, " "))
}
