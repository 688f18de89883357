package mappack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // the file's format

	"yizhan/core/geo"
)

// Version is the format of packs that this program writes, and the newest it reads.
const Version = 1

// magic begins the trailer; a byte with the version and the hash follow.
const magic = "yizhan map pack"

const trailer = len(magic) + 1 + sha256.Size

// Reason is why a pack is not taken.
type Reason uint8

// Reasons to refuse a pack.
const (
	NoPack    Reason = iota // no map pack at all, or its end is cut off
	Damaged                 // a bit is not what it was
	Newer                   // from a newer version
	Elsewhere               // of another area
)

// Refusal says why a pack is not opened.
type Refusal struct {
	Path   string
	Reason Reason
	Detail string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("open map %s: %s", r.Path, r.Detail)
}

// Sentence is what a person at the station is told; the old map stays.
func (r *Refusal) Sentence() string {
	return [...]string{
		"地图文件不完整，请重新获取；原来的地图继续使用。",
		"地图文件已损坏，请重新获取；原来的地图继续使用。",
		"地图来自更新的版本，请先升级本机程序；原来的地图继续使用。",
		"这是另一个地区的地图，本机不能使用；原来的地图继续使用。",
	}[r.Reason]
}

// About says what a pack is of.
type About struct {
	Area        string  // id of the deployment or part of one; devices take only their own
	Name        string  // for people
	Attribution string  // always shown with the map
	Source      string  // name of the file that it was made from
	Made        string  // date, YYYY-MM-DD
	Box         geo.Box // of everything in it, if nothing else is said
}

func (a About) values() map[string]any {
	return map[string]any{"area": a.Area, "name": a.Name, "attribution": a.Attribution, "source": a.Source, "made": a.Made,
		"south": a.Box.Min.Lat, "west": a.Box.Min.Lon, "north": a.Box.Max.Lat, "east": a.Box.Max.Lon}
}

// Pack is an open pack. Many may read it at a time, readers of them at once; it stays
// what it was when another file takes its place.
type Pack struct {
	About
	Hash string // SHA-256 in hex that seals the file
	Blob string // SHA-256 in hex of the whole file, by which devices fetch it
	Size int64  // bytes of the file
	db   *sql.DB
}

// Open checks every byte of a pack and opens it. With an area given, a pack of
// another is refused. A *Refusal says why in a sentence for people.
func Open(path, area string) (*Pack, error) {
	p, err := check(path)
	if err != nil {
		return nil, err
	}
	if p.db, err = sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&immutable=1"); err != nil {
		return nil, fmt.Errorf("open map %s: %w", path, err)
	}
	if err := p.hold(); err != nil {
		p.db.Close()
		return nil, fmt.Errorf("open map %s: %w", path, err)
	}
	if err := p.about(); err != nil {
		p.db.Close()
		return nil, &Refusal{path, Damaged, fmt.Sprintf("it is sealed, but cannot be read: %v; make it again", err)}
	}
	if area != "" && p.Area != area {
		p.db.Close()
		return nil, &Refusal{path, Elsewhere, fmt.Sprintf("it is of the area %q, and %q is wanted; fetch that one", p.Area, area)}
	}
	return p, nil
}

// readers is how many read a pack at once.
const readers = 2

// hold opens the file as often as it will be read at once, and never again: by then
// another pack may lie at its path.
func (p *Pack) hold() error {
	p.db.SetMaxOpenConns(readers)
	p.db.SetMaxIdleConns(readers)
	var held [readers]*sql.Conn
	for i := range held {
		c, err := p.db.Conn(context.Background())
		if err != nil {
			return err
		}
		defer c.Close()
		held[i] = c
	}
	return nil
}

