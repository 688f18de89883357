package roster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// column is one column that we read: its own name first, then what unions also
// call it, best first. Need marks columns that a sheet must have.
type column struct {
	names []string
	need  bool
}

// Names of the kinds of sheets.
const (
	Members  = "会员花名册"
	Orgs     = "工会组织"
	Stations = "服务站点"
)

// layout is one kind of sheet.
type layout struct {
	name    string
	words   []string // in the name of such a sheet
	keys    []string // columns that together give the sheet away
	columns []column
}

func must(names ...string) column { return column{names, true} }
func may(names ...string) column  { return column{names, false} }

var peopleSheet = &layout{
	name:  Members,
	words: []string{"花名册", "会员名单", "会员名册", "会员信息", "会员登记"},
	keys:  []string{"姓名", "证件号码"},
	columns: []column{
		may("序号", "编号", "行号"),
		must("姓名", "会员姓名", "职工姓名", "名字"),
		may("性别"),
		may("证件类型", "证件种类", "证件类别", "证件名称"),
		must("证件号码", "身份证号码", "身份证号", "证件号", "公民身份号码", "居民身份证号码", "居民身份证号", "身份证件号码", "有效证件号码", "身份证"),
		must("手机号码", "手机号", "手机", "移动电话", "本人手机", "联系手机", "联系方式", "联系电话", "电话号码", "电话"),
		must("所属工会", "所在工会", "所属基层工会", "基层工会", "基层工会名称", "会籍所在工会", "工会组织", "工会名称", "工会"),
		may("工会代码", "工会编码", "工会统一社会信用代码", "所属工会代码"),
		must("工作单位", "所在单位", "单位名称", "用人单位", "单位", "企业名称", "公司名称", "公司"),
		may("部门/班组", "部门", "班组", "所在部门", "科室"),
		may("岗位工种", "岗位", "工种", "职务", "职业", "岗位/工种"),
		may("学历", "文化程度"),
		may("就业状态", "就业状况"),
		may("技能等级", "技术等级", "职业技能等级"),
		may("户籍类型", "户口性质", "户籍性质", "户口类型"),
		may("现居住地", "居住地", "现住址", "家庭住址", "住址"),
		may("是否农民工", "农民工"),
		may("新就业形态类型", "新就业形态", "新就业形态劳动者类型", "新就业群体"),
		may("入会日期", "入会时间", "加入工会时间", "加入工会日期"),
		may("会员卡号", "工会卡号", "会员证号", "京卡号"),
		may("会籍状态", "会员状态"),
		may("所在网格", "网格", "所属网格"),
		may("备注", "说明"),
		may("出生日期", "出生年月", "出生年月日"),
		may("子女数", "子女人数", "子女数量"),
		may("是否有子女", "有无子女", "是否携带子女"),
	},
}

var orgSheet = &layout{
	name:  Orgs,
	words: []string{"工会组织", "组织信息", "基层工会", "工会名单"},
	keys:  []string{"工会名称", "上级工会"},
	columns: []column{
		may("序号", "编号"),
		must("工会名称", "工会组织名称", "组织名称", "工会全称", "名称"),
		may("工会类型", "组织类型", "类型", "建会类型"),
		must("上级工会", "上级工会名称", "上级组织", "隶属工会", "上级"),
		may("统一社会信用代码", "工会统一社会信用代码", "社会信用代码", "信用代码", "工会代码"),
		may("会员人数", "会员数", "人数"),
		may("主席姓名", "工会主席", "主席", "负责人"),
		may("联系电话", "电话", "联系方式", "手机"),
		may("专(兼)职", "专兼职", "专职/兼职", "是否专职"),
		may("地址", "详细地址", "单位地址"),
		may("所在街道", "街道", "街道(乡镇)"),
		may("成立日期", "建会日期", "成立时间", "建会时间"),
		may("换届日期", "换届时间", "届满日期"),
	},
}

var stationSheet = &layout{
	name:  Stations,
	words: []string{"服务站点", "站点", "驿站"},
	keys:  []string{"名称", "经度", "纬度"},
	columns: []column{
		may("序号"),
		must("站点编码", "站点编号", "编码", "编号"),
		must("名称", "站点名称", "驿站名称"),
		must("类型", "站点类型", "类别"),
		may("区", "所在区", "行政区", "区县"),
		may("街道", "所在街道", "街道(乡镇)", "乡镇街道"),
		must("地址", "详细地址", "站点地址"),
		must("经度", "lng", "lon", "longitude"),
		must("纬度", "lat", "latitude"),
		must("坐标系", "坐标系统", "坐标类型", "坐标来源"),
		may("开放时间", "服务时间", "营业时间"),
		may("联系电话", "电话", "联系方式"),
		may("联系人", "负责人"),
		may("设施", "服务设施", "配套设施", "设施清单"),
		may("状态", "开放状态", "运行状态"),
		may("共建单位", "合作单位"),
		may("最近核验日期", "核验日期", "最近核验时间"),
		may("地标", "标志物", "显著标志", "怎么认", "附近地标"),
		may("暂停开始", "暂停开放自", "暂停开始日期", "闭站开始"),
		may("暂停结束", "暂停开放至", "暂停结束日期", "闭站结束"),
		may("暂停原因", "闭站原因"),
		may("照片", "照片文件", "照片文件名", "站点照片", "图片", "实景照片"),
	},
}

var layouts = []*layout{peopleSheet, orgSheet, stationSheet}

// header is where a sheet's header stands and what its columns mean.
type header struct {
	first, last int            // rows
	columns     map[string]int // own name of a column → 0-based position
	titles      []string       // as the user wrote them
	missing     []string       // needed columns that it has not
}

// headerRows is how far down a header is looked for.
const headerRows = 30

// reasonTitle heads the column that WriteErrors adds.
const reasonTitle = "错误原因"

// recognise keeps the sheets that are ours, each with its header. A sheet whose
// name promises one of ours but which has no usable header is an error, unless
// another sheet of that kind was found; a foreign sheet is passed over.
func (w *Workbook) recognise(all []*sheet) error {
	var foreign error
	lost := map[*layout]error{}
	for _, s := range all {
		wanted, err := s.wanted(), error(nil)
		switch found := s.findHeader(wanted); {
		case found && len(s.head.missing) == 0:
			w.sheets = append(w.sheets, s)
			continue
		case found:
			err = fmt.Errorf("工作表“%s”第 %d 行的表头缺少必填列:%s;请补上这些列", s.name, s.head.last, strings.Join(s.head.missing, "、"))
		case wanted != nil:
			err = fmt.Errorf("工作表“%s”的前 %d 行里没有找到表头;请在数据上方加一行列名,至少要有:%s", s.name, headerRows, strings.Join(wanted.needed(), "、"))
		}
		if w.Ignored = append(w.Ignored, s.name); wanted != nil {
			lost[wanted] = cmp.Or(lost[wanted], err)
		} else {
			foreign = cmp.Or(foreign, err)
		}
	}
	for _, l := range layouts {
		if len(w.of(l)) == 0 && lost[l] != nil {
			return lost[l]
		}
	}
	if len(w.sheets) > 0 {
		return nil
	}
	return cmp.Or(foreign, fmt.Errorf("工作表“%s”里没有找到会员花名册、工会组织或服务站点的表头;请在数据上方加一行列名,例如:%s",
		strings.Join(w.Ignored, "”“"), strings.Join(peopleSheet.needed(), "、")))
}

// Only sets the sheets of all kinds but the named ones aside, as if the file had them not; it is
// an error if none is left.
func (w *Workbook) Only(kinds ...string) error {
	for _, s := range w.sheets {
		if !slices.Contains(kinds, s.kind.name) {
			w.Ignored = append(w.Ignored, s.name)
		}
	}
	w.sheets = slices.DeleteFunc(w.sheets, func(s *sheet) bool { return !slices.Contains(kinds, s.kind.name) })
	if len(w.sheets) == 0 {
		return fmt.Errorf("%s 里没有%s,只有工作表“%s”;请换一个文件", w.Name, strings.Join(kinds, "或"), strings.Join(w.Ignored, "”“"))
	}
	return nil
}

func (w *Workbook) of(kind *layout) []*sheet {
	var of []*sheet
	for _, s := range w.sheets {
		if s.kind == kind {
			of = append(of, s)
		}
	}
	return of
}

// wanted gives the kind that the sheet's name promises, nil if none.
func (s *sheet) wanted() *layout {
	for _, l := range layouts {
		if slices.ContainsFunc([]string{"说明", "示例", "代码表", "字典"}, func(word string) bool { return strings.Contains(s.name, word) }) {
			return nil
		}
		if slices.ContainsFunc(l.words, func(word string) bool { return strings.Contains(s.name, word) }) {
			return l
		}
	}
	return nil
}

func (l *layout) needed() []string {
	var names []string
	for _, c := range l.columns {
		if c.need {
			names = append(names, c.names[0])
		}
	}
	return names
}

// findHeader tries every row near the top, alone and together with the next one,
// and keeps the reading that explains most columns. The kind that the sheet's
// name promises wins over a better score of another.
func (s *sheet) findHeader(wanted *layout) bool {
	best, promised := 0, false
	for span := 1; span <= 2; span++ {
		for i := 0; i+span <= len(s.rows) && s.rows[i].n <= headerRows; i++ {
			if span == 2 && s.rows[i+1].n != s.rows[i].n+1 {
				continue
			}
			titles := s.titles(i, span)
			for _, l := range layouts {
				columns := l.match(titles)
				n := len(columns)
				if hasAll(columns, l.keys) && (l == wanted && !promised || n > best && (l == wanted) == promised) {
					best, promised, s.kind = n, l == wanted, l
					s.head = header{first: s.rows[i].n, last: s.rows[i+span-1].n, columns: columns}
					s.head.describe(l, titles)
				}
			}
		}
	}
	return s.kind != nil
}

func hasAll(columns map[string]int, keys []string) bool {
	for _, k := range keys {
		if _, ok := columns[k]; !ok {
			return false
		}
	}
	return true
}

func (h *header) describe(l *layout, titles [][]string) {
	h.titles, h.missing = make([]string, len(titles)), nil
	for i, t := range titles {
		h.titles[i] = t[min(1, len(t)-1)]
	}
	for _, c := range l.columns {
		i, ok := h.columns[c.names[0]]
		if !ok && c.need {
			h.missing = append(h.missing, c.names[0])
		}
		if ok && h.titles[i] == "" {
			h.titles[i] = c.names[0]
		}
	}
}

// titles gives for every column what it may be called, the fullest first: for a
// header over two rows "证件号码", then "号码".
func (s *sheet) titles(i, span int) [][]string {
	top := s.spread(i)
	if span == 1 {
		out := make([][]string, len(top))
		for c, t := range top {
			out[c] = []string{t}
		}
		return out
	}
	bottom := s.spread(i + 1)
	out := make([][]string, max(len(top), len(bottom)))
	group := ""
	for c := range out {
		var t, b string
		if c < len(top) {
			t = top[c]
		}
		if c < len(bottom) {
			b = bottom[c]
		}
		switch { // without merged ranges (CSV) a group's name stands over its first column only
		case t != "":
			group = t
		case b != "":
			t = group
		}
		out[c] = []string{t + b, cmp.Or(b, t)}
		if t == b { // merged downwards
			out[c] = []string{t}
		}
	}
	return out
}

// spread gives the texts of a row; every cell of a merged range has the text of its corner.
func (s *sheet) spread(i int) []string {
	r := s.rows[i]
	texts := make([]string, len(r.cells), maxCols)
	for c, x := range r.cells {
		texts[c] = fold(x.text)
	}
	for _, m := range s.merges {
		if r.n < m.top || r.n > m.bottom || m.bottom-m.top > 3 {
			continue
		}
		corner := ""
		for k := i; k >= 0 && s.rows[k].n >= m.top; k-- {
			if s.rows[k].n == m.top && m.left <= len(s.rows[k].cells) {
				corner = fold(s.rows[k].cells[m.left-1].text)
			}
		}
		for c := m.left - 1; c < min(m.right, maxCols); c++ {
			for len(texts) <= c {
				texts = append(texts, "")
			}
			texts[c] = corner
		}
	}
	return texts
}

// match says which of the layout's columns stands where. A better synonym wins,
// then the one further left.
func (l *layout) match(titles [][]string) map[string]int {
	at := make(map[string]int, len(titles)) // title → position
	for depth := range 2 {
		for i, t := range titles {
			if depth >= len(t) {
				continue
			}
			for _, form := range titleForms(t[depth]) {
				if _, ok := at[form]; !ok && form != "" {
					at[form] = i
				}
			}
		}
	}
	columns := map[string]int{}
	for _, c := range l.columns {
		for _, name := range c.names {
			if i, ok := at[name]; ok {
				columns[c.names[0]] = i
				break
			}
		}
	}
	return columns
}

// titleForms strips what people add to column names: stars, "(必填)", a list of
// allowed words in brackets, line breaks.
func titleForms(title string) []string {
	if len(title) > 200 {
		return nil
	}
	t := strings.NewReplacer(" ", "", "*", "", "★", "", "☆", "", "(必填)", "", "(选填)", "", "【必填】", "", "必填:", "", ":", "", "#", "").Replace(title)
	t = strings.ToLower(t)
	forms := []string{t}
	if i := strings.IndexAny(t, "([【〔"); i > 0 {
		forms = append(forms, t[:i])
	}
	return forms
}
