package boot

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"yizhan/app/device/maps"
	"yizhan/app/device/sound"
	"yizhan/app/flow"
	"yizhan/app/flow/doctor"
	"yizhan/app/flow/settings"
	flowslip "yizhan/app/flow/slip"
	"yizhan/app/look"
	"yizhan/app/say"
	"yizhan/app/shell"
	"yizhan/assets"
	"yizhan/core/link"
	"yizhan/core/local/sqlite"
)

// reachTime is how long the doctor waits for the server.
const reachTime = 5 * time.Second

// signs say the tone of a finding in text.
var signs = map[flow.Tone]say.Text{flow.Good: say.T("[好]"), flow.Wait: say.T("[等]"), flow.Bad: say.T("[急]")}

// examine is the command doctor: what waits, since when, why, and what to do. It
// changes nothing, and works while the app runs. The exit code is 0 if nothing needs
// a person, 1 if something does, 2 after a wrong command line.
func examine(args []string, stdout, stderr io.Writer) int {
	set := command("doctor [flags]", "Say what waits on this device, since when, why, and what to do. It changes nothing and\n"+
		"works beside the running app. Exit status: 0 nothing needs a person, 1 something does.", stderr)
	data := set.String("data", defaultData(), "`folder` of this device's data")
	server := set.String("server", defaultServer, "`address` of the server, ws:// or wss://")
	language := set.String("lang", "zh", "`language` zh or en")
	camera := set.String("camera", "none", "`what` the camera is, as for the app; it is opened for a moment")
	name := set.String("printer", "", printerUsage+"; asked how it is, nothing is printed")
	err := set.Parse(args)
	printer, dots, unknown := printerOf(*name, 58)
	u, bad := url.Parse(*server)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case unknown != nil:
		fmt.Fprintln(stderr, "yizhan doctor:", unknown)
		return 2
	case bad != nil || u.Host == "" || set.NArg() > 0 || (*language != settings.Chinese && *language != settings.English):
		fmt.Fprintln(stderr, "yizhan doctor: give -data, -server, -camera, -printer and -lang only, the server as ws://host:port/v1/sync, the language as zh or en")
		return 2
	}
	if err := look.Speak(look.Locale(*language), assets.English); err != nil {
		fmt.Fprintln(stderr, "yizhan doctor:", err)
		return 2
	}
	now := time.Now().In(zone)
	in := inside(*data)
	in.Now, in.Free = now, shell.Free(*data)
	var offset time.Duration
	if in.Reach, offset = reach(u); in.Reach.Why.Empty() {
		in.Offset = offset
	}
	in.Sound = sound.Check(context.Background(), sound.Config{})
	all := append(doctor.Examine(in), doctor.Parts{Camera: shell.CameraState(*camera)}.Examine()...)
	if printer != nil {
		o := flowslip.Health(shell.NewPress(printer, dots).Status(context.Background()))
		all = append(all, doctor.Finding{Tone: o.Tone, What: say.T("打印机"), Words: o.Sentence, Next: o.Next})
	}
	fmt.Fprintln(stdout, look.Say(say.T("驿站设备检查 %s %s", now.Format("2006-01-02 15:04"), in.Device)))
	for _, f := range all {
		fmt.Fprintln(stdout, look.Say(say.T("%s %s：%s", signs[f.Tone], f.What, say.Sentences(f.Words, f.Next))))
	}
	if doctor.Worst(all) == flow.Bad {
		return 1
	}
	return 0
}

// inside reads the store, which is not made if there is none.
func inside(data string) doctor.Input {
	path := filepath.Join(data, "device.db")
	if _, err := os.Stat(path); err != nil {
		return doctor.Input{Store: err}
	}
	store, err := sqlite.OpenReadOnly(path)
	if err != nil {
		return doctor.Input{Store: err}
	}
	defer store.Close()
	in, err := doctor.Read(store)
	if err != nil {
		return doctor.Input{Store: err}
	}
	d, err := link.Open(link.Config{Store: store, Now: time.Now, Log: quiet})
	if err != nil {
		return doctor.Input{Store: err}
	}
	shell.Standing(&in, d.Status())
	who, _ := d.Identity()
	in.Map = shell.MapStands(shell.CompareMap(maps.Open(filepath.Join(data, mapsDir)), store, data, who.Role))
	return in
}

// reach asks the server for anything, which it refuses; the answer shows that it is
// there, and what time it has.
func reach(u *url.URL) (doctor.Reach, time.Duration) {
	r := doctor.Reach{Tried: true, Server: u.Host}
	ctx, cancel := context.WithTimeout(context.Background(), reachTime)
	defer cancel()
	plain := *u
	plain.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, plain.String(), nil)
	if err != nil {
		r.Why = say.Plain(err.Error())
		return r, 0
	}
	before := time.Now()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		r.Why = why(err)
		return r, 0
	}
	answer.Body.Close()
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return r, 0
	}
	return r, at.Sub(before.Add(time.Since(before) / 2))
}

// why says why a server was not reached.
func why(err error) say.Text {
	var name *net.DNSError
	var tls *net.OpError
	switch {
	case errors.As(err, &name):
		return say.T("找不到这个地址，可能没有网络")
	case errors.Is(err, syscall.ECONNREFUSED):
		return say.T("对方没有应答，服务器可能没有开")
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		return say.T("等了 5 秒没有回音")
	case errors.As(err, &tls):
		return say.T("网络不通")
	}
	return say.T("网络或证书有问题")
}
