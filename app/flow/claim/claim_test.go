package claim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

var (
	zone = time.FixedZone("Asia/Shanghai", 8*60*60)
	now  = time.Date(2026, 11, 21, 14, 5, 0, 0, zone)
)

// offer parses an activity; changes are JSON fields on top of a plain one.
func offer(t *testing.T, fields string) Activity {
	t.Helper()
	spec := map[string]json.RawMessage{}
	plain := `{"id":"film","title":"观影","pools":[{"id":"film","total":100}],
		"limits":[{"per":"member","max":1,"max_with_child":2}],
		"windows":{"claim":["2026-11-20T09:00:00","2026-11-23T18:00:00"],"pickup":["2026-11-24T09:00:00","2026-11-25T16:00:00"]},
		"pickup":{"stations":["S1","S2"],"bind":true}}`
	for _, part := range []string{plain, "{" + fields + "}"} {
		if err := json.Unmarshal([]byte(part), &spec); err != nil {
			t.Fatal(err)
		}
	}
	body, _ := json.Marshal(spec)
	a, err := activity.Parse(body, zone)
	if err != nil {
		t.Fatal(err)
	}
	return Activity{Activity: a, ID: a.Spec.ID, Title: a.Spec.Title}
}

// phone is a phone with one activity, opened.
func phone(t *testing.T, a Activity, change func(*Data)) State {
	t.Helper()
	d := Data{Me: wire.MeRow{Member: "M1", Org: "C1"}, Activities: []Activity{a}, Full: map[Place]bool{},
		Stations: map[id.Station]wire.StationRow{"S1": {ID: "S1", Name: "一站", Address: "一号路"}, "S2": {ID: "S2", Name: "二站"}}}
	if change != nil {
		change(&d)
	}
	return run(State{}, Tick{now, true}, Loaded{d}, Open{a.ID})
}

func run(s State, messages ...Message) State {
	for _, m := range messages {
		s, _ = s.Update(m)
	}
	return s
}

func TestPressing(t *testing.T) {
	s := phone(t, offer(t, ""), nil)
	if b := s.Detail().Button; !reflect.DeepEqual(b, Button{say.T("抢票"), true}) {
		t.Fatalf("button is %+v", b)
	}
	s, ops := run(s, WithChild{true}, Seats{2}, Station{"S2"}).Update(Press{})
	want := op.Op{Kind: op.Claim, Activity: "film", Pool: "film", Member: "M1", Seats: 2, Station: "S2", EnteredBy: "M1", Channel: op.ByPhone}
	if len(ops) != 1 || !reflect.DeepEqual(ops[0], want) {
		t.Fatalf("pressing asks %+v, want %+v", ops, want)
	}
	if w := s.Detail().Outcome; w.Word.String() != "正在提交" || w.Tone != flow.Wait {
		t.Errorf("before it is stored the page says %+v", w)
	}
	if _, again := s.Update(Press{}); again != nil {
		t.Error("a second press asked again")
	}
	for full, next := range map[bool]string{false: "请再按一次。", true: "存储空间满了"} {
		failed := run(s, NotStored{full})
		if w := failed.Detail().Outcome; w.Tone != flow.Bad || w.Word.String() != "没有提交" || !strings.Contains(w.Next.String(), next) {
			t.Errorf("not stored (full: %v) says %+v", full, w)
		}
		if after, ops := failed.Update(Press{}); len(ops) != 1 || after.Detail().Outcome.Word.String() != "正在提交" {
			t.Error("after a failed press the next one does nothing")
		}
	}
}

