// Package boot puts the app together: it opens the device's store, starts the
// link, and picks the shell of the role that the device was enrolled in.
package boot

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/software"

	"yizhan/app/device"
	"yizhan/app/device/maps"
	"yizhan/app/device/photos"
	"yizhan/app/device/sound"
	"yizhan/app/flow/settings"
	"yizhan/app/kiosk"
	"yizhan/app/look"
	"yizhan/app/phone"
	"yizhan/app/say"
	"yizhan/app/shell"
	"yizhan/app/staff"
	"yizhan/assets"
	"yizhan/core/link"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
)

// quiet is for what tells in another way what it has to say.
var quiet = slog.New(slog.DiscardHandler)

// version is sent to the server for its log.
const version = "yizhan/0.1.0"

// zone is the one of the deployment: the wall clock of its windows.
var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Main runs the app until its window closes and gives the exit code.
func Main(args []string, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "doctor" {
		return examine(args[1:], os.Stdout, stderr)
	}
	if len(args) > 0 && args[0] == "decode" {
		return decode(args[1:], os.Stdout, stderr)
	}
	if len(args) > 0 && args[0] == "slip" {
		return slip(args[1:], os.Stdout, stderr)
	}
	if len(args) > 0 && args[0] == "map" {
		return mapCommand(args[1:], os.Stdout, stderr)
	}
	o, err := Parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if err := run(o, stderr); err != nil {
		fmt.Fprintln(stderr, "yizhan:", err)
		return 1
	}
	return 0
}

// run holds everything open in the order in which it has to be closed again.
func run(o Options, stderr io.Writer) (err error) {
	begun := time.Now()
	debug.SetMemoryLimit(heap)
	release, err := lock(o.Data)
	if err != nil {
		return err
	}
	defer release()
	store, err := sqlite.Open(filepath.Join(o.Data, "device.db"))
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	device, err := link.Open(link.Config{Store: store, URL: o.Server, App: version, Now: time.Now, Random: rand.Reader, Log: log,
		Attachments: filepath.Join(o.Data, "attachments"), FixedURL: o.Chosen})
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	device.SetOnline(!o.Offline)
	var running sync.WaitGroup
	defer running.Wait() // the link lets go of the store before it is closed
	defer cancel()
	running.Go(func() { _ = device.Run(ctx) }) // its error is ctx's

	// What Fyne keeps for itself belongs to this device, not to the account: two devices may run side by side.
	// The path has to be absolute: with a relative one Fyne writes into the working directory.
	if home, err := filepath.Abs(filepath.Join(o.Data, "fyne")); err == nil {
		_ = os.Setenv("XDG_CONFIG_HOME", home)
		_ = os.MkdirAll(filepath.Join(home, "cache"), 0o700) // Fyne makes only the last folder itself
		_ = os.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	}
	// A bare system has no locale; Fyne's own dialogs then speak English.
	if lang := os.Getenv("LANG"); lang == "" || lang == "C" || lang == "POSIX" || lang == "C.UTF-8" {
		_ = os.Setenv("LANG", "zh_CN.UTF-8")
	}
	theme, err := look.NewTheme(look.Phone, assets.Fonts)
	if err != nil {
		log.Warn("no bundled Chinese font in this build, using the system's: run `make fonts` and build again")
	}
	a := app.NewWithID("cn.yizhan.app")
	a.Settings().SetTheme(theme)
	w := a.NewWindow("")
	b := &boot{o: o, beside: &running, begun: begun, device: device, cancel: cancel, log: log, env: &shell.Env{Ctx: ctx, Store: store, Link: device, Theme: theme, Taste: &shell.Taste{}, App: a,
		Window: w, Zone: zone, Now: time.Now, Do: fyne.Do, Offline: o.Offline, Server: o.Server, Data: o.Data, Maps: mapsOf(o), Photos: photos.Open(filepath.Join(o.Data, photosDir)),
		Press: shell.NewPress(o.Printer, o.Dots), Speaker: sound.New(ctx, sound.Config{Voice: voice(), Log: log})}}
	return b.window()
}

// mapsDir is the folder of the device's map, in that of its data.
const mapsDir = "maps"

// photosDir is the folder of the pictures of stations, likewise.
const photosDir = "photos"

// mapsOf are the maps of this device, or the one that -map names.
func mapsOf(o Options) *maps.Store {
	if o.Map != "" {
		return maps.Fixed(o.Map)
	}
	return maps.Open(filepath.Join(o.Data, mapsDir))
}

// heap is what the Go part of the program should keep to: it collects earlier before
// it grows beyond. What is drawn lies outside.
const heap = 96 << 20

// voice is the folder of fixed phrases.
func voice() fs.FS {
	phrases, err := fs.Sub(assets.Voice, "voice")
	if err != nil {
		panic(err) // the name of a folder is wrong
	}
	return phrases
}

// boot is the window's life.
type boot struct {
	o      Options
	device *link.Device
	env    *shell.Env // of the whole run
	live   *shell.Env // of the shell that is on screen
	shown  op.Role    // of the shell that ran before the device was erased
	cancel func()
	log    *slog.Logger
	failed error           // of the picture
	beside *sync.WaitGroup // what has to end before the store is closed
	begun  time.Time
}

