package roster_test

import (
	"slices"

	"bytes"
	"encoding/binary"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"

	"yizhan/core/id"
	"yizhan/core/station"
	"yizhan/syncserver/roster"
)

func gbk(t testing.TB, s string) []byte {
	t.Helper()
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func utf16le(s string) []byte {
	b := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func TestBadCellsAreNamed(t *testing.T) {
	spoiled := woman[:15] + "000"
	if roster.IDCheckDigit(spoiled[:17]) == '0' {
		t.Fatal("choose another number: this spoiled one has the right check digit")
	}
	wrong := woman[:17] + "0"
	if wrong == woman {
		wrong = woman[:17] + "1"
	}
	cases := []struct {
		column string
		value  any
		kind   roster.Kind
		say    string
	}{
		{"姓名", "", roster.Missing, "姓名没有填"},
		{"姓名", "王", roster.Malformed, "两个字"},
		{"姓名", "王芳13", roster.Malformed, "数字或符号"},
		{"姓名", "王?", roster.Malformed, "乱码"},
		{"性别", "男", roster.Mismatch, "17 位"},
		{"性别", "不详", roster.Malformed, "男或女"},
		{"证件类型", "驾驶证", roster.Malformed, "不认识这种证件"},
		{"证件类型", "护照(港澳)", roster.Mismatch, "18 位"},
		{"证件号码", "", roster.Missing, "证件号码没有填"},
		{"证件号码", spoiled, roster.SpoiledID, "末三位是 000"},
		{"证件号码", "9.99E+17", roster.SpoiledID, "科学计数法"},
		{"证件号码", "9.9900119900307E+17", roster.SpoiledID, "文本"},
		{"证件号码", 999001199003070000, roster.SpoiledID, "数字格式"},
		{"证件号码", 999001199003070123.0, roster.SpoiledID, "前 15 位"},
		{"证件号码", wrong, roster.CheckDigit, "校验码"},
		{"证件号码", "999001900307002", roster.Malformed, "15 位的旧号码"},
		{"证件号码", woman[:17], roster.Malformed, "18 位"},
		{"证件号码", id18("99900119900231002"), roster.Malformed, "出生日期不存在"},
		{"证件号码", id18("99900120150307002"), roster.Malformed, "不合理"},
		{"证件号码", id18("99900119010307002"), roster.Malformed, "不合理"},
		{"证件号码", id18("77900119900307002"), roster.Malformed, "地区代码"},
		{"手机号码", "12345678901", roster.Malformed, "11 位"},
		{"手机号码", "1381234567", roster.Malformed, "11 位"},
		{"手机号码", "10012345678/10012345679", roster.Malformed, "一个手机号码"},
		{"手机号码", "", roster.Missing, "没有填"},
		{"所属工会", "没有的工会", roster.UnknownOrg, "没有这个工会"},
		{"工作单位", " \u3000", roster.Missing, "没有填"},
		{"工作单位", strings.Repeat("长", 501), roster.Malformed, "最多 500 个"},
	}
	for _, c := range cases {
		r := people(t, peopleHeader, with(c.column, c.value))
		if len(r.People) != 0 || len(r.Problems) == 0 {
			t.Errorf("%s = %v: accepted %d, problems %v", c.column, c.value, len(r.People), r.Problems)
			continue
		}
		p := r.Problems[0]
		column := c.column
		if c.kind == roster.Mismatch && strings.HasPrefix(c.column, "证件") {
			column = "证件号码"
		}
		if p.Kind != c.kind || p.Row != 2 || p.Column != column || peopleHeader[p.Col-1] != column || !strings.Contains(p.Reason, c.say) {
			t.Errorf("%s = %v: %v (%s), want %s saying %q", c.column, c.value, p, p.Kind, c.kind, c.say)
		}
		if s, ok := c.value.(string); ok && len(s) >= 15 && strings.Contains(p.String(), s) {
			t.Errorf("%s: the reason repeats personal data: %v", c.column, p)
		}
	}
}

func TestGoodCellsInManyForms(t *testing.T) {
	const zeros = "00000000" // after 166 and 199, which a careless pattern leaves out
	x := ""                  // a number that ends in X
	for order := 2; !strings.HasSuffix(x, "X"); order += 2 {
		x = id18("999001199003070" + string(rune('0'+order/10)) + string(rune('0'+order%10)))
	}
	cases := []struct {
		column string
		value  any
		get    func(roster.Person) string
		want   string
	}{
		{"姓名", "欧阳 娜娜", func(p roster.Person) string { return p.Name }, "欧阳娜娜"},
		{"姓名", "阿依古丽•买买提", func(p roster.Person) string { return p.Name }, "阿依古丽·买买提"},
		{"姓名", "迪丽.努尔", func(p roster.Person) string { return p.Name }, "迪丽·努尔"},
		{"姓名", "王𠅤", func(p roster.Person) string { return p.Name }, "王𠅤"},
		{"姓名", "Mary  Ann O'Neil", func(p roster.Person) string { return p.Name }, "Mary  Ann O'Neil"},
		{"证件号码", strings.ToLower(x), func(p roster.Person) string { return p.IDNumber }, x},
		{"证件号码", " " + woman[:6] + " " + woman[6:14] + "-" + woman[14:], func(p roster.Person) string { return p.IDNumber }, woman},
		{"证件号码", "'" + woman, func(p roster.Person) string { return p.IDNumber }, woman},
		{"手机号码", "166" + zeros, func(p roster.Person) string { return p.Phone }, "+86166" + zeros},
		{"手机号码", "(+86)199 0000 0000", func(p roster.Person) string { return p.Phone }, "+86199" + zeros},
		{"手机号码", 1.99e10, func(p roster.Person) string { return p.Phone }, "+86199" + zeros},
		{"性别", "", func(p roster.Person) string { return p.Sex }, "F"},
		{"证件类型", "", func(p roster.Person) string { return p.IDType }, roster.Resident},
		{"所属工会", "测试 工会", func(p roster.Person) string { return string(p.Org) }, "KNOWN"},
	}
	for _, c := range cases {
		r := people(t, peopleHeader, with(c.column, c.value))
		if len(r.People) != 1 {
			t.Errorf("%s = %v: %v", c.column, c.value, r.Problems)
		} else if got := c.get(r.People[0]); got != c.want {
			t.Errorf("%s = %v: %q, want %q", c.column, c.value, got, c.want)
		}
	}
}

func TestOtherPapers(t *testing.T) {
	for _, c := range []struct{ kind, number, want string }{
		{"港澳居民来往内地通行证", "H12345678", roster.HongKongMacao},
		{"回乡证", "m1234567801", roster.HongKongMacao},
		{"台胞证", "12345678", roster.Taiwan},
		{"护照", "E12345678", roster.Passport},
		{"外国人永久居留身份证", "USA110080010101", roster.ForeignPermanent},
		{"外国人永久居留身份证", id18("91100119900307002"), roster.ForeignPermanent},
		{"港澳台居民居住证", id18("81000019900307002"), roster.ResidencePermit},
		{"身份证", id18("83000019900307002"), roster.ResidencePermit},
		{"护照", "ABCDE", ""},
		{"台胞证", "1234", ""},
		{"港澳居民来往内地通行证", "X12345678", ""},
		{"外国人永久居留身份证", id18("91100119900307002")[:17] + "A", ""},
	} {
		row := with("证件号码", c.number)
		row[2] = c.kind
		r := people(t, peopleHeader, row)
		switch {
		case c.want == "" && len(r.People) > 0:
			t.Errorf("%s %s was accepted", c.kind, c.number)
		case c.want != "" && len(r.People) != 1:
			t.Errorf("%s %s: %v", c.kind, c.number, r.Problems)
		case c.want != "" && (r.People[0].Identity() == r.People[0].IDNumber) != (len(c.number) == 18):
			t.Errorf("%s %s is told apart by %s", c.kind, c.number, r.People[0].Identity())
		case c.want != "" && r.People[0].IDType != c.want:
			t.Errorf("%s %s is a %s, want %s", c.kind, c.number, r.People[0].IDType, c.want)
		}
	}
}

func TestDemoIdentitiesStayOutOfRealUse(t *testing.T) {
	w, err := roster.Parse("a.xlsx", book(t, map[string][][]any{"会员花名册": {peopleHeader, goodRow}}))
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Demo = false
	r := w.Check(o)
	if len(r.People) != 0 || len(r.Problems) != 2 || !strings.Contains(r.Problems[0].Reason+r.Problems[1].Reason, "演示") {
		t.Errorf("%v", r.Problems)
	}
}

func TestDuplicatesNameTheFirstRow(t *testing.T) {
	again := with("证件号码", strings.ToLower(woman))
	again[4] = "" // the second row has another fault as well
	r := people(t, peopleHeader, goodRow, with("证件号码", man)[:0], with("性别", ""), again)
	if c := r.Count(); c.Accepted != 1 || c.Duplicates != 1 || c.Errors != 1 {
		t.Errorf("%+v, %v", c, r.Problems)
	}
	for _, p := range r.Problems {
		if p.Kind == roster.Duplicate && !strings.Contains(p.Reason, "第 2 行") {
			t.Errorf("%v", p)
		}
	}
}

// TestDoubtfulEnding: a real number may end in 000 with the right check digit.
// It is believed unless Excel has spoiled other numbers of the sheet.
func TestDoubtfulEnding(t *testing.T) {
	doubtful := ""
	for day := 1; doubtful == ""; day++ {
		if n := "9990011990030" + string(rune('0'+day)) + "000"; roster.IDCheckDigit(n) == '0' {
			doubtful = n + "0"
		}
	}
	row := with("证件号码", doubtful)
	if r := people(t, peopleHeader, row); len(r.People) != 1 {
		t.Errorf("alone: %v", r.Problems)
	}
	if r := people(t, peopleHeader, row, with("证件号码", "9.99E+17"), goodRow); len(r.People) != 1 || r.People[0].IDNumber != woman || len(r.Problems) != 2 || r.Problems[0].Kind != roster.SpoiledID {
		t.Errorf("beside a spoiled one: %d people, %v", len(r.People), r.Problems)
	}
}

func TestAttributesForDecisions(t *testing.T) {
	header := append([]any{"岗位工种", "是否农民工", "新就业形态类型", "子女数", "入会日期", "会员卡号"}, peopleHeader...)
	for _, c := range []struct {
		cells    []any
		tags     []string
		children int
		joined   string
		card     string
		warnings int
	}{
		{[]any{"职员", "否", "", 0, 42371, ""}, nil, 0, "2016-01-02", "", 0},
		{[]any{"环卫工人", "是", "", "2", "2016年1月2日", "6222021234567890123"}, []string{"frontline", "migrant", "sanitation"}, 2, "2016-01-02", "6222021234567890123", 0},
		{[]any{"配送", "", "网约配送员", "1", "2016/1/2", ""}, []string{"frontline", "网约配送员"}, 1, "2016-01-02", "", 0},
		{[]any{"小学教师", "否", "否", nil, "20160102", nil}, []string{"frontline", "teacher"}, 0, "2016-01-02", "", 0},
		{[]any{"", "也许", "", "很多", "去年", 6222021234567890123.0}, nil, 0, "", "", 4},
		{[]any{"", "", "", "", "2016.10", ""}, nil, 0, "2016-10-01", "", 0},
	} {
		r := people(t, header, append(c.cells, goodRow...))
		if len(r.People) != 1 {
			t.Errorf("%v: %v", c.cells, r.Problems)
			continue
		}
		p := r.People[0]
		if !reflect.DeepEqual(p.Tags, c.tags) || p.Children != c.children || p.JoinedOn != c.joined || p.Card != c.card || r.Count().Warnings != c.warnings {
			t.Errorf("%v: tags %v, children %d, joined %q, card %q, %v", c.cells, p.Tags, p.Children, p.JoinedOn, p.Card, r.Problems)
		}
	}
}

// code18 completes 17 characters of an organisation code.
func code18(first string) string { return first + string(roster.OrgCheckLetter(first)) }

func TestOrganisations(t *testing.T) {
	a, b := code18("81999000T00000001"), code18("81999000T00000002")
	r := parse(t, book(t, map[string][][]any{"工会组织": {orgHeader,
		{"丙公司工会", "乙区总工会", ""}, // before its parent
		{"乙区总工会", "甲市总工会", a},
		{"甲市总工会", "无", b},
		{"错码工会", "甲市总工会", a[:17] + "Z"},
		{"环一", "环二", ""}, {"环二", "环三", ""}, {"环三", "环一", ""}, {"环下", "环二", ""},
		{"孤儿工会", "没有的上级", ""},
		{"重码工会", "甲市总工会", a},
		{"丙公司工会", "甲市总工会", ""},
		{"外接工会", "测试工会", ""},
	}, "会员花名册": {peopleHeader, with("所属工会", "丙公司工会"), with("所属工会", "环下")}}))
	want := []string{"甲市总工会", "乙区总工会", "丙公司工会", "错码工会", "外接工会"}
	var got []string
	at := map[string]roster.Org{}
	for i, o := range r.Orgs {
		got, at[o.Name] = append(got, o.Name), o
		if o.Parent != "" && o.Parent != "KNOWN" && !before(r.Orgs[:i], o.Parent) {
			t.Errorf("%s comes before its parent", o.Name)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%v, want %v\n%v", got, want, r.Problems)
	}
	if at["甲市总工会"].ID != id.Org(b) || at["乙区总工会"].Parent != id.Org(b) || at["丙公司工会"].Parent != id.Org(a) || at["外接工会"].Parent != "KNOWN" {
		t.Errorf("%+v", r.Orgs)
	}
	if o := at["错码工会"]; o.Code != "" || o.ID != roster.OrgID("错码工会", "") || id.Check(string(o.ID)) != nil {
		t.Errorf("%+v", o)
	}
	kinds := map[roster.Kind]int{}
	for _, p := range r.Problems {
		kinds[p.Kind]++
	}
	if want := map[roster.Kind]int{roster.CheckDigit: 1, roster.Ring: 3, roster.Duplicate: 2 + 1, roster.UnknownOrg: 2 + 1}; !reflect.DeepEqual(kinds, want) {
		t.Errorf("%v, want %v\n%v", kinds, want, r.Problems)
	}
	if len(r.People) != 1 || r.People[0].Org != at["丙公司工会"].ID {
		t.Errorf("%+v", r.People)
	}
}

func before(orgs []roster.Org, o id.Org) bool {
	for _, x := range orgs {
		if x.ID == o {
			return true
		}
	}
	return false
}

func TestNamesakesNeedCodes(t *testing.T) {
	a, b := code18("81999000T00000001"), code18("81999000T00000002")
	header := append([]any{"工会代码"}, peopleHeader...)
	sheets := map[string][][]any{"工会组织": {orgHeader, {"第一工会", "测试工会", a}, {"第一工会", "测试工会", b}, {"第二工会", "测试工会", a[:0]}},
		"会员花名册": {header,
			append([]any{b}, with("所属工会", "第一工会")...),
			append([]any{""}, []any{"张伟", "男", "", man, "10012345679", "第一工会", "某公司"}...),
		}}
	r := parse(t, book(t, sheets))
	if len(r.People) != 1 || r.People[0].Org != id.Org(b) || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Reason, "同名") {
		t.Errorf("%+v, %v", r.People, r.Problems)
	}
}

func TestAnOrganisationKeepsItsFirstID(t *testing.T) {
	a := code18("81999000T00000001")
	first := roster.OrgID("晚到工会", "")
	orgs[roster.Key("晚到工会")] = first
	defer delete(orgs, roster.Key("晚到工会"))
	r := parse(t, book(t, map[string][][]any{"工会组织": {orgHeader, {"晚到工会", "测试工会", a}}}))
	if len(r.Orgs) != 1 || r.Orgs[0].ID != first || r.Orgs[0].Code != a {
		t.Errorf("%+v", r.Orgs)
	}
	if roster.OrgID("晚到 工会", "") != first || roster.OrgID("晚到工会", strings.ToLower(a)) != id.Org(a) {
		t.Error("an id depends on spaces or on the case of a code")
	}
}

func TestStations(t *testing.T) {
	for _, c := range []struct {
		row   []any
		datum string
		say   string
	}{
		{[]any{"Z1", "站", "驿站", "路", 118.09, 24.48, "GCJ-02"}, "GCJ02", ""},
		{[]any{"Z1", "站", "驿站", "路", "118.09°E", "24.48°N", "bd-09"}, "BD09", ""},
		{[]any{"Z1", "站", "驿站", "路", "118.09", "24.48", "高德坐标"}, "GCJ02", ""},
		{[]any{"Z1", "站", "驿站", "路", 118.09, 24.48, "CGCS2000"}, "WGS84", ""},
		{[]any{"Z1", "站", "驿站", "路", 118.09, 24.48, ""}, "", "坐标系没有填"},
		{[]any{"Z1", "站", "驿站", "路", 118.09, 24.48, "不知道"}, "", "差几百米"},
		{[]any{"Z1", "站", "驿站", "路", 24.48, 118.09, "GPS"}, "", "填反了"},
		{[]any{"Z1", "站", "驿站", "路", 0.0, 24.48, "GPS"}, "", "73 至 136"},
		{[]any{"Z1", "站", "驿站", "路", 118.09, 84.0, "GPS"}, "", "3 至 54"},
		{[]any{"Z1", "站", "驿站", "路", "118度5分", 24.48, "GPS"}, "", "十进制"},
		{[]any{"Z1", "站", "驿站", "路", "NaN", 24.48, "GPS"}, "", "十进制"},
		{[]any{"Z1", "站", "驿站", "路", nil, 24.48, "GPS"}, "", "经度没有填"},
		{[]any{"Z/1", "站", "驿站", "路", 118.09, 24.48, "GPS"}, "", "站点编码只能"},
		{[]any{"Z1", "", "驿站", "路", 118.09, 24.48, "GPS"}, "", "名称没有填"},
		{[]any{"ZZ", "重复", "驿站", "路", 118.09, 24.48, "GPS"}, "", "第 3 行"},
	} {
		rows := [][]any{stationHeader, c.row}
		if c.say != "" { // a good row beside the bad one is taken all the same
			rows = append(rows, []any{"ZZ", "站", "驿站", "路", 118.09, 24.48, "GPS"})
		}
		r := parse(t, book(t, map[string][][]any{"服务站点": rows}))
		if c.say == "第 3 行" { // the later one of the two names the earlier
			if len(r.Stations) != 1 || len(r.Problems) != 1 || r.Problems[0].Row != 3 || !strings.Contains(r.Problems[0].Reason, "第 2 行") {
				t.Errorf("%v: %v", c.row, r.Problems)
			}
			continue
		}
		switch {
		case c.say == "" && (len(r.Stations) != 1 || r.Stations[0].Datum != c.datum || r.Stations[0].Lat != 24.48 || r.Stations[0].Lon != 118.09):
			t.Errorf("%v: %+v, %v", c.row, r.Stations, r.Problems)
		case c.say != "" && (len(r.Problems) != 1 || len(r.Stations) != 1 || !strings.Contains(r.Problems[0].Reason, c.say)):
			t.Errorf("%v: %v, want %q", c.row, r.Problems, c.say)
		}
	}
}

// What a station has to say of itself is read into keys and one form of hours, and a
// bad cell is named by its place.
func TestStationColumns(t *testing.T) {
	head := append(slices.Clone(stationHeader), "开放时间", "设施", "状态", "最近核验日期", "地标", "暂停开始", "暂停结束", "暂停原因")
	row := func(code string, cells ...any) []any {
		return append([]any{code, "站", "爱心驿站", "路", 118.09, 24.48, "GPS"}, cells...)
	}
	r := parse(t, book(t, map[string][][]any{"服务站点": {head,
		row("A1", "工作日 8：30—12：00、14：00－17：30；周末 休息", "饮水机、卫生间、热水、擦鞋机", "开放", "2016-03-01", " 菜市场东门旁，\n有灯箱 ", "2016-03-20", "2016/4/5", "装修"),
		row("A2", "早上八点到下午五点"),
		row("A3", "08:00-20:00；09:00-21:00"),
		row("A4", "", "", "", "", "", "", "2026-12-01"),
		row("A5", "", "", "", "", "", "2026-12-01", "2026-11-01"),
		row("A6", "", "", "", "", "", "月底"),
		row("A7", "每天 24小时", "", "", "2099-01-01"),
	}}))
	if len(r.Stations) != 2 {
		t.Fatalf("%d stations, %v", len(r.Stations), r.Problems)
	}
	a := r.Stations[0].Station
	want := station.Station{ID: "A1", Name: "站", Kind: "care", Address: "路", Lat: 24.48, Lon: 118.09, Datum: "WGS84", Hours: "工作日 08:30-12:00、14:00-17:30；周末 休息",
		Facilities: []string{"water", "toilet", "擦鞋机"}, Status: "开放", Checked: "2016-03-01", Landmark: "菜市场东门旁， 有灯箱", Closure: &station.Closure{From: "2016-03-20", Until: "2016-04-05", Why: "装修"}}
	if !a.Equal(want) {
		t.Errorf("got  %+v\nwant %+v", a, want)
	}
	if b := r.Stations[1]; b.ID != "A7" || b.Checked != "" {
		t.Errorf("%+v", b)
	}
	says := map[int]string{3: "看不懂", 4: "前面已经说过", 5: "没有写从哪天开始", 6: "早于开始", 7: "看不懂这个日期", 8: "在今天以后"}
	columns := map[int]string{3: "开放时间", 4: "开放时间", 5: "暂停开始", 6: "暂停结束", 7: "暂停开始", 8: "最近核验日期"}
	for _, p := range r.Problems {
		if !strings.Contains(p.Reason, says[p.Row]) || p.Column != columns[p.Row] || p.Warning != (p.Row == 8) {
			t.Errorf("%v", p)
		}
		delete(says, p.Row)
	}
	if len(says) > 0 {
		t.Errorf("nothing is said of rows %v: %v", says, r.Problems)
	}
}

// TestSameRowSameRecord: an unchanged row gives the same JSON wherever it stands
// and however its columns are ordered, so a second import changes nothing.
func TestSameRowSameRecord(t *testing.T) {
	a := people(t, peopleHeader, goodRow)
	b := people(t, []any{"工作单位", "工会名称", "手机", "身份证号", "证件类型", "姓名", "性别"}, nil, []any{"测试公司", "测试工会", "100 1234 5678", woman, "身份证", "王芳", "女"})
	x, errX := json.Marshal(a.People)
	y, errY := json.Marshal(b.People)
	if errX != nil || errY != nil || !bytes.Equal(x, y) {
		t.Errorf("\n%s\n%s", x, y)
	}
}
