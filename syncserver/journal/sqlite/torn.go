package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"yizhan/syncserver/journal"
)

// refuseDamagedLog looks at the write-ahead log before SQLite does, which would
// silently drop a frame with a wrong checksum and all that follow: batches that
// were answered. What a power cut leaves is different, and normal: a last
// transaction whose frames did not all reach the disk. The log is synced after
// each commit, so that nothing follows one.
func refuseDamagedLog(path string) error {
	size, err := pageSize(path)
	if err != nil || size == 0 {
		return err
	}
	data, err := os.ReadFile(path + "-wal")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if what := damage(data, size); what != "" {
		return fmt.Errorf("%w: %s-wal: %s", journal.ErrDamaged, path, what)
	}
	return nil
}

// pageSize reads the page size of a journal, 0 if there is none yet.
func pageSize(path string) (int, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	head := make([]byte, 18)
	if n, _ := f.ReadAt(head, 0); n < len(head) {
		return 0, nil // SQLite says what is wrong with such a file
	}
	size := int(binary.BigEndian.Uint16(head[16:]))
	if size == 1 {
		size = 1 << 16
	}
	return size, nil
}

// damage says what is wrong with a log that no power cut explains.
func damage(data []byte, pageSize int) string {
	if len(data) < walHead || pageSize < 512 {
		return ""
	}
	order := logOrder(data)
	sum := checksum(order, [2]uint32{}, data[:24])
	if binary.BigEndian.Uint32(data)&^1 != 0x377f0682 || sum != pair(data[24:]) {
		if headerOneByte(data[:walHead]) {
			return "a byte of its header is damaged: SQLite would drop the whole log"
		}
		return "" // the power went while the log was begun anew: it held nothing then
	}
	l := frames{data: data, order: order, size: frameHead + pageSize, salt: pair(data[16:])}
	bad := 1
	for ; bad <= l.count() && l.fits(bad, sum); bad++ {
		sum = pair(l.frame(bad)[16:])
	}
	return l.behind(bad, sum)
}

func logOrder(data []byte) binary.ByteOrder {
	if binary.BigEndian.Uint32(data)&1 == 1 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// frames is a log by its frames, from 1.
type frames struct {
	data  []byte
	order binary.ByteOrder
	size  int
	salt  [2]uint32
}

func (l frames) count() int { return (len(l.data) - walHead) / l.size }

func (l frames) frame(i int) []byte { return l.data[walHead+(i-1)*l.size:][:l.size] }

func (l frames) sum(i int, before [2]uint32) [2]uint32 {
	f := l.frame(i)
	return checksum(l.order, checksum(l.order, before, f[:8]), f[frameHead:])
}

// fits reports whether frame i continues a log whose checksum was before.
func (l frames) fits(i int, before [2]uint32) bool {
	f := l.frame(i)
	return pair(f[8:]) == l.salt && pair(f[16:]) == l.sum(i, before)
}

// behind judges the frames from the first bad one on: a frame behind it is proved
// by the checksum that is stored in the one before it.
func (l frames) behind(bad int, sum [2]uint32) string {
	last, commits := 0, 0
	for k := bad + 1; k <= l.count(); k++ {
		if !l.fits(k, pair(l.frame(k - 1)[16:])) {
			continue
		}
		last = k
		if commits > 0 {
			return fmt.Sprintf("frame %d is damaged, and frame %d behind a later commit is whole: SQLite would drop batches that were answered", bad, k)
		}
		if binary.BigEndian.Uint32(l.frame(k)[4:]) != 0 {
			commits++
		}
	}
	switch {
	case bad > l.count():
		return ""
	case pair(l.frame(bad)[8:]) != l.salt && last == 0:
		return "" // left from an earlier use of the file
	}
	is, want := pair(l.frame(bad)[16:]), l.sum(bad, sum)
	if pair(l.frame(bad)[8:]) != l.salt && l.saltOneByte(bad) && is == want || pair(l.frame(bad)[8:]) == l.salt && oneByte(l.frame(bad), [2]uint32{want[0] - is[0], want[1] - is[1]}) {
		return fmt.Sprintf("a byte of frame %d is damaged: SQLite would drop its batch", bad)
	}
	return "" // the last transaction was cut off: nobody was answered
}

func (l frames) saltOneByte(i int) bool {
	differ := 0
	for k := range 8 {
		if l.frame(i)[8+k] != l.data[16+k] {
			differ++
		}
	}
	return differ == 1
}

// headerOneByte reports whether the change of one byte explains a header's checksum.
func headerOneByte(head []byte) bool {
	h := append([]byte{}, head...)
	for i := range h {
		was := h[i]
		for v := range 256 {
			h[i] = byte(v)
			if binary.BigEndian.Uint32(h)&^1 == 0x377f0682 && checksum(logOrder(h), [2]uint32{}, h[:24]) == pair(h[24:]) {
				return true
			}
		}
		h[i] = was
	}
	return false
}
