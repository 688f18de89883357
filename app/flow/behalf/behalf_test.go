package behalf

import (
	"errors"
	"strings"
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/app/flow/claim"
	"yizhan/app/paper"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/lookup"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/wire"
)

var now = time.Date(2026, 11, 21, 14, 5, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))

func filled(t testing.TB) local.Store {
	t.Helper()
	s := memory.New()
	put := func(table, key string, v any) {
		t.Helper()
		body, err := wire.EncodeRow(v)
		if err == nil {
			err = s.Apply(local.Checkpoint{Rows: []local.Row{{Table: table, ID: key, Seq: 1, Body: body}}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, spec := range map[string]string{
		"film": `"title":"家庭观影","pools":[{"id":"p","total":9}],"limits":[{"per":"member","max":1,"max_with_child":3},{"per":"org","max":200}],"pickup":{"stations":["S1","S2"],"bind":true},"audience":"m.sex == \"F\"","audience_why":"仅限女会员"`,
		"tour": `"title":"半日游","sessions":[{"id":"am","starts":"2026-11-25T08:00:00","ends":"2026-11-25T12:00:00","total":9},{"id":"pm","starts":"2026-11-25T13:00:00","ends":"2026-11-25T17:00:00","total":9}]`,
		"gift": `"title":"春送祝福","pools":[{"id":"p","total":9}],"pickup":{"stations":["S1"]}`,
		"over": `"title":"过去的","pools":[{"id":"p","total":9}],"windows":{"claim":["2026-01-01T09:00:00","2026-01-02T09:00:00"],"pickup":["2026-01-03T09:00:00","2026-01-04T09:00:00"]}`,
		"late": `"title":"没人领得到的","pools":[{"id":"p","total":9}],"windows":{"pickup":["2026-01-03T09:00:00","2026-01-04T09:00:00"]}`,
	} {
		put(wire.TableActivity, name, wire.ActivityRow{ID: id.Activity(name), Spec: []byte(`{"id":"` + name + `",` + spec + `}`)})
	}
	put(wire.TablePool, "gift/p", wire.PoolRow{Activity: "gift", Pool: "p", Full: true})
	put(wire.TableStation, "S1", wire.StationRow{ID: "S1", Name: "仙桥站"})
	put(wire.TableStation, "S2", wire.StationRow{ID: "S2", Name: "科园站", Address: "科技三路 9 号"})
	put(wire.TableLease, "7", wire.LeaseRow{Lease: op.Lease{ID: 7, Activity: "film", Taken: []op.Taken{{From: 1, N: 5}}, Policy: op.VoidUnreported, Expires: now.Add(time.Hour).UnixMilli()}})
	put(wire.TableLease, "8", wire.LeaseRow{Lease: op.Lease{ID: 8, Activity: "tour", Taken: []op.Taken{{From: 1, N: 5}}, Policy: op.Hard}, Over: op.LeaseExpired})
	put(wire.TableGrant, "55", wire.GrantRow{Ticket: 55, Lease: 7, Activity: "film", Seats: 2, Code: "ABC"})
	put(wire.TableGuest, "1", wire.GuestRow{Ticket: 1, Member: "m1", Name: "李*华", Initials: []string{"LXH"}, Mark: lookup.Mark("m1", "0001")})
	put(wire.TableGuest, "2", wire.GuestRow{Ticket: 2, Member: "m1", Name: "李*华", Initials: []string{"LXH"}, Mark: lookup.Mark("m1", "0001")})
	return s
}

func desk(t testing.TB) (State, local.Store) {
	t.Helper()
	s := filled(t)
	d, err := (&claim.Reader{Store: s, Zone: now.Location()}).Read()
	if err != nil {
		t.Fatal(err)
	}
	offers, err := Read(s, d, now)
	if err != nil {
		t.Fatal(err)
	}
	st, _ := State{}.Update(Loaded{offers})
	return st, s
}

func steps(s State, messages ...Message) (State, Do) {
	var do Do
	for _, m := range messages {
		s, do = s.Update(m)
	}
	return s, do
}

func names(offers []Offer) (all string) {
	for _, o := range offers {
		all += string(o.Activity) + " "
	}
	return all
}

func TestOffers(t *testing.T) {
	s, store := desk(t)
	for a, want := range map[Action]string{SignUp: "film tour gift ", GiveBack: "tour film gift ", Move: "film "} {
		got := names(s.Offers[a])
		if len(got) != len(want) || a == SignUp && !strings.HasPrefix(got, "film ") || a == Move && got != want {
			t.Errorf("action %d offers %q, want %q", a, got, want)
		}
	}
	film := s.Offers[SignUp][0]
	if film.Note.String() != "本机可发 · 余 3 · 今天 15:05 到期 · 上报后有效" || film.Policy != op.VoidUnreported || film.Stations[1].Address != "科技三路 9 号" {
		t.Errorf("the lent one: %+v", film)
	}
	for _, o := range s.Offers[SignUp] {
		if o.Activity == "gift" && o.Note.String() != "已满" || o.Activity == "tour" && o.Policy != 0 {
			t.Errorf("%+v", o)
		}
	}
	code, policy, err := Granted(store, 55)
	if err != nil || code != "ABC" || policy != op.VoidUnreported {
		t.Errorf("granted %q, %v, %v", code, policy, err)
	}
	if code, _, err = Granted(store, 56); err != nil || code != "" {
		t.Errorf("what was not granted here: %q, %v", code, err)
	}
}

func TestFinding(t *testing.T) {
	s, store := desk(t)
	if _, do := steps(s, Typed{"  "}, Search{}); do != (Do{}) {
		t.Error("nothing was typed, and somebody is looked for")
	}
	s, do := steps(s, Typed{"lxh 0001"}, Search{})
	if do.Find != "lxh 0001" || !s.Busy {
		t.Fatalf("looks for %+v", do)
	}
	found, err := Find(store, do.Find)
	if err != nil || len(found) != 1 || found[0].Member != "m1" || found[0].Name != "李*华" {
		t.Fatalf("found %+v, %v", found, err)
	}
	if none, _ := s.Update(Searched{}); none.Busy || none.Word.Word.String() != "没有找到" {
		t.Errorf("nobody: %+v", none.Word)
	}
	for _, c := range []struct {
		told wire.Told
		err  error
		word string
		n    int
	}{{wire.Told{}, errors.New("offline"), "没有找到", 0}, {wire.Told{Kind: fault.Busy}, nil, "请稍后再找", 0}, {wire.Told{Code: fault.UnknownMember}, nil, "没有找到", 0},
		{wire.Told{People: []wire.Masked{{Member: "m9", Name: "周**"}}}, nil, "", 1}} {
		got, _ := s.Update(Told(c.told, c.err))
		if got.Word.Word.String() != c.word || len(got.Found) != c.n || got.Busy {
			t.Errorf("%+v, %v: %+v, %d found", c.told, c.err, got.Word, len(got.Found))
		}
	}
	s, _ = s.Update(Searched{People: found})
	if s, _ = s.Update(Take{found[0]}); s.Page != What || s.Person.Member != "m1" || len(s.Found) != 0 {
		t.Errorf("taken: %+v", s)
	}
	if s, _ = s.Update(Back{}); s.Page != Who || s.Person != (Person{}) || s.Query == "lxh 0001" {
		t.Errorf("back: %+v", s)
	}
}

func TestCodes(t *testing.T) {
	s, _ := desk(t)
	for _, c := range []struct {
		shown membercode.Shown
		err   error
		want  string
	}{
		{membercode.Shown{Member: "m1", Strength: membercode.Strong}, nil, ""}, {membercode.Shown{Member: "m1", Strength: membercode.Weak}, nil, ""},
		{membercode.Shown{Staff: "d1"}, nil, "不是会员码"}, {membercode.Shown{}, membercode.ErrNotCode, "不是会员码"}, {membercode.Shown{}, membercode.ErrOld, "截图"},
		{membercode.Shown{}, membercode.ErrRepeat, "截图"}, {membercode.Shown{}, membercode.ErrEarly, "时间不准"}, {membercode.Shown{}, membercode.ErrOver, "太久没有联网"},
		{membercode.Shown{}, membercode.ErrRevoked, "已经停用"}, {membercode.Shown{}, membercode.ErrForeign, "别的工会"}, {membercode.Shown{}, membercode.ErrNoKeys, "没有联过网"},
		{membercode.Shown{}, membercode.ErrBadSignature, "改动过"}, {membercode.Shown{}, errors.New("disk"), "改动过"},
	} {
		got, _ := s.Update(Reading(c.shown, c.err))
		if c.want == "" {
			if got.Page != What || got.Person.Member != "m1" || got.Person.Proven != (c.shown.Strength == membercode.Strong) {
				t.Errorf("%+v gives %+v", c.shown, got.Person)
			}
		} else if got.Page != Who || !strings.Contains(got.Word.Sentence.String(), c.want) || got.Word.Next.Empty() {
			t.Errorf("%v says %+v, want %q", c.err, got.Word, c.want)
		}
	}
}

func TestSigningUp(t *testing.T) {
	s, _ := desk(t)
	s, _ = steps(s, Take{Person{Member: "m1"}}, Pick{"film"})
	if s.Page != Details || s.Pool != "p" || s.Station != "S1" || s.Seats != 1 || s.Most() != 3 || s.Families() {
		t.Fatalf("details: %+v", s)
	}
	family, do := steps(s, SetSeats{9}, Confirm{})
	if do != (Do{}) || family.Seats != 3 || !family.Families() || !strings.Contains(family.Missing().String(), "子女") {
		t.Fatalf("children that nobody has seen: %+v, %+v", family.Seats, do)
	}
	family, do = steps(family, SetChild{true}, PickStation{"S2"}, Confirm{})
	if o := do.Op; o == nil || o.Kind != op.Claim || o.Member != "m1" || o.Activity != "film" || o.Pool != "p" || o.Seats != 3 || o.Station != "S2" || o.Channel != op.ByStaff {
		t.Fatalf("asks %+v", do.Op)
	}
	if _, again := family.Update(Confirm{}); again != (Do{}) {
		t.Error("a second tap asks again")
	}
	for _, c := range []struct {
		m    Message
		tone flow.Tone
		word string
		slip paper.Kind
		none bool
	}{
		{Answered{Result: op.Result{Outcome: op.Granted, Seats: 3, Ticket: 9}, Short: "X"}, flow.Good, "已核准", paper.Ticket, false},
		{Answered{Result: op.Result{Outcome: op.Granted, Seats: 3, Ticket: 9}, Policy: op.Hard, Code: "C"}, flow.Good, "已发放", paper.Ticket, false},
		{Answered{Result: op.Result{Outcome: op.Granted, Seats: 3, Ticket: 9}, Policy: op.VoidUnreported, Code: "C"}, flow.Wait, "已登记 · 待确认", paper.Provisional, false},
		{Answered{Result: op.Result{Outcome: op.Pending}}, flow.Wait, "已提交 · 待确认", paper.Provisional, false},
		{Answered{Result: op.Result{Outcome: op.Waitlisted, Place: 4}}, flow.Wait, "候补第 4 位", paper.Provisional, false},
		{Answered{Result: op.Result{Outcome: op.Entered}}, flow.Wait, "已报名", paper.Provisional, false},
		{Answered{Result: op.Result{Outcome: op.Refused, Code: fault.SoldOut}}, flow.Bad, "未通过", paper.Refusal, false},
		{NotStored{}, flow.Bad, "没有办成", 0, true},
		{NotStored{Full: true}, flow.Bad, "没有办成", 0, true},
	} {
		after, _ := family.Update(c.m)
		if after.Busy || after.Word.Tone != c.tone || after.Word.Word.String() != c.word {
			t.Errorf("%+v shows %+v", c.m, after.Word)
		}
		p, ok := after.Slip(func(at Place) wire.StationRow { return wire.StationRow{ID: at.ID, Name: at.Name} }, wire.StationRow{Name: "仙桥站"}, now)
		if ok == c.none || ok && p.Kind != c.slip {
			t.Errorf("%+v prints %v, %+v", c.m, ok, p)
		}
	}
	refused, _ := family.Update(Answered{Result: op.Result{Outcome: op.Refused, Code: fault.NotEligible}})
	if refused.Word.Sentence.String() != "仅限女会员" {
		t.Errorf("why: %q", refused.Word.Sentence)
	}
	if next, _ := refused.Update(Back{}); next.Page != What || next.Person.Member != "m1" {
		t.Errorf("another thing for the same person: %+v", next)
	}
	if next, _ := refused.Update(Finish{}); next.Page != Who || next.Person != (Person{}) || next.Decided.Code != "" || len(next.Offers) == 0 {
		t.Errorf("finished: %+v", next)
	}
}

func TestSessions(t *testing.T) {
	s, _ := desk(t)
	s, do := steps(s, Take{Person{Member: "m1"}}, Pick{"tour"}, PickPool{"pm"}, SetSeats{2}, Confirm{})
	if do.Op == nil || do.Op.Pool != "pm" || do.Op.Seats != 2 || do.Op.Station != "" || s.Families() {
		t.Errorf("asks %+v", do.Op)
	}
	if s, _ = steps(s, Pick{"film"}); s.Activity != "tour" {
		t.Error("another activity was taken while one was decided")
	}
}

func TestGivingBackAndMoving(t *testing.T) {
	s, _ := desk(t)
	person := Take{Person{Member: "m1"}}
	back, do := steps(s, person, Act{GiveBack}, Pick{"film"}, Confirm{})
	if o := do.Op; o == nil || o.Kind != op.Cancel || o.Member != "m1" || o.Activity != "film" || o.Seats != 0 || o.Pool != "" {
		t.Fatalf("gives back %+v", do.Op)
	}
	if back, _ = back.Update(Answered{Result: op.Result{Outcome: op.OK, Seats: 2}}); back.Word.Tone != flow.Good || back.Word.Word.String() != "已退票" {
		t.Errorf("%+v", back.Word)
	}
	move, do := steps(s, person, Act{Move}, Pick{"film"}, Confirm{})
	if do != (Do{}) || move.Missing().Empty() {
		t.Fatalf("moved nowhere: %+v", do)
	}
	move, do = steps(move, PickStation{"S2"}, Confirm{})
	if o := do.Op; o == nil || o.Kind != op.Rebind || o.Station != "S2" || o.Seats != 0 {
		t.Fatalf("moves %+v", do.Op)
	}
	if done, _ := move.Update(Answered{Result: op.Result{Outcome: op.OK}}); done.Word.Tone != flow.Good || !strings.Contains(done.Word.Sentence.String(), "科园站") {
		t.Errorf("%+v", done.Word)
	}
	if held, _ := move.Update(Answered{Result: op.Result{Outcome: op.Refused, Code: fault.HeldElsewhere}}); held.Word.Tone != flow.Bad || held.Word.Next.Empty() {
		t.Errorf("%+v", held.Word)
	}
	if again, _ := steps(s, person, Act{Move}, Pick{"tour"}); again.Page != What {
		t.Error("a ticket without a station was to be moved")
	}
	if one, _ := steps(s, person, Pick{"film"}, Back{}); one.Page != What {
		t.Errorf("back from the details: %d", one.Page)
	}
}
