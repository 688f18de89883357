package democity

import (
	"fmt"
	"math"
	"math/rand/v2"

	"yizhan/syncserver/roster"
)

var (
	districts  = []string{"丰和区", "密溪区", "延岭区", "平岭区", "商务中心区", "桥埠区"}
	industries = []string{"教育", "卫生", "建设", "交通", "环卫", "邮政快递", "电力", "金融", "机械", "纺织", "餐饮", "旅游"}
	streets    = []string{"仙桥", "鹭堤", "望潮", "南浦", "榕荫", "石泉", "白沙", "云台", "青屿"} // nine a district
)

// orgCode makes a 统一社会信用代码 of region 999000: a union (81), a letter for
// the kind of organisation, and a number.
func orgCode(kind byte, n int) string {
	first := fmt.Sprintf("81999000%c%08d", kind, n)
	return first + string(roster.OrgCheckLetter(first))
}

func (c *City) org(name, kind, parent, code string) {
	o := roster.Org{
		ID: roster.OrgID(name, code), Name: name, Kind: kind, ParentName: parent, Code: code,
		FullTime: "专职", Phone: fmt.Sprintf("100%08d", 90_000_000+len(c.Orgs)),
		Founded: fmt.Sprintf("%d-%02d-%02d", 1995+len(c.Orgs)%25, 1+len(c.Orgs)%12, 1+len(c.Orgs)%28),
	}
	if parent != "" {
		for i := len(c.Orgs) - 1; i >= 0; i-- {
			if c.Orgs[i].Name == parent {
				o.Parent = c.Orgs[i].ID
				break
			}
		}
	}
	c.Orgs = append(c.Orgs, o)
}

const (
	cityName = "云鹭市总工会"
	parkName = "科园区工会工委"
)

// tree makes the city, 6 districts with 9 streets each, 12 industry unions and the park.
func (c *City) tree() {
	c.org(cityName, "机关事业", "", orgCode('A', 1))
	c.org(parkName, "工会联合会", cityName, orgCode('P', 1))
	c.Park = c.Orgs[1].ID
	for i, d := range districts {
		c.org(d+"总工会", "机关事业", cityName, orgCode('D', i+1))
	}
	for i, industry := range industries {
		c.org("云鹭市"+industry+"工会", "工会联合会", cityName, orgCode('H', i+1))
	}
	for i, d := range districts {
		for j, s := range streets {
			c.org(d+s+"街道总工会", "工会联合会", d+"总工会", orgCode('J', i*len(streets)+j+1))
		}
	}
}

// unit is an organisation that has members of its own.
type unit struct {
	org  int // index in City.Orgs
	size int
	job  string // trade of most members; "" for offices
}

var (
	brandFirst  = []rune("海云鹭星光明远博智诚信华泰恒瑞安康宏伟金玉春晓新启创联合天地元")
	brandSecond = []rune("石帆川岭舟桥林原野峰潮屿湾泉松竹梅兰禾田园景辰曦朗锦程航途迅捷")
	trades      = []string{"信息技术", "软件", "电子", "生物科技", "精密机械", "新材料", "网络", "数据服务", "通信", "医疗器械", "环保科技", "文化传媒", "物流", "餐饮管理", "自动化"}
)

// companies makes company unions below the park, and units of front-line workers
// outside it, and says how many members each has.
func (c *City) companies(r *rand.Rand, n, people int) []unit {
	outside := []struct {
		name, parent, job string
		share             int // of a hundred people
	}{
		{"云鹭市第一环卫所工会", "云鹭市环卫工会", "环卫工", 3},
		{"云鹭市实验小学工会", "云鹭市教育工会", "教师", 3},
		{"云鹭市城建二公司工会", "云鹭市建设工会", "钢筋工", 3},
		{"云鹭快送联合工会", "云鹭市邮政快递工会", "快递员", 2},
		{"丰和区便民服务中心工会", "丰和区总工会", "", 6},
		{"仙桥商圈联合工会", "商务中心区仙桥街道总工会", "", 8},
	}
	var units []unit
	if n < 1_000 { // the park tier is the park alone
		for i, u := range outside {
			c.org(u.name, "企业工会", u.parent, orgCode('U', i+1))
			size := people * u.share / 100
			units = append(units, unit{len(c.Orgs) - 1, size, u.job})
		}
	}
	inPark := people
	for _, u := range units {
		inPark -= u.size
	}
	brands := r.Perm(len(brandFirst) * len(brandSecond))
	for i, size := range sizes(r, n, inPark) {
		b := brands[i%len(brands)]
		brand := string(brandFirst[b/len(brandSecond)]) + string(brandSecond[b%len(brandSecond)])
		name, kind := "云鹭"+brand+trades[(b+i/len(brands))%len(trades)]+"有限公司工会", "企业工会"
		if size < 60 && r.IntN(100) < 20 { // about 9 % of the people are in joint unions of several employers
			name, kind = "科园"+brand+"楼宇联合工会", "联合工会"
		}
		c.org(name, kind, parkName, orgCode('C', i+1))
		units = append(units, unit{len(c.Orgs) - 1, size, ""})
	}
	for _, u := range units {
		c.Orgs[u.org].Members = u.size
	}
	return units
}

// sizes spreads people over n companies in the shape of the park: a few very
// large, a tail of 58 % with fewer than 20. Largest first.
func sizes(r *rand.Rand, n, people int) []int {
	huge, large, small := n*3/1200, max(n*34/1200, 1), n*700/1200
	out := make([]int, 0, n)
	rest := people
	add := func(size int) {
		out = append(out, size)
		rest -= size
	}
	for i := range huge {
		add([]int{2600, 1700, 1200}[i%3])
	}
	for i := range large {
		add(int(900 * math.Pow(205.0/900, (float64(i)+1)/float64(large))))
	}
	middle := n - len(out) - small
	tail := make([]int, small)
	for i := range tail {
		tail[i] = 3 + r.IntN(17)
		rest -= tail[i]
	}
	mids := make([]int, middle)
	for i := range mids {
		mids[i] = 20
		rest -= 20
	}
	for i := 0; rest > 0; i = (i + 1) % middle { // the first ones get most
		more := min(rest, max(1, 180/(i+4)), 200-mids[i])
		mids[i] += more
		rest -= more
	}
	for i := 0; rest < 0; i = (i + 1) % small {
		if tail[i] > 3 {
			tail[i]--
			rest++
		}
	}
	return append(append(out, mids...), tail...)
}
