package mappack

import (
	"bufio"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/simplify"

	"yizhan/core/geo"
)

const schema = `
PRAGMA page_size = 4096;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA user_version = 1;
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE VIRTUAL TABLE box USING rtree(id, west, east, south, north, nearest, farthest);
CREATE TABLE chunk (id INTEGER PRIMARY KEY, depth INTEGER NOT NULL, lat INTEGER NOT NULL, lon INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE graph (body BLOB NOT NULL);
`

// most is how many bytes of features a chunk holds before the next begins.
const most = 24 << 10

// Writer makes a pack. Features lie in a file of their own until Finish puts
// neighbours together, so that a large map takes little memory.
type Writer struct {
	path  string
	spool *os.File
	out   *bufio.Writer
	at    int64
	kept  sorter
	box   geo.Box
	count int
	buf   []byte
}

// Create begins a pack that Finish will put at path; until then nothing is there.
func Create(path string) (*Writer, error) {
	spool, err := os.CreateTemp(filepath.Dir(path), ".map-*.spool")
	if err != nil {
		return nil, fmt.Errorf("make map: %w", err)
	}
	return &Writer{path: path, spool: spool, out: bufio.NewWriterSize(spool, 1<<20), kept: sorter{dir: filepath.Dir(path)}, box: geo.NoBox()}, nil
}

// Close removes what Finish has not used.
func (w *Writer) Close() error {
	return errors.Join(w.spool.Close(), os.Remove(w.spool.Name()), w.kept.close())
}

// Features is how many features were added.
func (w *Writer) Features() int { return w.count }

// Add takes a feature, at each depth where it is to be seen.
func (w *Writer) Add(f *Feature) error {
	box := f.Box()
	if box.Empty() {
		return nil
	}
	w.count++
	w.box = w.box.With(box.Min).With(box.Max)
	for d := range depths {
		g := f
		if d > 0 {
			if g = depths[d].simplified(f, box); g == nil {
				continue
			}
		}
		cell := depths[d].cell
		row, col := floor(box.Min.Lat/2+box.Max.Lat/2, cell), floor(box.Min.Lon/2+box.Max.Lon/2, cell)
		w.buf = g.append(w.buf[:0], geo.Fix{Lat: row * cell, Lon: col * cell}, depths[d].grid)
		if _, err := w.out.Write(w.buf); err != nil {
			return fmt.Errorf("make map: %w", err)
		}
		if err := w.kept.add(spooled{uint8(d), f.Class, row, col, w.at, uint32(len(w.buf))}); err != nil {
			return fmt.Errorf("make map: %w", err)
		}
		w.at += int64(len(w.buf))
	}
	return nil
}

func floor(v, by int32) int32 {
	if v < 0 {
		return -((-v + by - 1) / by)
	}
	return v / by
}

// simplified is a feature as a depth shows it, or nil where it does not.
func (d *depth) simplified(f *Feature, box geo.Box) *Feature {
	if !slices.Contains(d.classes, f.Class) {
		return nil
	}
	if w, h := geo.PlaneAt(box.Min).XY(box.Max); f.Area && max(w, h) < d.least {
		return nil
	}
	g := &Feature{Class: f.Class, Area: f.Area, Name: f.Name}
	for _, ring := range f.Rings {
		line := make(orb.LineString, 0, len(ring)+1)
		plane := geo.PlaneAt(ring[0])
		for _, p := range ring {
			x, y := plane.XY(p)
			line = append(line, orb.Point{x, y})
		}
		if f.Area {
			line = append(line, line[0])
		}
		line = simplify.DouglasPeucker(d.tolerance).LineString(line)
		if f.Area {
			if line = line[:len(line)-1]; len(line) < 3 {
				continue
			}
		}
		thin := make([]geo.Fix, len(line))
		for i, p := range line {
			thin[i] = plane.Fix(p[0], p[1])
		}
		g.Rings = append(g.Rings, thin)
	}
	if len(g.Rings) == 0 {
		return nil
	}
	return g
}

// Finish writes the pack, seals it, and puts it in place of any that is at the path.
func (w *Writer) Finish(about About, graph []byte) (err error) {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("make map: %w", err)
	}
	if about.Box == (geo.Box{}) || about.Box.Empty() {
		about.Box = w.box
	}
	file, err := os.CreateTemp(filepath.Dir(w.path), ".map-*.new")
	if err != nil {
		return fmt.Errorf("make map: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("make map %s: %w", w.path, err)
			os.Remove(file.Name())
		}
	}()
	if err := errors.Join(file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	if err := w.fill(file.Name(), about, graph); err != nil {
		return err
	}
	if err := seal(file.Name()); err != nil {
		return err
	}
	return os.Rename(file.Name(), w.path)
}

func (w *Writer) fill(path string, about About, graph []byte) error {
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema); err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for key, value := range about.values() {
		if _, err := tx.Exec("INSERT INTO meta VALUES (?, ?)", key, value); err != nil {
			return err
		}
	}
	if _, err := tx.Exec("INSERT INTO graph VALUES (?)", graph); err != nil {
		return err
	}
	if err := w.chunks(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = db.Exec("VACUUM")
	return errors.Join(err, db.Close())
}

// chunks writes the spooled features, neighbours of one class together.
func (w *Writer) chunks(tx *sql.Tx) error {
	boxes, err := tx.Prepare("INSERT INTO box VALUES (?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer boxes.Close()
	bodies, err := tx.Prepare("INSERT INTO chunk VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer bodies.Close()
	var body []byte
	var first spooled
	id := 0
	write := func() error {
		if len(body) == 0 {
			return nil
		}
		d := &depths[first.Depth]
		origin := geo.Fix{Lat: first.Row * d.cell, Lon: first.Col * d.cell}
		box, f, c := geo.NoBox(), Feature{}, cursor{body}
		for len(c.b) > 0 {
			if err := c.read(&f, origin, d.grid); err != nil {
				return err
			}
			b := f.Box()
			box = box.With(b.Min).With(b.Max)
		}
		id++
		if _, err := bodies.Exec(id, int(first.Depth), origin.Lat, origin.Lon, body); err != nil {
			return err
		}
		sw, ne := box.Min.Point(), box.Max.Point()
		_, err := boxes.Exec(id, sw.Lon, ne.Lon, sw.Lat, ne.Lat, d.from, d.to)
		return err
	}
	err = w.kept.each(func(k spooled) error {
		if len(body) >= most || k.Depth != first.Depth || k.Row != first.Row || k.Col != first.Col {
			if err := write(); err != nil {
				return err
			}
			first, body = k, body[:0]
		}
		n := len(body)
		body = slices.Grow(body, int(k.Size))[:n+int(k.Size)]
		_, err := w.spool.ReadAt(body[n:], k.At)
		return err
	})
	if err != nil {
		return err
	}
	return write()
}

// seal appends the trailer: what the file is, its version, and the SHA-256 of
// everything before the hash. SQLite reads no further than its own pages.
func seal(path string) error { return sealAs(path, Version) }

func sealAs(path string, version byte) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	mark := append([]byte(magic), version)
	h.Write(mark)
	if _, err := f.Write(h.Sum(mark)); err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
