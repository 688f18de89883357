package maps

import (
	"os"
	"path/filepath"
	"time"

	"yizhan/core/wire"
)

// Mounts is where Debian's desktops and automounters put sticks.
var Mounts = []string{"/media", "/run/media"}

// Stick is a map on a stick, of this device's area and not held.
type Stick struct {
	Path  string
	Held  Held
	Older bool // than the held one
}

// seen is a file of a stick that was looked at.
type seen struct {
	size int64
	at   time.Time
	held Held
}

// sticks looks for maps on sticks. The wanted one, which the server has published, is
// installed at once, because its hash is known; any other waits for a person.
func (s *Store) sticks(roots []string, wanted string) {
	known := map[string]seen{}
	var best Stick
	for _, path := range candidates(roots) {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > wire.MaxBlob {
			continue
		}
		was, ok := s.looked[path]
		if !ok || was.size != info.Size() || !was.at.Equal(info.ModTime()) {
			was = seen{size: info.Size(), at: info.ModTime()}
			was.held, _ = Look(path, "") // what cannot be used is no map; Install says why
		}
		known[path] = was
		held, h := s.Status().Held, was.held
		if h.Hash == "" || h.Hash == held.Hash || s.area() != "" && h.Area != s.area() {
			continue
		}
		if h.Blob == wanted {
			if _, err := s.Install(path, true); err == nil {
				continue
			}
		}
		if h.Made >= best.Held.Made {
			best = Stick{Path: path, Held: h, Older: h.Made < held.Made}
		}
	}
	s.looked = known
	s.set(func(st *Status) { st.Stick = best })
}

// candidates are the files *.map in the folders of sticks.
func candidates(roots []string) (all []string) {
	for _, root := range roots {
		for _, depth := range []string{"*", "*/*"} { // /media/usb0, /media/kiosk/STICK
			found, _ := filepath.Glob(filepath.Join(root, depth, "*.map")) // the pattern is right
			all = append(all, found...)
		}
	}
	return all
}
