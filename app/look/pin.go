package look

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"yizhan/app/flow"
)

// A pin is a drop in a field of 24×24 whose tip stands on the place.
const (
	pinDrop  = "M12 .6A8.9 8.9 0 0 1 20.9 9.5C20.9 15.6 12 23.8 12 23.8C12 23.8 3.1 15.6 3.1 9.5A8.9 8.9 0 0 1 12 .6z"
	pinInner = "M12 2A7.5 7.5 0 0 1 19.5 9.5C19.5 14.6 12 22 12 22C12 22 4.5 14.6 4.5 9.5A7.5 7.5 0 0 1 12 2z"
	pinBar   = "M5.2 14.9L17.4 2.7L18.8 4.1L6.6 16.3z"
)

// glyphs are the marks of the kinds of stations, by station.Kinds' keys.
var glyphs = map[string]string{
	"care":     "M12 14L7.4 9.4A2.6 2.6 0 0 1 12 6.6A2.6 2.6 0 0 1 16.6 9.4z",
	"service":  "M12 5.2A4 4 0 0 1 16 9.2V12H8V9.2A4 4 0 0 1 12 5.2z" + "M7.2 12.7H16.8V14H7.2z",
	"home":     "M12 4.8L17.4 9.6H15.8V14H8.2V9.6H6.6z",
	"merchant": "M7.6 8H16.4L17 14.2H7z" + "M9.6 7.4A2.4 2.4 0 0 1 14.4 7.4H13.2A1.2 1.2 0 0 0 10.8 7.4z",
	"hospital": "M10.5 5H13.5V8H16.5V11H13.5V14H10.5V11H7.5V8H10.5z",
	"venue":    "M12 5A4.5 4.5 0 0 1 12 14A4.5 4.5 0 0 1 12 5z" + "M12 7.2A2.3 2.3 0 0 0 12 11.8A2.3 2.3 0 0 0 12 7.2z",
	"":         "M12 6.5A3 3 0 0 1 12 12.5A3 3 0 0 1 12 6.5z",
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Pin is the mark of a station on a map: full where it is open, hollow and struck
// through where it is closed, and in the bar's colour where nobody knows. A chosen one has
// a ring of its own.
func (s Scale) Pin(kind string, t Tone, chosen bool) *canvas.Image {
	glyph, known := glyphs[kind]
	if !known {
		kind, glyph = "", glyphs[""]
	}
	edge, fill, on := s.Surface, s.Bar, s.OnBar
	switch t {
	case flow.Good, flow.Wait:
		fill, on = s.Strong(flow.Good)
	case flow.Bad:
		edge, fill, on = s.Muted, s.Surface, s.Muted
	}
	if chosen {
		edge = s.Ring
	}
	path := func(c color.NRGBA, d string) string { return `<path fill="` + hex(c) + `" d="` + d + `"/>` }
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">` + path(edge, pinDrop) + path(fill, pinInner) + path(on, glyph)
	if t == flow.Bad {
		svg += path(on, pinBar)
	}
	name := fmt.Sprintf("pin-%s-%d-%t-%s.svg", kind, t, chosen, s.Name)
	i := canvas.NewImageFromResource(fyne.NewStaticResource(name, []byte(svg+`</svg>`)))
	i.FillMode = canvas.ImageFillContain
	return i
}

// PinDot is a pin that would cover another: a disc where the station is open or nobody
// knows, a ring where it is closed.
func (s Scale) PinDot(t Tone) *canvas.Image {
	const disc = "M12 1A11 11 0 0 1 12 23A11 11 0 0 1 12 1z"
	fill, _ := s.Strong(flow.Good)
	path := disc
	switch t {
	case flow.Bad:
		fill, path = s.Muted, disc+"M12 6A6 6 0 0 0 12 18A6 6 0 0 0 12 6z"
	case flow.Plain, flow.Wait:
		fill = s.Bar
	}
	return sign(fmt.Sprintf("dot%d", t), path, fill)
}
