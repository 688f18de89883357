package roster

import (
	"slices"
	"strconv"
	"strings"
)

// maxDepth is how many levels a union tree may have; core/member walks no further.
const maxDepth = 32

// orgIndex finds the accepted organisations of the file.
type orgIndex struct {
	byName  map[string][]*Org
	refused map[string]place // names that stand in the file but were refused
}

// node is one row of 工会组织 while the tree is being checked.
type node struct {
	record
	Org
	parent *node // nil at the top, or where the parent is known to the server
}

func (c *check) orgs(sheets []*sheet) *orgIndex {
	var nodes []*node
	byName := map[string][]*node{}
	codes, names := seen{}, seen{}
	for _, s := range sheets {
		for _, r := range c.data(s, "工会名称", "上级工会", "统一社会信用代码") {
			n := &node{record: r, Org: r.org()}
			if n.Name == "" {
				continue
			}
			if at, ok := codes.first(n.Code, r); ok && n.Code != "" {
				r.bad("统一社会信用代码", Duplicate, "与"+at.describe(r)+"的代码相同;只保留一行,下级工会没有自己的代码时留空")
			} else if at, ok := names.first(Key(n.Name)+"\x00"+n.Code, r); ok {
				r.bad("工会名称", Duplicate, "与"+at.describe(r)+"的工会同名;只保留一行,或给同名的工会填写统一社会信用代码")
			}
			nodes, byName[Key(n.Name)] = append(nodes, n), append(byName[Key(n.Name)], n)
		}
	}
	c.sameNames(byName)
	for _, n := range nodes {
		n.link(byName)
	}
	x := &orgIndex{byName: map[string][]*Org{}, refused: map[string]place{}}
	state := map[*node]int{}
	for _, n := range nodes {
		c.accept(n, state)
	}
	for i := range c.Orgs {
		k := Key(c.Orgs[i].Name)
		x.byName[k] = append(x.byName[k], &c.Orgs[i])
	}
	for _, n := range nodes {
		if k := Key(n.Name); !n.ok() && len(x.byName[k]) == 0 {
			x.refused[k] = place{n.sheet.name, n.row.n}
		}
	}
	return x
}

// org reads one row without its place in the tree.
func (r record) org() Org {
	o := Org{
		Sheet: r.sheet.name, Row: r.row.n,
		Name: r.need("工会名称"), Kind: r.text("工会类型"), ParentName: r.text("上级工会"), Code: orgCode(r.text("统一社会信用代码")),
		Chair: personName(r.cell("主席姓名").text), Phone: plainNumber(r.text("联系电话")), FullTime: r.text("专(兼)职"),
		Address: r.text("地址"), Street: r.text("所在街道"), Founded: r.date("成立日期"), TermEnds: r.date("换届日期"),
	}
	if _, known := yesNo(o.ParentName); known {
		o.ParentName = "" // "无", "-", "/": the top of the tree
	}
	if o.Code != "" && !ValidOrgCode(o.Code) {
		// Refusing the row would refuse all members below it for one mistyped letter.
		r.warn("统一社会信用代码", CheckDigit, "代码不是有效的 18 位统一社会信用代码,已略过代码;请核对")
		o.Code = ""
	}
	if s := plainNumber(r.text("会员人数")); s != "" {
		n, err := strconv.Atoi(strings.TrimSuffix(s, "人"))
		if err != nil || n < 0 {
			r.warn("会员人数", Malformed, "会员人数应为数字,已略过")
			n = 0
		}
		o.Members = n
	}
	o.ID = OrgID(o.Name, o.Code)
	if known, ok := r.Known(Key(o.Name)); ok && (o.Code == "" || !ValidOrgCode(string(known))) {
		o.ID = known
	}
	return o
}

// sameNames refuses organisations that share a name unless each has a code.
func (c *check) sameNames(byName map[string][]*node) {
	for _, same := range byName {
		accepted := slices.DeleteFunc(slices.Clone(same), func(n *node) bool { return !n.ok() })
		if len(accepted) < 2 {
			continue
		}
		for _, n := range accepted {
			if n.Code == "" {
				n.bad("统一社会信用代码", Missing, "有几个同名的工会;请填写统一社会信用代码以便区分")
			}
		}
	}
}

// link finds the parent of an organisation in the file or on the server.
func (n *node) link(byName map[string][]*node) {
	if n.ParentName == "" {
		return
	}
	key := Key(n.ParentName)
	above := byName[key]
	if len(above) > 1 {
		above = slices.DeleteFunc(slices.Clone(above), func(p *node) bool { return !p.ok() })
	}
	switch {
	case len(above) > 1:
		n.bad("上级工会", UnknownOrg, "有几个同名的上级工会,分不清是哪一个;请把上级工会改成不同的名称")
	case len(above) == 1:
		n.parent, n.Parent = above[0], above[0].ID
	default:
		known, ok := n.Known(key)
		if !ok {
			n.bad("上级工会", UnknownOrg, "没有这个上级工会;请核对名称或在本表登记;本单位就是最上级时留空")
		}
		n.Parent = known
	}
}

// accept appends n after everything above it, unless it or something above it
// is refused. state: 1 on the way up, 2 done.
func (c *check) accept(n *node, state map[*node]int) bool {
	var path []*node // from n upwards
	for at := n; at != nil && state[at] != 2; at = at.parent {
		if state[at] == 1 {
			for ring := at; ; {
				ring.bad("上级工会", Ring, "上下级成环:沿着上级工会往上走又回到了自己;请改正上级工会")
				if ring = ring.parent; ring == at {
					break
				}
			}
			break
		}
		state[at] = 1
		path = append(path, at)
	}
	for _, at := range slices.Backward(path) {
		state[at] = 2
		switch above := at.parent; {
		case !at.ok():
		case above != nil && !above.ok():
			at.bad("上级工会", UnknownOrg, "上级工会在"+place{above.sheet.name, above.row.n}.describe(at.record)+"有错;请先改正那一行")
		case at.depth() > maxDepth:
			at.bad("上级工会", Ring, "上下级超过 "+strconv.Itoa(maxDepth)+" 层;请核对上级工会")
		default:
			c.Orgs = append(c.Orgs, at.Org)
		}
	}
	return n.ok()
}

func (n *node) depth() int {
	d := 0
	for at := n; at != nil && d <= maxDepth; at = at.parent {
		d++
	}
	return d
}
