package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"yizhan/core/id"
	"yizhan/core/jsoncheck"
	"yizhan/core/op"
	"yizhan/core/qr"
	"yizhan/syncserver/control"
	"yizhan/syncserver/server"
)

// publish takes one activity, a list of them, or a scenario file with some.
func publish(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(rest[0])
	if err != nil {
		return err
	}
	specs, err := activities(file)
	if err != nil {
		return fmt.Errorf("%s: %w", rest[0], err)
	}
	ctx, c := context.Background(), control.Dial(*data)
	for i, spec := range specs {
		p, err := control.Call[server.Published](ctx, c, "publish", spec)
		if err != nil {
			return fmt.Errorf("%s: activity %d was not published:%s%w", rest[0], i, before(err), err)
		}
		if p.Revision == 0 {
			fmt.Println("nothing changed: this is what is published already")
			continue
		}
		fmt.Printf("published %s, revision %d\n", p.Activity, p.Revision)
		for _, o := range p.Unknown {
			fmt.Fprintf(os.Stderr, "warning: a rule of %s names organisation %q, which does not exist: nobody belongs to it\n", p.Activity, o)
		}
	}
	return nil
}

// before is what stands between a place and its error: several mistakes begin on a line of their own.
func before(err error) string {
	if strings.Contains(err.Error(), "\n") {
		return "\n"
	}
	return " "
}

// activities gives each activity of a file, behind as many empty lines as stand
// before it there: what is wrong with it is reported with the line of the file.
func activities(file []byte) ([][]byte, error) {
	var list []json.RawMessage
	var scenario struct {
		Activities *[]json.RawMessage `json:"activities"`
	}
	path := "activities[%d]"
	switch {
	case !json.Valid(file):
		return nil, jsoncheck.Decode(file, new(any))
	case bytes.HasPrefix(bytes.TrimSpace(file), []byte("[")):
		path = "[%d]"
		if err := json.Unmarshal(file, &list); err != nil {
			return nil, err
		}
	default:
		if err := json.Unmarshal(file, &scenario); err != nil {
			return nil, err
		}
		if scenario.Activities == nil {
			return [][]byte{file}, nil
		}
		list = *scenario.Activities
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("it holds no activity")
	}
	lines, out := jsoncheck.Lines(file), make([][]byte, len(list))
	for i, spec := range list {
		out[i] = append(bytes.Repeat([]byte("\n"), lines[fmt.Sprintf(path, i)]-1), spec...)
	}
	return out, nil
}

func enrol(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	role := fs.String("role", "", "kiosk, staff, phone, hub")
	station := fs.String("station", "", "station id, where the device stands (kiosk, staff)")
	member := fs.String("member", "", "member id, whose phone it is (phone); look it up with: syncserver member find")
	org := fs.String("org", "", "organisation id, for whose members staff may act; without it for everybody (staff)")
	hub := fs.String("hub", "", "device id of the hub that it talks to instead of the server, of the same station (kiosk, staff)")
	supervisor := fs.Bool("supervisor", false, "the device of a supervisor, who may hand over against a verdict and look people up (kiosk, staff)")
	valid := fs.Duration("valid", 24*time.Hour, "how long the code may be used")
	address := fs.String("url", "", "address at which the device reaches this server, wss://host:8640/v1/sync; the QR code then holds it")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	switch {
	case *role == "":
		return fmt.Errorf("%w: -role is missing", errUsage)
	case *valid <= 0:
		return fmt.Errorf("%w: -valid must be longer than nothing", errUsage)
	case *station == "" && (*role == string(op.Kiosk) || *role == string(op.Hub)):
		return fmt.Errorf("%w: -station is missing: where the %s stands", errUsage, *role)
	case *member == "" && *role == string(op.Phone):
		return fmt.Errorf("%w: -member is missing: whose phone it is", errUsage)
	}
	o, err := control.Call[server.Offered](context.Background(), control.Dial(*data), "enrol",
		control.EnrolRequest{Role: op.Role(*role), Station: id.Station(*station), Member: id.Member(*member), Org: id.Org(*org), Hub: id.Device(*hub), Supervisor: *supervisor, Valid: *valid, Address: *address})
	if err != nil {
		return err
	}
	picture, err := qr.Terminal(o.QR)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n%s\n\ndevice %s; the code can be used once, until %s\n", picture, o.Code, o.Device, o.Expires.Format("2006-01-02 15:04"))
	if o.Beside != "" {
		fmt.Fprintf(os.Stderr, "warning: at station %s the tickets bound there are handed over by %s; the new device refuses them until: syncserver authority -station %s -device %s\n", *station, o.Beside, *station, o.Device)
	}
	return nil
}

