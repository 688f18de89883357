package stations

import (
	"cmp"
	"image"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/schedule"
	"yizhan/core/station"
)

// Line is a label with its text.
type Line struct {
	Label, Text say.Text
	Today       bool
}

// Detail is the page of one place.
type Detail struct {
	Station    id.Station
	Name       string
	Kind       say.Text
	Tone       flow.Tone
	Word       say.Text // whether it is open
	Notice     say.Text // why it is closed for a while; empty where it is not
	Doubt      say.Text // why the hours may be wrong; empty where they should hold
	Today      say.Text // today's hours
	Week       []Line   // today and six days more; none where the hours could not be read
	Facilities []say.Text
	Facts      []Line // landmark, address, phone
	Phone      string
	Away       say.Text
	Checked    say.Text
	Stale      bool        // what is said here may be out of date
	Picture    image.Image // nil where there is none, or it has not come yet
	At         geo.Point   // WGS84
	Placed     bool        // At is known
}

// Detail is the page of the place that is shown.
func (s State) Detail() Detail {
	p, ok := s.index.Get(s.Shown)
	if !ok {
		return Detail{}
	}
	at := p.Standing(s.Now, s.calendar)
	f := s.away(station.Found{Place: p, Standing: at})
	d := Detail{Station: p.ID, Name: p.Name, Kind: kindOf(p.Station), Away: s.farness(f), Phone: p.Phone, At: f.at, Placed: f.placed}
	if p.Photo == s.picture.Photo {
		d.Picture = s.picture.Picture
	}
	d.Tone, d.Word = Word(at, p.Closure, s.Now)
	d.Notice = s.notice(p)
	d.Today, d.Doubt = s.today(p, at)
	if p.Legible && at.State != station.Shut {
		for n, day := range p.Week(s.Now, s.calendar) {
			d.Week = append(d.Week, Line{flow.Day(day.Date.UnixMilli(), s.Now), dayText(day), n == 0})
		}
	}
	for _, w := range p.Facilities {
		if known, ok := station.FacilityOf(w); ok {
			d.Facilities = append(d.Facilities, say.Both(known.Chinese, known.English))
		} else {
			d.Facilities = append(d.Facilities, say.Plain(w))
		}
	}
	for _, line := range []Line{{say.T("怎么认"), say.Plain(p.Landmark), false}, {say.T("地址"), say.Plain(p.Address), false}, {say.T("电话"), say.Plain(p.Phone), false}} {
		if !line.Text.Empty() {
			d.Facts = append(d.Facts, line)
		}
	}
	d.Checked, d.Stale = s.checked(p.Station)
	return d
}

// notice is about a closure that holds now or will.
func (s State) notice(p station.Place) say.Text {
	c, today := p.Closure, s.Now.Format(time.DateOnly)
	if c == nil || c.Until != "" && c.Until < today {
		return say.Text{}
	}
	why := say.Text{}
	if c.Why != "" {
		why = say.T("原因：%s。", say.Plain(c.Why))
	}
	from := say.T("现在起")
	if c.From > today {
		from = say.T("%s起", date(c.From, s.Now))
	}
	if c.Until == "" {
		return say.Sentences(say.T("%s暂停开放，开门时间另行通知。", from), why)
	}
	return say.Sentences(say.T("%s暂停开放，到 %s为止（含当天）。", from, date(c.Until, s.Now)), why)
}

// today is today's hours, and why they may be wrong.
func (s State) today(p station.Place, at station.Standing) (today, doubt say.Text) {
	switch {
	case p.Station.Hours == "":
		return say.Text{}, say.T("没有登记开放时间，请先打电话问。")
	case !p.Legible:
		return say.Plain(p.Station.Hours), say.T("开放时间是按原文写的，请先打电话问。")
	}
	today = dayText(p.Week(s.Now, s.calendar)[0])
	switch {
	case !at.Unsure:
	case at.Day == schedule.Holiday:
		doubt = say.T("今天放假（%s），站点没有写明假日时间，请先打电话问。", say.Plain(cmp.Or(at.Feast, "-")))
	default:
		doubt = say.T("本机没有今年的放假安排，节假日和调休日的时间可能不同。")
	}
	return today, doubt
}

// dayText is the hours of one day, with the name of its holiday.
func dayText(d station.Day) say.Text {
	hours := say.T("休息")
	if len(d.Times) > 0 {
		var all []say.Text
		for _, t := range d.Times {
			all = append(all, span(t))
		}
		hours = say.Join("、", all...)
	}
	if d.Closed {
		hours = say.T("暂停开放")
	}
	switch d.Kind {
	case schedule.Holiday:
		return say.T("%s（%s放假）", hours, say.Plain(d.Name))
	case schedule.MakeUp:
		return say.T("%s（调休上班）", hours)
	}
	return hours
}

func span(t station.Span) say.Text {
	if t == (station.Span{From: 0, To: 24 * 60}) {
		return say.T("24 小时")
	}
	if t.To <= 24*60 {
		return say.Plain(t.String())
	}
	return say.T("%s–次日 %s", say.Plain(clock(t.From)), say.Plain(clock(t.To-24*60)))
}

func clock(t schedule.TimeOfDay) string {
	return time.Date(2000, 1, 1, int(t)/60, int(t)%60, 0, 0, time.UTC).Format("15:04")
}

// checked says when somebody last looked whether all this is true.
func (s State) checked(p station.Station) (text say.Text, stale bool) {
	days, stale := p.Stale(s.Now)
	switch {
	case days < 0:
		return say.T("还没有人到现场核验过，内容可能已过时"), true
	case stale:
		return say.T("%s 核验，已过 %d 天，内容可能已过时", p.Checked, days), true
	}
	return say.T("%s 核验", p.Checked), false
}
