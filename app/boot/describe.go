package boot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/look"
)

// describe keeps a list of what the window shows in a file, for tests and for whoever
// cannot see it: a line for each text ("text X Y WORDS") and for the middle of
// each thing that can be tapped ("tap X Y WORDS"), in pixels of the window.
func (b *boot) describe(file string) {
	last := ""
	for {
		select {
		case <-time.After(200 * time.Millisecond):
		case <-b.env.Ctx.Done():
			return
		}
		now := ""
		fyne.DoAndWait(func() { now = outline(b.env.Window.Canvas()) })
		if now == last {
			continue
		}
		last = now
		// Written beside it and moved, so that nobody reads half a page.
		beside := filepath.Join(filepath.Dir(file), "."+filepath.Base(file))
		err := os.WriteFile(beside, []byte(now), 0o600)
		if err == nil {
			err = os.Rename(beside, file)
		}
		if err != nil {
			b.log.Warn("cannot describe the window", "why", err)
			return
		}
	}
}

func outline(c fyne.Canvas) string {
	var s strings.Builder
	line := func(what string, o fyne.CanvasObject, words string) {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o).Add(fyne.NewPos(o.Size().Width/2, o.Size().Height/2))
		x, y := c.PixelCoordinateForPosition(at)
		fmt.Fprintf(&s, "%s %d %d %s\n", what, x, y, strings.ReplaceAll(words, "\n", " "))
	}
	look.Walk(c.Content(), func(o fyne.CanvasObject) {
		if words := look.Reads(o); words != "" {
			line("text", o, words)
		}
		if _, ok := o.(fyne.Tappable); ok {
			line("tap", o, look.ReadsIn(o))
		}
	})
	return s.String()
}
