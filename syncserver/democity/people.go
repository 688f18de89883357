package democity

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"yizhan/syncserver/roster"
)

// Family names with their weights, roughly as common as they are.
var families = strings.Fields("王 王 王 王 王 王 王 李 李 李 李 李 李 李 张 张 张 张 张 张 刘 刘 刘 刘 刘 陈 陈 陈 陈 陈 陈 杨 杨 杨 赵 赵 黄 黄 黄 周 周 吴 吴 吴 徐 孙 胡 朱 高 林 林 林 林 何 郭 马 罗 梁 宋 郑 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 许 傅 沈 曾 彭 吕 苏 苏 卢 蒋 蔡 蔡 贾 丁 魏 薛 叶 叶 阎 余 潘 杜 戴 夏 钟 汪 田 任 姜 范 方 石 姚 谭 廖 邹 熊 金 陆 郝 孔 白 崔 康 毛 邱 秦 江 史 顾 侯 邵 孟 龙 万 段 雷 钱 汤 尹 黎 易 常 武 乔 贺 赖 龚 文")

var (
	compound  = strings.Fields("欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯")
	dotted    = strings.Fields("阿依古丽·买买提 买买提江·艾山 古丽娜尔·吐尔逊 阿不都·热合曼 迪丽努尔·卡德尔 扎西·多吉 卓玛·央金 巴特尔·朝鲁")
	rareGiven = strings.Fields("堃 喆 翀 昇 祎 旸 赟 㛃 䶮 𬭎 𬱟 𠅤") // some stand outside GBK, some outside the basic plane
	female    = []rune("芳娜敏静秀娟英华慧巧美娜淑惠珠翠雅芝玉萍红娥玲芬燕彩春菊兰凤洁梅琳素云莲真环雪荣爱妹霞香月莺媛艳瑞凡佳嘉琼勤珍贞莉桂叶璧璐娅琦晶妍茜秋珊莎")
	male      = []rune("伟刚勇毅俊峰强军平保东文辉力明永健世广志义兴良海山仁波宁贵福生龙元全国胜学祥才发武新利清飞彬富顺信子杰涛昌成康星光天达安岩中茂进林有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆磊民友裕")
)

// crowd makes people without repeating an ID number or a phone.
type crowd struct {
	*rand.Rand
	now    time.Time
	ids    map[string]bool
	phones map[string]bool
}

// populate fills the units with members.
func (c *City) populate(r *rand.Rand, units []unit, now time.Time) {
	w := &crowd{r, now, map[string]bool{}, map[string]bool{}}
	for _, u := range units {
		o := c.Orgs[u.org]
		for i := range u.size {
			p := w.person()
			p.Org, p.OrgName, p.OrgCode = o.ID, o.Name, o.Code
			p.Employer = employer(o, i)
			w.work(&p, u)
			if i > 0 && w.IntN(1000) < 8 {
				p.Name = c.People[len(c.People)-1].Name // namesakes in one unit: staff must tell them apart
			}
			c.People = append(c.People, p)
		}
		first := len(c.People) - u.size
		c.Orgs[u.org].Chair = c.People[first].Name
	}
}

// employer is the company behind a union; a joint union has one for every nine members.
func employer(o roster.Org, i int) string {
	name := strings.TrimSuffix(o.Name, "工会")
	if o.Kind == "联合工会" {
		return fmt.Sprintf("%s第%d商户", strings.TrimSuffix(name, "联合"), 1+i/9)
	}
	return name
}

