package kiosk

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yizhan/app/flow"
	"yizhan/app/flow/checkin"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/identify"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/slip"
	"yizhan/app/paper"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

var (
	zone = time.FixedZone("Asia/Shanghai", 8*60*60)
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, zone)
	here = wire.StationRow{ID: "S1", Name: "仙桥站", Phone: "100-0000-0018", Lat: 31.25, Lon: 120.61, Datum: "WGS84"}
)

// secret stands in everything that belongs to a person.
const secret = "秘密"

var (
	me    = wire.Masked{Member: secret + "-1", Name: secret + "**", Phone: "****" + secret, Org: secret + "工会"}
	known = identify.Person{Masked: me, Strong: true, Proof: []byte(secret)}
	weak  = identify.Person{Masked: me}
)

func begun(t failer) State {
	rules, err := activity.Compile(activity.Spec{ID: "film", Title: "观影", Pools: []activity.Pool{{ID: "film", Total: 9}},
		Limits: []activity.Limit{{Per: "member", Max: 1, MaxWithChild: 2}}, Windows: activity.Windows{Pickup: []string{"2026-11-22T09:00:00", "2026-11-23T16:00:00"}}, Pickup: &activity.Pickup{Stations: []id.Station{"S1", "S2"}, Bind: true}}, zone)
	if err != nil {
		t.Fatalf("%v", err)
	}
	data := claim.Data{Activities: []claim.Activity{{Activity: rules, ID: "film", Title: "观影"}}, Full: map[claim.Place]bool{},
		Stations: map[id.Station]wire.StationRow{"S1": here, "S2": {ID: "S2", Name: "科园站", Lat: 31.26, Lon: 120.61, Datum: "WGS84"}, "S3": {ID: "S3", Name: "无图站"}}}
	s, _ := step(State{}, Loaded{Data: data, Here: here, Device: "K1", Prints: true}, Tick{Now: noon, Online: true})
	return s
}

type failer interface{ Fatalf(string, ...any) }

// step applies messages and gives the last thing to do.
func step(s State, messages ...Message) (State, Do) {
	var do Do
	for _, m := range messages {
		s, do = s.Update(m)
	}
	return s, do
}

// with is a machine at which somebody is known already.
func with(s State, p identify.Person) State {
	s.Person = p
	s.Browse.Data.Me.Member = p.Member
	return s
}

// sure is on the page that asks once more.
func sure(t *testing.T) State {
	s, do := step(with(begun(t), known), Open{"film"}, Want{})
	if s.Page != Sure || do.Ask == nil || do.Ask.Kind != wire.AskTickets || string(do.Ask.Proof) != secret {
		t.Fatalf("page %d, to do %+v", s.Page, do)
	}
	return s
}

func TestAClaimFromTheFirstTapToTheSlip(t *testing.T) {
	s, _ := step(begun(t), Open{"film"})
	taps := 1
	s, do := s.Update(Want{})
	if taps++; s.Page != Who || do.Ask != nil || s.Who.Page != identify.Scan {
		t.Fatalf("page %d: %+v", s.Page, do)
	}
	s, do = s.who(identify.Do{Done: true}) // as after a code that was read
	s = with(s, known)
	if s.Page != Sure {
		t.Fatalf("page %d", s.Page)
	}
	s, do = s.Update(Press{})
	taps++
	if o := do.Claim; o == nil || o.Member != me.Member || o.Channel != op.ByKiosk || o.EnteredBy != "K1" || string(o.Proof) != secret || o.Activity != "film" || o.Station != "S1" || o.Seats != 1 {
		t.Fatalf("pressed: %+v", do.Claim)
	}
	if w := s.Outcome(); s.Page != Outcome || w.Word.String() != "正在提交" {
		t.Errorf("before it is stored: %s", w.Word)
	}
	if _, again := s.Update(Press{}); again.Claim != nil {
		t.Error("a second tap claimed twice")
	}
	s, _ = s.Update(Stored{s.Visit, 7})
	if w := s.Outcome(); w.Word.String() != "正在办理" {
		t.Errorf("before it is answered: %s", w.Word)
	}
	s, do = s.Update(Decided{Visit: s.Visit, Result: op.Result{Outcome: op.Granted, Seats: 1, Ticket: 1024}})
	if w := s.Outcome(); w.Tone != flow.Good || w.Word.String() != "已核准" || !strings.Contains(w.Sentence.String(), "仙桥站") || do.Ask == nil || !s.Busy {
		t.Errorf("granted: %+v, %+v", w, do)
	}
	s, _ = s.Update(Told{Visit: s.Visit, Kind: wire.AskTickets, OK: true, Answer: wire.Told{Claims: []wire.ClaimRow{{Ticket: 1024, Activity: "film", Pool: "film", Seats: 1, State: op.ClaimGranted, Station: "S1", Code: "2KCE"}}}})
	s, do = s.Update(Print{})
	taps++
	if out, ok := do.Slip.(slip.Print); !ok || out.Slip.Kind != paper.Ticket || out.Slip.Code != "2KCE" {
		t.Errorf("printed %+v", do.Slip)
	}
	if taps > 5 {
		t.Errorf("a claim takes %d taps", taps)
	}
}

// Whoever has the ticket already is not asked whether to claim it.
func TestSureAsksOnlyWhatCanBe(t *testing.T) {
	s := sure(t)
	if got := s.Sure().String(); got != "确认报名吗？" {
		t.Errorf("before: %s", got)
	}
	held := s.claims([]wire.ClaimRow{{Ticket: 1024, Activity: "film", Pool: "film", Seats: 1, State: op.ClaimGranted, Station: "S1"}})
	if got := held.Sure().String(); got != "您已经报过名" {
		t.Errorf("with a ticket: %s", got)
	}
	held.Now = held.Now.AddDate(1, 0, 0)
	held.Browse.Data.Claims = nil
	held, _ = held.Update(Tick{Now: held.Now})
	if got := held.Sure().String(); got != "现在不能报名" {
		t.Errorf("too late: %s", got)
	}
}

// What became of it, in three honest outcomes, each with its slip.
func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		online  bool
		decided Decided
		tone    flow.Tone
		word    string
		slip    paper.Kind
	}{
		"granted":        {true, Decided{Result: op.Result{Outcome: op.Granted, Seats: 1, Ticket: 9}, Code: "2KCE"}, flow.Good, "已核准", paper.Ticket},
		"lease, hard":    {false, Decided{Result: op.Result{Outcome: op.Granted, Seats: 1, Ticket: 9}, Code: "2KCE"}, flow.Good, "已核准", paper.Ticket},
		"lease, reports": {false, Decided{Result: op.Result{Outcome: op.Granted, Seats: 1, Ticket: 9}, Code: "2KCE", Unconfirmed: true}, flow.Wait, "暂准待核", paper.Provisional},
		"waitlisted":     {true, Decided{Result: op.Result{Outcome: op.Waitlisted, Place: 3, Ticket: 9}}, flow.Wait, "候补第 3 位", paper.Provisional},
		"refused":        {true, Decided{Result: op.Result{Outcome: op.Refused, Code: fault.MemberCap}}, flow.Bad, "未通过", paper.Refusal},
		"no network":     {false, Decided{Result: op.Result{Outcome: op.Pending}}, flow.Wait, "暂准待核", paper.Provisional},
		"no answer":      {true, Decided{Result: op.Result{Outcome: op.Pending}}, flow.Wait, "暂准待核", paper.Provisional},
	} {
		s, _ := step(sure(t), Tick{noon, c.online}, Press{})
		c.decided.Visit = s.Visit
		s, _ = step(s, Stored{s.Visit, 7}, c.decided)
		s.Busy = false
		w := s.Outcome()
		if w.Tone != c.tone || w.Word.String() != c.word || w.Sentence.Empty() || w.Next.Empty() {
			t.Errorf("%s: %v %s %s %s", name, w.Tone, w.Word, w.Sentence, w.Next)
		}
		if s.Prints = false; name == "granted" && !strings.Contains(s.Outcome().Next.String(), ticket.Short(9)) {
			t.Errorf("no printer, and nothing to take away: %s", s.Outcome().Next)
		}
		if out, ok := s.Slip(); !ok || out.Kind != c.slip {
			t.Errorf("%s: slip %v %v, want %v", name, out.Kind, ok, c.slip)
		}
		if c.decided.Result.Outcome == op.Pending && !strings.Contains(w.Next.String(), "K1-7") {
			t.Errorf("%s: no number to ask by: %s", name, w.Next)
		}
	}
	for _, full := range []bool{true, false} {
		s, _ := step(sure(t), Press{})
		s, _ = s.Update(NotStored{s.Visit, full})
		if w := s.Outcome(); w.Tone != flow.Bad || w.Word.String() != "没有提交" || w.Next.Empty() || s.Busy {
			t.Errorf("full %v: %+v", full, w)
		} else if !full && !strings.Contains(w.Next.String(), "看看其他活动") {
			t.Errorf("it names a button that is not on the page: %s", w.Next)
		}
		if _, ok := s.Slip(); ok {
			t.Error("a slip of what was not stored")
		}
	}
}

// Whoever is known by name alone checks in and does nothing else until staff vouch.
func TestWeakIdentification(t *testing.T) {
	for purpose, open := range map[Purpose][]Message{ToClaim: {Open{"film"}, Want{}}, ToMine: {Go{Mine}}, ToPhone: {Go{NewPhone}}} {
		s, do := step(with(begun(t), weak), open...)
		if s.Page != Who || s.Who.Page != identify.Staff || do.Ask != nil || do.Claim != nil {
			t.Errorf("purpose %d: page %d, to do %+v", purpose, s.Page, do)
		}
	}
	s := sure(t)
	s.Person.Strong = false
	if _, do := s.Update(Press{}); do.Claim != nil {
		t.Error("a weak person claimed")
	}
	s = sure(t)
	s.Person.Staff = "staff-1"
	if _, do := s.Update(Press{}); do.Claim == nil || do.Claim.EnteredBy != "staff-1" {
		t.Errorf("staff vouched: %+v", do.Claim)
	}
}

func TestDoor(t *testing.T) {
	at := func(p identify.Person) State {
		s, _ := step(begun(t), Go{Door}, ByName{})
		s.Who.Person = p
		s, do := s.who(identify.Do{Done: true})
		if do.Doors != me.Member || s.Page != Door || !s.Busy {
			t.Fatalf("page %d: %+v", s.Page, do)
		}
		return s
	}
	s := at(weak)
	one, do := s.Update(Doors{s.Visit, []checkin.Entry{{Ticket: 5}}})
	if do.CheckIn == nil || do.CheckIn.Ticket != 5 || do.CheckIn.Out {
		t.Errorf("one: %+v", do)
	}
	one, _ = one.Update(Checked{one.Visit, checkin.Outcome{Verdict: fault.Valid}})
	if one.Verdict == nil || one.Verdict.Word.String() != "请进" || one.Busy {
		t.Errorf("%+v", one.Verdict)
	}
	if next, do := one.Update(Go{Door}); next.Page != Door || next.Verdict != nil || next.Person.Member != "" || !do.Forget {
		t.Errorf("the next person finds %+v", next.Person)
	}
	if two, do := s.Update(Doors{s.Visit, []checkin.Entry{{Ticket: 5}, {Ticket: 6}}}); two.Page != Which || do.CheckIn != nil {
		t.Errorf("two: page %d", two.Page)
	} else if _, do = two.Update(Enter{6}); do.CheckIn == nil || do.CheckIn.Ticket != 6 {
		t.Errorf("the second: %+v", do)
	}
	if none, _ := s.Update(Doors{s.Visit, nil}); none.Verdict == nil || none.Verdict.Word.String() != "没有报名" {
		t.Errorf("nobody: %+v", none.Verdict)
	}
	broken, _ := s.Update(NotChecked{s.Visit, pickup.Full})
	if r := broken.Verdict; r == nil || r.Tone != flow.Bad || r.Word.String() != "不能进场" || !strings.Contains(r.Next.String(), "存储空间") {
		t.Errorf("not stored: %+v", r)
	}
	_, do = step(begun(t), Go{Door}, Leave{true}, Scanned{Code: "2KCE", At: noon})
	if do.CheckIn == nil || !do.CheckIn.Out || do.CheckIn.Code != "2KCE" {
		t.Errorf("a ticket, out: %+v", do)
	}
}

