package cityplan

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"yizhan/syncserver/democity/mesh"
)

// Parts of names: what a southern city by the sea likes to call its streets.
var (
	firsts  = []rune("文永长安福和兴新华金玉明春锦秀宝龙凤鹤松竹梅兰桂荷莲枫柳槐桐榕棠杏翠碧青白紫丹云霞星月朝晨虹溪泉湖江海潮汐帆渔港沙石岩屿洲浦埔湾岭坪")
	seconds = []rune("昌兴安宁康乐平泰顺达盛隆裕丰茂园庭苑台亭桥津渡塘前后门里城河滨山林泽原景辉光华瑞祥福和春秋晖霖岚屏峰峡")
	// stems begin the names of the longer streets.
	stems    = strings.Fields("文昌 文兴 文华 文景 永安 永兴 永福 永宁 永和 长宁 长兴 长乐 长庚 安康 安泰 安定 福安 福宁 福康 和顺 和美 和睦 兴隆 兴业 兴华 新华 新民 新丰 新荣 华兴 华光 华昌 金泰 金山 金榜 金桥 玉屏 玉泉 玉田 玉兰 明德 明理 明月 明发 春晖 春江 春风 锦绣 锦华 锦江 锦屏 秀山 秀水 秀峰 宝山 宝泉 宝华 龙泉 龙津 龙腾 凤山 凤岗 鹤鸣 鹤山 松柏 松涛 松岭 竹园 竹林 竹溪 梅园 梅岭 兰亭 兰溪 桂花 桂园 桂香 荷塘 荷香 莲花 莲塘 莲池 枫林 枫桥 柳岸 柳堤 槐荫 桐林 榕林 棠溪 杏林 翠微 翠竹 翠湖 碧水 碧波 青松 青云 青山 青莲 白云 紫荆 紫薇 紫云 丹桂 丹霞 云海 云山 云顶 霞光 霞飞 星海 星光 星辰 月华 朝阳 朝霞 晨光 晨曦 虹桥 溪头 溪岸 泉秀 泉山 湖滨 湖东 江滨 江浦 海滨 海天 海景 海晏 潮头 潮声 帆影 扬帆 远帆 渔港 渔歌 渔浦 港湾 沙堤 石桥 石门 石亭 岩前 屿前 洲头 浦口 浦头 埔顶 湾头 岭南 岭头 坪上 坪山 体育 科技 创新 文化 建设 解放 团结 友谊 胜利 劳动 工人 纺织 机场 船厂 盐场 粮站 电厂 水厂 茶场 林场 农贸 书院 孔庙 贡院 学府 师范 医学 园丁")
	laneText = strings.Fields("井 灯 书 米 盐 鱼 布 竹 伞 茶 酒 豆腐 打铁 油 花 糖 箩 木屐 绣 笔 墨 砚 纸 香 药 船 锚 网 灰埕 石埕 旗杆 祠堂 牌坊 榕树 荔枝 龙眼 芭蕉 杨桃 凤凰 喜鹊 燕子 水仙 三角梅 半边 八角 双井 七星 九曲 四方 后岸 前埕 大夫 状元 举人 驿前 营房 鼓楼 钟楼 塔下 桥头 水门 渡头 码头 东岳 西库 南仓 北仓")
	numerals = strings.Fields("一 二 三 四 五 六 七 八 九 十 十一 十二")
)

// namer gives names without repeating one.
type namer struct {
	*Plan
	lanes []string
	stems []string
	count map[string]int // lanes of a street
}

// stem is two characters that begin no name yet.
func (p *Plan) stem() string {
	for {
		a, b := firsts[p.r.IntN(len(firsts))], seconds[p.r.IntN(len(seconds))]
		if s := string(a) + string(b); a != b && !p.taken[s] {
			p.taken[s] = true
			return s
		}
	}
}

// chain is streets that go on straight into each other.
type chain struct {
	roads  []*road
	metres float64
	class  class
}

// nameStreets names what the skeleton left without a name, the longest first.
func (p *Plan) nameStreets() {
	n := &namer{Plan: p, count: map[string]int{}}
	n.lanes = slices.Clone(laneText)
	p.r.Shuffle(len(n.lanes), func(i, j int) { n.lanes[i], n.lanes[j] = n.lanes[j], n.lanes[i] })
	n.stems = slices.DeleteFunc(slices.Clone(stems), func(s string) bool { return p.taken[s] })
	p.r.Shuffle(len(n.stems), func(i, j int) { n.stems[i], n.stems[j] = n.stems[j], n.stems[i] })
	for _, s := range p.streets {
		if s.name != "" {
			p.taken[strings.TrimSuffix(strings.TrimSuffix(s.name, "路"), "大道")] = true
		}
	}
	p.touch()
	for _, c := range p.chains() {
		name := n.name(c)
		for _, s := range c.roads {
			s.name = name
		}
	}
}

