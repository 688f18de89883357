package wire

import (
	"cmp"
	"maps"
	"slices"

	"yizhan/core/op"
	"yizhan/core/plain"
)

// Nearly all frames are ops, their results and rows: those are written and read here, and
// all others, and what of these is not as usual, by the library.

// writePlain writes the body of a message; false where it is one for the library.
func writePlain(b []byte, m Message) (body []byte, ok bool) {
	p := plain.Map(plain.AppendUint(plain.AppendList(b, 2), uint64(m.Type())))
	switch m := m.(type) {
	case Ops:
		ok = writeOps(&p, &m)
	case Results:
		ok = writeResults(&p, &m)
	case Checkpoint:
		writeCheckpoint(&p, &m)
		ok = true
	}
	if !ok {
		return nil, false
	}
	return p.End()
}

// room is about how many bytes a frame takes that writePlain writes: what grows is copied
// again and again.
func room(m Message) int {
	const head, item = 96, 24 // of a message, and of a member of one of its lists without its words
	n := head
	blobs := func(lists ...[][]byte) {
		for _, all := range lists {
			for _, b := range all {
				n += item + len(b)
			}
		}
	}
	switch m := m.(type) {
	case Ops:
		blobs(m.Ops, m.Receipts)
	case Results:
		n += 2 * item * len(m.Results)
		blobs(m.Receipts)
	case Checkpoint:
		n += len(m.Stamp)
		for i := range m.Rows {
			n += item + len(m.Rows[i].Table) + len(m.Rows[i].ID) + len(m.Rows[i].Body)
		}
		for i := range m.Parts {
			n += item + len(m.Parts[i].Scope) + len(m.Parts[i].Buckets)
		}
		for name, sum := range m.Sums {
			n += item + len(name) + len(sum)
		}
	}
	return n
}

func writeOps(p *plain.Pen, m *Ops) bool {
	p.Always(1, m.First)
	p.Key(2)
	p.B = plain.AppendBytes(p.B, m.Previous)
	p.Blobs(3, m.Ops)
	p.Blobs(4, m.Receipts)
	return len(m.Ops) > 0
}

func writeResults(p *plain.Pen, m *Results) (ok bool) {
	p.Always(1, m.First)
	p.Key(2)
	p.B = plain.AppendList(p.B, len(m.Results))
	for i := range m.Results {
		if p.B, ok = op.AppendResult(p.B, &m.Results[i]); !ok {
			return false
		}
	}
	p.Blobs(3, m.Receipts)
	return true
}

func writeCheckpoint(p *plain.Pen, m *Checkpoint) {
	p.Always(1, m.From)
	p.Always(2, m.To)
	p.Always(3, m.Acked)
	plain.List(p, 4, m.Rows, appendRow)
	p.Bool(5, m.Reset)
	p.Bool(6, m.Last)
	p.Key(7)
	p.B = plain.AppendInt(p.B, m.Time)
	plain.List(p, 8, m.Parts, appendPart)
	p.Texts(9, m.Take)
	p.Texts(10, m.Drop)
	if len(m.Sums) > 0 {
		p.Key(11)
		p.B = plain.AppendMap(p.B, len(m.Sums))
		for _, name := range slices.SortedFunc(maps.Keys(m.Sums), shorter) {
			p.B = plain.AppendBytes(plain.AppendText(p.B, name), m.Sums[name])
		}
	}
	p.Bool(12, m.More)
	p.Bytes(13, m.Stamp)
}

func appendRow(b []byte, r RowChange) []byte {
	b = plain.AppendText(plain.AppendText(plain.AppendList(b, 5), r.Table), r.ID)
	return plain.AppendBytes(plain.AppendBool(plain.AppendUint(b, r.Seq), r.Gone), r.Body)
}

func appendPart(b []byte, r Part) []byte {
	b = plain.AppendInt(plain.AppendText(plain.AppendList(b, 4), r.Scope), int64(r.Rows))
	return plain.AppendBytes(plain.AppendBool(b, r.Fresh), r.Buckets)
}

// shorter is the order of words as keys (RFC 8949 §4.2.1).
func shorter(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }

// readPlain reads the body of a message; nil where it is one for the library. The message
// shares memory with b.
func readPlain(t Type, b []byte) (m Message) {
	r := &plain.Eye{B: b}
	switch t {
	case TOps:
		m = readOps(r)
	case TResults:
		m = readResults(r)
	case TCheckpoint:
		m = readCheckpoint(r)
	}
	if r.Doubt || len(r.B) > 0 {
		return nil
	}
	return m
}

func readOps(r *plain.Eye) (m Ops) {
	r.Fields(4, func(key uint64) {
		switch key {
		case 1:
			m.First = r.Uint()
		case 2:
			m.Previous = r.Bytes()
		case 3:
			m.Ops = r.Blobs()
		case 4:
			m.Receipts = r.Blobs()
		}
	})
	return m
}

func readResults(r *plain.Eye) (m Results) {
	r.Fields(3, func(key uint64) {
		switch key {
		case 1:
			m.First = r.Uint()
		case 2:
			m.Results = make([]op.Result, r.List())
			for i := range m.Results {
				m.Results[i] = op.ReadResult(r)
			}
		case 3:
			m.Receipts = r.Blobs()
		}
	})
	return m
}

func readCheckpoint(r *plain.Eye) (m Checkpoint) {
	r.Fields(13, func(key uint64) {
		switch key {
		case 1:
			m.From = r.Uint()
		case 2:
			m.To = r.Uint()
		case 3:
			m.Acked = r.Uint()
		case 4:
			m.Rows = make([]RowChange, r.List())
			for i := range m.Rows {
				r.Row(5)
				m.Rows[i] = RowChange{Table: r.Text(), ID: r.Text(), Seq: r.Uint(), Gone: r.Bool(), Body: r.Bytes()}
			}
		case 5:
			m.Reset = r.True()
		case 6:
			m.Last = r.True()
		case 7:
			m.Time = r.Int64()
		case 8:
			m.Parts = make([]Part, r.List())
			for i := range m.Parts {
				r.Row(4)
				m.Parts[i] = Part{Scope: r.Text(), Rows: r.Int(), Fresh: r.Bool(), Buckets: r.Bytes()}
			}
		case 9:
			m.Take = r.Texts()
		case 10:
			m.Drop = r.Texts()
		case 11:
			m.Sums = readSums(r)
		case 12:
			m.More = r.True()
		case 13:
			m.Stamp = r.Bytes()
		}
	})
	return m
}

func readSums(r *plain.Eye) map[string][]byte {
	sums := map[string][]byte{}
	n := r.Map()
	for i := 0; i < n && !r.Doubt; i++ {
		sums[r.Text()] = r.Bytes()
	}
	r.Doubt = r.Doubt || len(sums) < n // a name that stands twice
	return sums
}
