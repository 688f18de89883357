package roster

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Cells are read from the worksheet XML directly, because the library's row
// iterator hides whether a cell is a number (which is how an ID number gets
// spoiled), and its list of merged cells loads the sheet whole: 950 MiB for
// 43,000 rows. One pass here gives both in a fifth of the memory.

// cell is one cell as stored: dates are serial numbers.
type cell struct {
	text   string
	number bool
}

type row struct {
	n     int // 1-based
	cells []cell
}

// rect is a merged range, 1-based and inclusive.
type rect struct{ top, left, bottom, right int }

// sheet is one worksheet with the rows that hold something.
type sheet struct {
	name     string
	part     string // path of its XML inside the file, "" for CSV
	kind     *layout
	head     header
	rows     []row
	merges   []rect
	date1904 bool
}

func (s *sheet) add(n int, cells []cell) error {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1].text) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		return nil
	}
	if len(s.rows) == maxRows {
		return fmt.Errorf("超过 %d 行;请按单位分成几个文件", maxRows)
	}
	s.rows = append(s.rows, row{n, slices.Clone(cells)})
	return nil
}

func part(f *excelize.File, name string) []byte {
	b, _ := f.Pkg.Load(name)
	data, _ := b.([]byte)
	return data
}

// sheetParts finds the XML of each worksheet by its name.
func sheetParts(f *excelize.File) map[string]string {
	var rels struct {
		Relationship []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		}
	}
	parts := map[string]string{}
	if xml.Unmarshal(part(f, "xl/_rels/workbook.xml.rels"), &rels) != nil || f.WorkBook == nil {
		return parts
	}
	for _, s := range f.WorkBook.Sheets.Sheet {
		for _, rel := range rels.Relationship {
			if rel.ID != s.ID || !strings.HasSuffix(rel.Type, "/worksheet") {
				continue
			}
			if parts[s.Name] = strings.TrimPrefix(rel.Target, "/"); !strings.HasPrefix(rel.Target, "/") {
				parts[s.Name] = path.Join("xl", rel.Target)
			}
		}
	}
	return parts
}

// sharedStrings reads the table of texts that cells point into, without the
// phonetic guides (rPh) that some input methods leave in it.
func sharedStrings(data []byte) ([]string, error) {
	var (
		all  []string
		text strings.Builder
	)
	d := xml.NewDecoder(bytes.NewReader(data))
	inText, phonetic := false, false
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			inText = t.Name.Local == "t"
			phonetic = phonetic || t.Name.Local == "rPh"
		case xml.CharData:
			if inText && !phonetic {
				text.Write(t)
			}
		case xml.EndElement:
			inText = false
			switch t.Name.Local {
			case "rPh":
				phonetic = false
			case "si":
				all = append(all, unescape(text.String()))
				text.Reset()
			}
		}
	}
}

// unescape undoes the _x000D_ form in which Excel writes control characters.
func unescape(s string) string {
	if !strings.Contains(s, "_x00") {
		return s
	}
	return strings.NewReplacer("_x000D_", "", "_x000A_", "\n", "_x0009_", " ").Replace(s)
}

// readCells reads rows and merged ranges from the worksheet's XML.
func (s *sheet) readCells(data []byte, shared []string) error {
	if done, err := s.scanCells(data, shared); done {
		return err
	}
	s.rows, s.merges = nil, nil
	return s.parseCells(data, shared)
}

// parseCells is readCells for any XML.
func (s *sheet) parseCells(data []byte, shared []string) error {
	p := cellParser{sheet: s, shared: shared}
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("第 %d 行之后已损坏(%w);请用 WPS 或 Excel 打开后另存一份", p.row, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			var a attrs
			for _, one := range t.Attr {
				if one.Name.Space == "" {
					a.take([]byte(one.Name.Local), []byte(one.Value))
				}
			}
			err = p.start(t.Name.Local, a)
		case xml.CharData:
			if p.inValue && !p.phonetic {
				p.value = append(p.value, t...)
			}
		case xml.EndElement:
			err = p.end(t.Name.Local)
		}
		if err != nil {
			return err
		}
	}
}