// chains joins nameless streets that meet end to end in nearly one direction.
func (p *Plan) chains() []*chain {
	root := map[*road]*road{}
	find := func(s *road) *road {
		for root[s] != nil {
			s = root[s]
		}
		return s
	}
	outward := func(s *road, node int32) (mesh.Point, bool) {
		last := len(s.nodes) - 1
		switch node {
		case s.nodes[0]:
			return p.mesh.At[s.nodes[1]].Minus(p.mesh.At[node]).Unit(), true
		case s.nodes[last]:
			return p.mesh.At[s.nodes[last-1]].Minus(p.mesh.At[node]).Unit(), true
		}
		return mesh.Point{}, false
	}
	for _, s := range p.streets {
		for _, node := range []int32{s.nodes[0], s.nodes[len(s.nodes)-1]} {
			way, _ := outward(s, node)
			for _, t := range p.touching[node] {
				on, ends := outward(t, node)
				if t == s || s.name != "" || t.name != "" || !ends || way.Dot(on) > -0.93 || find(s) == find(t) || max(s.class, t.class)-min(s.class, t.class) > 1 {
					continue
				}
				root[find(t)] = find(s)
			}
		}
	}
	of := map[*road]*chain{}
	var all []*chain
	for _, s := range p.streets {
		if s.name != "" {
			continue
		}
		c := of[find(s)]
		if c == nil {
			c = &chain{}
			of[find(s)], all = c, append(all, c)
		}
		c.roads, c.class, c.metres = append(c.roads, s), max(c.class, s.class), c.metres+length(p.mesh.Points(s.nodes))
	}
	slices.SortStableFunc(all, func(a, b *chain) int { return cmp.Compare(b.metres, a.metres) })
	return all
}

func length(line []mesh.Point) (sum float64) {
	for i := 1; i < len(line); i++ {
		sum += line[i].Distance(line[i-1])
	}
	return sum
}

// name is a lane's after the street that it leaves, or one of its own.
func (n *namer) name(c *chain) string {
	first := c.roads[0]
	old := first.use == oldTown
	switch {
	case first.class == lane && !old && c.metres < 420:
		return "" // a drive between houses
	case old && c.class <= street && len(n.lanes) > 0:
		name := n.lanes[0] + "巷"
		n.lanes = n.lanes[1:]
		return name
	case c.class <= street && c.metres < 330:
		for _, s := range c.roads {
			for _, node := range []int32{s.nodes[0], s.nodes[len(s.nodes)-1]} {
				for _, t := range n.touching[node] {
					if t.name != "" && t.class >= street && !strings.HasSuffix(t.name, "巷") && n.count[t.name] < len(numerals) && !strings.HasPrefix(t.name, "环") {
						n.count[t.name]++
						return t.name + numerals[n.count[t.name]-1] + "巷"
					}
				}
			}
		}
	}
	stem := n.stem()
	if len(n.stems) > 0 && !old {
		stem, n.stems = n.stems[0], n.stems[1:]
		n.taken[stem] = true
	}
	switch {
	case old:
		return stem + "街"
	case c.class >= avenue || n.r.IntN(5) < 3:
		return stem + "路"
	}
	return stem + "街"
}

// sideOf puts 东, 西, 南 or 北 into the name of a long road, after the part of the
// city where a place on it lies.
func (p *Plan) sideOf(s *road, at mesh.Point) string {
	uv := p.sheet(at)
	if s.class == ringRoad {
		a := math.Atan2((at.Y+800)/3950, (at.X+600)/4250) * 180 / math.Pi
		return s.name[:len(s.name)-len("路")] + []string{"东", "北", "西", "南"}[int(math.Floor((a+405)/90))%4] + "路"
	}
	side := ""
	switch {
	case s.axis == 'u' && uv.Y > riverAt:
		side = "北"
	case s.axis == 'u':
		side = "南"
	case s.axis == 'v' && uv.X > 230:
		side = "东"
	case s.axis == 'v':
		side = "西"
	}
	stem, ok := strings.CutSuffix(s.name, "路")
	if side == "" || !ok || s.class < mainRoad {
		return s.name
	}
	return stem + side + "路"
}

// quarters are the neighbourhoods, and where they lie.
var quarters = []struct {
	name string
	at   mesh.Point
}{
	{"仙桥", mesh.Point{X: -300, Y: -250}}, {"鹭堤", mesh.Point{X: 1500, Y: -900}}, {"望潮", mesh.Point{X: 3700, Y: 300}}, {"南浦", mesh.Point{X: -100, Y: -2700}}, {"榕荫", mesh.Point{X: -2250, Y: -600}},
	{"石泉", mesh.Point{X: -900, Y: 1700}}, {"白沙", mesh.Point{X: 2300, Y: -4000}}, {"云台", mesh.Point{X: -4650, Y: 1250}}, {"青屿", mesh.Point{X: 5900, Y: 900}},
}

// quarterAt is the neighbourhood of a place.
func (p *Plan) quarterAt(at mesh.Point) string {
	best := quarters[0]
	for _, q := range quarters {
		if q.at.Distance(at) < best.at.Distance(at) {
			best = q
		}
	}
	return best.name
}
