// Command syncserver is the union's server: it decides who gets what, keeps the
// journal, and brings every device up to date. Its other commands talk to the
// running server, or read its files.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"
)

// command is one word of the command line.
type command struct {
	name string
	args string // after the flags
	what string
	run  func(*flag.FlagSet, []string) error
}

var commands = []command{
	{"serve", "", "run the server", serve},
	{"hub", "", "let the scanners of one station work together, also while the line to the server is down", runHub},
	{"import roster", "FILE.xlsx", "read members and organisations from a union's sheet", importRoster},
	{"import stations", "FILE.xlsx", "read service stations from a union's sheet; -photos FOLDER|ZIP gives them their pictures", importStations},
	{"import photos", "FOLDER|ZIP", "give stations the pictures that are called by their number or name", importPhotos},
	{"import calendar", "2026.json…", "read the holidays and make-up workdays of a year", importCalendar},
	{"import map", "FILE.osm|.osm.gz|.osm.pbf", "make a map pack for devices of an OpenStreetMap file", importMap},
	{"map info", "PACK", "check a map pack and say what it holds", mapInfo},
	{"map publish", "PACK", "check a map pack and have every device fetch it", mapPublish},
	{"map route", "PACK LAT,LON LAT,LON", "the way on foot from one place to another, as JSON", mapRoute},
	{"map draw", "PACK", "draw a part of a map, and a way on foot, into a picture", mapDraw},
	{"map nearest", "PACK STATIONS.csv LAT,LON", "rank stations (name,lat,lon,datum) by their way on foot, as JSON", mapNearest},
	{"station list", "", "list stations: kind, open or not, hours, last check; -stale: those that somebody has to visit", stationList},
	{"station find", "WORDS…", "find stations by name, pinyin, facility or landmark", stationFind},
	{"station photo", "ID [PICTURE.jpg]", "show a station by a picture; -remove takes it away", stationPhoto},
	{"station close", "ID", "close a station for a while: -until DATE -why TEXT", stationClose},
	{"station open", "ID", "end what station close said", stationOpen},
	{"station checked", "ID", "note that somebody was there and found it as described", stationChecked},
	{"publish", "ACTIVITY.json", "check an activity and publish it, or its next revision", publish},
	{"enrol", "", "make a one-use code for a kiosk, a staff device, a hub or a member's phone", enrol},
	{"revoke", "DEVICE", "let a lost device do nothing any more, and have it erase itself when it is heard of", revoke},
	{"authority", "", "name the device that hands over the tickets bound to a station", authority},
	{"devices", "", "list devices: place, state, last contact", devices},
	{"quarantine", "", "list what closed devices had not reported; -accept records a hand-over of it", quarantine},
	{"incidents", "", "list the tasks and incidents that staff have to look at; -handled notes that one is dealt with", incidents},
	{"member find", "NAME|LAST4|ID", "look a member up, masked", findMember},
	{"member card", "ID", "the code of a member's card, for who has no phone; -png writes it as a picture", memberCard},
	{"erase", "", "forget a member for good: names and numbers cannot be read any more", erase},
	{"draw", "ACTIVITY", "hold the draw of an activity", draw},
	{"lend", "", "lend a device seats that it grants by itself, also without a network", lend},
	{"leases", "", "list what was lent: device, activity, used, in doubt, expiry", leases},
	{"write-off", "", "give up the seats that a lost device did not report; if it does, its tickets count", writeOff},
	{"void-lease", "", "free the seats that a lost device did not report; its unreported tickets are void", voidLease},
	{"status", "", "say how the running server stands", status},
	{"backup", "", "copy journal, vault and keys while the server runs", writeBackup},
	{"restore", "", "make a data directory of a backup", restore},
	{"accept-loss", "", "go on although this server has lost what it answered", acceptLoss},
	{"reopen", "[ACTIVITY|all]", "after a restore: say what is still unknown, or have an activity decided again", reopen},
	{"rehearse", "FILE.json…", "run scenario files through a real server and report differences", rehearseFiles},
	{"sim", "", "live whole worlds in which everything goes wrong, on simulated machines", simulate},
	{"load storm", "", "measure a server that everybody presses at at once", loadStorm},
	{"load crowd", "", "measure what connected devices cost while nothing happens", loadCrowd},
	{"load fanout", "", "measure how fast a change reaches all devices", loadFanout},
	{"load herd", "", "measure how fast all devices are back after a restart", loadHerd},
	{"load bigcity", "", "measure the start of a server with a whole city's past", loadBigCity},
	{"load day", "", "count the bytes of an ordinary day of a member's phone", loadDay},
	{"load bootstrap", "", "measure the first sync of a staff tablet and of a kiosk", loadBootstrap},
	{"verify", "", "re-read the journal and compare everything with it", verify},
	{"demo", "DIR", "write the sheets and activities of the demo city", demo},
}

