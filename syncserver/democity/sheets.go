package democity

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"yizhan/core/station"
	"yizhan/syncserver/roster"
)

// Variant is one of the shapes in which unions really write their roster.
type Variant int

// Variants of the roster.
const (
	Plain    Variant = iota // the proposed sheet
	Titled                  // title rows above, stars in the header, remarks below
	TwoRow                  // header over two rows with merged cells
	Shuffled                // columns in another order under other names, an empty row here and there
	GBK                     // text in GB18030, organisations left out
	UTF8                    // text in UTF-8 with a mark, organisations left out
)

// Plant says how many rows of the roster get a fault.
type Plant struct {
	Spoiled     int // ID numbers as Excel spoils them
	CheckDigits int // one mistyped digit
	Duplicates  int // a row replaced by a copy of another one
}

// field is one column of the roster sheet.
type field struct {
	title, other string // the proposed header and another that means the same
	group, sub   string // header over two rows; sub "" is merged downwards
	value        func(p roster.Person, n int) any
}

var fields = []field{
	{"序号", "编号", "序号", "", func(_ roster.Person, n int) any { return n }},
	{"姓名", "会员姓名", "个人信息", "姓名", func(p roster.Person, _ int) any { return p.Name }},
	{"性别", "性别", "个人信息", "性别", func(p roster.Person, _ int) any { return map[string]string{"F": "女", "M": "男"}[p.Sex] }},
	{"证件类型", "证件种类", "证件", "类型", func(p roster.Person, _ int) any { return p.IDType }},
	{"证件号码", "身份证号码", "证件", "号码", func(p roster.Person, _ int) any { return p.IDNumber }},
	{"手机号码", "联系方式", "手机号", "", func(p roster.Person, _ int) any { return strings.TrimPrefix(p.Phone, "+86") }},
	{"所属工会", "工会名称", "组织关系", "所属工会", func(p roster.Person, _ int) any { return p.OrgName }},
	{"工会代码", "工会编码", "组织关系", "工会代码", func(p roster.Person, _ int) any { return p.OrgCode }},
	{"工作单位", "所在单位", "组织关系", "单位", func(p roster.Person, _ int) any { return p.Employer }},
	{"部门/班组", "部门", "工作信息", "部门", func(p roster.Person, _ int) any { return p.Department }},
	{"岗位工种", "岗位", "工作信息", "岗位", func(p roster.Person, _ int) any { return p.Job }},
	{"学历", "文化程度", "工作信息", "学历", func(p roster.Person, _ int) any { return p.Education }},
	{"就业状态", "就业状况", "工作信息", "就业状态", func(p roster.Person, _ int) any { return p.Employment }},
	{"技能等级", "技术等级", "工作信息", "技能等级", func(p roster.Person, _ int) any { return p.Skill }},
	{"户籍类型", "户口性质", "户籍类型", "", func(p roster.Person, _ int) any { return p.Household }},
	{"现居住地", "现住址", "现居住地", "", func(p roster.Person, _ int) any { return p.Residence }},
	{"是否农民工", "农民工", "是否农民工", "", func(p roster.Person, _ int) any {
		return map[bool]string{true: "是", false: "否"}[hasTag(p, "migrant")]
	}},
	{"新就业形态类型", "新就业形态", "新就业形态", "", func(p roster.Person, _ int) any { return map[bool]string{true: p.Job}[platform[p.Job]] }},
	{"入会日期", "入会时间", "入会日期", "", func(p roster.Person, _ int) any { return p.JoinedOn }},
	{"会员卡号", "工会卡号", "会员卡号", "", func(p roster.Person, _ int) any { return p.Card }},
	{"会籍状态", "会员状态", "会籍状态", "", func(p roster.Person, _ int) any { return p.Membership }},
	{"所在网格", "网格", "所在网格", "", func(p roster.Person, _ int) any { return p.Grid }},
	{"备注", "说明", "备注", "", func(p roster.Person, _ int) any { return p.Note }},
	{"子女数", "子女人数", "子女数", "", func(p roster.Person, _ int) any { return p.Children }},
}

func hasTag(p roster.Person, tag string) bool {
	for _, t := range p.Tags {
		if t == tag {
			return true
		}
	}
	return false
}

// idField is where the ID number stands in fields.
const idField = 4

