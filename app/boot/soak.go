package boot

import (
	"fmt"
	"io"
	"math/rand"
	"os"
	"regexp"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/look"
)

// soak lives a long day in a short time: the clock of the app is moved on by hand,
// and somebody with no plan taps whatever is on the screen. At its end it says what
// the day cost.
type soak struct {
	started time.Time
	ahead   atomic.Int64 // how far the app's clock is ahead of the real one, in nanoseconds
	ticks   chan time.Time
}

// Now is the app's clock.
func (s *soak) Now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// idle is how long the app is watched at the end while nobody touches it.
const idle = 30 * time.Second

// visits: somebody comes every few minutes, and taps some ten times.
const (
	between = 180 // seconds, at most
	longest = 20  // taps
)

// live lets a day pass and reports to w.
func (s *soak) live(b *boot, day time.Duration, w io.Writer) {
	fyne.DoAndWait(func() {})
	fmt.Fprintf(w, "first screen after %v\n", time.Since(s.started).Round(time.Millisecond))
	random := rand.New(rand.NewSource(1))
	taps, wait, left, told := 0, between, 0, 0
	for second := range int(day / time.Second) {
		s.ahead.Add(int64(time.Second))
		select {
		case s.ticks <- s.Now():
		case <-b.env.Ctx.Done():
			return
		}
		if wait--; wait > 0 {
			if wait%30 == 0 {
				fyne.DoAndWait(func() {}) // not more ticks than the screen can follow
			}
			continue
		}
		fyne.DoAndWait(func() { taps += b.poke(random) })
		if left--; left <= 0 {
			wait, left = 1+random.Intn(between), 1+random.Intn(longest)
		}
		if hour := second / 3600; hour > told {
			told = hour
			fmt.Fprintf(w, "%2d h: %d taps, %s\n", hour, taps, memory())
		}
	}
	runtime.GC()
	fmt.Fprintf(w, "%v: %d taps, %d goroutines, %s\n", day, taps, runtime.NumGoroutine(), memory())
	fyne.DoAndWait(func() { b.env.Window.Canvas().SetOnTypedRune(nil) })
	from, cpu := time.Now(), spent()
	for time.Since(from) < idle {
		select {
		case <-time.After(time.Second):
			s.ticks <- s.Now()
		case <-b.env.Ctx.Done():
			return
		}
	}
	fmt.Fprintf(w, "untouched: %.1f %% of a core\n", 100*float64(spent()-cpu)/float64(time.Since(from)))
	b.cancel()
}

// poke taps one of the things on the screen, whichever, and says how often.
func (b *boot) poke(random *rand.Rand) int {
	c := b.env.Window.Canvas()
	for top := c.Overlays().Top(); top != nil; top = c.Overlays().Top() {
		c.Overlays().Remove(top)
	}
	var targets []fyne.Tappable
	look.Walk(c.Content(), func(o fyne.CanvasObject) {
		if t, ok := o.(fyne.Tappable); ok {
			targets = append(targets, t)
		}
	})
	if len(targets) == 0 {
		return 0
	}
	targets[random.Intn(len(targets))].Tapped(&fyne.PointEvent{})
	return 1
}

var resident = regexp.MustCompile(`(?m)^Vm(RSS|HWM):\s+(\d+) kB`)

// memory reads what the system says of this process.
func memory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "memory unknown"
	}
	kB := map[string]int{}
	for _, m := range resident.FindAllSubmatch(status, -1) {
		var n int
		_, _ = fmt.Sscan(string(m[2]), &n)
		kB[string(m[1])] = n
	}
	return fmt.Sprintf("%d MB resident, at most %d", kB["RSS"]>>10, kB["HWM"]>>10)
}

// spent is the processor time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
