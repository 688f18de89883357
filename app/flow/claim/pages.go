package claim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"yizhan/app/flow"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Card is one line of a list.
type Card struct {
	Activity id.Activity
	Ticket   id.Ticket // on Mine, where there is one to show
	Title    string
	Note     string // when, where
	Badge    string
	Tone     flow.Tone
}

// Fact is one labelled line of a page.
type Fact struct{ Label, Text string }

// Choice is one of several to choose from.
type Choice struct {
	ID     string
	Text   string
	Note   string
	Chosen bool
}

// Button is the one thing to do on a page.
type Button struct {
	Text    string
	Enabled bool
}

// DetailPage is an activity.
type DetailPage struct {
	Title    string
	Left     string // remaining, where known
	LeftTone flow.Tone
	Outcome  Words // empty while nothing was asked
	Ticket   id.Ticket
	Facts    []Fact
	Sessions []Choice
	Stations []Choice
	Seats    int
	MaxSeats int
	SeatsWhy string
	Button   Button
}

// TicketPage is a ticket. Code is empty where there is nothing to scan.
type TicketPage struct {
	Title   string
	Outcome Words
	Code    string
	Short   string
	Seats   int
	Facts   []Fact
}

// Cards gives the list of activities: what can be had now first, then what
// opens next, then what is over.
func (s State) Cards() []Card {
	type ranked struct {
		Card
		rank int
		at   int64
	}
	var all []ranked
	for _, a := range s.Data.Activities {
		card, rank, at := s.card(a)
		all = append(all, ranked{card, rank, at})
	}
	slices.SortStableFunc(all, func(x, y ranked) int {
		return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(x.at, y.at), cmp.Compare(x.Title, y.Title))
	})
	cards := make([]Card, len(all))
	for i, r := range all {
		cards[i] = r.Card
	}
	return cards
}

func (s State) card(a Activity) (c Card, rank int, at int64) {
	c = Card{Activity: a.ID, Title: a.Title}
	if a.Newer {
		c.Badge, c.Note = "需更新", "这项活动需要新版程序才能显示。"
		return c, 3, 0
	}
	now := s.Now.UnixMilli()
	switch {
	case a.Claim.Before(now):
		c.Badge, c.Note, rank, at = "未开始", flow.Moment(a.Claim.From, s.Now).String()+" 开始", 1, a.Claim.From
	case a.Claim.After(now):
		c.Badge, c.Note, rank, at = "已结束", flow.Moment(a.Claim.To, s.Now).String()+" 已截止", 2, -a.Claim.To
	default:
		c.Badge, c.Tone, at = "可报名", flow.Good, math.MaxInt64
		if a.Claim.To != 0 {
			c.Note, at = flow.Moment(a.Claim.To, s.Now).String()+" 截止", a.Claim.To
		} else if len(a.Pools) > 1 {
			c.Note = fmt.Sprintf("%d 个场次", len(a.Pools))
		}
		if s.full(a) {
			c.Badge, c.Tone = "已满", flow.Plain
			if a.Spec.WhenFull == activity.Waitlist {
				c.Badge, c.Tone = "可候补", flow.Wait
			}
		}
	}
	for _, p := range a.Pools {
		if st := s.Standing(Place{a.ID, p.ID}); st.Kind != Nothing && st.Kind != Refused {
			w := s.words(a, st)
			c.Badge, c.Tone = w.Word, w.Tone
		}
	}
	return c, rank, at
}

func (s State) full(a Activity) bool {
	for _, p := range a.Pools {
		if !s.Data.Full[Place{a.ID, p.ID}] {
			return false
		}
	}
	return len(a.Pools) > 0
}

// Mine gives the member's own claims, those that can be used first. A claim that
// still waits for its answer has no ticket.
func (s State) Mine() []Card {
	var cards []Card
	for _, q := range s.Data.Asked {
		if q.Result == nil {
			a, _ := s.find(q.Activity)
			w := s.words(a, Standing{Kind: Pending, Seats: q.Seats})
			cards = append(cards, Card{Activity: q.Activity, Title: titleOf(a, q.Activity), Badge: w.Word, Tone: w.Tone,
				Note: fmt.Sprintf("%d 张 · %s 提交", q.Seats, flow.Clock(time.UnixMilli(q.At), s.Now).String())})
		}
	}
	claims := slices.Clone(s.Data.Claims)
	slices.SortStableFunc(claims, func(x, y wire.ClaimRow) int {
		kx, ky := kindOf(fromRow, x.State), kindOf(fromRow, y.State)
		return cmp.Or(cmp.Compare(useful(kx), useful(ky)), -cmp.Compare(x.At, y.At))
	})
	for _, c := range claims {
		a, _ := s.find(c.Activity)
		w := s.words(a, Standing{Kind: kindOf(fromRow, c.State), Seats: c.Seats, Line: c.Place, Station: c.Station})
		note := fmt.Sprintf("%d 张", c.Seats)
		if label := s.session(a, c.Pool); label != "" {
			note += " · " + label
		}
		if c.Station != "" {
			note += " · " + s.stationName(c.Station)
		}
		cards = append(cards, Card{Activity: c.Activity, Ticket: c.Ticket, Title: titleOf(a, c.Activity), Badge: w.Word, Tone: w.Tone, Note: note})
	}
	return cards
}

