package roster_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"yizhan/core/id"
	"yizhan/syncserver/roster"
)

var today = time.Date(2026, 11, 21, 10, 0, 0, 0, time.FixedZone("CST", 8*3600))

// id18 completes 17 digits.
func id18(first string) string { return first + string(roster.IDCheckDigit(first)) }

var (
	woman = id18("99900119900307002")
	man   = id18("99900119850611013")
	orgs  = map[string]id.Org{roster.Key("测试工会"): "KNOWN"}
)

func options() roster.Options {
	return roster.Options{Demo: true, Today: today, Known: func(key string) (id.Org, bool) {
		o, ok := orgs[key]
		return o, ok
	}}
}

var (
	peopleHeader  = []any{"姓名", "性别", "证件类型", "证件号码", "手机号码", "所属工会", "工作单位"}
	goodRow       = []any{"王芳", "女", "居民身份证", woman, "10012345678", "测试工会", "测试公司"}
	orgHeader     = []any{"工会名称", "上级工会", "统一社会信用代码"}
	stationHeader = []any{"站点编码", "名称", "类型", "地址", "经度", "纬度", "坐标系"}
)

// book makes an .xlsx of sheets; a sheet's first row is row 1.
func book(t testing.TB, sheets map[string][][]any, edit ...func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	names := make([]string, 0, len(sheets))
	for name := range sheets {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i == 0 {
			if err := f.SetSheetName("Sheet1", name); err != nil {
				t.Fatal(err)
			}
		} else if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for n, r := range sheets[name] {
			if err := f.SetSheetRow(name, fmt.Sprintf("A%d", n+1), &r); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, e := range edit {
		e(f)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// people checks an .xlsx with only 会员花名册.
func people(t testing.TB, rows ...[]any) *roster.Roster {
	t.Helper()
	return parse(t, book(t, map[string][][]any{"会员花名册": rows}))
}

func parse(t testing.TB, data []byte) *roster.Roster {
	t.Helper()
	w, err := roster.Parse("测试.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	return w.Check(options())
}

// with gives the good row with one column changed.
func with(column string, value any) []any {
	r := slices.Clone(goodRow)
	for i, h := range peopleHeader {
		if h == column {
			r[i] = value
		}
	}
	return r
}

func TestSheetsThatCannotBeReadSayWhatToDo(t *testing.T) {
	header := func(drop string) []any {
		return slices.DeleteFunc(slices.Clone(peopleHeader), func(h any) bool { return h == drop })
	}
	cases := map[string]struct {
		name string
		data []byte
		want []string
	}{
		"old binary":       {"花名册.xls", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and more"), []string{"花名册.xls", "另存为 .xlsx"}},
		"empty":            {"a.csv", nil, []string{"空文件"}},
		"picture":          {"a.xlsx", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00"), []string{"不是表格文件"}},
		"cut off":          {"a.xlsx", book(t, map[string][][]any{"会员花名册": {peopleHeader, goodRow}})[:900], []string{"a.xlsx", "另存一份"}},
		"no header":        {"a.xlsx", book(t, map[string][][]any{"会员花名册": {goodRow, goodRow}}), []string{"工作表“会员花名册”", "没有找到表头", "姓名、证件号码、手机号码、所属工会、工作单位"}},
		"column missing":   {"a.xlsx", book(t, map[string][][]any{"会员花名册": {header("手机号码"), goodRow}}), []string{"第 1 行的表头缺少必填列:手机号码"}},
		"no datum":         {"a.xlsx", book(t, map[string][][]any{"服务站点": {stationHeader[:6], {"Z1", "站", "驿站", "路", 118.1, 24.5}}}), []string{"缺少必填列:坐标系"}},
		"other":            {"a.xlsx", book(t, map[string][][]any{"Sheet1": {{"商品", "价格"}, {"油", 9}}}), []string{"“Sheet1”", "没有找到会员花名册、工会组织或服务站点的表头"}},
		"unclosed quote":   {"a.csv", []byte("姓名,证件号码,手机号码,所属工会,工作单位\n王芳,\"" + strings.Repeat("x\n", 60)), []string{"第 2 行", "引号没有成对"}},
		"text, no header":  {"会员花名册.csv", []byte("王芳,女\n"), []string{"没有找到表头"}},
		"zip, not a sheet": {"a.xlsx", []byte("PK\x03\x04 nothing"), []string{"不是完好的 .xlsx"}},
	}
	for name, c := range cases {
		w, err := roster.Parse(c.name, c.data)
		if err == nil {
			t.Errorf("%s: accepted as %+v", name, w)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %q", name, err)
		}
	}
}

func TestHeaderIsFoundInEveryShape(t *testing.T) {
	full := func(s string) string { // full-width digits, as an input method leaves them
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r + 0xFEE0
			}
			return r
		}, s)
	}
	merge := func(refs ...string) func(*excelize.File) {
		return func(f *excelize.File) {
			for _, r := range refs {
				from, to, _ := strings.Cut(r, ":")
				if err := f.MergeCell("表", from, to); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	hide := func(f *excelize.File) {
		if err := f.SetRowVisible("表", 2, false); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string][]byte{
		"titles above": book(t, map[string][][]any{"表": {{"某某公司会员花名册"}, {"填报单位:某某", nil, nil, "2026年"}, nil, peopleHeader, goodRow}}, merge("A1:G1")),
		"synonyms, order, stars, brackets": book(t, map[string][][]any{"表": {
			{"联系电话(手机)*", "单 位", "所属基层工会", "身份证号\n(18位)", "姓  名*"},
			{"+86 100-1234-5678", "测试公司", "测试工会", full(woman), "王 芳"}}}),
		"over two rows": book(t, map[string][][]any{"表": {
			{"序号", "基本信息", nil, "证件", nil, "联系方式", "组织", nil},
			{nil, "姓名", "性别", "类型", "号码", nil, "所属工会", "单位"},
			{1, "王芳", "女", "身份证", woman, "0086 10012345678", "测试工会", "测试公司"}}}, merge("A1:A2", "B1:C1", "D1:E1", "F1:F2", "G1:H1")),
		"phone beside another contact": book(t, map[string][][]any{"表": {
			append([]any{"联系电话"}, peopleHeader...), append([]any{"010-123"}, goodRow...)}}),
		"hidden row":    book(t, map[string][][]any{"表": {peopleHeader, goodRow}}, hide),
		"second sheet":  book(t, map[string][][]any{"表": {peopleHeader, goodRow}, "填表说明": {{"说明", "请用文本格式"}}}),
		"header again":  book(t, map[string][][]any{"表": {peopleHeader, nil, peopleHeader, goodRow}}),
		"remarks below": book(t, map[string][][]any{"表": {peopleHeader, goodRow, nil, {"注:带*号的必填"}, {"填表人:", "", "", "审核人:"}, {"合计", 1}}}),
		"sample row":    book(t, map[string][][]any{"表": {append([]any{"序号"}, peopleHeader...), append([]any{"例"}, goodRow...), append([]any{1}, goodRow...)}}),
		"other letters": book(t, map[string][][]any{"表": {peopleHeader, with("手机号码", 10012345678)}}),
	}
	for name, data := range cases {
		r := parse(t, data)
		if len(r.Problems) > 0 || len(r.People) != 1 {
			t.Errorf("%s: %d people, %v", name, len(r.People), r.Problems)
			continue
		}
		p := r.People[0]
		if p.Name != "王芳" || p.IDNumber != woman || p.Phone != "+8610012345678" || p.Org != "KNOWN" || p.Employer != "测试公司" || p.Sex != "F" || p.Birth != "1990-03-07" || p.IDType != roster.Resident {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestTextFilesInEveryEncoding(t *testing.T) {
	plain := "姓名,证件号码,手机号码,所属工会,工作单位\r\n\r\n王芳," + woman + ",10012345678,测试工会,\"测试\r\n公司\"\r\n张伟,'" + man + ",10012345679,测试工会,测试公司\r\n"
	for name, data := range map[string][]byte{
		"UTF-8":           []byte(plain),
		"UTF-8 with mark": []byte("\uFEFF" + plain),
		"tabs":            []byte(strings.ReplaceAll(plain, ",", "\t")),
		"GB18030":         gbk(t, plain),
		"UTF-16":          utf16le(plain),
	} {
		w, err := roster.Parse("花名册.csv", data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := w.Check(options())
		if len(r.Problems) > 0 || len(r.People) != 2 || r.People[0].Row != 3 || r.People[1].Row != 4 || r.People[1].IDNumber != man {
			t.Errorf("%s: %+v, %v", name, r.People, r.Problems)
		}
	}
}

// TestTextHeaderOverTwoRows: text has no merged cells, so a group's name stands over its first column only.
func TestTextHeaderOverTwoRows(t *testing.T) {
	r := parse(t, []byte("序号,姓名,证件,,联系方式,组织,\n,,类型,号码,,所属工会,单位\n1,王芳,身份证,"+woman+",10012345678,测试工会,公司\n"))
	if len(r.People) != 1 || r.People[0].IDNumber != woman || r.People[0].IDType != roster.Resident || r.People[0].Employer != "公司" {
		t.Errorf("%+v, %v", r.People, r.Problems)
	}
}

func TestMergedDataCellsAreRefusedRowByRow(t *testing.T) {
	r := parse(t, book(t, map[string][][]any{"会员花名册": {peopleHeader, goodRow, with("证件号码", man), {"李雷"}, nil, {"注:以上"}}}, func(f *excelize.File) {
		for _, ref := range [][2]string{{"G3", "G4"}, {"A6", "G6"}} {
			if err := f.MergeCell("会员花名册", ref[0], ref[1]); err != nil {
				t.Fatal(err)
			}
		}
	}))
	if len(r.People) != 1 || len(r.Problems) != 2 || len(r.Notes) != 1 {
		t.Fatalf("%d people, problems %v, notes %v", len(r.People), r.Problems, r.Notes)
	}
	for i, p := range r.Problems {
		if p.Kind != roster.Merged || p.Row != 3+i || p.Col != 7 || !strings.Contains(p.String(), "工作表“会员花名册”第") || !strings.Contains(p.Reason, "G3:G4") {
			t.Errorf("%v", p)
		}
	}
}

func TestReadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "甲单位.xlsx")
	if err := os.WriteFile(path, book(t, map[string][][]any{"会员花名册": {peopleHeader, goodRow}, "图表": {{"x"}}}), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := roster.Read(path)
	if err != nil || w.Name != "甲单位.xlsx" || !slices.Equal(w.Ignored, []string{"图表"}) {
		t.Errorf("%+v, %v", w, err)
	}
	if _, err := roster.Read(path + ".no"); err == nil {
		t.Error("a file that is not there was read")
	}
}

// TestOnly reads one kind of a file that has two; the other is as if it were not there, faults and all.
func TestOnly(t *testing.T) {
	data := book(t, map[string][][]any{"名单": {peopleHeader, goodRow}, "站点": {stationHeader, {"YL001", "", "爱心驿站", "某路1号", 113.1, 30.2, "WGS84"}}})
	for _, c := range []struct {
		kinds                      []string
		people, stations, problems int
	}{
		{[]string{roster.Members, roster.Orgs}, 1, 0, 0},
		{[]string{roster.Stations}, 0, 0, 1},
		{[]string{roster.Members, roster.Stations}, 1, 0, 1},
	} {
		w, err := roster.Parse("两种.xlsx", data)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Only(c.kinds...); err != nil {
			t.Fatal(err)
		}
		if r := w.Check(options()); len(r.People) != c.people || len(r.Stations) != c.stations || len(r.Problems) != c.problems {
			t.Errorf("%v: %d people, %d stations, %v", c.kinds, len(r.People), len(r.Stations), r.Problems)
		}
	}
	w, err := roster.Parse("两种.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Only(roster.Orgs); err == nil || !strings.Contains(err.Error(), "两种.xlsx") || !strings.Contains(err.Error(), "“名单”“站点”") {
		t.Errorf("no sheet is left: %v", err)
	}
}
