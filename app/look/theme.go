// Package look is how the app looks: type scale, colours, the Chinese font and
// the few widgets that all pages are made of.
package look

import (
	"image/color"
	"io/fs"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Scale is the set of sizes of one shell, in dp.
type Scale struct {
	Small, Body, Title, Head float32 // text: remarks, running text, titles, page headings
	Huge                     float32 // the word of a verdict
	Button                   float32 // least height of what is tapped
	Pad, Gap, Radius         float32
}

// Scales of the shells. Large is the phone's 长辈版: no text under 18 dp.
var (
	Kiosk = Scale{Small: 24, Body: 30, Title: 42, Head: 54, Huge: 128, Button: 104, Pad: 40, Gap: 24, Radius: 20}
	Phone = Scale{Small: 14, Body: 16, Title: 19, Head: 22, Huge: 34, Button: 52, Pad: 16, Gap: 12, Radius: 12}
	Staff = Scale{Small: 15, Body: 18, Title: 22, Head: 26, Huge: 72, Button: 60, Pad: 18, Gap: 14, Radius: 12}
	Large = Scale{Small: 19, Body: 23, Title: 26, Head: 28, Huge: 42, Button: 68, Pad: 16, Gap: 14, Radius: 12}
)

// Times gives the scale for a screen that is wider or narrower.
func (s Scale) Times(f float32) Scale {
	return Scale{s.Small * f, s.Body * f, s.Title * f, s.Head * f, s.Huge * f, s.Button * f, s.Pad * f, s.Gap * f, s.Radius * f}
}

// Theme is the Fyne theme of a scale.
type Theme struct {
	Scale
	regular, bold fyne.Resource // nil: the system's fonts
}

// Fonts that `make fonts` makes, inside the asset folder.
const (
	regularFont = "fonts/NotoSansSC-Regular.otf"
	boldFont    = "fonts/NotoSansSC-Bold.otf"
)

// NewTheme makes the theme with the bundled fonts of files. Without them the
// error says what to run; the theme then works with the system's fonts.
func NewTheme(s Scale, files fs.FS) (*Theme, error) {
	t := &Theme{Scale: s}
	regular, err := fs.ReadFile(files, regularFont)
	if err != nil {
		return t, err
	}
	bold, err := fs.ReadFile(files, boldFont)
	if err != nil {
		return t, err
	}
	t.regular = fyne.NewStaticResource("NotoSansSC-Regular.otf", regular)
	t.bold = fyne.NewStaticResource("NotoSansSC-Bold.otf", bold)
	return t, nil
}

// With gives the same theme in another scale.
func (t *Theme) With(s Scale) *Theme { return &Theme{Scale: s, regular: t.regular, bold: t.bold} }

// Font gives the bundled face where there is one.
func (t *Theme) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Symbol || style.Monospace || t.regular == nil:
		return theme.DefaultTheme().Font(style)
	case style.Bold:
		return t.bold
	}
	return t.regular
}

// Icon gives Fyne's own icons.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Color gives the app's colours; the app has one light variant.
func (t *Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	switch name {
	case theme.ColorNameBackground:
		return Ground
	case theme.ColorNameForeground:
		return Ink
	case theme.ColorNameInputBackground, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground:
		return Surface
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled, theme.ColorNameInputBorder:
		return Muted
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return Brand
	case theme.ColorNameSelection, theme.ColorNameFocus:
		return rgb(0xB9D6F0)
	case theme.ColorNameSeparator:
		return Line
	case theme.ColorNameShadow:
		return color.NRGBA{} // cards have borders instead
	}
	return theme.DefaultTheme().Color(name, theme.VariantLight)
}

// Size gives the sizes of the scale.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return t.Body
	case theme.SizeNameCaptionText:
		return t.Small
	case theme.SizeNameHeadingText, theme.SizeNameSubHeadingText:
		return t.Title
	case theme.SizeNameInnerPadding:
		return t.Gap
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return t.Radius
	}
	return theme.DefaultTheme().Size(name)
}