func TestPendingSaysWhetherThereIsANetwork(t *testing.T) {
	s := phone(t, offer(t, ""), func(d *Data) {
		d.Asked = []Asked{{Place: Place{"film", "film"}, Seq: 1, Seats: 2, Station: "S1", At: now.UnixMilli()}}
	})
	for online, part := range map[bool]string{true: "正在等服务器", false: "没有网络"} {
		d := run(s, Tick{now, online}).Detail()
		if d.Outcome.Tone != flow.Wait || d.Outcome.Word.String() != "已提交 · 待确认" || !strings.Contains(d.Outcome.Sentence.String(), part) {
			t.Errorf("online %v: %+v", online, d.Outcome)
		}
		if !d.Button.Text.Empty() || d.Stations != nil {
			t.Error("a pending claim can be asked again")
		}
	}
	if c := run(s, Back{}).Cards()[0]; c.Badge.String() != "已提交 · 待确认" || c.Tone != flow.Wait {
		t.Errorf("the list says %+v", c)
	}
	mine := s.Mine()
	if len(mine) != 1 || mine[0].Ticket != 0 || mine[0].Note.String() != "2 张 · 14:05 提交" {
		t.Errorf("my tickets say %+v", mine)
	}
}

// answer is a claim in the outbox that the server has answered, before its row comes.
func answer(r op.Result) func(*Data) {
	return func(d *Data) {
		d.Asked = []Asked{{Place: Place{"film", "film"}, Seq: 1, Seats: 2, Station: "S1", At: now.UnixMilli(), Result: &r}}
	}
}

func row(state op.ClaimState) func(*Data) {
	return func(d *Data) {
		d.Claims = []wire.ClaimRow{{Ticket: 77, Activity: "film", Pool: "film", Seats: 2, State: state, Place: 5, Station: "S1", Code: "CODE"}}
	}
}

func TestOutcomes(t *testing.T) {
	draw := offer(t, `"method":"draw"`)
	for name, c := range map[string]struct {
		a      Activity
		change func(*Data)
		tone   flow.Tone
		word   string
		part   string // of sentence and next
		ticket id.Ticket
		button string
	}{
		"nothing asked":      {offer(t, ""), nil, flow.Plain, "", "", 0, "抢票"},
		"granted, no row":    {offer(t, ""), answer(op.Result{Outcome: op.Granted, Seats: 2, Ticket: 77}), flow.Good, "已核准", "2 张。领取地点：一站。", 0, ""},
		"granted":            {offer(t, ""), row(op.ClaimGranted), flow.Good, "已核准", "领取时间：11月24日（周二）09:00 至 11月25日（周三）16:00", 77, ""},
		"waitlisted, no row": {offer(t, ""), answer(op.Result{Outcome: op.Waitlisted, Seats: 2, Place: 17, Ticket: 77}), flow.Wait, "候补第 17 位", "递补", 0, ""},
		"waitlisted":         {offer(t, ""), row(op.ClaimWaitlisted), flow.Wait, "候补第 5 位", "递补", 77, ""},
		"entered a draw":     {draw, row(op.ClaimEntered), flow.Wait, "已报名 · 待抽签", "抽签以后", 0, ""},
		"before staff":       {offer(t, `"method":"staff"`), row(op.ClaimEntered), flow.Wait, "已报名 · 待审核", "审核", 0, ""},
		"redeemed":           {offer(t, ""), row(op.ClaimRedeemed), flow.Good, "已领取", "已经领取", 77, ""},
		"lapsed":             {offer(t, ""), row(op.ClaimLapsed), flow.Bad, "已过期", "失效", 0, "抢票"},
		"cancelled":          {offer(t, ""), row(op.ClaimCancelled), flow.Plain, "已退票", "退掉", 0, "抢票"},
		"not drawn":          {draw, row(op.ClaimNotDrawn), flow.Bad, "未中签", "没有抽中", 0, "报名抽签"},
		"returned":           {offer(t, ""), row(op.ClaimReturned), flow.Bad, "已收回", "收回", 0, "抢票"},
		"a newer state":      {offer(t, ""), row(99), flow.Plain, "新状态", "请更新程序", 0, ""},
		"a newer outcome":    {offer(t, ""), answer(op.Result{Outcome: 99, Ticket: 77}), flow.Plain, "新状态", "请更新程序", 0, ""},
	} {
		d := phone(t, c.a, c.change).Detail()
		if d.Outcome.Tone != c.tone || d.Outcome.Word.String() != c.word || !strings.Contains(d.Outcome.Sentence.String()+d.Outcome.Next.String(), c.part) {
			t.Errorf("%s: page says %+v", name, d.Outcome)
		}
		if d.Ticket != c.ticket || d.Button.Text.String() != c.button {
			t.Errorf("%s: ticket %d, button %q; want %d, %q", name, d.Ticket, d.Button.Text, c.ticket, c.button)
		}
	}
}

// TestEnded holds that the phone asks for nothing that nobody could collect any more.
func TestEnded(t *testing.T) {
	for name, fields := range map[string]string{
		"sign-up":  `"windows":{"claim":["2026-11-20T09:00:00","2026-11-21T14:05:00"]}`,
		"pickup":   `"windows":{"pickup":["2026-11-20T09:00:00","2026-11-21T14:05:00"]}`,
		"its hour": `"windows":{"pickup":["2026-11-20T09:00:00","2026-11-21T16:00:00"]},"pickup_hours":["09:00","12:00"]`,
		"session":  `"windows":{},"pickup":null,"pools":[],"sessions":[{"id":"am","starts":"2026-11-21T09:00:00","ends":"2026-11-21T12:00:00","total":9}]`,
	} {
		s := phone(t, offer(t, fields), nil)
		if b := s.Detail().Button; b.Enabled || b.Text.String() != "报名已结束" {
			t.Errorf("%s: button %+v", name, b)
		}
		if c := run(s, Back{}).Cards()[0]; c.Phase != Over || c.Badge.String() != "已结束" {
			t.Errorf("%s: card %+v", name, c)
		}
		if _, ops := s.Update(Press{}); ops != nil {
			t.Errorf("%s: pressing asks %+v", name, ops)
		}
	}
}

func refused(c fault.Code) func(*Data) {
	return func(d *Data) {
		d.Refusals = map[Place]Refusal{{"film", "film"}: {Activity: "film", Pool: "film", Code: c}}
	}
}

// Every refusal says why and what next, and only those that a second try can change offer one.
func TestRefusals(t *testing.T) {
	final := map[fault.Code]bool{fault.NotEligible: true, fault.UnknownMember: true, fault.UnknownActivity: true, fault.Barred: true,
		fault.WindowClosed: true, fault.DeviceRevoked: true, fault.NotAuthorised: true}
	for c := fault.SoldOut; c <= fault.Invalid; c++ {
		d := phone(t, offer(t, ""), refused(c)).Detail()
		if !reflect.DeepEqual(d.Outcome, Words{flow.Bad, say.T("未通过"), flow.Sentence(c), flow.Next(c)}) {
			t.Errorf("%v says %+v", c, d.Outcome)
		}
		if d.Button.Enabled == final[c] {
			t.Errorf("%v: button %+v", c, d.Button)
		}
	}
	d := phone(t, offer(t, `"audience":"m.sex == \"F\"","audience_why":"仅限女会员"`), refused(fault.NotEligible)).Detail()
	if d.Outcome.Sentence.String() != "仅限女会员" || d.Facts[0].Text.String() != "仅限女会员" {
		t.Errorf("not eligible reads %+v, facts %+v", d.Outcome, d.Facts)
	}
	later := offer(t, `"windows":{"claim":["2026-11-22T09:00:00","2026-11-23T18:00:00"]}`)
	if d := phone(t, later, refused(fault.WindowNotOpen)).Detail(); d.Outcome.Next.String() != "明天 09:00 开始，请到时再来。" {
		t.Errorf("too early reads %+v", d.Outcome)
	}
}

