package roster

import (
	"slices"
	"strings"
)

// jobTags says which trades are front line: people at work outdoors or in front
// of a class when others grab tickets. The first word found in 岗位工种 decides;
// the second tag names the trade, so that a rule can ask for it alone.
var jobTags = []struct{ word, trade string }{
	{"环卫", "sanitation"}, {"保洁", "sanitation"}, {"清扫", "sanitation"}, {"垃圾", "sanitation"},
	{"建筑", "construction"}, {"钢筋", "construction"}, {"木工", "construction"}, {"瓦工", "construction"}, {"泥工", "construction"},
	{"架子工", "construction"}, {"电焊", "construction"}, {"塔吊", "construction"}, {"施工", "construction"}, {"混凝土", "construction"},
	{"教师", "teacher"}, {"老师", "teacher"}, {"幼师", "teacher"}, {"教员", "teacher"},
	{"快递", "courier"}, {"外卖", "courier"}, {"骑手", "courier"}, {"网约", "driver"}, {"货车", "driver"}, {"公交", "driver"},
}

// tags gives the attributes that rules read, sorted: "migrant" (是否农民工),
// "frontline" with the word itself (新就业形态类型), "frontline" with the trade (岗位工种).
func (r record) tags(job string) []string {
	var tags []string
	yes, known := yesNo(r.text("是否农民工"))
	if yes {
		tags = append(tags, "migrant")
	}
	if !known {
		r.warn("是否农民工", Malformed, "请填是或否,已略过")
	}
	if s := r.text("新就业形态类型"); s != "" {
		if yes, known := yesNo(s); yes || !known {
			tags = append(tags, "frontline")
			if !known {
				tags = append(tags, s)
			}
		}
	}
	for _, t := range jobTags {
		if strings.Contains(job, t.word) {
			tags = append(tags, "frontline", t.trade)
			break
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// yesNo reads the answer to a 是否 question; an empty cell is no.
func yesNo(s string) (yes, known bool) {
	switch strings.ToUpper(s) {
	case "是", "有", "Y", "YES", "1", "√", "✓", "TRUE":
		return true, true
	case "", "否", "无", "不是", "没有", "N", "NO", "0", "×", "-", "—", "/", "FALSE":
		return false, true
	}
	return false, false
}