// WriteRoster writes the roster in one variant with the given faults planted. It
// gives the number of rows that stay good; which rows are faulty follows from
// the city's seed.
func (c *City) WriteRoster(path string, v Variant, plant Plant) (good int, err error) {
	if plant.Spoiled+plant.CheckDigits+plant.Duplicates > len(c.People)/2 {
		return 0, errors.New("write demo roster: more faults than half of the people")
	}
	rows := c.rows(v, plant)
	good = len(c.People) - plant.Spoiled - plant.CheckDigits - plant.Duplicates
	if v == GBK || v == UTF8 {
		err = writeCSV(path, v, rows)
	} else {
		err = c.writeXLSX(path, v, rows)
	}
	if err != nil {
		return 0, fmt.Errorf("write demo roster: %w", err)
	}
	return good, nil
}

// rows gives the values of all data rows in the order of fields.
func (c *City) rows(v Variant, plant Plant) [][]any {
	rows := make([][]any, len(c.People))
	for i, p := range c.People {
		rows[i] = make([]any, len(fields))
		for k, f := range fields {
			rows[i][k] = f.value(p, i+1)
		}
	}
	r := rand.New(rand.NewPCG(uint64(c.seed), 0x706c616e74)) // "plant"
	chosen := r.Perm(len(rows))
	for i, at := range chosen[:plant.Spoiled] {
		rows[at][idField] = spoil(c.People[at].IDNumber, i, v)
	}
	chosen = chosen[plant.Spoiled:]
	for _, at := range chosen[:plant.CheckDigits] {
		n := c.People[at].IDNumber
		digit := '0' + (n[15]-'0'+1)%10 // of the running number: sex and birth stay what they are
		if digit == '0' {
			digit = '5' // so that the end never looks like 000
		}
		rows[at][idField] = n[:15] + string(digit) + n[16:]
	}
	chosen = chosen[plant.CheckDigits:]
	good := chosen[plant.Duplicates:]
	for i, at := range chosen[:plant.Duplicates] {
		rows[at] = append([]any{at + 1}, rows[good[i]][1:]...)
	}
	return rows
}

// spoil ruins a number in one of three ways, the last two of which look alike once saved as text.
func spoil(n string, way int, v Variant) any {
	cut := n[:15] + "000"
	switch way % 3 {
	case 0:
		f, _ := strconv.ParseFloat(cut, 64) // 15 digits: cannot fail
		if v == GBK || v == UTF8 {
			return fmt.Sprintf("%.2E", f)
		}
		return f
	case 1:
		if roster.IDCheckDigit(cut[:17]) == '0' {
			return cut[:14] + string('0'+(cut[14]-'0'+1)%10) + "000" // one in eleven would look right by chance
		}
		return cut
	}
	return n[:1] + "." + n[1:3] + "E+17"
}

func writeCSV(path string, v Variant, rows [][]any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	if v == GBK {
		w = csv.NewWriter(simplifiedchinese.GB18030.NewEncoder().Writer(f))
	} else if _, err := f.WriteString("\uFEFF"); err != nil {
		return err
	}
	record := make([]string, len(fields))
	for k, f := range fields {
		record[k] = f.other
	}
	for i := 0; ; i++ {
		if err := w.Write(record); err != nil {
			return err
		}
		if i == len(rows) {
			break
		}
		for k, x := range rows[i] {
			record[k] = fmt.Sprint(x)
		}
	}
	if w.Flush(); w.Error() != nil {
		return w.Error()
	}
	return f.Close()
}

func (c *City) writeXLSX(path string, v Variant, rows [][]any) error {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", "会员花名册"); err != nil {
		return err
	}
	w, err := newSheet(f, "会员花名册", len(fields))
	if err != nil {
		return err
	}
	if err := w.header(v); err != nil {
		return err
	}
	for i, r := range rows {
		if v == Shuffled {
			r = reversed(r)
			if i%500 == 499 {
				w.row++ // an empty row
			}
		}
		if err := w.write(r...); err != nil {
			return err
		}
	}
	if v == Titled {
		w.row++
		if err := errors.Join(w.write("注:1. 带*号的为必填项;2. 证件号码请用文本格式填写。"), w.write("", "填表人:", "", "联系电话:")); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := c.writeOrgs(f); err != nil {
		return err
	}
	return roster.Save(f, path)
}

func reversed(r []any) []any {
	out := make([]any, len(r))
	for i, x := range r {
		out[len(r)-1-i] = x
	}
	return out
}

// sheetWriter appends rows of text to a new sheet.
type sheetWriter struct {
	*excelize.StreamWriter
	row int
}

func newSheet(f *excelize.File, name string, columns int) (*sheetWriter, error) {
	if _, err := f.NewSheet(name); err != nil {
		return nil, err
	}
	w, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	return &sheetWriter{StreamWriter: w}, w.SetColWidth(1, columns, 16)
}

func (w *sheetWriter) write(values ...any) error {
	w.row++
	return w.SetRow("A"+strconv.Itoa(w.row), values)
}

// header writes what stands above the data.
func (w *sheetWriter) header(v Variant) error {
	titles, subs := make([]any, len(fields)), make([]any, len(fields))
	for k, f := range fields {
		switch v {
		case Titled:
			titles[k] = f.title
			if k == 1 || k >= 3 && k <= 6 || k == 8 {
				titles[k] = f.title + "*"
			}
		case TwoRow:
			if subs[k] = f.sub; k == 0 || f.group != fields[k-1].group {
				titles[k] = f.group
			}
		case Shuffled:
			titles[len(fields)-1-k] = f.other
		default:
			titles[k] = f.title
		}
	}
	if v == Titled {
		if err := errors.Join(w.MergeCell("A1", "X1"), w.write("云鹭市科园区工会会员花名册"), w.write("填报单位:科园区工会工委", "", "", "", "填报日期:2026年11月")); err != nil {
			return err
		}
	}
	if err := w.write(titles...); err != nil || v != TwoRow {
		return err
	}
	if err := w.write(subs...); err != nil {
		return err
	}
	return w.mergeGroups()
}

// mergeGroups merges the cells of a header over two rows: a group across, a
// column without a group downwards.
func (w *sheetWriter) mergeGroups() error {
	for from := 0; from < len(fields); {
		to := from
		for to+1 < len(fields) && fields[to+1].group == fields[from].group {
			to++
		}
		bottom := w.row
		if fields[from].sub != "" {
			bottom--
		}
		if to > from || bottom == w.row {
			a, _ := excelize.CoordinatesToCellName(from+1, w.row-1) // both are small and positive: cannot fail
			b, _ := excelize.CoordinatesToCellName(to+1, bottom)
			if err := w.MergeCell(a, b); err != nil {
				return err
			}
		}
		from = to + 1
	}
	return nil
}

func (c *City) writeOrgs(f *excelize.File) error {
	w, err := newSheet(f, "工会组织", 13)
	if err != nil {
		return err
	}
	if err := w.write("序号", "工会名称*", "工会类型", "上级工会*", "统一社会信用代码", "会员人数", "主席姓名", "联系电话", "专(兼)职", "地址", "所在街道", "成立日期", "换届日期"); err != nil {
		return err
	}
	for i, o := range c.Orgs {
		if err := w.write(i+1, o.Name, o.Kind, o.ParentName, o.Code, o.Members, o.Chair, o.Phone, o.FullTime, o.Address, o.Street, o.Founded, o.TermEnds); err != nil {
			return err
		}
	}
	return w.Flush()
}

// WriteStations writes the stations sheet.
func (c *City) WriteStations(path string) error {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", "服务站点"); err != nil {
		return fmt.Errorf("write demo stations: %w", err)
	}
	w, err := newSheet(f, "服务站点", 20)
	if err != nil {
		return fmt.Errorf("write demo stations: %w", err)
	}
	errs := []error{w.write("站点编码*", "名称*", "类型*", "地址*", "经度", "纬度", "坐标系*", "开放时间", "联系电话", "联系人", "设施", "状态", "共建单位", "最近核验日期", "地标", "暂停开始", "暂停结束", "暂停原因", "照片")}
	for i, s := range c.all() {
		has := make([]string, len(s.Facilities))
		for k, key := range s.Facilities {
			f, _ := station.FacilityOf(key)
			has[k] = f.Chinese
		}
		closed := station.Closure{}
		if s.Closure != nil {
			closed = *s.Closure
		}
		errs = append(errs, w.write(string(s.ID), s.Name, called(s.Kind), s.Address, s.Lon, s.Lat, s.Datum, s.Hours, s.Phone, s.Contact, strings.Join(has, "、"), s.Status, s.Partner, s.Checked,
			s.Landmark, closed.From, closed.Until, closed.Why, c.photo(i)))
	}
	if err := errors.Join(append(errs, w.Flush(), roster.Save(f, path))...); err != nil {
		return fmt.Errorf("write demo stations: %w", err)
	}
	return nil
}