// A refusal must not hide what came after it.
func TestARefusalIsTheLastWordOnlyWhereNothingStands(t *testing.T) {
	both := func(change func(*Data)) func(*Data) {
		return func(d *Data) { refused(fault.SoldOut)(d); change(d) }
	}
	for word, change := range map[string]func(*Data){"已核准": row(op.ClaimGranted), "未通过": row(op.ClaimCancelled),
		"已提交 · 待确认": func(d *Data) { d.Asked = []Asked{{Place: Place{"film", "film"}, Seats: 1}} }} {
		if got := phone(t, offer(t, ""), both(change)).Detail().Outcome.Word.String(); got != word {
			t.Errorf("page says %q, want %q", got, word)
		}
	}
	// Answered and refused, but still in the outbox: the kept refusal speaks, and a new press is possible.
	s := phone(t, offer(t, ""), both(answer(op.Result{Outcome: op.Refused, Code: fault.SoldOut})))
	if d := s.Detail(); d.Outcome.Word.String() != "未通过" || !reflect.DeepEqual(d.Button, Button{say.T("再试一次"), true}) {
		t.Errorf("page says %+v %+v", d.Outcome, d.Button)
	}
}

func TestButtons(t *testing.T) {
	full := func(d *Data) { d.Full[Place{"film", "film"}] = true }
	for name, c := range map[string]struct {
		fields string
		change func(*Data)
		want   Button
		badge  string
	}{
		"open":              {"", nil, Button{say.T("抢票"), true}, "可报名"},
		"draw":              {`"method":"draw"`, full, Button{say.T("报名抽签"), true}, "已满"},
		"staff":             {`"method":"staff"`, nil, Button{say.T("报名"), true}, "可报名"},
		"full":              {"", full, Button{say.T("已满"), false}, "已满"},
		"full, waitlist":    {`"when_full":"waitlist"`, full, Button{say.T("排候补"), true}, "可候补"},
		"not yet":           {`"windows":{"claim":["2026-11-22T09:00:00","2026-11-23T18:00:00"]}`, nil, Button{say.T("还没有开始"), false}, "未开始"},
		"opens this moment": {`"windows":{"claim":["2026-11-21T14:05:00","2026-11-23T18:00:00"]}`, nil, Button{say.T("抢票"), true}, "可报名"},
		"closed":            {`"windows":{"claim":["2026-11-20T09:00:00","2026-11-21T14:05:00"]}`, nil, Button{say.T("报名已结束"), false}, "已结束"},
		"no window":         {`"windows":{}`, nil, Button{say.T("抢票"), true}, "可报名"},
	} {
		s := phone(t, offer(t, c.fields), c.change)
		if b := s.Detail().Button; !reflect.DeepEqual(b, c.want) {
			t.Errorf("%s: button %+v, want %+v", name, b, c.want)
		}
		if got := s.Cards()[0].Badge.String(); got != c.badge {
			t.Errorf("%s: badge %q, want %q", name, got, c.badge)
		}
		if _, ops := s.Update(Press{}); (len(ops) == 1) != c.want.Enabled {
			t.Errorf("%s: a press asks %d times", name, len(ops))
		}
	}
}

func TestCountdownRunsOnServerTime(t *testing.T) {
	s := phone(t, offer(t, `"windows":{"claim":["2026-11-21T15:00:00","2026-11-23T18:00:00"]}`), nil)
	for left, at := range map[string]time.Time{"距开始还有 00:55:00": now, "距开始还有 00:00:01": now.Add(55*time.Minute - time.Second), "": now.Add(55 * time.Minute)} {
		if got := run(s, Tick{at, true}).Countdown().String(); got != left {
			t.Errorf("at %v: %q, want %q", at, got, left)
		}
	}
	if got := run(s, Back{}).Countdown(); !got.Empty() {
		t.Errorf("the list counts down: %q", got)
	}
}

func TestGauges(t *testing.T) {
	s := phone(t, offer(t, ""), func(d *Data) { d.Full[Place{"film", "film"}] = true })
	for want, g := range map[string]*wire.Gauge{"余 12": {Activity: "film", Free: map[id.Pool]int{"film": 12}},
		"已满": {Activity: "film", Free: map[id.Pool]int{"film": 0}}} {
		if d := run(s, Gauge{g}).Detail(); d.Left.String() != want || d.Button.Enabled != (want == "余 12") {
			t.Errorf("gauge %v shows %q, button %+v", g.Free, d.Left, d.Button)
		}
	}
	other := run(s, Gauge{&wire.Gauge{Activity: "other", Free: map[id.Pool]int{"film": 3}}})
	if d := other.Detail(); d.Left.String() != "已满" {
		t.Errorf("counts of another activity show %q", d.Left)
	}
	if s.Watching() != "film" || run(s, Back{}).Watching() != "" {
		t.Error("counts are watched on the wrong page")
	}
}

func TestSessions(t *testing.T) {
	a := offer(t, `"pools":null,"pickup":null,"windows":{},"horizon":{"from_days":2,"to_days":7},"sessions":[
		{"id":"near","starts":"2026-11-22T08:00:00","ends":"2026-11-22T12:00:00","total":5},
		{"id":"full","starts":"2026-11-23T08:00:00","ends":"2026-11-23T12:00:00","total":5},
		{"id":"good","starts":"2026-11-24T08:00:00","ends":"2026-11-24T12:00:00","total":5}]`)
	s := phone(t, a, func(d *Data) { d.Full[Place{"film", "full"}] = true })
	want := "[{full 11月23日（周一）08:00 已满 false} {good 11月24日（周二）08:00  true}]"
	if got := fmt.Sprint(s.Detail().Sessions); got != want {
		t.Errorf("sessions %s, want %s", got, want)
	}
	if b := run(s, Pool{"near"}).Detail().Button; !reflect.DeepEqual(b, Button{say.T("这一天现在不能约"), false}) {
		t.Errorf("outside the horizon: %+v", b)
	}
	if _, ops := s.Update(Press{}); len(ops) != 1 || ops[0].Pool != "good" || ops[0].Station != "" {
		t.Errorf("pressing asks %+v", ops)
	}
	held := phone(t, a, func(d *Data) {
		d.Claims = []wire.ClaimRow{{Ticket: 5, Activity: "film", Pool: "near", Seats: 1, State: op.ClaimGranted}}
	})
	if d := held.Detail(); d.Sessions[0].Note.String() != "已核准" || !d.Sessions[0].Chosen || d.Ticket != 5 {
		t.Errorf("a held session shows %+v", d.Sessions)
	}
}

func TestChoicesStayWithinTheRules(t *testing.T) {
	s := phone(t, offer(t, ""), nil)
	if got := run(s, Seats{2}).Detail().Seats; got != 1 {
		t.Errorf("without a child %d seats can be chosen", got)
	}
	s = run(s, WithChild{true})
	if got := run(s, Seats{2}, WithChild{false}).Detail().Seats; got != 1 {
		t.Errorf("the child stays at home, and %d seats stay", got)
	}
	for asked, want := range map[int]int{-3: 1, 0: 1, 1: 1, 2: 2, 3: 2, 99: 2} {
		if got := run(s, Seats{asked}).Detail().Seats; got != want {
			t.Errorf("%d seats became %d, want %d", asked, got, want)
		}
	}
	if d := s.Detail(); len(d.Family) != 2 || !d.Family[1].Chosen || d.MaxSeats != 2 || !d.Stations[0].Chosen || d.Stations[0].Note.String() != "一号路" {
		t.Errorf("choices %+v", d)
	}
	// A revision takes the chosen station away: the first one left is chosen.
	moved := s.Data
	moved.Activities = []Activity{offer(t, `"pickup":{"stations":["S1"]},"limits":[{"per":"member","max":1}]`)}
	_, ops := run(s, Station{"S2"}, Seats{2}, Loaded{moved}).Update(Press{})
	if len(ops) != 1 || ops[0].Station != "S1" || ops[0].Seats != 1 {
		t.Errorf("after a revision pressing asks %+v", ops)
	}
}

