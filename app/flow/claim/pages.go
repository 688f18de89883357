package claim

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
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
	Note     say.Text // when, where
	Badge    say.Text
	Tone     flow.Tone
	Phase    Phase // of the activity, on lists of activities
}

// Phase is where an activity stands in time.
type Phase uint8

// Phases, in the order in which lists show them.
const (
	Underway Phase = iota // it can be asked for now
	Upcoming
	Over
	Unreadable
)

// Fact is one labelled line of a page.
type Fact struct{ Label, Text say.Text }

// Choice is one of several to choose from.
type Choice struct {
	ID     string
	Text   say.Text
	Note   say.Text
	Chosen bool
}

// Button is the one thing to do on a page.
type Button struct {
	Text    say.Text
	Enabled bool
}

// DetailPage is an activity.
type DetailPage struct {
	Title    string
	Left     say.Text // remaining, where known
	LeftTone flow.Tone
	Outcome  Words // empty while nothing was asked
	Ticket   id.Ticket
	Facts    []Fact
	Sessions []Choice
	Stations []Choice
	Seats    int
	MaxSeats int
	Family   []Choice // whether a child comes along, with ID "yes" or ""; none where it makes no difference
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
	Changes []Change
	Answer  Words // to the last change
}

// Cards gives the list of activities: what can be had now first, then what
// opens next, then what is over.
func (s State) Cards() []Card {
	type dated struct {
		Card
		at int64
	}
	var all []dated
	for _, a := range s.Data.Activities {
		card, at := s.card(a)
		all = append(all, dated{card, at})
	}
	slices.SortStableFunc(all, func(x, y dated) int {
		return cmp.Or(cmp.Compare(x.Phase, y.Phase), cmp.Compare(x.at, y.at), cmp.Compare(x.Title, y.Title))
	})
	cards := make([]Card, len(all))
	for i, r := range all {
		cards[i] = r.Card
	}
	return cards
}

// few activities are shown without a choice; more than many only on request.
const (
	few  = 8
	many = 40
)

// Phases are the choices above a long list; none where everything is shown. The
// ID of a choice is that of a Filter message.
func (s State) Phases() []Choice {
	if len(s.Data.Activities) <= few {
		return nil
	}
	counts := map[Phase]int{}
	for _, c := range s.Cards() {
		counts[c.Phase]++
	}
	var choices []Choice
	for phase, text := range map[Phase]say.Text{Underway: say.T("可报名"), Upcoming: say.T("未开始"), Over: say.T("已结束")} {
		choices = append(choices, Choice{ID: strconv.Itoa(int(phase)), Text: say.T("%s（%d）", text, counts[phase]), Chosen: phase == s.phase})
	}
	slices.SortFunc(choices, func(x, y Choice) int { return cmp.Compare(x.ID, y.ID) })
	return choices
}

// List gives the cards that the list shows, and how many it leaves out.
func (s State) List() (cards []Card, more int) {
	cards = s.Cards()
	if len(cards) > few {
		cards = slices.DeleteFunc(cards, func(c Card) bool { return c.Phase != s.phase && (c.Phase != Unreadable || s.phase != Over) })
	}
	if len(cards) > many && !s.whole {
		return cards[:many], len(cards) - many
	}
	return cards, 0
}

func (s State) card(a Activity) (c Card, at int64) {
	c = Card{Activity: a.ID, Title: a.Title}
	if a.Newer {
		c.Badge, c.Note = say.T("需更新"), say.T("这项活动需要新版程序才能显示。")
		c.Phase = Unreadable
		return c, 0
	}
	now := s.Now.UnixMilli()
	switch {
	case a.Claim.Before(now):
		c.Badge, c.Note, c.Phase, at = say.T("未开始"), say.T("%s 开始", flow.Moment(a.Claim.From, s.Now)), Upcoming, a.Claim.From
	case a.Claim.After(now):
		c.Badge, c.Note, c.Phase, at = say.T("已结束"), say.T("%s 已截止", flow.Moment(a.Claim.To, s.Now)), Over, -a.Claim.To
	case a.Over(now): // what was granted now nobody could collect
		c.Badge, c.Note, c.Phase, at = say.T("已结束"), say.T("报名已结束"), Over, -a.Pickup.To
	default:
		c.Badge, c.Tone, at = say.T("可报名"), flow.Good, math.MaxInt64
		if a.Claim.To != 0 {
			c.Note, at = say.T("%s 截止", flow.Moment(a.Claim.To, s.Now)), a.Claim.To
		} else if len(a.Pools) > 1 {
			c.Note = say.T("%d 个场次", len(a.Pools))
		}
		if s.full(a) {
			c.Badge, c.Tone = say.T("已满"), flow.Plain
			if a.Spec.WhenFull == activity.Waitlist {
				c.Badge, c.Tone = say.T("可候补"), flow.Wait
			}
		}
	}
	for _, p := range a.Pools {
		if st := s.Standing(Place{a.ID, p.ID}); st.Kind != Nothing && st.Kind != Refused {
			w := s.words(a, st)
			c.Badge, c.Tone = w.Word, w.Tone
		}
	}
	return c, at
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
				Note: say.T("%d 张 · %s 提交", q.Seats, flow.Clock(time.UnixMilli(q.At), s.Now))})
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
		note := say.Join(" · ", say.T("%d 张", c.Seats), s.session(a, c.Pool), s.stationName(c.Station))
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
func (s State) session(a Activity, p id.Pool) say.Text {
	if a.Activity == nil {
		return say.Text{}
	}
	i := a.Pool(p)
	if i < 0 || a.Pools[i].Starts == 0 {
		return say.Text{}
	}
	return flow.Moment(a.Pools[i].Starts, s.Now)
}