func (w *crowd) person() roster.Person {
	p := roster.Person{Sex: "M", IDType: roster.Resident}
	if w.IntN(100) < 46 {
		p.Sex = "F"
	}
	age := 18 + w.IntN(43)
	if w.IntN(100) < 6 {
		age, p.Membership = 60+w.IntN(15), "保留"
	} else {
		p.Membership = "正常"
	}
	born := w.now.AddDate(-age, 0, -1-w.IntN(364))
	p.Birth = born.Format(time.DateOnly)
	p.Name = w.name(p.Sex)
	p.IDNumber = w.idNumber(born, p.Sex)
	p.Phone = "+86" + w.phone()
	if age >= 24 && age <= 50 && w.IntN(100) < 45 {
		p.Children = 1 + w.IntN(2)
	}
	p.Education = pick(w.Rand, "高中", "大专", "本科", "本科", "研究生")
	p.Employment = "在岗"
	if p.Membership == "保留" {
		p.Employment = "退休"
	}
	p.Skill = pick(w.Rand, "", "初级工", "中级工", "高级工", "技师")
	p.Residence = "云鹭市" + districts[w.IntN(len(districts))]
	p.Grid = fmt.Sprintf("%s第%d网格", streets[w.IntN(len(streets))], 1+w.IntN(20))
	joined := w.now.AddDate(-w.IntN(min(age-17, 20)), -w.IntN(11)-1, -w.IntN(28))
	p.JoinedOn = joined.Format(time.DateOnly)
	p.Card = fmt.Sprintf("99900%012d", w.Int64N(1e12))
	return p
}

// work gives trade and household; 7 % of a mixed unit and all of a front-line one are front line.
func (w *crowd) work(p *roster.Person, u unit) {
	p.Department = pick(w.Rand, "研发部", "市场部", "行政部", "生产一班", "生产二班", "客服部")
	p.Job = pick(w.Rand, "职员", "工程师", "操作工", "会计", "销售", "管理")
	p.Household = pick(w.Rand, "本市城镇", "本市农村", "外地城镇", "外地农村")
	switch {
	case u.job != "":
		p.Job, p.Department = u.job, "一线班组"
	case w.IntN(100) < 7:
		p.Job = pick(w.Rand, "环卫工", "建筑工", "外卖骑手", "快递员")
	}
	if trade := frontline[p.Job]; trade != "" {
		p.Tags = []string{"frontline", trade}
		if platform[p.Job] {
			p.Tags = append(p.Tags, p.Job)
		}
		if p.Household == "外地农村" {
			p.Tags = append(p.Tags, "migrant")
		}
		slices.Sort(p.Tags)
	}
}

// frontline names the tag that roster gives to each front-line job; platform
// jobs also stand in the column 新就业形态类型.
var (
	frontline = map[string]string{"环卫工": "sanitation", "建筑工": "construction", "钢筋工": "construction", "教师": "teacher", "快递员": "courier", "外卖骑手": "courier"}
	platform  = map[string]bool{"快递员": true, "外卖骑手": true}
)

func (w *crowd) name(sex string) string {
	kind := w.IntN(1000)
	if kind < 10 {
		return dotted[w.IntN(len(dotted))]
	}
	family := families[w.IntN(len(families))]
	if kind < 30 {
		family = compound[w.IntN(len(compound))]
	}
	letters := male
	if sex == "F" {
		letters = female
	}
	given := string(letters[w.IntN(len(letters))])
	switch {
	case kind >= 30 && kind < 40:
		given += rareGiven[w.IntN(len(rareGiven))]
	case w.IntN(100) < 75:
		given += string(letters[w.IntN(len(letters))])
	}
	return family + given
}

// idNumber gives a number of region 999 that nobody has. None ends in 000: that
// is how a spoiled one looks.
func (w *crowd) idNumber(born time.Time, sex string) string {
	for {
		order := w.IntN(500) * 2 // even is female
		if sex == "M" {
			order++
		}
		first := fmt.Sprintf("999%03d%s%03d", 1+w.IntN(6), born.Format("20060102"), order)
		n := first + string(roster.IDCheckDigit(first))
		if !w.ids[n] && !strings.HasSuffix(n, "000") {
			w.ids[n] = true
			return n
		}
	}
}

func (w *crowd) phone() string {
	for {
		n := fmt.Sprintf("100%08d", w.IntN(90_000_000)) // the rest belongs to organisations
		if !w.phones[n] {
			w.phones[n] = true
			return n
		}
	}
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }
