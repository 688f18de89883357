package roster

import (
	"fmt"
	"strconv"
	"strings"

	"yizhan/core/id"
)

// seen remembers where something stood first.
type seen map[string]place

// first reports the earlier place of key, and remembers this one if there is none.
func (s seen) first(key string, r record) (place, bool) {
	at, ok := s[key]
	if !ok {
		s[key] = place{r.sheet.name, r.row.n}
	}
	return at, ok
}

func (p place) describe(r record) string {
	if p.sheet == r.sheet.name {
		return fmt.Sprintf("第 %d 行", p.row)
	}
	return fmt.Sprintf("工作表“%s”第 %d 行", p.sheet, p.row)
}

func (c *check) people(sheets []*sheet, orgs *orgIndex) {
	ids := seen{}
	for _, s := range sheets {
		var (
			found    []Person
			doubtful []record // see believe
			spoiled  bool
		)
		for _, r := range c.data(s, "姓名", "证件号码", "手机号码") {
			p, paper := r.person(orgs)
			if paper != nil {
				if at, ok := ids.first(paper.number, r); ok {
					r.bad("证件号码", Duplicate, "与"+at.describe(r)+"的证件号码相同;只保留一行")
				}
				if paper.doubtful {
					doubtful = append(doubtful, r)
				}
			}
			found = append(found, p)
		}
		for _, p := range c.Problems {
			spoiled = spoiled || p.Kind == SpoiledID && p.Sheet == s.name
		}
		if spoiled {
			// One spoiled number in eleven has the right check digit by chance, and so have
			// a few real ones: they are believed only where Excel spoiled nothing else.
			for _, r := range doubtful {
				r.bad("证件号码", SpoiledID, "末三位是 000,而本表其他号码已被 Excel 截断"+fixColumn)
			}
		}
		for _, p := range found {
			if !c.refused[place{p.Sheet, p.Row}] {
				c.People = append(c.People, p)
			}
		}
	}
}

// person reads one row. paper is nil where the ID number is not valid.
func (r record) person(orgs *orgIndex) (Person, *paper) {
	p := Person{
		Sheet: r.sheet.name, Row: r.row.n,
		Employer: r.need("工作单位"), Department: r.text("部门/班组"), Job: r.text("岗位工种"),
		Education: r.text("学历"), Employment: r.text("就业状态"), Skill: r.text("技能等级"),
		Household: r.text("户籍类型"), Residence: r.text("现居住地"), JoinedOn: r.date("入会日期"),
		Membership: r.text("会籍状态"), Grid: r.text("所在网格"), Note: r.text("备注"),
	}
	if p.Name = personName(r.cell("姓名").text); p.Name == "" {
		r.need("姓名")
	} else if why := checkName(p.Name); why != "" {
		r.bad("姓名", Malformed, why)
	}
	if phone := r.need("手机号码"); phone != "" {
		var why string
		if p.Phone, why = readPhone(phone, r.Demo); why != "" {
			r.bad("手机号码", Malformed, why)
		}
	}
	if p.OrgName = r.need("所属工会"); p.OrgName != "" {
		p.Org, p.OrgCode = orgs.resolve(r, p.OrgName, orgCode(r.text("工会代码")))
	}
	p.Card = r.card()
	p.Tags = r.tags(p.Job)
	p.Children = r.children()
	paper := r.paper(&p)
	return p, paper
}

// paper reads type and number of the ID, and fills in sex and birth.
func (r record) paper(p *Person) *paper {
	if r.need("证件号码") == "" {
		return nil
	}
	kind, ok := r.paperKind()
	if !ok {
		r.bad("证件类型", Malformed, "不认识这种证件;请填居民身份证、港澳居民来往内地通行证、台湾居民来往大陆通行证、港澳台居民居住证、护照或外国人永久居留身份证")
		return nil
	}
	got, flaw := readPaper(kind, r.cell("证件号码"), r.Options)
	if flaw != nil {
		r.bad("证件号码", flaw.kind, flaw.reason)
		return nil
	}
	p.IDType, p.IDNumber, p.Birth = got.kind, got.number, got.birth
	if p.Birth == "" {
		p.Birth = r.date("出生日期")
	}
	p.Sex, ok = r.sex()
	switch {
	case !ok:
		r.bad("性别", Malformed, "性别请填男或女")
	case p.Sex == "":
		p.Sex = got.sex
	case got.sex != "" && p.Sex != got.sex:
		r.bad("性别", Mismatch, "性别与证件号码第 17 位不符(单数为男,双数为女);请核对")
	}
	return &got
}

func (r record) paperKind() (string, bool) {
	s := r.text("证件类型")
	if s == "" {
		return "", true
	}
	for _, w := range paperWords {
		if strings.Contains(s, w.word) {
			return w.paper, true
		}
	}
	return "", false
}

// sex gives "F", "M" or "" for an empty cell.
func (r record) sex() (string, bool) {
	switch strings.ToUpper(r.text("性别")) {
	case "":
		return "", true
	case "女", "女性", "F", "FEMALE", "2":
		return "F", true
	case "男", "男性", "M", "MALE", "1":
		return "M", true
	}
	return "", false
}

// card gives the digits of the union card. A card is not needed for anything
// else, so a bad one costs only the cell.
func (r record) card() string {
	c := r.cell("会员卡号")
	s := compact(fold(c.text))
	switch {
	case s == "":
		return ""
	case c.number && len(s) > 15 || scientific.MatchString(s):
		r.warn("会员卡号", SpoiledID, "卡号已被 Excel 截断,已略过"+fixColumn)
		return ""
	case strings.Trim(s, "0123456789") != "" || len(s) < 8 || len(s) > 19:
		r.warn("会员卡号", Malformed, "卡号应为 8 至 19 位数字,已略过")
		return ""
	}
	return s
}

// children reads the optional columns 子女数 and 是否有子女.
func (r record) children() int {
	if s := plainNumber(r.text("子女数")); s != "" {
		n, err := strconv.Atoi(strings.TrimSuffix(s, "个"))
		if err == nil && n >= 0 && n <= 20 {
			return n
		}
		if yes, known := yesNo(s); known && !yes {
			return 0
		}
		r.warn("子女数", Malformed, "子女数应为 0 至 20 的数字,已略过")
		return 0
	}
	if yes, _ := yesNo(r.text("是否有子女")); yes {
		return 1
	}
	return 0
}

// resolve finds the organisation of a person; code is the 工会代码 or "".
func (x *orgIndex) resolve(r record, name, code string) (id.Org, string) {
	key := Key(name)
	found := x.byName[key]
	if code != "" && len(found) > 1 {
		for _, o := range found {
			if o.Code == code {
				return o.ID, o.Code
			}
		}
	}
	switch {
	case len(found) > 1:
		r.bad("所属工会", UnknownOrg, "有几个同名的工会;请在“工会代码”一列填写统一社会信用代码")
	case len(found) == 1 && code != "" && found[0].Code != "" && code != found[0].Code:
		r.bad("工会代码", Mismatch, "工会代码与工会组织表里的不一致;请核对")
	case len(found) == 1:
		return found[0].ID, found[0].Code
	case x.refused[key] != place{}:
		r.bad("所属工会", UnknownOrg, "所属工会在工会组织表里有错("+x.refused[key].describe(r)+");请先改正那一行")
	default:
		if known, ok := r.Known(key); ok {
			return known, code
		}
		r.bad("所属工会", UnknownOrg, "没有这个工会;请核对名称,或先在“工会组织”表里登记")
	}
	return "", ""
}
