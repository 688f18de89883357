package osmimport

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"yizhan/core/mappack"
)

// TestLargeFile imports a PBF file of as many megabytes as YIZHAN_PBF_MB says, made by
// laying the samples beside each other, and wants the process to stay below 500 MB. It is not
// part of the usual tests, because it takes minutes and a gigabyte of disk.
func TestLargeFile(t *testing.T) {
	megabytes, err := strconv.Atoi(os.Getenv("YIZHAN_PBF_MB"))
	if err != nil {
		t.Skip("set YIZHAN_PBF_MB=200 to import a file of that size")
	}
	file, out := filepath.Join(t.TempDir(), "large.osm.pbf"), filepath.Join(t.TempDir(), "large.map")
	size := tile(t, file, int64(megabytes)*1e6)
	before := resident(t)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(350 << 20)) // as the command does
	r, err := Import(context.Background(), file, out, Options{About: mappack.About{Area: "large"}})
	if err != nil {
		t.Fatal(err)
	}
	peak := resident(t)
	info, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of PBF, %d features, %.0f km: %d MB resident at most (%d before), pack of %d MB", size, r.Features, r.Metres/1000, peak>>20, before>>20, info.Size()>>20)
	if peak > 500<<20 {
		t.Errorf("%d MB were resident", peak>>20)
	}
}

// resident is the most memory that this process ever had, in bytes (VmHWM of proc(5)).
func resident(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	t.Fatal("the system does not say how much memory was used")
	return 0
}

// tile writes copies of the PBF samples beside each other until the file has that many
// bytes, and gives its size. A copy differs by a number that is added to all ids,
// and by the offset that each of its blocks names (fileformat.proto, osmformat.proto).
func tile(t *testing.T, path string, size int64) int64 {
	t.Helper()
	var all [][]part
	for _, file := range samples(t) {
		if strings.HasSuffix(file, ".pbf") {
			all = append(all, parts(t, file))
		}
	}
	if len(all) == 0 {
		t.Skip("no .osm.pbf among the samples")
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	written := int64(0)
	put := func(kind string, body []byte) {
		n, err := f.Write(frame(kind, body))
		if err != nil {
			t.Fatal(err)
		}
		written += int64(n)
	}
	put("OSMHeader", all[0][0].body)
	for n := int64(0); written < size; n++ {
		for _, sample := range all {
			for _, p := range sample[1:] {
				// A fifth of a degree is wider than each sample.
				put("OSMData", moved(p.body, n<<34, n%16*200_000_000, n/16*200_000_000))
			}
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	return written
}

// part is one block of a PBF file, unpacked.
type part struct {
	kind string
	body []byte
}

func parts(t *testing.T, path string) (all []part) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for {
		var length uint32
		if err := binary.Read(r, binary.BigEndian, &length); err == io.EOF {
			return all
		}
		head := make([]byte, length)
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatal(err)
		}
		var p part
		var n uint64
		eachField(head, func(number protowire.Number, value []byte, v uint64) {
			switch number {
			case 1:
				p.kind = string(value)
			case 3:
				n = v
			}
		})
		packed := make([]byte, n)
		if _, err := io.ReadFull(r, packed); err != nil {
			t.Fatal(err)
		}
		eachField(packed, func(number protowire.Number, value []byte, _ uint64) {
			switch number {
			case 1:
				p.body = bytes.Clone(value)
			case 3:
				z, err := zlib.NewReader(bytes.NewReader(value))
				if err == nil {
					p.body, err = io.ReadAll(z)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		})
		all = append(all, p)
	}
}

// frame packs a block as it stands in a file.
func frame(kind string, body []byte) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(body)
	z.Close()
	blob := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), uint64(len(body)))
	blob = protowire.AppendBytes(protowire.AppendTag(blob, 3, protowire.BytesType), packed.Bytes())
	head := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), kind)
	head = protowire.AppendVarint(protowire.AppendTag(head, 3, protowire.VarintType), uint64(len(blob)))
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(head))), head...), blob...)
}

// eachField calls each for every field of a message: its bytes, or its number.
func eachField(b []byte, each func(number protowire.Number, value []byte, v uint64)) {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		b = b[n:]
		if kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(b)
			each(number, value, 0)
			b = b[n:]
			continue
		}
		v, n := protowire.ConsumeVarint(b)
		each(number, nil, v)
		b = b[n:]
	}
}

// rewritten copies a message, with what change makes of its fields; nil keeps one.
func rewritten(b []byte, change func(number protowire.Number, value []byte, v uint64) (newValue []byte, newNumber uint64, changed bool)) (out []byte) {
	eachField(b, func(number protowire.Number, value []byte, v uint64) {
		if nv, nn, ok := change(number, value, v); ok {
			value, v = nv, nn
		}
		if value != nil {
			out = protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), value)
		} else {
			out = protowire.AppendVarint(protowire.AppendTag(out, number, protowire.VarintType), v)
		}
	})
	return out
}

// moved is a PrimitiveBlock with by added to all ids, so many nanodegrees to the east and north.
func moved(block []byte, by, east, north int64) []byte {
	// In a list of differences, only the first is a number of its own.
	first := func(list []byte) []byte {
		v, n := protowire.ConsumeVarint(list)
		if n <= 0 {
			return list
		}
		return append(protowire.AppendVarint(nil, protowire.EncodeZigZag(protowire.DecodeZigZag(v)+by)), list[n:]...)
	}
	element := func(list protowire.Number) func(protowire.Number, []byte, uint64) ([]byte, uint64, bool) {
		return func(number protowire.Number, value []byte, v uint64) ([]byte, uint64, bool) {
			switch number {
			case 1:
				return nil, v + uint64(by), true
			case list:
				return first(value), 0, true
			}
			return nil, 0, false
		}
	}
	group := func(number protowire.Number, value []byte, _ uint64) ([]byte, uint64, bool) {
		switch number {
		case 2: // DenseNodes
			return rewritten(value, func(number protowire.Number, value []byte, _ uint64) ([]byte, uint64, bool) {
				return first(value), 0, number == 1
			}), 0, true
		case 3: // Way, its refs
			return rewritten(value, element(8)), 0, true
		case 4: // Relation, its memids
			return rewritten(value, element(9)), 0, true
		}
		return nil, 0, false
	}
	out := rewritten(block, func(number protowire.Number, value []byte, _ uint64) ([]byte, uint64, bool) {
		return rewritten(value, group), 0, number == 2 // PrimitiveGroup
	})
	out = protowire.AppendVarint(protowire.AppendTag(out, 19, protowire.VarintType), uint64(north))
	return protowire.AppendVarint(protowire.AppendTag(out, 20, protowire.VarintType), uint64(east))
}
