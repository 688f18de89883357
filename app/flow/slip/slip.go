// Package slip makes printed slips out of what was decided, and says what became
// of printing them. Nothing hangs on a slip: what it says is stored before it is
// printed, and printing it twice gives the same ticket twice.
package slip

import (
	"image"
	"strings"
	"time"

	"yizhan/app/flow"
	"yizhan/app/paper"
	"yizhan/app/say"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Matter is what a slip is about. What is not known stays zero and is not printed.
type Matter struct {
	Title       string             // of the activity, as published
	Rules       *activity.Activity // nil where this version cannot read them
	Pool        id.Pool
	Seats       int
	Ticket      id.Ticket       // its short code is printed
	Code        string          // the signed ticket, which becomes the QR code
	Unconfirmed bool            // granted from a lease whose grants are void unless they are reported
	Collect     wire.StationRow // where it is handed over
	Here        wire.StationRow // the station that prints
	Holder      string          // printed masked, whether it comes so or not
	Reference   string          // by which staff find a claim that has no ticket yet
	Map         image.Image     // of the way to Collect, dark on light
}

// Ticket is the slip of a granted claim; now is server time in the zone of the
// deployment.
func Ticket(m Matter, now time.Time) paper.Slip {
	s := m.slip(paper.Ticket, now)
	s.Lines = append(s.Lines, m.collect(now)...)
	s.Code, s.Short, s.Map = m.Code, m.short(), m.Map
	if m.Unconfirmed {
		s.Kind = paper.Provisional
		s.Notes = append(s.Notes, say.T("这张票要等发放的设备联网上报以后才有效，领取时会再核对。"))
	}
	if m.Code == "" {
		s.Notes = append(s.Notes, say.T("请在领取时间内到领取地点，报上面的短码。"))
	} else {
		s.Notes = append(s.Notes, say.T("请在领取时间内到领取地点出示二维码；扫不出来，就报上面的短码。"))
	}
	s.Notes = append(s.Notes, m.phone(m.Collect)...)
	return s
}

// Provisional is the slip of a request that was taken and not decided. why says
// what it waits for, in a whole sentence.
func Provisional(m Matter, why say.Text, now time.Time) paper.Slip {
	s := m.slip(paper.Provisional, now)
	s.Notes = []say.Text{why, say.T("这张凭条不能用来领取。有没有名额，以确认结果为准；可以在任何一个站点查询。")}
	s.Notes = append(s.Notes, m.phone(m.Here)...)
	return s
}

// Pending is the Provisional slip of a claim that waits on this device for the network.
func Pending(m Matter, now time.Time) paper.Slip {
	return Provisional(m, say.T("现在没有网络。申请已存在本机，联网后自动提交；先后按服务器收到的次序排。"), now)
}

// Refusal is the slip of a refused claim: why, and what to do.
func Refusal(m Matter, code fault.Code, now time.Time) paper.Slip {
	s := m.slip(paper.Refusal, now)
	why := flow.Sentence(code)
	if code == fault.NotEligible && m.Rules != nil {
		if own := m.Rules.Spec.AudienceWhy; own != (activity.Text{}) {
			why = say.Both(own.ZH, own.EN)
		}
	}
	s.Notes = []say.Text{why}
	if next := flow.Next(code); !next.Empty() {
		s.Notes = append(s.Notes, next)
	}
	s.Notes = append(s.Notes, m.phone(m.Here)...)
	return s
}

// HandOver is the holder's receipt of what was handed over, at a moment of server time.
func HandOver(m Matter, at int64, now time.Time) paper.Slip {
	s := m.slip(paper.HandOver, now)
	if at != 0 {
		s.Lines = append(s.Lines, paper.Line{Label: say.T("领取时间"), Text: flow.Dated(at, now)})
	}
	if m.Collect.Name != "" {
		s.Lines = append(s.Lines, paper.Line{Label: say.T("领取地点"), Text: say.Plain(m.Collect.Name)})
	}
	s.Short = m.short()
	s.Notes = append(s.Notes, m.phone(m.Collect)...)
	return s
}

// OfClaim is the slip of a claim as its row stands; ok is false where nothing is to
// be printed, because it has ended. Seats, ticket and code are the row's.
func OfClaim(c wire.ClaimRow, m Matter, now time.Time) (s paper.Slip, ok bool) {
	m.Pool, m.Seats, m.Ticket, m.Code = c.Pool, c.Seats, c.Ticket, c.Code
	switch c.State {
	case op.ClaimGranted:
		return Ticket(m, now), true
	case op.ClaimWaitlisted:
		return Provisional(m, say.T("您排在候补第 %d 位。有人退回时按次序递补，现在还没有名额。", c.Place), now), true
	case op.ClaimEntered:
		return Provisional(m, say.T("报名已收到，要等抽签或审核。"), now), true
	case op.ClaimRedeemed:
		return HandOver(m, 0, now), true
	}
	return paper.Slip{}, false
}

// Sample is the test page of a printer: every kind of text, and a code to scan.
func Sample(here wire.StationRow, now time.Time) paper.Slip {
	return paper.Slip{Kind: paper.Test, Deployment: name(), Here: say.Plain(here.Name), Title: say.T("请看字是否清楚，二维码能不能扫"),
		Lines: []paper.Line{{Label: say.T("汉字"), Text: say.Plain("驿站 领取 㑇 龢 鑫 犇 赟 翀 婳")}, {Label: say.T("数字"), Text: say.Plain("0123456789 ABCDEFGHJKMNPQRSTVWXYZ")}},
		Notes: []say.Text{say.T("左右两条边线都要看得见；字发白或缺线，请清洁打印头。")},
		Code:  "YIZHAN TEST PAGE 0123456789", Short: "01234567", Printed: printed(now)}
}

// name is the deployment's. It has no other yet.
func name() say.Text { return say.T("驿站") }

func printed(now time.Time) say.Text { return say.T("%s 打印", now.Format("2006-01-02 15:04")) }

func (m Matter) slip(k paper.Kind, now time.Time) paper.Slip {
	s := paper.Slip{Kind: k, Deployment: name(), Here: say.Plain(m.Here.Name), Title: say.Plain(m.Title), Printed: printed(now)}
	add := func(label, text say.Text) {
		if !text.Empty() {
			s.Lines = append(s.Lines, paper.Line{Label: label, Text: text})
		}
	}
	if m.Seats > 0 {
		add(say.T("数量"), say.T("%d 张", m.Seats))
	}
	if i := m.pool(); i >= 0 && m.Rules.Pools[i].Starts != 0 {
		add(say.T("场次"), flow.Dated(m.Rules.Pools[i].Starts, now))
	}
	add(say.T("持票人"), say.Plain(Mask(m.Holder)))
	add(say.T("受理编号"), say.Plain(m.Reference))
	return s
}

func (m Matter) pool() int {
	if m.Rules == nil {
		return -1
	}
	return m.Rules.Pool(m.Pool)
}

func (m Matter) short() string {
	if m.Ticket == 0 {
		return ""
	}
	return ticket.Short(m.Ticket)
}

// collect says where and when.
func (m Matter) collect(now time.Time) []paper.Line {
	var lines []paper.Line
	if place := say.Join("，", say.Plain(m.Collect.Name), say.Plain(m.Collect.Address)); !place.Empty() {
		lines = append(lines, paper.Line{Label: say.T("领取地点"), Text: place})
	}
	if m.Rules != nil && !m.Rules.Pickup.Zero() {
		when := flow.DatedSpan(m.Rules.Pickup, now)
		if h := m.Rules.Spec.PickupHours; len(h) == 2 {
			when = say.Join("，", when, say.T("每天 %s–%s", h[0], h[1]))
		}
		lines = append(lines, paper.Line{Label: say.T("领取时间"), Text: when})
	}
	return lines
}

func (m Matter) phone(of wire.StationRow) []say.Text {
	if of.Phone == "" {
		return nil
	}
	return []say.Text{say.T("咨询电话：%s", of.Phone)}
}

// Mask hides the middle of a name, so that people at a counter recognise each other
// and nobody else does: 王*明, 王*. A masked name stays as it is.
func Mask(name string) string {
	r := []rune(strings.TrimSpace(name))
	switch {
	case len(r) < 2 || strings.ContainsRune(name, '*'):
		return string(r)
	case len(r) == 2:
		return string(r[0]) + "*"
	}
	return string(r[0]) + strings.Repeat("*", len(r)-2) + string(r[len(r)-1])
}