func TestScansGoWhereTheyBelong(t *testing.T) {
	ticket := Scanned{Code: "2KCEVAAAA", At: noon}
	for _, from := range []State{begun(t), first(step(begun(t), Go{PickUp})), first(step(begun(t), Go{Activities})), first(step(begun(t), Go{Help}))} {
		if s, do := from.Update(ticket); do.Counter.Redeem != ticket.Code || s.Counter.Page != pickup.Working {
			t.Errorf("page %d: a ticket gave %+v", from.Page, do)
		}
	}
	mine, _ := step(with(begun(t), known), Go{Mine})
	mine.Busy = false
	if s, do := mine.Update(ticket); do.Counter.Redeem == "" || !do.Forget || s.Person.Member != "" {
		t.Errorf("the next person's ticket: %+v", do)
	}
	if _, do := sure(t).Update(ticket); do.Counter.Redeem != "" || do.Forget {
		t.Errorf("in the middle of a claim: %+v", do)
	}
	if s, do := step(begun(t), Scanned{Code: "A"}, Counted{pickup.Decided{Outcome: pickup.Outcome{Verdict: fault.Valid}, At: noon}}, Counted{pickup.Closed{}}); s.Page != Home || !do.Forget {
		t.Errorf("after the verdict: page %d", s.Page)
	}
}

func first(s State, _ Do) State { return s }

// A page nobody touches counts down and clears itself; 继续 keeps it.
func TestIdle(t *testing.T) {
	s, _ := step(begun(t), Go{Activities}, Tick{noon.Add(39 * time.Second), true})
	if s.Left != 0 {
		t.Errorf("%d s left after 39", s.Left)
	}
	s, _ = s.Update(Tick{noon.Add(41 * time.Second), true})
	if s.Left != 19 {
		t.Errorf("%d s left after 41", s.Left)
	}
	stayed, _ := step(s, Stay{}, Tick{noon.Add(100 * time.Second), true})
	if stayed.Page != Activities || stayed.Left != 1 {
		t.Errorf("kept: page %d, %d s", stayed.Page, stayed.Left)
	}
	s, do := s.Update(Tick{noon.Add(60 * time.Second), true})
	if s.Page != Home || !do.Forget || s.Visit != 1 {
		t.Errorf("after a minute: page %d %+v", s.Page, do)
	}
	if s, do = s.Update(Tick{noon.Add(time.Hour), true}); do.Forget || s.Left != 0 {
		t.Error("home cleared itself again")
	}
	back, _ := step(begun(t), Go{Help}, Tick{noon.Add(-time.Hour), true})
	if back.Page != Help {
		t.Error("a clock that was set back ended the page")
	}
	busy, _ := step(sure(t), Press{}, Tick{noon.Add(time.Hour), true})
	if busy.Page != Outcome || busy.Left != 0 {
		t.Error("the page went while the answer was waited for")
	}
	green, _ := step(begun(t), Scanned{Code: "A"}, Counted{pickup.Decided{Outcome: pickup.Outcome{Verdict: fault.Valid}, At: noon}}, Tick{noon.Add(19 * time.Second), true})
	if green.Left != 1 || green.Counter.Page != pickup.Showing {
		t.Errorf("green: %d s left", green.Left)
	}
}