func TestPagesWhoseSubjectIsGone(t *testing.T) {
	s := phone(t, offer(t, ""), row(op.ClaimGranted))
	if got := run(s, ShowTicket{77}, Loaded{Data{}}); got.Page != Mine {
		t.Errorf("a ticket that is gone leaves page %d", got.Page)
	}
	if got := run(s, Loaded{Data{}}); got.Page != List {
		t.Errorf("an activity that is gone leaves page %d", got.Page)
	}
	if got := run(s, ShowTicket{77}, Back{}); got.Page != Detail {
		t.Errorf("back from a ticket leads to page %d", got.Page)
	}
	if got := run(s, Go{Mine}, ShowTicket{77}, Back{}); got.Page != Mine {
		t.Errorf("back from a ticket leads to page %d", got.Page)
	}
	if _, ops := run(State{}, Open{"none"}).Update(Press{}); ops != nil {
		t.Error("pressing on nothing asked for something")
	}
}

func TestTicketPages(t *testing.T) {
	for state, code := range map[op.ClaimState]string{op.ClaimGranted: "CODE", op.ClaimRedeemed: "", op.ClaimWaitlisted: "", op.ClaimCancelled: "", 99: ""} {
		p := run(phone(t, offer(t, ""), row(state)), ShowTicket{77}).Ticket()
		if p.Code != code || p.Short == "" || p.Title != "观影" || p.Facts[0].Text.String() != "2 张" || p.Facts[1].Text.String() != "一站，一号路" {
			t.Errorf("state %d: %+v", state, p)
		}
	}
	// The activity is withdrawn, the ticket still opens.
	s := run(phone(t, offer(t, ""), row(op.ClaimGranted)), ShowTicket{77})
	s.Data.Activities = nil
	if p := s.Ticket(); p.Code != "CODE" || p.Title != "film" {
		t.Errorf("without its activity a ticket shows %+v", p)
	}
}

func TestNewerActivitiesAreShownAndNotTouched(t *testing.T) {
	s := phone(t, Activity{ID: "film", Title: "新活动", Newer: true}, nil)
	if d := s.Detail(); d.Outcome.Word.String() != "需要新版程序" || d.Button.Enabled {
		t.Errorf("page shows %+v", d)
	}
	if c := s.Cards()[0]; c.Badge.String() != "需更新" || c.Title != "新活动" {
		t.Errorf("list shows %+v", c)
	}
	if _, ops := s.Update(Press{}); ops != nil {
		t.Error("an activity that cannot be read was claimed")
	}
}

func TestListOrder(t *testing.T) {
	with := func(name, from, to string) Activity {
		return offer(t, `"id":"`+name+`","title":"`+name+`","pools":[{"id":"p","total":1}],"windows":{"claim":["`+from+`","`+to+`"]}`)
	}
	s := phone(t, with("open-late", "2026-11-20T09:00:00", "2026-11-25T09:00:00"), func(d *Data) {
		d.Activities = append(d.Activities, with("over-long-ago", "2026-10-01T09:00:00", "2026-10-02T09:00:00"),
			with("opens-later", "2026-11-29T09:00:00", "2026-11-30T09:00:00"), with("opens-soon", "2026-11-22T09:00:00", "2026-11-30T09:00:00"),
			with("over-lately", "2026-11-01T09:00:00", "2026-11-20T09:00:00"), with("open-soon-over", "2026-11-20T09:00:00", "2026-11-22T09:00:00"))
	})
	var got []string
	for _, c := range s.Cards() {
		got = append(got, c.Title)
	}
	if want := "open-soon-over open-late opens-soon opens-later over-lately over-long-ago"; strings.Join(got, " ") != want {
		t.Errorf("list is in order %v, want %s", got, want)
	}
}

func TestFind(t *testing.T) {
	s := phone(t, offer(t, ""), row(op.ClaimGranted))
	for page, want := range map[string]Message{"": nil, "mine": Go{Mine}, "ticket": ShowTicket{77}, "film": Open{"film"}, "nothing": nil} {
		if got := s.Find(page); got != want {
			t.Errorf("%q opens %v, want %v", page, got, want)
		}
	}
	if got := phone(t, offer(t, ""), row(op.ClaimWaitlisted)).Find("ticket"); got != nil {
		t.Errorf("a ticket was found where none can be used: %v", got)
	}
}