// window shows the app until it is closed, by a person, a signal or -shot.
func (b *boot) window() error {
	b.live = b.env
	b.env.Camera = device.CameraOf(b.o.Camera)
	b.taste()
	w := b.env.Window
	w.SetPadded(false)
	w.SetMaster()
	w.SetOnClosed(b.cancel)
	w.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyD, Modifier: fyne.KeyModifierControl},
		func(fyne.Shortcut) { b.live.Switch() })
	go func() {
		<-b.env.Ctx.Done()
		fyne.Do(b.env.App.Quit)
	}()
	if b.o.Shot != "" {
		go b.shoot()
	}
	if b.o.Describe != "" {
		go b.describe(b.o.Describe)
	}
	if b.o.Soak > 0 {
		s := &soak{started: b.begun, ticks: make(chan time.Time)}
		b.env.Now, b.env.Seconds = s.Now, s.ticks
		go s.live(b, b.o.Soak, os.Stdout)
	}
	watch(b.env.Ctx, fyne.Do, b.log)
	w.Resize(b.size())
	if who, ok := b.device.Identity(); ok && (b.o.Code == "" || !b.device.Forgotten()) {
		if b.o.Code != "" {
			fmt.Fprintf(os.Stderr, "yizhan: device %s is enrolled already; the code was not used\n", who.Device)
		}
		b.start()
	} else {
		shell.Enrol(b.env, b.scale(), b.o.Code, b.start)
	}
	w.ShowAndRun()
	return b.failed
}

// taste takes what people chose here, and what the flags choose for them.
func (b *boot) taste() {
	b.env.Forget()
	defer func() { b.env.Window.SetTitle(look.Say(say.T("驿站"))) }()
	if b.o.Large {
		b.env.Keep(settings.SetPrint{Print: settings.Large})
	}
	if b.o.Language != "" {
		b.env.Keep(settings.SetLanguage{Name: b.o.Language})
	}
	if b.o.Palette != "" {
		b.env.Keep(settings.SetPalette{Name: b.o.Palette})
	}
}

// role is the shell that was asked for, else the enrolled one; a new device is taken for a phone.
func (b *boot) role() op.Role {
	if b.o.Shell != "" {
		return b.o.Shell
	}
	if who, ok := b.device.Identity(); ok {
		return who.Role
	}
	if b.shown != "" {
		return b.shown
	}
	return op.Phone
}

func (b *boot) size() fyne.Size {
	switch {
	case b.o.Width > 0:
		return fyne.NewSize(float32(b.o.Width), float32(b.o.Height))
	case b.role() == op.Kiosk:
		b.env.Window.SetFullScreen(true)
		return fyne.NewSize(1080, 1920)
	}
	return fyne.NewSize(412, 915)
}

func (b *boot) scale() look.Scale {
	if b.role() == op.Kiosk {
		return kiosk.Scale(b.env.Scale(look.KioskSizes), b.size())
	}
	return b.env.Scale(look.StaffSizes)
}

// start fills the window with the shell of the device's role; once the server
// has the device erased, the window takes an enrolment code again.
func (b *boot) start() {
	b.shown = b.role()
	shell.Life(b.env, b.fill, func() { shell.Enrol(b.env, b.scale(), "", b.start) })
}

func (b *boot) fill(env *shell.Env) {
	b.live = env
	b.follow(env)
	switch b.shown {
	case op.Phone:
		env.Camera = nil // a member's own device shows codes
		s := phone.Start(env)
		if b.o.Open != "" {
			s.Show(b.o.Open, b.o.Press)
		}
		return
	case op.Kiosk:
		env.Counter, env.Holder = shell.NewCounter(env), shell.NewHolder(env)
		env.KeepLeases()
		s := kiosk.Start(env, b.size())
		s.Show(b.o.Open)
		b.scan(s.Picture)
	default:
		env.Counter, env.Holder = shell.NewCounter(env), shell.NewHolder(env)
		env.KeepLeases()
		s := staff.Start(env)
		s.Show(b.o.Open)
		b.scan(s.Picture)
	}
}

// follow keeps the map, and the pictures of stations, up to date beside the shell.
func (b *boot) follow(env *shell.Env) {
	files, err := b.device.Attachments()
	if err != nil {
		b.log.Warn("no newer map and no photo is fetched", "error", err)
		return
	}
	b.beside.Go(func() { env.FollowMaps(files) })
	if who, _ := b.device.Identity(); who.Role == op.Kiosk || who.Role == op.Phone { // the others show no station's page
		b.beside.Go(func() { env.FollowPhotos(files) })
	}
}

// scan reads the picture of -scan-image.
func (b *boot) scan(picture func(path string)) {
	if b.o.Picture != "" {
		picture(b.o.Picture)
	}
}

// shoot writes a picture of the window and ends the app.
func (b *boot) shoot() {
	select {
	case <-time.After(b.o.After):
	case <-b.env.Ctx.Done():
		return
	}
	// Nobody looks at a window that only makes a picture: if it is stuck, it says where and ends.
	time.AfterFunc(shotPatience, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGQUIT) })
	fyne.DoAndWait(func() { b.failed = b.picture() })
	b.cancel()
}

// shotPatience is how long -shot may take behind -after.
const shotPatience = 30 * time.Second

// picture draws the window once more in software: a driver without a graphics
// card gives nothing back of what is on the screen.
func (b *boot) picture() error {
	shown := b.env.Window.Canvas()
	c := software.NewCanvas()
	c.SetPadded(false)
	c.SetContent(shown.Content())
	c.Resize(shown.Size())
	c.SetScale(shown.Scale())
	f, err := os.Create(b.o.Shot)
	if err != nil {
		return fmt.Errorf("write -shot: %w", err)
	}
	if err := errors.Join(png.Encode(f, c.Capture()), f.Close()); err != nil {
		return fmt.Errorf("write -shot %s: %w", b.o.Shot, err)
	}
	return nil
}