// check reads the trailer and compares the hash.
func check(path string) (*Pack, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open map: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open map: %w", err)
	}
	end := make([]byte, trailer)
	size := info.Size()
	if _, err := f.ReadAt(end, max(0, size-int64(trailer))); err != nil || !bytes.HasPrefix(end, []byte(magic)) {
		return nil, &Refusal{path, NoPack, fmt.Sprintf("it is no map pack, or its end is missing (%d bytes); fetch it again", size)}
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, size-sha256.Size)); err != nil {
		return nil, fmt.Errorf("open map %s: %w", path, err)
	}
	sum := h.Sum(nil)
	if !bytes.Equal(sum, end[trailer-sha256.Size:]) {
		return nil, &Refusal{path, Damaged, "its bytes are not those that were sealed; fetch it again"}
	}
	if v := end[len(magic)]; v > Version {
		return nil, &Refusal{path, Newer, fmt.Sprintf("its format is %d, and this program reads up to %d; update the program", v, Version)}
	}
	h.Write(sum)
	return &Pack{Hash: hex.EncodeToString(sum), Blob: hex.EncodeToString(h.Sum(nil)), Size: size}, nil
}

func (p *Pack) about() error {
	for key, to := range map[string]any{"area": &p.Area, "name": &p.Name, "attribution": &p.Attribution, "source": &p.Source, "made": &p.Made,
		"south": &p.Box.Min.Lat, "west": &p.Box.Min.Lon, "north": &p.Box.Max.Lat, "east": &p.Box.Max.Lon} {
		if err := p.db.QueryRow("SELECT value FROM meta WHERE key = ?", key).Scan(to); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// Close lets go of the file.
func (p *Pack) Close() error { return p.db.Close() }

// Graph gives the bytes of the walking graph, for walk.Decode.
func (p *Pack) Graph() (body []byte, err error) {
	if err := p.db.QueryRow("SELECT body FROM graph").Scan(&body); err != nil {
		return nil, fmt.Errorf("read walking graph: %w", err)
	}
	return body, nil
}

// Features calls each for everything that meets the box at a zoom, in no order that
// means anything. What is handed out is overwritten by the next. An error of
// each ends it.
func (p *Pack) Features(ctx context.Context, box geo.Box, zoom int, each func(*Feature) error) error {
	sw, ne := box.Min.Point(), box.Max.Point()
	rows, err := p.db.QueryContext(ctx, `SELECT depth, lat, lon, body FROM box JOIN chunk USING (id)
		WHERE west <= ? AND east >= ? AND south <= ? AND north >= ? AND nearest <= ? AND farthest >= ?`,
		ne.Lon, sw.Lon, ne.Lat, sw.Lat, zoom, zoom)
	if err != nil {
		return fmt.Errorf("read map: %w", err)
	}
	defer rows.Close()
	var f Feature
	var body sql.RawBytes
	for rows.Next() {
		var depth, lat, lon int64
		if err := rows.Scan(&depth, &lat, &lon, &body); err != nil {
			return fmt.Errorf("read map: %w", err)
		}
		if depth < 0 || depth >= int64(len(depths)) || lat != int64(int32(lat)) || lon != int64(int32(lon)) {
			return errFeature
		}
		for c := (cursor{body}); len(c.b) > 0; {
			if err := c.read(&f, geo.Fix{Lat: int32(lat), Lon: int32(lon)}, depths[depth].grid); err != nil {
				return err
			}
			if f.Box().Meets(box) {
				if err := each(&f); err != nil {
					return err
				}
			}
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read map: %w", err)
	}
	return nil
}

// Count says how many features and points a zoom shows in all.
func (p *Pack) Count(ctx context.Context, zoom int) (features, points int, err error) {
	everywhere := geo.Box{Min: geo.Fix{Lat: math.MinInt32, Lon: math.MinInt32}, Max: geo.Fix{Lat: math.MaxInt32, Lon: math.MaxInt32}}
	err = p.Features(ctx, everywhere, zoom, func(f *Feature) error {
		features++
		for _, ring := range f.Rings {
			points += len(ring)
		}
		return nil
	})
	return features, points, err
}

// Replace puts a new pack in place of the one that is used. A new one that is
// refused changes nothing.
func Replace(old, with, area string) error {
	p, err := Open(with, area)
	if err != nil {
		return err
	}
	if err := p.Close(); err != nil {
		return fmt.Errorf("close map %s: %w", with, err)
	}
	if err := settle(with, old); err != nil {
		return fmt.Errorf("replace map %s: %w", old, err)
	}
	return nil
}

// settle renames a file so that, whenever the power goes, its new name holds all of
// what was there or all of the new.
func settle(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
