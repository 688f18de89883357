package boot

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"yizhan/app/flow"
	"yizhan/app/flow/settings"
	flowslip "yizhan/app/flow/slip"
	"yizhan/app/look"
	"yizhan/app/paper"
	"yizhan/app/say"
	"yizhan/app/shell"
	"yizhan/assets"
	"yizhan/core/wire"
)

// samples are what the command slip prints, by the words of -kind.
var samples = map[string]func(time.Time) paper.Slip{
	"test":        func(now time.Time) paper.Slip { return flowslip.Sample(wire.StationRow{}, now) },
	"ticket":      func(now time.Time) paper.Slip { return flowslip.Ticket(specimen(), now) },
	"provisional": func(now time.Time) paper.Slip { return flowslip.Pending(specimen(), now) },
	"receipt":     func(now time.Time) paper.Slip { return flowslip.HandOver(specimen(), now.UnixMilli(), now) },
}

// specimen is a ticket that no server knows.
func specimen() flowslip.Matter {
	return flowslip.Matter{Title: "样张：“劳动者之夜”新春电影专场观影券（含亲子场）", Seats: 2, Ticket: math.MaxUint64, Code: "YIZHAN SPECIMEN 0123456789ABCDEFGHJKMNPQRSTVWXYZ", Holder: "欧阳明娜",
		Collect: wire.StationRow{Name: "仙桥街道职工服务站", Address: "仙桥路 18 号院东门北侧", Phone: "100-0000-0018"},
		Here:    wire.StationRow{Name: "仙桥街道职工服务站", Phone: "100-0000-0018"}}
}

// slip is the command of whoever sets up a printer: it prints a page and says what
// became of it. The exit code is 0 if it came out, 1 if not, 2 after a wrong command line.
func slip(args []string, stdout, stderr io.Writer) int {
	set := command("slip -printer PRINTER [flags]", "Print a test page, or say in one sentence what keeps it from coming out.", stderr)
	name := set.String("printer", "", printerUsage)
	width := set.Int("paper", 58, "`width` of the paper in mm: 58 or 80")
	kind := set.String("kind", "test", "what to print: `test`, ticket, provisional or receipt, all of them samples")
	language := set.String("lang", "zh", "`language` zh or en")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	printer, n, err := printerOf(*name, *width)
	sample, known := samples[*kind]
	switch {
	case err != nil:
	case printer == nil:
		err = errors.New("give -printer: usb:/dev/usb/lp0, tcp:HOST:9100 or png:FOLDER")
	case !known:
		err = fmt.Errorf("-kind %q is not %s", *kind, strings.Join(slices.Sorted(maps.Keys(samples)), ", "))
	case *language != settings.Chinese && *language != settings.English:
		err = fmt.Errorf("-lang %q is not zh or en", *language)
	case set.NArg() > 0:
		err = fmt.Errorf("argument %q is not expected", set.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "yizhan slip: %v (yizhan slip -h lists the flags)\n", err)
		return 2
	}
	if err := look.Speak(look.Locale(*language), assets.English); err != nil {
		fmt.Fprintf(stderr, "yizhan slip: %v\n", err)
		return 1
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	state, todo := flowslip.State{}.Update(flowslip.Print{Slip: sample(time.Now().In(zone))})
	done := shell.NewPress(printer, n).Print(ctx, *todo)
	state, _ = state.Update(done)
	o := state.Outcome()
	fmt.Fprintln(stdout, look.Say(say.T("%s %s：%s", signs[o.Tone], o.Word, say.Sentences(o.Sentence, o.Next))))
	if done.Err != nil {
		fmt.Fprintf(stderr, "yizhan slip: %v\n", done.Err)
	}
	if o.Tone == flow.Bad {
		return 1
	}
	return 0
}
