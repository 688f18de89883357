package osmimport

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/paulmach/osm"
	"github.com/paulmach/osm/osmpbf"
	"github.com/paulmach/osm/osmxml"
	"google.golang.org/protobuf/encoding/protowire"

	"yizhan/core/geo"
)

// visitor is told what a file holds. What it is given is overwritten afterwards.
type visitor struct {
	bounds   func(*osm.Bounds)
	node     func(*osm.Node)
	way      func(*osm.Way)
	relation func(*osm.Relation)
}

// source is a map file that is read more than once.
type source struct {
	path string
	kind string // "pbf", "gz" or "xml"
}

// open finds out what a file is, and checks a PBF file's frame.
func open(path string) (*source, error) {
	s := &source{path: path}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(f, head)
	switch head = head[:n]; {
	case n == 0:
		return nil, errors.New("the file is empty; download it again")
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		s.kind = "gz"
	case bytes.Contains(head, []byte("OSMHeader")):
		s.kind = "pbf"
		_, err = f.Seek(0, io.SeekStart)
		if err == nil {
			err = checkPBF(bufio.NewReaderSize(f, 1<<20))
		}
	case bytes.HasPrefix(bytes.TrimLeft(head, "\xef\xbb\xbf \r\n\t"), []byte("<")):
		s.kind = "xml"
	default:
		return nil, errors.New("it is no OpenStreetMap file: .osm, .osm.gz and .osm.pbf can be read")
	}
	return s, err
}

// each reads the file once, telling the visitor what it asks for.
func (s *source) each(ctx context.Context, v visitor) error {
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	switch s.kind {
	case "pbf":
		return v.pbf(ctx, f)
	case "gz":
		z, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<20))
		if err != nil {
			return fmt.Errorf("unpack: %w; download it again", err)
		}
		return v.xml(ctx, z)
	}
	return v.xml(ctx, bufio.NewReaderSize(f, 1<<20))
}

func (v visitor) pbf(ctx context.Context, r io.Reader) error {
	scanner := osmpbf.New(ctx, r, 1)
	defer scanner.Close()
	scanner.SkipNodes, scanner.SkipWays, scanner.SkipRelations = v.node == nil, v.way == nil, v.relation == nil
	// A filter that keeps nothing is called with each thing, in memory that is used again.
	scanner.FilterNode = func(n *osm.Node) bool { v.node(n); return false }
	scanner.FilterWay = func(w *osm.Way) bool { v.way(w); return false }
	scanner.FilterRelation = func(r *osm.Relation) bool { v.relation(r); return false }
	header, err := scanner.Header()
	if err != nil {
		return fmt.Errorf("read its header: %w", err)
	}
	if header != nil && header.Bounds != nil && v.bounds != nil {
		v.bounds(header.Bounds)
	}
	for scanner.Scan() {
	}
	return scanner.Err()
}

func (v visitor) xml(ctx context.Context, r io.Reader) error {
	end := &tail{r: r}
	scanner := osmxml.New(ctx, end)
	defer scanner.Close()
	for scanner.Scan() {
		switch o := scanner.Object().(type) {
		case *osm.Bounds:
			if v.bounds != nil {
				v.bounds(o)
			}
		case *osm.Node:
			if v.node != nil {
				v.node(o)
			}
		case *osm.Way:
			if v.way != nil {
				v.way(o)
			}
		case *osm.Relation:
			if v.relation != nil {
				v.relation(o)
			}
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("it is cut off or damaged: %w; download it again", err)
	}
	if _, err := io.Copy(io.Discard, end); err != nil { // the sum at the end of .gz
		return fmt.Errorf("it is cut off or damaged: %w; download it again", err)
	}
	if !strings.HasSuffix(strings.TrimSpace(string(end.last)), "</osm>") {
		return errors.New("it is cut off: it does not end with </osm>; download it again")
	}
	return nil
}

// tail remembers the last bytes that were read.
type tail struct {
	r    io.Reader
	last []byte
}

// Read passes on what the file has.
func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n >= 64 {
		t.last = append(t.last[:0], p[n-64:n]...)
	} else {
		t.last = append(t.last, p[:n]...)
		t.last = t.last[max(0, len(t.last)-64):]
	}
	return n, err
}

// checkPBF reads a whole file's blocks, because the library ends the program on
// nodes that are not packed densely, and takes a file that was cut for complete.
func checkPBF(r io.Reader) error {
	cut := errors.New("it is cut off or damaged; download it again")
	for first := true; ; first = false {
		var size [4]byte
		if _, err := io.ReadFull(r, size[:]); err == io.EOF && !first {
			return nil
		} else if err != nil {
			return cut
		}
		n := binary.BigEndian.Uint32(size[:])
		if n >= 64<<10 {
			return cut
		}
		header := make([]byte, n)
		if _, err := io.ReadFull(r, header); err != nil {
			return cut
		}
		length := -1
		if err := fields(header, func(num protowire.Number, _ []byte, v uint64) error {
			if num == 3 {
				length = int(v)
			}
			return nil
		}); err != nil || length < 0 || length >= 32<<20 {
			return cut
		}
		blob := make([]byte, length)
		if _, err := io.ReadFull(r, blob); err != nil {
			return cut
		}
		data, err := inflate(blob)
		if err != nil {
			return err
		}
		if first {
			continue // the file's header, which has no nodes
		}
		if err := dense(data); err != nil {
			return err
		}
	}
}

// inflate unpacks a block, which also compares its checksum.
func inflate(blob []byte) (data []byte, err error) {
	var packed []byte
	other := false
	err = fields(blob, func(num protowire.Number, b []byte, _ uint64) error {
		switch num {
		case 1:
			data = b
		case 3:
			packed = b
		case 4, 5, 6, 7:
			other = true
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case other:
		return nil, errors.New("its blocks are packed by LZMA, LZ4 or Zstandard; convert it: osmium cat FILE -o NEW.osm.pbf")
	case packed == nil:
		return data, nil
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(z, 33<<20))
	}
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w; download it again", err)
	}
	return data, nil
}

// dense refuses a block with nodes that stand alone.
func dense(block []byte) error {
	return fields(block, func(num protowire.Number, group []byte, _ uint64) error {
		if num != 2 {
			return nil
		}
		return fields(group, func(num protowire.Number, _ []byte, _ uint64) error {
			if num == 1 {
				return errors.New("its nodes are not packed densely, which cannot be read; convert it: osmium cat FILE -o NEW.osm.pbf")
			}
			return nil
		})
	})
}

// fields calls each for every field of a message: bytes of those that have a
// length, and the number of others.
func fields(b []byte, each func(protowire.Number, []byte, uint64) error) error {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errors.New("it is damaged; download it again")
		}
		b = b[n:]
		var bytes []byte
		var v uint64
		switch kind {
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		default:
			n = protowire.ConsumeFieldValue(num, kind, b)
		}
		if n < 0 {
			return errors.New("it is damaged; download it again")
		}
		if err := each(num, bytes, v); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func boxOf(b *osm.Bounds) geo.Box {
	return geo.Box{Min: geo.Point{Lat: b.MinLat, Lon: b.MinLon}.Fix(), Max: geo.Point{Lat: b.MaxLat, Lon: b.MaxLon}.Fix()}
}
