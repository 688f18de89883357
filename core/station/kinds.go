package station

import "strings"

// Kind is a sort of place.
type Kind struct {
	Key              string // stored
	Chinese, English string
	Union            bool // run by the union or with it
	Stale            int  // days after which what was last checked may be wrong
	words            []string
}

// usualStale is Kind.Stale of a kind that is not in the table.
const usualStale = 180

// Kinds are the sorts of places that have words and marks of their own. Keys are
// frozen; a union's own word for another kind stays as it is.
var Kinds = []Kind{
	{"care", "爱心驿站", "Rest stop", true, 180, []string{"工会驿站", "户外劳动者服务站", "户外劳动者驿站", "暖心驿站", "骑手驿站", "司机之家"}},
	{"service", "职工服务站", "Workers' service point", true, 180, []string{"职工服务中心", "工会服务站", "职工服务点"}},
	{"home", "共享职工之家", "Shared workers' home", true, 180, []string{"职工之家", "共享之家"}},
	{"merchant", "优惠商户", "Discount shop", false, 90, []string{"商户", "签约商户", "商家", "工会商户"}},
	{"hospital", "合作医院", "Partner hospital", false, 90, []string{"医院", "定点医院", "诊所"}},
	{"venue", "共享场馆", "Shared venue", false, 90, []string{"场馆", "体育馆", "球馆", "活动室", "文化宫"}},
}

// KindOf finds a kind by its key or by what people call it.
func KindOf(word string) (Kind, bool) {
	for _, k := range Kinds {
		if named(word, k.Key, k.Chinese, k.words) {
			return k, true
		}
	}
	return Kind{}, false
}

// Facility is something that a place has for whoever comes in.
type Facility struct {
	Key              string // stored
	Chinese, English string
	words            []string // other ways to write it
}

// Facilities are those that are asked for, the most wanted first: the list of the
// unions' own sheets. Keys are frozen.
var Facilities = []Facility{
	{"water", "热水", "Hot water", []string{"饮水机", "饮水", "饮用水", "开水", "直饮水", "饮水设备", "茶水"}},
	{"microwave", "微波炉", "Microwave", []string{"热饭", "加热饭菜"}},
	{"toilet", "厕所", "Toilet", []string{"卫生间", "洗手间", "公厕", "如厕"}},
	{"aircon", "空调", "Air conditioning", []string{"冷暖空调", "避暑", "取暖", "暖气"}},
	{"charging", "充电", "Phone charging", []string{"手机充电", "充电器", "充电宝", "充电设备", "充电桩"}},
	{"seats", "桌椅", "Table and seats", []string{"沙发桌椅", "休息桌椅", "沙发", "休息区", "座椅"}},
	{"fridge", "冰箱", "Fridge", []string{"冷藏"}},
	{"rain", "雨具", "Umbrellas", []string{"雨衣雨伞", "雨伞", "雨衣", "爱心伞"}},
	{"firstaid", "药箱", "First-aid kit", []string{"医药箱", "急救箱", "急救包", "应急药品", "常用药品"}},
	{"wifi", "Wi-Fi", "Wi-Fi", []string{"wifi", "无线网", "无线网络", "上网"}},
	{"books", "书报", "Books and papers", []string{"书柜", "图书", "书刊", "报刊", "书架", "图书角"}},
	{"changing", "更衣间", "Changing room", []string{"更衣室", "换衣间"}},
	{"nursing", "母婴室", "Nursing room", []string{"哺乳室", "妈咪小屋", "妈妈小屋", "爱心妈咪小屋"}},
	{"pump", "打气筒", "Tyre pump", []string{"充气泵", "打气"}},
	{"locker", "智能柜", "Lockers", []string{"储物柜", "寄存柜", "存包柜"}},
	{"printer", "自助打印", "Printing", []string{"自助打印机", "打印机", "打印", "复印"}},
	{"tv", "电视", "TV", []string{"电视机"}},
	{"tools", "工具箱", "Tools", []string{"工具", "针线包", "维修工具"}},
}

// FacilityOf finds a facility by its key or by what people call it.
func FacilityOf(word string) (Facility, bool) {
	for _, f := range Facilities {
		if named(word, f.Key, f.Chinese, f.words) {
			return f, true
		}
	}
	return Facility{}, false
}

func named(word, key, chinese string, words []string) bool {
	word = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(word), "-", ""))
	if word == "" {
		return false
	}
	for _, w := range append([]string{key, chinese}, words...) {
		if word == strings.ToLower(strings.ReplaceAll(w, "-", "")) {
			return true
		}
	}
	return false
}

// Has reports whether the place has a facility, by its key.
func (s Station) Has(key string) bool {
	for _, word := range s.Facilities {
		if f, ok := FacilityOf(word); ok && f.Key == key {
			return true
		}
	}
	return false
}

// gone are the words of Status for a place that is there no longer, or that nobody
// knows when to open again.
var gone = []string{"关闭", "停用", "停业", "撤销", "暂停", "停止", "拆除", "注销"}

// Gone reports whether the place is closed for good, as its sheet says.
func (s Station) Gone() bool {
	for _, w := range gone {
		if strings.Contains(s.Status, w) {
			return true
		}
	}
	return false
}