func titleOf(a Activity, missing id.Activity) string { return cmp.Or(a.Title, string(missing)) }

func useful(k Kind) int {
	switch k {
	case Granted:
		return 0
	case Waitlisted, Entered:
		return 1
	}
	return 2
}

// session writes a pool's time; a pool without a time has no label.
func (s State) session(a Activity, p id.Pool) string {
	if a.Activity == nil {
		return ""
	}
	i := a.Pool(p)
	if i < 0 || a.Pools[i].Starts == 0 {
		return ""
	}
	return flow.Moment(a.Pools[i].Starts, s.Now).String()
}

// Detail gives the page of the open activity.
func (s State) Detail() DetailPage {
	a, ok := s.find(s.activity)
	if !ok || a.Newer {
		return DetailPage{Title: titleOf(a, s.activity), Outcome: Words{flow.Plain, "需要新版程序", "这项活动要新版程序才能显示。", "请更新程序，或到站点办理。"}}
	}
	st := s.Standing(Place{a.ID, s.pool})
	d := DetailPage{Title: a.Title, Outcome: s.words(a, st), Facts: s.facts(a), Sessions: s.sessions(a),
		Seats: s.seats, MaxSeats: s.most(), SeatsWhy: seatsWhy(a), Button: s.button(a)}
	if st.Kind == Granted || st.Kind == Waitlisted || st.Kind == Redeemed {
		if _, known := s.claim(st.Ticket); known {
			d.Ticket = st.Ticket
		}
	}
	if s.unstored != fault.NoFault {
		d.Outcome = notStored(s.unstored)
	}
	if st.Kind.over() {
		d.Stations = s.stations(a)
	}
	d.Left, d.LeftTone = s.left(a)
	return d
}

// Countdown is the line that changes every second: how long until pressing makes sense.
func (s State) Countdown() string {
	a, ok := s.find(s.activity)
	if s.Page != Detail || !ok || a.Newer || !a.Claim.Before(s.Now.UnixMilli()) {
		return ""
	}
	return "距开始还有 " + flow.Left(a.Claim.From, s.Now).String()
}

func (s State) left(a Activity) (string, flow.Tone) {
	if s.gauge != nil {
		if n, ok := s.gauge.Free[s.pool]; ok && n > 0 {
			return fmt.Sprintf("余 %d", n), flow.Good
		} else if ok {
			return "已满", flow.Wait
		}
	}
	if s.Data.Full[Place{a.ID, s.pool}] {
		return "已满", flow.Wait
	}
	return "", flow.Plain
}

func (s State) facts(a Activity) []Fact {
	var facts []Fact
	add := func(label, text string) {
		if text != "" {
			facts = append(facts, Fact{label, text})
		}
	}
	add("谁能参加", cmp.Or(a.Spec.AudienceWhy.ZH, everybody(a)))
	add("报名时间", flow.Span(a.Claim, s.Now).String())
	if label := s.session(a, s.pool); len(a.Pools) == 1 {
		add("活动时间", label)
	}
	if !a.Pickup.Zero() {
		add("领取时间", flow.Span(a.Pickup, s.Now).String()+hours(a))
	}
	if a.Spec.Pickup != nil && len(a.Spec.Pickup.Stations) == 1 {
		add("领取地点", s.address(a.Spec.Pickup.Stations[0]))
	}
	add("怎么发", method(a))
	add("限领", limits(a))
	return facts
}

func everybody(a Activity) string {
	if a.Spec.Audience == "" {
		return "全体会员"
	}
	return "有范围限制，以审核结果为准"
}

func method(a Activity) string {
	switch a.Spec.Method {
	case activity.ByDraw:
		return "报名后抽签，过程公开可以复核"
	case activity.ByStaff:
		return "报名后由工会审核"
	}
	if a.Spec.WhenFull == activity.Waitlist {
		return "先到先得，报满后可以候补"
	}
	return "先到先得，发完为止"
}

func limits(a Activity) string {
	text := ""
	for _, l := range a.Spec.Limits {
		if l.Per == "member" && l.Series == "" {
			text = fmt.Sprintf("每人 %d 张", l.Max)
			if l.MaxWithChild > l.Max {
				text += fmt.Sprintf("，带子女共 %d 张", l.MaxWithChild)
			}
		}
		if l.Series != "" {
			if text != "" {
				text += "；"
			}
			text += fmt.Sprintf("同系列每人 %d 次", l.Max)
		}
	}
	return text
}

