package roster

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Colours behind bad cells.
const (
	refusedColour = "FFC7CE"
	warningColour = "FFEB9C"
)

// remarks are the problems of one sheet, by row.
type remarks map[int][]Problem

func (m remarks) reason(row int) string {
	var parts []string
	for _, p := range m[row] {
		switch {
		case p.Col == 0:
			parts = append(parts, p.Reason)
		case p.Warning:
			parts = append(parts, "(提醒)"+p.Column+":"+p.Reason)
		default:
			parts = append(parts, p.Column+":"+p.Reason)
		}
	}
	return strings.Join(parts, "\n")
}

// WriteErrors writes a copy of the user's own file to path, as .xlsx: cells
// with a problem are coloured, and a column 错误原因 at the end says why. All
// other cells, sheets, styles and drop-downs stay byte for byte as they were; of
// a CSV every cell becomes text. A 错误原因 column of an earlier round is replaced.
func WriteErrors(w *Workbook, problems []Problem, path string) (err error) {
	defer func() {
		if r := recover(); r != nil { // as in readXLSX
			err = fmt.Errorf("write error copy: the file is damaged: %v", r)
		}
	}()
	bySheet := map[string]remarks{}
	for _, p := range problems {
		if bySheet[p.Sheet] == nil {
			bySheet[p.Sheet] = remarks{}
		}
		bySheet[p.Sheet][p.Row] = append(bySheet[p.Sheet][p.Row], p)
	}
	f := excelize.NewFile()
	if w.data != nil {
		f, err = excelize.OpenReader(bytes.NewReader(w.data), excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
		if err != nil {
			return fmt.Errorf("open roster for error copy: %w", err)
		}
	}
	defer f.Close()
	for _, s := range w.sheets {
		if w.data == nil {
			err = writeText(f, s, bySheet[s.name])
		} else {
			m := &marker{File: f, sheet: s, remarks: bySheet[s.name], styles: map[style]int{}}
			err = m.mark()
		}
		if err != nil {
			return fmt.Errorf("mark errors in sheet %q: %w", s.name, err)
		}
	}
	if err := Save(f, path); err != nil {
		return fmt.Errorf("write error copy: %w", err)
	}
	return nil
}

// Save writes a workbook that everybody may read and nobody runs.
func Save(f *excelize.File, path string) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(f.Write(out), out.Close())
}

// reasonColumn gives the 1-based place for the reasons: an earlier 错误原因, or
// the first column that is empty in the whole sheet.
func (s *sheet) reasonColumn() int {
	if i := slices.Index(s.head.titles, reasonTitle); i >= 0 {
		return i + 1
	}
	widest := len(s.head.titles)
	for _, r := range s.rows {
		widest = max(widest, len(r.cells))
	}
	return widest + 1
}

// writeText writes a sheet that came from text.
func writeText(f *excelize.File, s *sheet, m remarks) error {
	sw, err := f.NewStreamWriter(f.GetSheetName(0))
	if err != nil {
		return err
	}
	styles := [3]int{}
	for i, colour := range []string{"", warningColour, refusedColour} {
		look := &excelize.Style{NumFmt: 49} // text
		if colour != "" {
			look.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
		}
		if styles[i], err = f.NewStyle(look); err != nil {
			return err
		}
	}
	at := s.reasonColumn()
	for _, r := range s.rows {
		values := make([]any, max(at, len(r.cells)))
		for i, c := range r.cells {
			values[i] = excelize.Cell{StyleID: styles[0], Value: c.text}
		}
		for _, p := range m[r.n] {
			if p.Col == 0 || p.Col > len(values) {
				continue
			}
			text := ""
			if p.Col <= len(r.cells) {
				text = r.cells[p.Col-1].text
			}
			values[p.Col-1] = excelize.Cell{StyleID: styles[colourIndex(p)], Value: text}
		}
		if reason := m.reason(r.n); r.n == s.head.last {
			values[at-1] = reasonTitle
		} else if reason != "" {
			values[at-1] = reason
		}
		if err := sw.SetRow("A"+strconv.Itoa(r.n), values); err != nil {
			return err
		}
	}
	return sw.Flush()
}

func colourIndex(p Problem) int {
	if p.Warning {
		return 1
	}
	return 2
}

// marker edits the XML of one worksheet: rows without a problem are copied byte
// for byte. (Through the library's cell interface 43,000 rows take 1.3 GB.)
type marker struct {
	*excelize.File
	*sheet
	remarks
	at     int // column of the reasons
	styles map[style]int
	in     []byte
	out    bytes.Buffer
}

// style is a colour put on a style of the user's.
type style struct{ base, colour int }

var (
	spansAttr = regexp.MustCompile(`\s+spans\s*=\s*("[^"]*"|'[^']*')`)
	styleAttr = regexp.MustCompile(`\s+s\s*=\s*("[^"]*"|'[^']*')`)
)

