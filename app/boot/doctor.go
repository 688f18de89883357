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

	"yizhan/app/flow"
	"yizhan/app/flow/doctor"
	"yizhan/app/shell"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/sqlite"
)

// reachTime is how long the doctor waits for the server.
const reachTime = 5 * time.Second

// signs say the tone of a finding in text.
var signs = map[flow.Tone]string{flow.Good: "[好]", flow.Wait: "[等]", flow.Bad: "[急]"}

// examine is the command doctor: what waits, since when, why, and what to do. It
// changes nothing, and works while the app runs. The exit code is 0 if nothing needs
// a person, 1 if something does, 2 after a wrong command line.
func examine(args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("yizhan doctor", flag.ContinueOnError)
	set.SetOutput(stderr)
	data := set.String("data", defaultData(), "`folder` of this device's data")
	server := set.String("server", defaultServer, "`address` of the server, ws:// or wss://")
	err := set.Parse(args)
	u, bad := url.Parse(*server)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case bad != nil || u.Host == "" || set.NArg() > 0:
		fmt.Fprintln(stderr, "yizhan doctor: give -data and -server only, the server as ws://host:port/v1/sync")
		return 2
	}
	now := time.Now().In(zone)
	in := inside(*data)
	in.Now, in.Free = now, shell.Free(*data)
	var offset time.Duration
	if in.Reach, offset = reach(u); in.Reach.Why == "" {
		in.Offset = offset
	}
	all := doctor.Examine(in)
	fmt.Fprintf(stdout, "驿站设备检查 %s %s\n", now.Format("2006-01-02 15:04"), in.Device)
	for _, f := range all {
		fmt.Fprintf(stdout, "%s %s：%s%s\n", signs[f.Tone], f.What, f.Words, f.Next)
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
		return doctor.Input{Store: fmt.Errorf("%s 里没有这台设备的数据（device.db）", data)}
	}
	store, err := sqlite.OpenReadOnly(path)
	if err != nil {
		return doctor.Input{Store: inWords(err)}
	}
	defer store.Close()
	in, err := doctor.Read(store)
	if err != nil {
		return doctor.Input{Store: inWords(err)}
	}
	d, err := link.Open(link.Config{Store: store, Now: time.Now, Log: quiet})
	if err != nil {
		return doctor.Input{Store: inWords(err)}
	}
	shell.Standing(&in, d.Status())
	return in
}

// inWords says in Chinese what is wrong with a store.
func inWords(err error) error {
	switch {
	case errors.Is(err, local.ErrDamaged):
		return errors.New("文件已经损坏")
	case errors.Is(err, local.ErrFull):
		return errors.New("磁盘满了")
	case errors.Is(err, os.ErrPermission):
		return errors.New("没有读写的权限")
	}
	return err
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
		r.Why = err.Error()
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

// why says in Chinese why a server was not reached.
func why(err error) string {
	var name *net.DNSError
	var tls *net.OpError
	switch {
	case errors.As(err, &name):
		return "找不到这个地址，可能没有网络"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "对方没有应答，服务器可能没有开"
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		return "等了 5 秒没有回音"
	case errors.As(err, &tls):
		return "网络不通"
	}
	return "网络或证书有问题"
}