func TestRestart(t *testing.T) {
	for name, c := range map[string]struct {
		from  State
		after time.Duration
		page  Page
		saved bool
	}{
		"home":               {begun(t), 0, Home, false},
		"an activity":        {first(step(begun(t), Open{"film"})), time.Minute, Detail, false},
		"the door":           {first(step(begun(t), Go{Door})), time.Minute, Door, false},
		"a person":           {first(step(with(begun(t), known), Go{Mine})), time.Second, Home, false},
		"a claim, asked":     {first(step(sure(t), Press{}, Stored{0, 7})), 30 * time.Second, Home, true},
		"a claim, long ago":  {first(step(sure(t), Press{}, Stored{0, 7})), time.Hour, Home, false},
		"the door, long ago": {first(step(begun(t), Go{Door})), time.Hour, Home, false},
	} {
		store := memory.New()
		p := c.from.place()
		p.At = noon.UnixMilli()
		if err := Keep(store, p); err != nil {
			t.Fatal(err)
		}
		s := first(step(begun(t), Tick{noon.Add(c.after), true})).Begin(store)
		if s.Page != c.page || s.Saved != c.saved || s.Person.Member != "" {
			t.Errorf("%s: page %d, saved %v", name, s.Page, s.Saved)
		}
		if body, err := store.Meta(metaPlace); err != nil || strings.Contains(string(body), secret) {
			t.Errorf("%s: stored %q", name, body)
		}
	}
	_, do := step(sure(t), Press{}, Stored{0, 7})
	if do.Keep == nil || !do.Keep.Claimed || do.Keep.At != noon.UnixMilli() {
		t.Errorf("a stored claim is to be kept: %+v", do.Keep)
	}
	saved := begun(t)
	saved.Saved, saved.touched = true, noon
	if s, _ := saved.Update(Tick{noon.Add(stay), true}); s.Saved {
		t.Error("the note of the restart stays for ever")
	}
}

func TestWithoutANetwork(t *testing.T) {
	offline, _ := step(begun(t), Tick{noon, false})
	if s, do := offline.Update(Go{NewPhone}); s.Page != NewPhone || s.Trouble.Sentence.Empty() || do.Ask != nil {
		t.Errorf("a phone: %+v", s.Trouble)
	}
	s, do := step(with(offline, known), Go{Mine})
	if do.Held != me.Member || !s.Busy {
		t.Errorf("tickets: %+v", do)
	}
	s, _ = s.Update(Held{s.Visit, []wire.ClaimRow{{Ticket: 3, Activity: "film", Pool: "film", State: op.ClaimGranted}}})
	if s.Busy || len(s.Browse.Mine()) != 1 {
		t.Errorf("held here: %d", len(s.Browse.Mine()))
	}
	s, do = step(with(begun(t), known), Go{Mine}, Told{Kind: wire.AskTickets})
	if do.Held != me.Member {
		t.Errorf("no answer: %+v", do)
	}
}

func TestNewPhone(t *testing.T) {
	for name, c := range map[string]struct {
		told Told
		says string
	}{
		"given":      {Told{OK: true, Answer: wire.Told{Invitation: "I", Typed: "T", Expires: noon.Add(9*time.Minute + time.Second).UnixMilli()}}, ""},
		"too often":  {Told{OK: true, Answer: wire.Told{Code: fault.MemberCap}}, "三次"},
		"not proved": {Told{OK: true, Answer: wire.Told{Code: fault.NotAuthorised}}, "身份没有核对上"},
		"unknown":    {Told{OK: true, Answer: wire.Told{Code: fault.UnknownMember}}, "没有找到"},
		"no answer":  {Told{}, "查不到"},
	} {
		s, do := step(with(begun(t), known), Go{NewPhone})
		if do.Ask == nil || do.Ask.Kind != wire.AskPhone || string(do.Ask.Proof) != secret {
			t.Fatalf("asked %+v", do.Ask)
		}
		c.told.Kind = wire.AskPhone
		s, _ = s.Update(c.told)
		if s.Busy || (c.says == "") != s.Trouble.Sentence.Empty() || !strings.Contains(s.Trouble.Sentence.String(), c.says) {
			t.Errorf("%s: %q", name, s.Trouble.Sentence)
		}
		if left := s.PhoneLeft().String(); (left == "10 分钟内有效，只能用一次") != (c.says == "") {
			t.Errorf("%s: %q left", name, left)
		}
	}
}