// Detail gives the page of the open activity.
func (s State) Detail() DetailPage {
	a, ok := s.find(s.activity)
	if !ok || a.Newer {
		return DetailPage{Title: titleOf(a, s.activity), Outcome: Words{flow.Plain, say.T("需要新版程序"), say.T("这项活动要新版程序才能显示。"), say.T("请更新程序，或到站点办理。")}}
	}
	st := s.Standing(Place{a.ID, s.pool})
	d := DetailPage{Title: a.Title, Outcome: s.words(a, st), Facts: s.facts(a), Sessions: s.sessions(a),
		Seats: s.seats, MaxSeats: s.most(), Family: s.family(a), Button: s.button(a)}
	if st.Kind == Granted || st.Kind == Waitlisted || st.Kind == Redeemed {
		if _, known := s.claim(st.Ticket); known {
			d.Ticket = st.Ticket
		}
	}
	if s.unstored != fault.NoFault {
		d.Outcome = notStored(s.unstored)
	}
	if st.Kind.over() {
		d.Stations = s.pickups(a)
	}
	d.Left, d.LeftTone = s.left()
	return d
}

// MemberCode is what the code page shows.
func (s State) MemberCode() Shown { return s.shown }

// Countdown is the line that changes every second: how long until pressing makes sense.
func (s State) Countdown() say.Text {
	if s.Page == Code && !s.shown.Next.IsZero() {
		return say.T("%d 秒后换", max(0, int(s.shown.Next.Sub(s.Now)/time.Second)))
	}
	a, ok := s.find(s.activity)
	if s.Page != Detail || !ok || a.Newer || !a.Claim.Before(s.Now.UnixMilli()) {
		return say.Text{}
	}
	return say.T("距开始还有 %s", flow.Left(a.Claim.From, s.Now))
}

// sold reports whether the chosen pool is known to be full.
func (s State) sold() bool {
	if s.gauge != nil {
		if n, ok := s.gauge.Free[s.pool]; ok {
			return n <= 0
		}
	}
	return s.Data.Full[Place{s.activity, s.pool}]
}

func (s State) left() (say.Text, flow.Tone) {
	if s.sold() {
		return say.T("已满"), flow.Wait
	}
	if s.gauge != nil {
		if n, ok := s.gauge.Free[s.pool]; ok {
			return say.T("余 %d", n), flow.Good
		}
	}
	return say.Text{}, flow.Plain
}

func (s State) facts(a Activity) []Fact {
	var facts []Fact
	add := func(label, text say.Text) {
		if !text.Empty() {
			facts = append(facts, Fact{label, text})
		}
	}
	add(say.T("谁能参加"), everybody(a))
	add(say.T("报名时间"), flow.Span(a.Claim, s.Now))
	if label := s.session(a, s.pool); len(a.Pools) == 1 {
		add(say.T("活动时间"), label)
	}
	if !a.Pickup.Zero() {
		add(say.T("领取时间"), s.pickupTime(a))
	}
	if a.Spec.Pickup != nil && len(a.Spec.Pickup.Stations) == 1 {
		add(say.T("领取地点"), s.address(a.Spec.Pickup.Stations[0]))
	}
	add(say.T("怎么发"), method(a))
	add(say.T("限领"), limits(a))
	return facts
}

func everybody(a Activity) say.Text {
	switch {
	case !why(a).Empty():
		return why(a)
	case a.Spec.Audience == "":
		return say.T("全体会员")
	}
	return say.T("有范围限制，以审核结果为准")
}

