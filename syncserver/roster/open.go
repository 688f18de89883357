package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Bounds of a file; a park of 43,000 members is 5 MiB and unpacks to 60 MiB.
const (
	maxFile     = 64 << 20
	maxUnpacked = 384 << 20
	maxRows     = 200_000 // rows that hold something, a sheet
	maxCols     = 256
	maxMerges   = 10_000
	lastRow     = 1 << 20 // what Excel itself allows
)

// Workbook is one file of a user, read into memory with its sheets recognised.
type Workbook struct {
	Name    string   // file name without folder
	Ignored []string // sheets that are none of ours
	sheets  []*sheet
	data    []byte // the file itself, for WriteErrors; nil for CSV
}

// Read opens an .xlsx or CSV file (UTF-8, UTF-16 with mark, or GB18030), finds
// the sheets and their headers, and reads all rows. An error is one Chinese
// sentence that names file, sheet and what to do.
func Read(path string) (*Workbook, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open roster: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read roster: %w", err)
	}
	return Parse(filepath.Base(path), data)
}

// Parse is Read for bytes that are already in memory. It keeps data.
func Parse(name string, data []byte) (*Workbook, error) {
	w := &Workbook{Name: name}
	err := w.parse(data)
	if err != nil {
		return nil, fmt.Errorf("文件“%s”:%w", name, err)
	}
	return w, nil
}

func (w *Workbook) parse(data []byte) error {
	var (
		all []*sheet
		err error
	)
	switch {
	case len(data) > maxFile:
		return errors.New("超过 64 MB;请按单位分成几个文件")
	case len(data) == 0:
		return errors.New("是空文件")
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return errors.New("是旧格式 .xls 或加了密码的文件;请在 WPS 或 Excel 里打开,另存为 .xlsx(不加密码)后再导入")
	case bytes.HasPrefix(data, []byte("PK")):
		w.data = data
		all, err = readXLSX(data)
	default:
		all, err = readCSV(strings.TrimSuffix(w.Name, filepath.Ext(w.Name)), data)
	}
	if err != nil {
		return err
	}
	return w.recognise(all)
}

// readXLSX reads the cells of all worksheets.
func readXLSX(data []byte) (sheets []*sheet, err error) {
	defer func() {
		// The library indexes tables of the file unchecked in places; damage there is the file's fault.
		if r := recover(); r != nil {
			sheets, err = nil, fmt.Errorf("已损坏,读不出来(%v);请用 WPS 或 Excel 打开后另存一份", r)
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
	if err != nil {
		return nil, fmt.Errorf("打不开,不是完好的 .xlsx 文件(%w);请用 WPS 或 Excel 打开后另存一份", err)
	}
	defer f.Close()
	parts := sheetParts(f)
	shared, err := sharedStrings(part(f, "xl/sharedStrings.xml"))
	if err != nil {
		return nil, fmt.Errorf("的文字表已损坏(%w);请用 WPS 或 Excel 打开后另存一份", err)
	}
	props, err := f.GetWorkbookProps()
	if err != nil {
		return nil, fmt.Errorf("已损坏(%w);请用 WPS 或 Excel 打开后另存一份", err)
	}
	for _, name := range f.GetSheetList() {
		s := &sheet{name: name, part: parts[name], date1904: props.Date1904 != nil && *props.Date1904}
		if s.part == "" {
			continue // a chart sheet
		}
		if err := s.readCells(part(f, s.part), shared); err != nil {
			return nil, fmt.Errorf("工作表“%s”:%w", name, err)
		}
		sheets = append(sheets, s)
	}
	return sheets, nil
}

// readCSV reads a text file as one sheet. Row numbers are those that Excel shows
// for the file, so empty lines count.
func readCSV(name string, data []byte) ([]*sheet, error) {
	data, err := toUTF8(data)
	if err != nil {
		return nil, err
	}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(data))
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	r.Comma = ','
	for _, sep := range "\t;" {
		if bytes.Count(first, []byte(string(sep))) > bytes.Count(first, []byte{byte(r.Comma)}) {
			r.Comma = sep
		}
	}
	s := &sheet{name: name}
	row, line, offset := 0, 1, int64(0) // line is where the next record would start
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return []*sheet{s}, nil
		}
		if err != nil {
			return nil, fmt.Errorf("第 %d 行之后读不出来(%w);请另存为 .xlsx", row, err)
		}
		start, _ := r.FieldPos(0)
		row += 1 + start - line
		lines := bytes.Count(data[offset:r.InputOffset()], []byte("\n"))
		if lines > start-line+50 {
			return nil, fmt.Errorf("第 %d 行的引号没有成对;请补上引号,或另存为 .xlsx", row)
		}
		line, offset = line+lines, r.InputOffset()
		cells := make([]cell, min(len(record), maxCols))
		for i := range cells {
			cells[i].text = record[i]
		}
		if err := s.add(row, cells); err != nil {
			return nil, err
		}
	}
}

// toUTF8 decodes the encodings in which Excel and WPS save text.
func toUTF8(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xFF\xFE")), bytes.HasPrefix(data, []byte("\xFE\xFF")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, fmt.Errorf("文字编码已损坏(%w);请另存为 .xlsx", err)
		}
		return out, nil
	case bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")):
		return data[3:], nil
	case utf8.Valid(data):
		return data, nil
	case bytes.IndexByte(data, 0) >= 0:
		return nil, errors.New("不是表格文件;只能导入 .xlsx 或 .csv")
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil {
		return nil, fmt.Errorf("文字编码既不是 UTF-8 也不是 GBK(%w);请另存为 .xlsx", err)
	}
	return out, nil
}
