package paper

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
)

// Fonts are the faces that slips are set in.
type Fonts struct{ regular, bold *opentype.Font }

// Files of the bundled fonts, which `make fonts` makes.
const (
	regularFile = "fonts/NotoSansSC-Regular.otf"
	boldFile    = "fonts/NotoSansSC-Bold.otf"
)

// System fonts to fall back on, as Debian's fonts-noto-cjk installs them, below the
// root directory; simplified is the place of the Simplified Chinese face in them.
const (
	systemRegular = "usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
	systemBold    = "usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"
	simplified    = 2
)

// ErrNoFont says that nothing can be printed, because paper cannot show "□".
var ErrNoFont = errors.New("no Chinese font: run `make fonts` and build again, or apt-get install fonts-noto-cjk")

// LoadFonts takes the bundled fonts, else the system's, which lie in root.
func LoadFonts(bundled, root fs.FS) (*Fonts, error) {
	f, err := load(bundled, regularFile, boldFile, 0)
	if errors.Is(err, fs.ErrNotExist) && root != nil {
		f, err = load(root, systemRegular, systemBold, simplified)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoFont
	}
	return f, err
}

func load(files fs.FS, regular, bold string, index int) (*Fonts, error) {
	var f Fonts
	for name, to := range map[string]**opentype.Font{regular: &f.regular, bold: &f.bold} {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		all, err := opentype.ParseCollection(body)
		if err == nil && index < all.NumFonts() {
			*to, err = all.Font(index)
		}
		if err != nil || *to == nil {
			return nil, fmt.Errorf("read font %s: %w", name, errors.Join(err, ErrNoFont))
		}
	}
	return &f, nil
}

// face sets a font at a size in dots.
func face(f *opentype.Font, dots float64) font.Face {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: dots, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil // NewFace of this version has no error to give
	}
	return face
}
