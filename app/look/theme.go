// Package look is how the app looks: type scale, colours, the Chinese font and
// the widgets that all pages are made of.
package look

import (
	"image/color"
	"io/fs"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Scale is how the pages of one shell look now: sizes in dp, and colours. Views
// get it and pass it on; where it changes, they draw anew.
type Scale struct {
	Palette
	Small, Body, Title, Head float32 // text: remarks, running text, titles, page headings
	Huge                     float32 // the word of a verdict
	Button                   float32 // least height of what is tapped
	Pad, Gap, Radius         float32
	Language                 fyne.Locale // of the texts, so that a page in another one differs
}

// Sizes are the scales of a shell: standard, large and largest print.
type Sizes [3]Scale

// Sizes of the shells. The larger two are 长辈版: no text under 18 dp, running text
// up to 30 dp and more, nothing to tap under 60 dp.
var (
	KioskSizes = Sizes{Kiosk,
		{Palette: Light, Small: 32, Body: 40, Title: 52, Head: 62, Huge: 140, Button: 124, Pad: 40, Gap: 26, Radius: 20},
		{Palette: Light, Small: 40, Body: 48, Title: 60, Head: 68, Huge: 150, Button: 140, Pad: 40, Gap: 28, Radius: 20}}
	PhoneSizes = Sizes{Phone, Large,
		{Palette: Light, Small: 24, Body: 30, Title: 32, Head: 34, Huge: 50, Button: 80, Pad: 14, Gap: 14, Radius: 12}}
	StaffSizes = Sizes{Staff,
		{Palette: Light, Small: 20, Body: 24, Title: 28, Head: 30, Huge: 76, Button: 70, Pad: 18, Gap: 14, Radius: 12},
		{Palette: Light, Small: 25, Body: 30, Title: 33, Head: 35, Huge: 80, Button: 80, Pad: 16, Gap: 14, Radius: 12}}
)

// Scales of the shells in standard print; Large is the phone's in large print.
var (
	Kiosk = Scale{Palette: Light, Small: 24, Body: 30, Title: 42, Head: 54, Huge: 128, Button: 104, Pad: 40, Gap: 24, Radius: 20}
	Phone = Scale{Palette: Light, Small: 14, Body: 16, Title: 19, Head: 22, Huge: 34, Button: 52, Pad: 16, Gap: 12, Radius: 12}
	Staff = Scale{Palette: Light, Small: 15, Body: 18, Title: 22, Head: 26, Huge: 72, Button: 60, Pad: 18, Gap: 14, Radius: 12}
	Large = Scale{Palette: Light, Small: 19, Body: 23, Title: 26, Head: 28, Huge: 42, Button: 68, Pad: 16, Gap: 14, Radius: 12}
)

// Target is the least height of anything that is tapped: 60 dp in 长辈版, 44 else.
func (s Scale) Target() float32 {
	if s.Small >= 18 {
		return 60
	}
	return 44
}

// Times gives the scale for a screen that is wider or narrower.
func (s Scale) Times(f float32) Scale {
	for _, size := range []*float32{&s.Small, &s.Body, &s.Title, &s.Head, &s.Huge, &s.Button, &s.Pad, &s.Gap, &s.Radius} {
		*size *= f
	}
	return s
}

// In gives the scale in other colours.
func (s Scale) In(p Palette) Scale {
	s.Palette = p
	return s
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

// Color gives the colours of the scale, whatever the system prefers.
func (t *Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	switch name {
	case theme.ColorNameBackground:
		return t.Ground
	case theme.ColorNameForeground:
		return t.Ink
	case theme.ColorNameInputBackground, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground, theme.ColorNameHeaderBackground:
		return t.Surface
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled, theme.ColorNameInputBorder:
		return t.Muted
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return t.Brand
	case theme.ColorNameForegroundOnPrimary:
		return t.OnBrand
	case theme.ColorNameSelection, theme.ColorNameFocus, theme.ColorNameHover, theme.ColorNamePressed:
		return t.BrandLo
	case theme.ColorNameButton, theme.ColorNameDisabledButton:
		return t.Idle
	case theme.ColorNameScrollBar:
		return t.Muted
	case theme.ColorNameSeparator:
		return t.Line
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