func seatsWhy(a Activity) string {
	for _, l := range a.Spec.Limits {
		if l.Per == "member" && l.MaxWithChild > l.Max {
			return fmt.Sprintf("超过 %d 张须带子女", l.Max)
		}
	}
	return ""
}

func (s State) address(at id.Station) string {
	row := s.Data.Stations[at]
	text := s.stationName(at)
	if row.Address != "" {
		text += "，" + row.Address
	}
	return text
}

// sessions gives those that can be booked at all by their date, and the chosen one.
func (s State) sessions(a Activity) []Choice {
	if len(a.Pools) < 2 {
		return nil
	}
	var choices []Choice
	for i, p := range a.Pools {
		st := s.Standing(Place{a.ID, p.ID})
		if !a.InHorizon(i, s.Now.UnixMilli()) && p.ID != s.pool && st.Kind == Nothing {
			continue
		}
		note := ""
		if st.Kind != Nothing && st.Kind != Refused {
			note = s.words(a, st).Word
		} else if s.Data.Full[Place{a.ID, p.ID}] {
			note = "已满"
		}
		choices = append(choices, Choice{ID: string(p.ID), Text: cmp.Or(s.session(a, p.ID), string(p.ID)), Note: note, Chosen: p.ID == s.pool})
	}
	return choices
}

func (s State) stations(a Activity) []Choice {
	if a.Spec.Pickup == nil || len(a.Spec.Pickup.Stations) < 2 {
		return nil
	}
	choices := make([]Choice, len(a.Spec.Pickup.Stations))
	for i, at := range a.Spec.Pickup.Stations {
		choices[i] = Choice{ID: string(at), Text: s.stationName(at), Note: s.Data.Stations[at].Address, Chosen: at == s.station}
	}
	return choices
}

// button says what can be done with the chosen pool now.
func (s State) button(a Activity) Button {
	if a.Newer {
		return Button{}
	}
	now := s.Now.UnixMilli()
	st := s.Standing(Place{a.ID, s.pool})
	verb := map[string]string{activity.ByDraw: "报名抽签", activity.ByStaff: "报名"}[a.Spec.Method]
	switch {
	case !st.Kind.over():
		return Button{}
	case a.Claim.Before(now):
		return Button{Text: "还没有开始"}
	case a.Claim.After(now):
		return Button{Text: "报名已结束"}
	case !a.InHorizon(max(0, a.Pool(s.pool)), now):
		return Button{Text: "这一天现在不能约"}
	case st.Kind == Refused && final(st.Code):
		return Button{Text: "不能参加"}
	}
	if left, _ := s.left(a); left == "已满" && verb == "" {
		if a.Spec.WhenFull == activity.Waitlist {
			return Button{"排候补", true}
		}
		return Button{Text: "已满"}
	}
	if st.Kind == Refused {
		return Button{"再试一次", true}
	}
	return Button{cmp.Or(verb, "抢票"), true}
}

// final reports whether asking again cannot help.
func final(c fault.Code) bool {
	switch c {
	case fault.NotEligible, fault.UnknownMember, fault.UnknownActivity, fault.Barred, fault.WindowClosed, fault.DeviceRevoked, fault.NotAuthorised:
		return true
	}
	return false
}

func notStored(k fault.Kind) Words {
	w := Words{flow.Bad, "没有提交", "申请没有存下来，等于没有按。", "请再按一次。"}
	if k == fault.StorageFull {
		w.Next = "手机存储空间满了，请清理以后再按一次。"
	}
	return w
}

// Ticket gives the page of the open ticket.
func (s State) Ticket() TicketPage {
	c, _ := s.claim(s.ticket)
	a, _ := s.find(c.Activity)
	st := Standing{Kind: kindOf(fromRow, c.State), Seats: c.Seats, Line: c.Place, Ticket: c.Ticket, Station: c.Station}
	p := TicketPage{Title: titleOf(a, c.Activity), Outcome: s.words(a, st), Seats: c.Seats, Short: ticket.Short(c.Ticket)}
	if st.Kind == Granted {
		p.Code = c.Code
	}
	add := func(label, text string) {
		if text != "" {
			p.Facts = append(p.Facts, Fact{label, text})
		}
	}
	add("数量", fmt.Sprintf("%d 张", c.Seats))
	add("场次", s.session(a, c.Pool))
	if c.Station != "" {
		add("领取地点", s.address(c.Station))
	}
	if a.Activity != nil && !a.Pickup.Zero() {
		add("领取时间", flow.Span(a.Pickup, s.Now).String()+hours(a))
	}
	return p
}