// cellParser holds where in the sheet the reader stands.
type cellParser struct {
	sheet    *sheet
	shared   []string
	row, col int // 1-based
	kind     string
	value    []byte
	inRow    bool // only rows and cells that were begun are ended: RawToken does not pair tags
	inCell   bool
	inValue  bool
	phonetic bool
	cells    []cell
}

// attrs are the attributes that are read of a tag: the first of each name.
type attrs struct{ r, t, ref string }

func (a *attrs) take(name, value []byte) {
	for _, one := range []struct {
		name string
		to   *string
	}{{"r", &a.r}, {"t", &a.t}, {"ref", &a.ref}} {
		if string(name) == one.name && *one.to == "" {
			*one.to = string(value)
		}
	}
}

func (p *cellParser) start(name string, a attrs) error {
	switch name {
	case "row":
		p.row, p.col, p.cells, p.inRow, p.inCell = p.row+1, 0, p.cells[:0], true, false
		if n, err := strconv.Atoi(a.r); err == nil && n > p.row {
			p.row = n
		}
		if p.row > lastRow {
			return errors.New("行号超出 Excel 的范围,文件已损坏;请用 WPS 或 Excel 打开后另存一份")
		}
	case "c":
		p.kind, p.value, p.inCell = a.t, p.value[:0], p.inRow
		p.col++
		if c, _ := parseRef(a.r); c > 0 {
			p.col = c
		}
	case "v", "t":
		p.inValue = true
	case "rPh":
		p.phonetic = true
	case "mergeCell":
		return p.sheet.merge(a.ref)
	}
	return nil
}

func (p *cellParser) end(name string) error {
	switch name {
	case "v", "t":
		p.inValue = false
	case "rPh":
		p.phonetic = false
	case "c":
		if p.inCell {
			p.store()
		}
		p.inCell = false
	case "row":
		if p.inRow {
			p.inRow = false
			return p.sheet.add(p.row, p.cells)
		}
	}
	return nil
}

func (p *cellParser) store() {
	if len(p.value) == 0 || p.col > maxCols {
		return
	}
	for len(p.cells) < p.col {
		p.cells = append(p.cells, cell{})
	}
	c := cell{number: p.kind == "" || p.kind == "n"}
	switch p.kind {
	case "s":
		if i, err := strconv.Atoi(string(bytes.TrimSpace(p.value))); err == nil && i >= 0 && i < len(p.shared) {
			c.text = p.shared[i]
		}
	case "", "n", "b", "d":
		c.text = string(p.value)
	default: // text kept in the cell, result of a formula, error such as #N/A
		c.text = unescape(string(p.value))
	}
	p.cells[p.col-1] = c
}

func (s *sheet) merge(ref string) error {
	from, to, _ := strings.Cut(ref, ":")
	left, top := parseRef(from)
	right, bottom := parseRef(to)
	if left == 0 || right == 0 || (left == right && top == bottom) {
		return nil
	}
	if len(s.merges) == maxMerges {
		return fmt.Errorf("合并单元格超过 %d 处;请全选后取消合并", maxMerges)
	}
	s.merges = append(s.merges, rect{top, left, bottom, right})
	return nil
}

// parseRef reads "AB12" as column 28 and row 12; 0, 0 if it is none.
func parseRef(ref string) (col, row int) {
	i := 0
	for i < len(ref) && i < 3 && ref[i] >= 'A' && ref[i] <= 'Z' {
		col = col*26 + int(ref[i]-'A') + 1
		i++
	}
	row, err := strconv.Atoi(ref[i:])
	if err != nil || col == 0 || row < 1 || row > lastRow {
		return 0, 0
	}
	return col, row
}

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}
