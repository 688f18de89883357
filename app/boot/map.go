package boot

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"yizhan/app/device/maps"
	"yizhan/app/flow"
	"yizhan/app/flow/doctor"
	"yizhan/app/flow/settings"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/assets"
	"yizhan/core/local"
	"yizhan/core/mappack"
)

// mapCommand is the command map install. The app may run meanwhile: it shows the new
// map within seconds. Exit status: 0 installed, 1 not taken and the old one stays, 2 wrong command line.
func mapCommand(args []string, stdout, stderr io.Writer) int {
	set := command("map install FILE [flags]", "Check a map, such as one on a USB stick, and put a copy of it in the place of the one that this\n"+
		"device holds. One that is damaged, of another area or older is refused, and the old one stays.\nIt works beside the running app.", stderr)
	data := set.String("data", defaultData(), "`folder` of this device's data")
	older := set.Bool("older", false, "take it although it is older than the one that is held")
	language := set.String("lang", "zh", "`language` zh or en")
	var err error
	if len(args) > 0 && args[0] == "install" {
		args = args[1:]
	} else if len(args) == 0 || args[0][0] != '-' {
		err = errors.New("say what to do: map install FILE")
	}
	var files []string
	for err == nil { // flags may stand before and behind the file
		if err = set.Parse(args); errors.Is(err, flag.ErrHelp) {
			return 0
		} else if err != nil {
			return 2
		}
		if set.NArg() == 0 {
			break
		}
		files, args = append(files, set.Arg(0)), set.Args()[1:]
	}
	switch {
	case err != nil:
	case len(files) != 1:
		err = errors.New("name one file")
	case *language != settings.Chinese && *language != settings.English:
		err = fmt.Errorf("-lang %q is not zh or en", *language)
	}
	if err != nil {
		fmt.Fprintf(stderr, "yizhan map: %v (yizhan map -h lists the flags)\n", err)
		return 2
	}
	if err := look.Speak(look.Locale(*language), assets.English); err != nil {
		fmt.Fprintf(stderr, "yizhan map: %v\n", err)
		return 1
	}
	held, err := maps.Open(filepath.Join(*data, mapsDir)).Install(files[0], *older)
	o := installed(held, err)
	fmt.Fprintln(stdout, look.Say(say.T("%s %s：%s", signs[o.Tone], o.What, say.Sentences(o.Words, o.Next))))
	if err != nil {
		return 1
	}
	return 0
}

// installed says what became of a map that a person brought.
func installed(held maps.Held, err error) doctor.Finding {
	f := doctor.Finding{Tone: flow.Bad, What: say.T("地图"), Next: say.T("原来的地图继续使用。")}
	pack := doctor.Pack{Name: held.Name, Made: held.Made, Bytes: held.Bytes}
	var refusal *mappack.Refusal
	switch {
	case err == nil:
		return doctor.Finding{Tone: flow.Good, What: f.What, Words: say.T("已经换上%s。", pack.Say())}
	case errors.As(err, &refusal):
		f.Words = say.T("没有换上这张地图：%s。", doctor.Why(refusal.Reason))
	case errors.Is(err, maps.ErrOlder):
		f.Words = say.T("没有换上这张地图：它比原来的旧（%s 制作）。", say.Plain(held.Made))
	case errors.Is(err, local.ErrFull):
		f.Words = say.T("没有换上这张地图：磁盘满了。")
	default:
		f.Words = say.T("没有换上这张地图：%s。", say.Plain(err.Error()))
	}
	return f
}