func (m *marker) mark() error {
	m.at, m.in = m.reasonColumn(), part(m.File, m.part)
	m.out.Grow(len(m.in) + len(m.in)/8)
	d := xml.NewDecoder(bytes.NewReader(m.in))
	copied, rowNumber := int64(0), 0
	for {
		from := d.InputOffset()
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		t, ok := token.(xml.StartElement)
		switch {
		case ok && t.Name.Local == "dimension": // says how wide the sheet was; optional, so it is dropped
			m.out.Write(m.in[copied:from])
			if err := skip(d); err != nil {
				return err
			}
			copied = d.InputOffset()
		case ok && t.Name.Local == "row":
			rowNumber++
			if n, err := strconv.Atoi(attr(t, "r")); err == nil && n > rowNumber {
				rowNumber = n
			}
			if rowNumber != m.head.last && len(m.remarks[rowNumber]) == 0 && m.at > len(m.head.titles) {
				continue
			}
			m.out.Write(m.in[copied:from])
			if err := m.markRow(d, t, from, rowNumber); err != nil {
				return err
			}
			copied = d.InputOffset()
		}
	}
	m.out.Write(m.in[copied:])
	m.Pkg.Store(m.part, m.out.Bytes())
	return nil
}

// xmlCell is one cell of a row as bytes.
type xmlCell struct {
	col   int
	style int
	xml   []byte
}

// markRow rewrites the row whose start tag has just been read.
func (m *marker) markRow(d *xml.Decoder, start xml.StartElement, from int64, n int) error {
	tag := spansAttr.ReplaceAll(m.in[from:d.InputOffset()], nil)
	prefix := ""
	if start.Name.Space != "" {
		prefix = start.Name.Space + ":"
	}
	cells, err := m.rowCells(d)
	if err != nil {
		return err
	}
	cells = slices.DeleteFunc(cells, func(c xmlCell) bool { return c.col == m.at })
	for _, p := range m.remarks[n] {
		if p.Col > 0 && n != m.head.last {
			if cells, err = m.colour(cells, p, n, prefix); err != nil {
				return err
			}
		}
	}
	reason := m.reason(n)
	if n == m.head.last {
		reason = reasonTitle
	}
	if reason != "" {
		var text bytes.Buffer
		if err := xml.EscapeText(&text, []byte(reason)); err != nil {
			return err
		}
		x := fmt.Sprintf(`<%[1]sc r="%[2]s%[3]d" t="inlineStr"><%[1]sis><%[1]st>%[4]s</%[1]st></%[1]sis></%[1]sc>`, prefix, columnLetters(m.at), n, text.String())
		cells = append(cells, xmlCell{col: m.at, xml: []byte(x)})
	}
	slices.SortStableFunc(cells, func(a, b xmlCell) int { return a.col - b.col })
	m.out.WriteString(strings.TrimSuffix(strings.TrimSuffix(string(tag), ">"), "/") + ">")
	for _, c := range cells {
		m.out.Write(c.xml)
	}
	m.out.WriteString("</" + prefix + "row>")
	return nil
}

// rowCells reads the rest of a row.
func (m *marker) rowCells(d *xml.Decoder) ([]xmlCell, error) {
	var cells []xmlCell
	col := 0
	for {
		from := d.InputOffset()
		token, err := d.RawToken()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return cells, nil
		case xml.StartElement:
			if err := skip(d); err != nil {
				return nil, err
			}
			if t.Name.Local != "c" {
				continue
			}
			col++
			if c, _ := parseRef(attr(t, "r")); c > 0 {
				col = c
			}
			base, _ := strconv.Atoi(attr(t, "s"))
			cells = append(cells, xmlCell{col, base, m.in[from:d.InputOffset()]})
		}
	}
}

// skip reads to the end of the element that has just begun.
func skip(d *xml.Decoder) error {
	for depth := 1; depth > 0; {
		token, err := d.RawToken()
		if err != nil {
			return err
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// colour gives a cell the fill of its problem; a cell that is not there is made.
func (m *marker) colour(cells []xmlCell, p Problem, n int, prefix string) ([]xmlCell, error) {
	i := slices.IndexFunc(cells, func(c xmlCell) bool { return c.col == p.Col })
	if i < 0 {
		x := fmt.Sprintf(`<%sc r="%s%d"/>`, prefix, columnLetters(p.Col), n)
		cells, i = append(cells, xmlCell{col: p.Col, xml: []byte(x)}), len(cells)
	}
	c := &cells[i]
	look, err := m.coloured(style{c.style, colourIndex(p)})
	if err != nil {
		return nil, err
	}
	end := bytes.IndexByte(c.xml, '>')
	tag := styleAttr.ReplaceAll(c.xml[:end], nil)
	name := len("<" + prefix + "c")
	c.xml = slices.Concat(tag[:name], fmt.Appendf(nil, ` s="%d"`, look), tag[name:], c.xml[end:])
	return cells, nil
}

// coloured gives the number of the user's style with our fill.
func (m *marker) coloured(s style) (int, error) {
	if n, ok := m.styles[s]; ok {
		return n, nil
	}
	look, err := m.GetStyle(s.base)
	if err != nil {
		look = &excelize.Style{}
	}
	look.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{[]string{"", warningColour, refusedColour}[s.colour]}}
	n, err := m.NewStyle(look)
	if err != nil {
		return 0, err
	}
	m.styles[s] = n
	return n, nil
}