func revoke(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	left, err := control.Call[server.Revoked](context.Background(), control.Dial(*data), "revoke", rest[0])
	if err != nil {
		return err
	}
	fmt.Printf("%s may do nothing any more\n", rest[0])
	if left.Station != "" {
		fmt.Fprintf(os.Stderr, "warning: nobody hands over the tickets bound to station %s now; name a device that stands there: syncserver authority -station %s -device DEVICE\n", left.Station, left.Station)
	}
	return nil
}

// authority names the one device of a station.
func authority(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	station := fs.String("station", "", "station id")
	device := fs.String("device", "", "device id; it has to be enrolled for that station")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	if *station == "" || *device == "" {
		return fmt.Errorf("%w: -station or -device is missing", errUsage)
	}
	n, err := control.Call[server.Named](context.Background(), control.Dial(*data), "authority", control.AuthorityRequest{Station: id.Station(*station), Device: id.Device(*device)})
	if err != nil {
		return err
	}
	fmt.Printf("%s hands over the tickets bound to station %s\n", *device, *station)
	if n.InDoubt > 0 {
		fmt.Fprintf(os.Stderr, "warning: %d tickets may have been handed over by %s, which is lost: each needs a supervisor, who overrides with a reason\n", n.InDoubt, n.Before)
	}
	return nil
}

// erase forgets one member. A name may be many people's, so it wants the id.
func erase(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	m := fs.String("member", "", "member id; look it up with: syncserver member find")
	sure := fs.Bool("yes", false, "confirm: this cannot be taken back")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	if *m == "" {
		return fmt.Errorf("%w: -member is missing", errUsage)
	}
	ctx, c := context.Background(), control.Dial(*data)
	found, err := control.Call[[]server.Found](ctx, c, "find", *m)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(f server.Found) bool { return string(f.Member) != *m })
	if !*sure {
		for _, f := range found {
			fmt.Printf("%s  %s  %s  %s\n", f.Member, f.Name, f.Phone, f.Org)
		}
		return fmt.Errorf("nothing was erased; what is erased cannot be brought back: add -yes if this is the person")
	}
	if _, err := control.Call[struct{}](ctx, c, "erase", *m); err != nil {
		return err
	}
	fmt.Printf("%s is forgotten; old entries name an id that means nobody\n", *m)
	return nil
}

func findMember(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	found, err := control.Call[[]server.Found](context.Background(), control.Dial(*data), "find", rest[0])
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("no member is called %q, has that id, or a phone that ends so", rest[0])
	}
	for _, f := range found {
		fmt.Printf("%s  %s  %s  %s\n", f.Member, f.Name, f.Phone, f.Org)
	}
	return nil
}

func draw(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	seed := fs.String("seed", "", "public text that fixes the order; anyone can recompute the draw with it")
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	if *seed == "" {
		return fmt.Errorf("%w: -seed is missing", errUsage)
	}
	r, err := control.Call[op.Result](context.Background(), control.Dial(*data), "draw", control.DrawRequest{Activity: id.Activity(rest[0]), Seed: *seed})
	if err != nil {
		return err
	}
	fmt.Printf("granted %d, waiting %d, lost %d seats\norder digest %s\n", r.Granted, r.Waitlisted, r.Seats, r.Digest)
	return nil
}

func status(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	st, err := control.Call[server.Status](context.Background(), control.Dial(*data), "status", struct{}{})
	if err != nil {
		return err
	}
	return printJSON(st)
}

func printJSON(v any) error {
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(out))
	return nil
}