func method(a Activity) say.Text {
	switch {
	case a.Spec.Method == activity.ByDraw:
		return say.T("报名后抽签，过程公开可以复核")
	case a.Spec.Method == activity.ByStaff:
		return say.T("报名后由工会审核")
	case a.Spec.WhenFull == activity.Waitlist:
		return say.T("先到先得，报满后可以候补")
	}
	return say.T("先到先得，发完为止")
}

func limits(a Activity) say.Text {
	var texts []say.Text
	for _, l := range a.Spec.Limits {
		switch {
		case l.Series != "":
			texts = append(texts, say.T("同系列每人 %d 次", l.Max))
		case l.Per == "member" && l.MaxWithChild > l.Max:
			texts = append(texts, say.T("每人 %d 张，带子女共 %d 张", l.Max, l.MaxWithChild))
		case l.Per == "member":
			texts = append(texts, say.T("每人 %d 张", l.Max))
		}
	}
	return say.Join("；", texts...)
}

// family asks about a child only where more seats depend on it: no name, no age.
func (s State) family(a Activity) []Choice {
	for _, l := range a.Spec.Limits {
		if l.Per == "member" && l.MaxWithChild > l.Max {
			return []Choice{{Text: say.T("不带孩子"), Note: say.T("最多 %d 张", l.Max), Chosen: !s.child},
				{ID: "yes", Text: say.T("带孩子一起来"), Note: say.T("最多 %d 张；身高要求见活动说明，不用填姓名", l.MaxWithChild), Chosen: s.child}}
		}
	}
	return nil
}

func (s State) address(at id.Station) say.Text {
	return say.Join("，", s.stationName(at), say.Plain(s.Data.Stations[at].Address))
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
		note := say.Text{}
		if st.Kind != Nothing && st.Kind != Refused {
			note = s.words(a, st).Word
		} else if s.Data.Full[Place{a.ID, p.ID}] {
			note = say.T("已满")
		}
		text := s.session(a, p.ID)
		if text.Empty() {
			text = say.Plain(string(p.ID))
		}
		choices = append(choices, Choice{ID: string(p.ID), Text: text, Note: note, Chosen: p.ID == s.pool})
	}
	return choices
}

func (s State) pickups(a Activity) []Choice {
	if a.Spec.Pickup == nil || len(a.Spec.Pickup.Stations) < 2 {
		return nil
	}
	choices := make([]Choice, len(a.Spec.Pickup.Stations))
	for i, at := range a.Spec.Pickup.Stations {
		choices[i] = Choice{ID: string(at), Text: s.stationName(at), Note: say.Plain(s.Data.Stations[at].Address), Chosen: at == s.station}
	}
	return choices
}

func notStored(k fault.Kind) Words {
	w := Words{flow.Bad, say.T("没有提交"), say.T("申请没有存下来，等于没有按。"), say.T("请再按一次。")}
	if k == fault.StorageFull {
		w.Next = say.T("手机存储空间满了，请清理以后再按一次。")
	}
	return w
}

// Ticket gives the page of the open ticket.
func (s State) Ticket() TicketPage {
	c, _ := s.claim(s.ticket)
	a, _ := s.find(c.Activity)
	st := Standing{Kind: kindOf(fromRow, c.State), Seats: c.Seats, Line: c.Place, Ticket: c.Ticket, Station: c.Station}
	p := TicketPage{Title: titleOf(a, c.Activity), Outcome: s.words(a, st), Seats: c.Seats, Short: ticket.Short(c.Ticket),
		Changes: s.Changes(), Answer: s.answer}
	switch {
	case s.changing(c):
		p.Answer = Words{flow.Wait, say.T("已提交 · 待确认"), say.T("正在等服务器确认，在那之前这张票还是您的。"), say.Text{}}
	case s.unstored != fault.NoFault:
		p.Answer = notStored(s.unstored)
	}
	switch {
	case st.Kind == Granted && c.Blocked:
		p.Outcome = Words{flow.Bad, say.T("暂停使用"), flow.Sentence(fault.Blocked), flow.Next(fault.Blocked)}
	case st.Kind == Granted:
		p.Code = c.Code
	}
	add := func(label, text say.Text) {
		if !text.Empty() {
			p.Facts = append(p.Facts, Fact{label, text})
		}
	}
	add(say.T("数量"), say.T("%d 张", c.Seats))
	add(say.T("场次"), s.session(a, c.Pool))
	if c.Station != "" {
		add(say.T("领取地点"), s.address(c.Station))
	}
	if a.Activity != nil && !a.Pickup.Zero() {
		add(say.T("领取时间"), s.pickupTime(a))
	}
	return p
}