// leaks finds what of a person is still there.
func leaks(v reflect.Value, path string, seen map[uintptr]bool) string {
	switch v.Kind() {
	case reflect.String:
		if strings.Contains(v.String(), secret) {
			return path
		}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() || v.Kind() == reflect.Pointer && seen[v.Pointer()] {
			return ""
		}
		if v.Kind() == reflect.Pointer {
			seen[v.Pointer()] = true
		}
		return leaks(v.Elem(), path, seen)
	case reflect.Struct:
		for i := range v.NumField() {
			if p := leaks(v.Field(i), path+"."+v.Type().Field(i).Name, seen); p != "" {
				return p
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			if strings.Contains(string(v.Bytes()), secret) {
				return path
			}
			return ""
		}
		for i := range v.Len() {
			if p := leaks(v.Index(i), path+"[]", seen); p != "" {
				return p
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if p := leaks(k, path+"{key}", seen) + leaks(v.MapIndex(k), path+"{}", seen); p != "" {
				return p
			}
		}
	}
	return ""
}

// Whatever a visitor did, and whatever is answered afterwards: when the visit is over,
// nothing of them is left, and the machine is ready for the next.
func TestNothingOfAVisitorIsLeft(t *testing.T) {
	row := wire.ClaimRow{Ticket: 9, Activity: "film", Pool: "film", Seats: 1, State: op.ClaimGranted, Station: "S1", Code: secret}
	rapid.Check(t, func(t *rapid.T) {
		s := begun(t)
		if rapid.Bool().Draw(t, "known") {
			s = with(s, rapid.SampledFrom([]identify.Person{known, weak}).Draw(t, "person"))
		}
		old := s.Visit
		now := noon
		answers := func(visit uint64) []Message {
			return []Message{Stored{visit, 7}, Decided{Visit: visit, Result: op.Result{Outcome: op.Granted, Seats: 1, Ticket: 9}, Code: secret}, NotStored{visit, true},
				Told{Visit: visit, Kind: wire.AskPerson, OK: true, Answer: wire.Told{People: []wire.Masked{me, me}}},
				Told{Visit: visit, Kind: wire.AskTickets, OK: true, Answer: wire.Told{People: []wire.Masked{me}, Claims: []wire.ClaimRow{row}}},
				Told{Visit: visit, Kind: wire.AskPhone, OK: true, Answer: wire.Told{Invitation: secret, Typed: secret}}, Held{visit, []wire.ClaimRow{row}},
				Doors{visit, []checkin.Entry{{Ticket: 1, Title: secret}, {Ticket: 2}}}, Checked{visit, checkin.Outcome{Verdict: fault.Valid, Title: secret}},
				Heard{visit, identify.Read{Err: nil, Code: secret}}}
		}
		for range rapid.IntRange(1, 40).Draw(t, "taps") {
			all := append(answers(s.Visit), Go{Activities}, Go{PickUp}, Go{Door}, Go{Mine}, Go{NewPhone}, Go{Stations}, Go{Help}, Go{Call}, Back{}, Stay{}, Open{"film"}, Want{}, Press{},
				Choose{claim.Seats{Seats: 2}}, Print{}, Show{9}, Leave{true}, Enter{1}, ByName{}, Asked{identify.ByName{}}, Asked{identify.Key{Rune: 'W'}}, Asked{identify.Enter{}}, Asked{identify.Choose{}},
				Scanned{Code: "2KCE" + secret, At: now}, Counted{pickup.Decided{Outcome: pickup.Outcome{Verdict: fault.Valid, Title: secret}, At: now}})
			s, _ = s.Update(rapid.SampledFrom(all).Draw(t, "message"))
			if rapid.IntRange(0, 9).Draw(t, "wait") == 0 {
				now = now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "seconds")) * time.Second)
				s, _ = s.Update(Tick{now, rapid.Bool().Draw(t, "online")})
			}
		}
		visit := s.Visit
		s, do := s.Update(Finish{})
		if s.Page != Home || !do.Forget || s.Visit == visit {
			t.Fatalf("finished on page %d: %+v", s.Page, do)
		}
		for _, m := range append(answers(visit), answers(old)...) {
			if s, do = s.Update(m); do.Claim != nil || do.Ask != nil || do.Slip != nil || do.CheckIn != nil || do.Held != "" {
				t.Fatalf("an answer to somebody who has gone did %+v", do)
			}
		}
		if path := leaks(reflect.ValueOf(s), "State", map[uintptr]bool{}); path != "" {
			t.Fatalf("left over at %s", path)
		}
		if s.Page != Home || s.Person.Member != "" || s.Busy {
			t.Fatalf("the next visitor finds page %d", s.Page)
		}
	})
}