func main() {
	err := dispatch(os.Args[1:])
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintln(os.Stderr, "syncserver: "+err.Error())
		os.Exit(1)
	}
}

// dispatch finds the command; "import roster" may have two words.
func dispatch(args []string) error {
	line := strings.Join(args, " ") + " "
	for _, c := range commands {
		if !strings.HasPrefix(line, c.name+" ") {
			continue
		}
		fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		err := c.run(fs, args[len(strings.Fields(c.name)):])
		switch {
		case errors.Is(err, flag.ErrHelp):
			fmt.Printf("usage: syncserver %s\n\n%s.\n", strings.TrimSpace(c.name+" [flags] "+c.args), strings.ToUpper(c.what[:1])+c.what[1:])
			fs.SetOutput(os.Stdout)
			fs.PrintDefaults()
		case errors.Is(err, errUsage):
			if err == errUsage { // about the arguments, not a flag
				err = fmt.Errorf("%w: it takes %s", err, cmp.Or(c.args, "flags only"))
			}
			return fmt.Errorf("%s: %w; see: syncserver %s -h", c.name, err, c.name)
		}
		return err
	}
	first, help := "", len(args) == 0
	for _, a := range args {
		help = help || a == "-h" || a == "--help" || a == "-help" || a == "help"
		if first == "" && !strings.HasPrefix(a, "-") && a != "help" {
			first = a
		}
	}
	if help {
		usage(os.Stdout, first)
		return nil
	}
	usage(os.Stderr, first)
	if begun := beginning(first); len(begun) > 0 {
		return fmt.Errorf("which one: %s?", strings.Join(begun, ", "))
	}
	return fmt.Errorf("there is no command %q", strings.Join(args, " "))
}

// beginning names the commands of two words whose first one this is.
func beginning(first string) []string {
	var all []string
	for _, c := range commands {
		if strings.HasPrefix(c.name, first+" ") {
			all = append(all, c.name)
		}
	}
	return all
}

// usage lists the commands that begin with a word, all of them if none does.
func usage(w io.Writer, first string) {
	fmt.Fprint(w, "syncserver COMMAND [flags]; every command has -h\n\n")
	some := len(beginning(first)) > 0
	for _, c := range commands {
		if !some || strings.HasPrefix(c.name, first+" ") {
			fmt.Fprintf(w, "  %-34s %s\n", c.name+" "+c.args, c.what)
		}
	}
	if !some {
		fmt.Fprint(w, "\nserve, hub, import map, map (but map publish), backup, restore, rehearse, sim, load, verify and demo need no running server; the others ask the one of -data.\n")
	}
}

var errUsage = errors.New("wrong arguments")

// south finds a latitude south of the equator: no flag begins with a digit.
var south = regexp.MustCompile(`^-\d`)

// parse reads flags before and after the arguments, and wants between least and most arguments.
func parse(fs *flag.FlagSet, args []string, least, most int) (rest []string, err error) {
	for {
		for len(args) > 0 && south.MatchString(args[0]) {
			rest, args = append(rest, args[0]), args[1:]
		}
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", errUsage, err)
		}
		if fs.NArg() == 0 {
			break
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
	if len(rest) < least || most >= 0 && len(rest) > most {
		return nil, errUsage
	}
	return rest, nil
}

// zoneFlag names the zone of the deployment, whose clock all times are said by.
func zoneFlag(fs *flag.FlagSet) func() (*time.Location, error) {
	name := fs.String("zone", "Asia/Shanghai", "zone of all wall-clock times of this deployment, the same for every command")
	return func() (*time.Location, error) {
		zone, err := time.LoadLocation(*name)
		if err != nil {
			return nil, fmt.Errorf("%w: -zone: %w", errUsage, err)
		}
		return zone, nil
	}
}

// dataFlag is the data directory, which every command but demo, rehearse and sim has.
func dataFlag(fs *flag.FlagSet) *string {
	dir := os.Getenv("YIZHAN_DATA")
	if dir == "" {
		dir = "yizhan-data"
	}
	return fs.String("data", dir, "data directory of the server (or set YIZHAN_DATA)")
}
