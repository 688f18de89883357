package democity

import (
	"fmt"
	"math/rand/v2"

	"yizhan/core/id"
	"yizhan/syncserver/democity/cityplan"
)

// What stands besides the union's own stations (field notes: 60 merchants, 6 hospitals
// and 35 venues that companies share).
const (
	shops = 60
	halls = 35
)

// sellers are the shops, each with its facilities and what people look for.
var sellers = []struct{ what, hours, mark string }{
	{"便民超市", "每天 07:00-22:30", "绿色门头，门口贴有工会优惠标志"}, {"早餐店", "每天 05:30-13:00", "门口有蒸笼，扫会员码九折"}, {"面馆", "每天 10:00-21:30", "红色灯笼下，职工套餐 15 元"},
	{"药房", "每天 08:00-22:00", "绿十字灯箱，会员日八五折"}, {"理发店", "每天 09:30-21:00", "转灯旁，职工理发 20 元"}, {"书店", "每天 09:00-21:00", "二楼，凭会员码八折"},
	{"眼镜店", "每天 09:00-20:30", "免费清洗眼镜，门口贴有工会优惠标志"}, {"电动车维修", "每天 08:00-20:00", "路边蓝色雨棚，骑手换胎优惠"}, {"洗衣店", "每天 08:30-20:30", "工服清洗八折"}, {"水果店", "每天 08:00-23:00", "街角，扫会员码九五折"},
}

// rooms are what companies share.
var rooms = []struct{ what, mark string }{
	{"羽毛球馆", "体育中心东门进，前台扫会员码"}, {"职工健身房", "办公楼地下一层，请穿运动鞋"}, {"职工书屋", "一楼大厅左侧"}, {"篮球场", "厂区西门进，登记后入场"}, {"乒乓球室", "活动中心二楼"}, {"会议室", "前台登记，提前一天预约"}, {"瑜伽室", "活动中心三楼，请自带垫子"},
}

// partners makes the shops, hospitals and halls that members find on the map too.
func (c *City) partners(r *rand.Rand, s cityplan.Sites, add func(site cityplan.Site, number id.Station, kind, name, hours, mark string)) {
	hospitals, rest := c.Plan.Partners(s, shops+halls)
	for i, site := range hospitals {
		add(site, id.Station(fmt.Sprintf("YY%03d", i+1)), "hospital", site.Near, "", "门诊大厅右侧，职工服务窗口")
	}
	names := map[string]bool{}
	for i, site := range rest {
		number, kind := id.Station(fmt.Sprintf("SH%03d", i+1)), "merchant"
		trade := sellers[r.IntN(len(sellers))]
		what, when, mark := trade.what, trade.hours, trade.mark
		if i >= shops {
			room := rooms[r.IntN(len(rooms))]
			number, kind = id.Station(fmt.Sprintf("CG%03d", i-shops+1)), "venue"
			what, when, mark = room.what, "", room.mark
		}
		name := site.Near + what
		if names[name] {
			name = fmt.Sprintf("%s%d号%s", site.Street, site.Number, what)
		}
		names[name] = true
		add(site, number, kind, name, when, mark)
	}
}
