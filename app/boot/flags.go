package boot

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"yizhan/app/device"
	"yizhan/app/flow/settings"
	"yizhan/core/op"
)

// Options are what the command line says.
type Options struct {
	Shell         op.Role // "" takes the role of the enrolment
	Data          string
	Server        string
	Chosen        bool // Server was given, and is no default
	Code          string
	Width, Height int // 0: the shell's own size
	Shot          string
	After         time.Duration
	Picture       string
	Camera        string
	Open          string
	Press         bool
	Large         bool
	Language      string // "" stays as it was chosen
	Palette       string // likewise
	Offline       bool
	Describe      string
	Soak          time.Duration
	Map           string         // a pack to show instead of the device's own
	Printer       device.Printer // nil without -printer
	Dots          int            // that it prints in a row
}

// ErrUsage says that the command line was wrong and that the reason is printed.
var ErrUsage = errors.New("wrong command line")

const defaultServer = "ws://127.0.0.1:8640/v1/sync"

const usage = `yizhan is the app of stations (kiosk), staff and members (phone).

usage: yizhan [flags]
       yizhan doctor [flags]
       yizhan decode FILE…
       yizhan slip -printer PRINTER [flags]
       yizhan map install FILE [flags]

doctor says without a window what waits on this device, since when, why, and what to do.
decode prints what the scanner reads from pictures. slip prints a test page. map install
puts a map, such as one on a stick, in the place of the one that is held. Each has -h.

A new device first takes its one-use enrolment code (-enrol, or on its first page).
After that it needs no flags but -data, and works without a network. Ctrl+D in the
window turns the network off and on.

`

// command makes the flags of one of the app's commands, with its help.
func command(usage, what string, stderr io.Writer) *flag.FlagSet {
	set := flag.NewFlagSet(usage, flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprintf(stderr, "usage: yizhan %s\n\n%s\n\n", usage, what)
		set.PrintDefaults()
	}
	return set
}

// Parse reads the command line. flag.ErrHelp and ErrUsage are already reported on stderr.
func Parse(args []string, stderr io.Writer) (Options, error) {
	var o Options
	var shell, size, printer string
	var width int
	set := flag.NewFlagSet("yizhan", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprint(stderr, usage)
		set.PrintDefaults()
	}
	set.StringVar(&shell, "shell", "", "`kiosk`, staff or phone; default: the role that the device was enrolled in")
	set.StringVar(&o.Data, "data", defaultData(), "`folder` of this device's data")
	set.StringVar(&o.Server, "server", defaultServer, "`address` of the server, ws:// or wss://; without it the one in the enrolment QR code, if it holds one")
	set.StringVar(&o.Code, "enrol", "", "one-use enrolment `code`; ignored where the device is enrolled already, unless a restored server has forgotten it")
	set.StringVar(&size, "size", "", "window size `WxH` in dp; a kiosk without it fills the screen")
	set.StringVar(&o.Shot, "shot", "", "write a picture of the window to this PNG `file`, then exit")
	set.DurationVar(&o.After, "after", 3*time.Second, "`time` from start to -shot")
	set.StringVar(&o.Picture, "scan-image", "", "kiosk and staff: scan the code in this picture `file` at start")
	set.StringVar(&o.Camera, "camera", "", "kiosk and staff: `what` the camera is: a device, a picture, a folder of pictures that follow each other, videotest, or none; default: the first of the system")
	set.StringVar(&o.Open, "open", "", "start on this `page`: sync; on a kiosk also activities, pickup, door, mine, phone, stations, stations/ID, help or an activity's id; on a phone also mine, ticket, or the id of an activity; of staff also names, todo, more, short, member, settings, own")
	set.BoolVar(&o.Press, "press", false, "phone: press the button of the activity named by -open, once")
	set.BoolVar(&o.Large, "large", false, "large letters; kept, as if chosen in the settings")
	set.StringVar(&o.Language, "lang", "", "`language` zh or en; kept")
	set.StringVar(&o.Palette, "palette", "", "`colours` light, night or contrast; kept")
	set.StringVar(&o.Describe, "describe", "", "keep a list of what the window shows in this `file`, with the place of everything that can be tapped")
	set.DurationVar(&o.Soak, "soak", 0, "let this much `time` pass as fast as the machine can, with somebody who taps at random; report and exit")
	set.StringVar(&o.Map, "map", "", "show the map pack in this `file`, not the device's own")
	set.BoolVar(&o.Offline, "offline", false, "start with the network off")
	set.StringVar(&printer, "printer", "", printerUsage)
	set.IntVar(&width, "paper", 58, "`width` of the printer's paper in mm: 58 or 80")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, ErrUsage
	}
	set.Visit(func(f *flag.Flag) { o.Chosen = o.Chosen || f.Name == "server" })
	o.Shell = op.Role(shell)
	err := o.check(set.Args(), size)
	if err == nil {
		o.Printer, o.Dots, err = printerOf(printer, width)
	}
	if err != nil {
		fmt.Fprintf(stderr, "yizhan: %v (yizhan -h lists the flags)\n", err)
		return o, ErrUsage
	}
	return o, nil
}

func (o *Options) check(rest []string, size string) error {
	if len(rest) > 0 {
		return fmt.Errorf("argument %q is not expected: the commands are doctor, decode, slip and map install", rest[0])
	}
	switch o.Shell {
	case "", op.Kiosk, op.Staff, op.Phone:
	default:
		return fmt.Errorf("-shell %q is not kiosk, staff or phone", o.Shell)
	}
	if !slices.Contains([]string{"", settings.Chinese, settings.English}, o.Language) {
		return fmt.Errorf("-lang %q is not zh or en", o.Language)
	}
	if !slices.Contains([]string{"", settings.Light, settings.Night, settings.Contrast}, o.Palette) {
		return fmt.Errorf("-palette %q is not light, night or contrast", o.Palette)
	}
	u, err := url.Parse(o.Server)
	if err != nil || u.Host == "" || (u.Scheme != "ws" && u.Scheme != "wss") {
		return fmt.Errorf("-server %q is not like ws://host:port/v1/sync", o.Server)
	}
	if size != "" {
		if n, err := fmt.Sscanf(size, "%dx%d", &o.Width, &o.Height); n != 2 || err != nil || o.Width < 200 || o.Height < 200 ||
			o.Width > 8192 || o.Height > 8192 {
			return fmt.Errorf("-size %q is not like 412x915, each 200 to 8192", size)
		}
	}
	if o.Data == "" {
		return errors.New("-data is empty and this account has no folder for settings: name one")
	}
	if o.After < 0 {
		return fmt.Errorf("-after %s is negative", o.After)
	}
	return nil
}

func defaultData() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "yizhan")
}
