package mapview

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"

	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/assets"
	"yizhan/core/mappack"
	"yizhan/core/walk"
)

// What a real window costs is measured with
//
//	xvfb-run -a -s "-screen 0 1080x1920x24" go test ./app/view/map -pan FILE.map
var (
	pan     = flag.String("pan", "", "measure panning in a real window over this map `pack`, and exit")
	panSize = flag.Int("side", 1080, "`dp` that the map is wide and high with -pan")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *pan == "" {
		os.Exit(m.Run())
	}
	if err := measure(*pan); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// measure shows a map in a window and moves it.
func measure(path string) error {
	pack, err := mappack.Open(path, "")
	if err != nil {
		return err
	}
	body, err := pack.Graph()
	if err != nil {
		return err
	}
	graph, err := walk.Decode(body)
	if err != nil {
		return err
	}
	a := app.NewWithID("cn.yizhan.pan")
	theme, err := look.NewTheme(look.Kiosk, assets.Fonts)
	if err != nil {
		return err
	}
	a.Settings().SetTheme(theme)
	w := a.NewWindow("pan")
	w.SetPadded(false)
	letters, err := opentype.Parse(theme.Font(fyne.TextStyle{}).Content())
	if err != nil {
		return err
	}
	m, state := New(look.Kiosk, fyne.Do), wayfind.State{}
	m.Face = func(pixels float64) font.Face {
		f, _ := opentype.NewFace(letters, &opentype.FaceOptions{Size: pixels, DPI: 72})
		return f
	}
	m.Send = func(msg wayfind.Message) { state = state.Update(msg); m.Draw(state) }
	box := pack.Box
	w.SetContent(m)
	w.Resize(fyne.NewSquareSize(float32(*panSize)))
	go func() {
		pause(2 * time.Second)
		report("window, no map", 2*time.Second, m)
		begun := time.Now()
		fyne.DoAndWait(func() {
			state = state.Update(wayfind.Mapped{Ground: wayfind.Ground{Hash: pack.Hash, Attribution: pack.Attribution, Box: box, Graph: graph}})
			state.Camera.Zoom = 16
			m.Draw(state)
			m.SetPack(pack)
		})
		for drawn := false; !drawn; {
			pause(10 * time.Millisecond)
			fyne.DoAndWait(func() { drawn = m.Drawn() })
		}
		fmt.Printf("first picture with all names after %d ms\n", time.Since(begun).Milliseconds())
		move := func(step float32, times int) {
			for i := range times {
				by := step
				if i/50%2 == 1 {
					by = -step
				}
				fyne.DoAndWait(func() { m.Send(wayfind.Pan{DX: by, DY: by / 3}) })
				pause(time.Second / 60)
			}
		}
		move(6, 20)
		begin(m)
		move(6, 100)
		end("panning over drawn tiles", m)
		begin(m)
		for i := range 100 {
			by := float32(10)
			if i > 50 {
				by = -10
			}
			fyne.DoAndWait(func() { m.Send(wayfind.Pan{DX: by, DY: by}) })
			pause(time.Second / 60)
		}
		end("panning over new ground", m)
		pause(2 * time.Second)
		report("still", 4*time.Second, m)
		fyne.Do(a.Quit)
	}()
	w.ShowAndRun()
	return nil
}

func pause(d time.Duration) { <-time.After(d) }

var at struct {
	wall   time.Time
	cpu    time.Duration
	frames int
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func begin(m *Map) {
	fyne.DoAndWait(func() { at.wall, at.cpu, at.frames = time.Now(), cpu(), m.Frames() })
}

func end(what string, m *Map) {
	fyne.DoAndWait(func() {
		wall := time.Since(at.wall)
		used, frames := cpu()-at.cpu, m.Frames()-at.frames
		fmt.Printf("%-26s %5.1f frames/s, %3.0f %% of a core, %4.1f ms of it a frame, %s resident\n", what, float64(frames)/wall.Seconds(),
			100*float64(used)/float64(wall), float64(used.Microseconds())/1000/float64(max(1, frames)), resident())
	})
}

func report(what string, over time.Duration, m *Map) {
	begin(m)
	pause(over)
	end(what, m)
}

func resident() string {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strings.TrimSpace(kb)
		}
	}
	return "?"
}
