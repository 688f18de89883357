package mappack

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
)

// spooled is where a feature lies in the spool, and which chunk it will be in.
type spooled struct {
	Depth    uint8
	Class    Class
	Row, Col int32
	At       int64
	Size     uint32
}

func (a spooled) compare(b spooled) int {
	return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Class, b.Class), cmp.Compare(a.At, b.At))
}

// runLength is how many entries are sorted in memory; spooledSize what one takes on disk.
const (
	runLength   = 1 << 17
	spooledSize = 1 + 1 + 4 + 4 + 8 + 4
)

// sorter brings entries into order in the memory of one run: each is sorted and put
// aside, and at the end all are merged.
type sorter struct {
	dir   string
	most  int // entries of a run; 0: runLength
	fresh []spooled
	file  *os.File // of the runs before; nil while there is none
	runs  []int64  // where each ends
}

func (s *sorter) add(e spooled) error {
	if s.fresh = append(s.fresh, e); len(s.fresh) < cmp.Or(s.most, runLength) {
		return nil
	}
	return s.aside()
}

// aside sorts what is in memory, and writes it behind the runs.
func (s *sorter) aside() (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp(s.dir, ".map-*.sort"); err != nil {
			return err
		}
	}
	slices.SortFunc(s.fresh, spooled.compare)
	out := bufio.NewWriterSize(s.file, 1<<16)
	for i := range s.fresh {
		if err := binary.Write(out, binary.LittleEndian, &s.fresh[i]); err != nil {
			return err
		}
	}
	end := int64(len(s.fresh)) * spooledSize
	if len(s.runs) > 0 {
		end += s.runs[len(s.runs)-1]
	}
	s.runs, s.fresh = append(s.runs, end), s.fresh[:0]
	return out.Flush()
}

// close removes what was put aside.
func (s *sorter) close() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

// run is a sorted part, its next entry first.
type run struct {
	next spooled
	rest *bufio.Reader
}

// read takes the next entry; false at the end.
func (r *run) read() (bool, error) {
	switch err := binary.Read(r.rest, binary.LittleEndian, &r.next); err {
	case nil:
		return true, nil
	case io.EOF:
		return false, nil
	default:
		return false, err
	}
}

// runs is a heap of them.
type runs []*run

// Len is for container/heap.
func (h runs) Len() int { return len(h) }

// Less is for container/heap.
func (h runs) Less(i, j int) bool { return h[i].next.compare(h[j].next) < 0 }

// Swap is for container/heap.
func (h runs) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *runs) Push(x any) { *h = append(*h, x.(*run)) }

// Pop is for container/heap.
func (h *runs) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// each gives all entries in order.
func (s *sorter) each(do func(spooled) error) error {
	if s.file == nil {
		slices.SortFunc(s.fresh, spooled.compare)
		for _, e := range s.fresh {
			if err := do(e); err != nil {
				return err
			}
		}
		return nil
	}
	if err := s.aside(); err != nil {
		return err
	}
	s.fresh = nil
	var open runs
	from := int64(0)
	for _, to := range s.runs {
		r := &run{rest: bufio.NewReaderSize(io.NewSectionReader(s.file, from, to-from), 1<<14)}
		more, err := r.read()
		if err != nil {
			return err
		}
		if from = to; more {
			open = append(open, r)
		}
	}
	heap.Init(&open)
	for len(open) > 0 {
		if err := do(open[0].next); err != nil {
			return err
		}
		more, err := open[0].read()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&open, 0)
		} else {
			heap.Pop(&open)
		}
	}
	return nil
}
