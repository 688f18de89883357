package roster_test

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"yizhan/syncserver/roster"
)

// TestErrorCopy: the user's own sheet comes back unchanged but for colours and
// one more column, and can be corrected and imported again.
func TestErrorCopy(t *testing.T) {
	const sheet = "会员花名册"
	noPhone := with("手机号码", nil)
	noPhone[6] = "末列之前是空的"
	data := book(t, map[string][][]any{sheet: {{"某公司会员花名册"}, append(slices.Clone(peopleHeader), "入会日期", "自己的列"), append(slices.Clone(goodRow), 42371, "甲<乙>&丙"),
		append(with("证件号码", "9.99E+17"), 42371.5), append(noPhone, "去年"), nil, append(with("证件号码", man), "2016-01-02")}, "别的": {{"不动", 1}}},
		func(f *excelize.File) {
			date, err := f.NewStyle(&excelize.Style{NumFmt: 14, Font: &excelize.Font{Bold: true}})
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetCellStyle(sheet, "H3", "H5", date); err != nil {
				t.Fatal(err)
			}
			drop := excelize.NewDataValidation(true)
			drop.Sqref = "B3:B9"
			if err := drop.SetDropList([]string{"男", "女"}); err != nil {
				t.Fatal(err)
			}
			if err := f.AddDataValidation(sheet, drop); err != nil {
				t.Fatal(err)
			}
			if err := f.MergeCell(sheet, "A1", "I1"); err != nil {
				t.Fatal(err)
			}
		})
	w, err := roster.Parse("a.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	r := w.Check(options())
	if c := r.Count(); c.Accepted != 1 || c.Errors != 3 || c.Warnings != 1 { // the last row says 女 with a man's number
		t.Fatalf("%+v\n%v", c, r.Problems)
	}
	path := filepath.Join(t.TempDir(), "错误.xlsx")
	if err := roster.WriteErrors(w, r.Problems, path); err != nil {
		t.Fatal(err)
	}
	before, after := open(t, data), openFile(t, path)
	for _, ref := range []string{"A1", "A2", "I2", "A3", "D3", "H3", "I3", "D4", "H4", "A5", "D5", "E5", "H5", "D7", "H7"} {
		if a, b := cellOf(t, before, sheet, ref), cellOf(t, after, sheet, ref); a != b {
			t.Errorf("%s was %q, is %q", ref, a, b)
		}
	}
	if kind, err := after.GetCellType(sheet, "D3"); err != nil || kind != excelize.CellTypeSharedString {
		t.Errorf("the ID number is no text any more: %v, %v", kind, err)
	}
	for ref, want := range map[string]string{"J2": "错误原因", "J3": "", "J4": "科学计数法", "J5": "手机号码没有填", "J6": "", "J7": "17 位"} {
		if got := cellOf(t, after, sheet, ref); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s is %q, want %q", ref, got, want)
		}
	}
	for ref, want := range map[string]string{"D3": "", "D4": "FFC7CE", "E5": "FFC7CE", "H5": "FFEB9C", "A5": "", "B7": "FFC7CE"} {
		if got, _ := fill(t, after, sheet, ref); got != want {
			t.Errorf("%s has colour %q, want %q", ref, got, want)
		}
	}
	if _, bold := fill(t, after, sheet, "H5"); !bold {
		t.Error("the coloured cell lost its own style")
	}
	if v, err := after.GetDataValidations(sheet); err != nil || len(v) != 1 {
		t.Errorf("drop-downs %v, %v", v, err)
	}
	if got := cellOf(t, after, "别的", "A1"); got != "不动" {
		t.Errorf("the other sheet has %q", got)
	}

	// The user corrects two cells in the copy; the reasons are made anew in the same column.
	for ref, v := range map[string]string{"D4": id18("99900119900307004"), "E5": "10012345677", "B7": "男"} {
		if err := after.SetCellStr(sheet, ref, v); err != nil {
			t.Fatal(err)
		}
	}
	second := filepath.Join(t.TempDir(), "改.xlsx")
	if err := after.SaveAs(second); err != nil {
		t.Fatal(err)
	}
	w, err = roster.Read(second)
	if err != nil {
		t.Fatal(err)
	}
	r = w.Check(options())
	if c := r.Count(); c.Accepted != 3 || c.Duplicates != 1 { // row 5 repeats row 3
		t.Fatalf("%+v\n%v", c, r.Problems)
	}
	if err := roster.WriteErrors(w, r.Problems, path); err != nil {
		t.Fatal(err)
	}
	third := openFile(t, path)
	for ref, want := range map[string]string{"J2": "错误原因", "J4": "", "J7": "", "K2": "", "K5": ""} {
		if got := cellOf(t, third, sheet, ref); got != want {
			t.Errorf("second round: %s is %q, want %q", ref, got, want)
		}
	}
	if got := cellOf(t, third, sheet, "J5"); !strings.Contains(got, "第 3 行") {
		t.Errorf("second round: J5 is %q", got)
	}
}

func TestErrorCopyOfText(t *testing.T) {
	w, err := roster.Parse("花名册.csv", gbk(t, "姓名,证件号码,手机号码,所属工会,工作单位\n王芳,"+woman+",10012345678,测试工会,公司\n李雷,9.99E+17,010012345,测试工会,公司\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := w.Check(options())
	path := filepath.Join(t.TempDir(), "错误.xlsx")
	if err := roster.WriteErrors(w, r.Problems, path); err != nil {
		t.Fatal(err)
	}
	f := openFile(t, path)
	rows, err := f.GetRows(f.GetSheetName(0), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || rows[0][5] != "错误原因" || rows[1][1] != woman || rows[2][1] != "9.99E+17" || rows[2][2] != "010012345" || !reflect.DeepEqual(rows[1], []string{"王芳", woman, "10012345678", "测试工会", "公司"}) {
		t.Errorf("%q", rows)
	}
	if c, _ := fill(t, f, f.GetSheetName(0), "B3"); c != "FFC7CE" {
		t.Errorf("colour %q", c)
	}
}

func open(t *testing.T, data []byte) *excelize.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "before.xlsx")
	f, err := excelize.OpenReader(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(path, err)
	}
	return f
}

func openFile(t *testing.T, path string) *excelize.File {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func cellOf(t *testing.T, f *excelize.File, sheet, ref string) string {
	t.Helper()
	s, err := f.GetCellValue(sheet, ref)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fill gives the colour behind a cell and whether its text is bold.
func fill(t *testing.T, f *excelize.File, sheet, ref string) (string, bool) {
	t.Helper()
	n, err := f.GetCellStyle(sheet, ref)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.GetStyle(n)
	if err != nil {
		t.Fatal(err)
	}
	bold := s.Font != nil && s.Font.Bold
	if len(s.Fill.Color) == 0 {
		return "", bold
	}
	return s.Fill.Color[0], bold
}
