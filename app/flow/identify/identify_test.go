package identify

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"yizhan/core/fault"
	"yizhan/core/membercode"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

var at = time.Unix(1_800_000_000, 0)

func key(t *testing.T, seed byte) seal.Private {
	t.Helper()
	k, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// shown is a code and what opening it gave.
func shown(t *testing.T, p membercode.Pass) Read {
	t.Helper()
	p.Deployment, p.Phone, p.Ends = 1, key(t, 2).Public(), at.Add(time.Hour)
	pass, err := membercode.Certify(key(t, 1), p)
	if err != nil {
		t.Fatal(err)
	}
	code, err := membercode.Make(key(t, 2), pass, at)
	if err != nil {
		t.Fatal(err)
	}
	return Read{Code: code, Shown: membercode.Shown{Deployment: 1, Member: p.Member, Staff: p.Staff, Strength: membercode.Strong}}
}

func card(t *testing.T) Read {
	t.Helper()
	code, err := membercode.Card(key(t, 1), 1, "m-1")
	if err != nil {
		t.Fatal(err)
	}
	return Read{Code: code, Shown: membercode.Shown{Member: "m-1", Strength: membercode.Weak}}
}

// step applies messages and gives the last thing to do.
func step(s State, messages ...Message) (State, Do) {
	var do Do
	for _, m := range messages {
		s, do = s.Update(m)
	}
	return s, do
}

// scan is a code that is read, and what came of it.
func scan(r Read) []Message { return []Message{Scanned{Code: r.Code, At: at}, r} }

var wang = wire.Masked{Member: "m-1", Name: "王**", Phone: "****0042", Org: "公交工会"}

// named goes through name and digits to the people whom the server knows.
func named(people ...wire.Masked) []Message {
	all := []Message{ByName{}, Key{'W'}, Key{'X'}, Key{'L'}, Enter{}, Key{'0'}, Key{'0'}, Key{'4'}, Key{'2'}}
	return append(all, Told{Answer: wire.Told{People: people}, OK: true})
}

func TestOwnPhone(t *testing.T) {
	r := shown(t, membercode.Pass{Member: "m-1"})
	begun, _ := Begin(true, Person{})
	s, do := begun.Update(Scanned{Code: r.Code, At: at})
	if !s.Busy || do.Read != r.Code {
		t.Fatalf("a scan gave %+v", do)
	}
	s, do = s.Update(r)
	if p := s.Person; !do.Done || p.Member != "m-1" || !p.Strong || len(p.Proof) == 0 || p.Staff != "" {
		t.Errorf("the phone gave %+v %+v", p, do)
	}
	if _, do := Begin(true, s.Person); !do.Done {
		t.Error("who is known is asked again")
	}
}

// A name and four digits suffice at the door; for the rest staff have to vouch.
func TestByName(t *testing.T) {
	for _, strong := range []bool{false, true} {
		begun, _ := Begin(strong, Person{})
		begun.Online = true
		s, do := step(begun, named(wang)[:9]...)
		if do.Ask == nil || do.Ask.Name != "WXL" || do.Ask.Phone != "0042" || do.Ask.Kind != wire.AskPerson || !s.Busy {
			t.Fatalf("the fourth digit asked %+v", do.Ask)
		}
		s, _ = s.Update(Told{Answer: wire.Told{People: []wire.Masked{wang}}, OK: true})
		if s.Page != People || s.Words().Ask.String() != "这是您吗？" {
			t.Fatalf("one person shows page %d", s.Page)
		}
		if s, do = s.Update(Choose{0}); do.Done == strong || s.Person.Masked != wang || s.Person.Strong {
			t.Errorf("strong %v: %+v %+v", strong, s.Person, do)
		}
		if !strong {
			continue
		}
		vouch := shown(t, membercode.Pass{Staff: "staff-1"})
		if s, do = step(s, scan(vouch)...); !do.Done || !s.Person.Strong || s.Person.Staff != "staff-1" || s.Person.Member != "m-1" || len(s.Person.Proof) == 0 {
			t.Errorf("staff gave %+v %+v", s.Person, do)
		}
	}
	li := wire.Masked{Member: "m-2", Name: "李**"}
	begun := State{Online: true}
	s, _ := step(begun, named(wang, li)...)
	if s, do := s.Update(Choose{1}); !do.Done || s.Person.Member != "m-2" || s.People != nil {
		t.Errorf("the second of two: %+v, namesakes %v", s.Person, s.People)
	}
	if none, do := s.Update(Choose{-1}); do.Done || none.Page != Scan || none.People != nil || none.Person.Member != "" {
		t.Errorf("none of them: %+v", none)
	}
	if same, do := s.Update(Choose{7}); do.Done || same.Page != People {
		t.Error("one who is not on the list was chosen")
	}
}

func TestCard(t *testing.T) {
	s, do := step(State{Online: true}, append(scan(card(t)), Key{'0'}, Key{'0'}, Key{'4'}, Key{'2'})...)
	if do.Ask == nil || do.Ask.Member != "m-1" || do.Ask.Name != "" || do.Ask.Phone != "0042" {
		t.Fatalf("a card asked %+v on page %d", do.Ask, s.Page)
	}
}

// Every refusal says one sentence that helps, and leaves the person where they were.
func TestRefusals(t *testing.T) {
	own, staff := shown(t, membercode.Pass{Member: "m-1"}), shown(t, membercode.Pass{Staff: "staff-1"})
	failed := func(err error) []Message { return []Message{Scanned{Code: own.Code}, Read{Code: own.Code, Err: err}} }
	waiting, _ := Begin(true, Person{Masked: wang})
	other := shown(t, membercode.Pass{Member: "m-9"})
	for name, c := range map[string]struct {
		from     State
		messages []Message
		says     string
	}{
		"a link":               {State{}, []Message{Scanned{Code: "https://u.wechat.com/x"}}, "这不是会员码"},
		"used":                 {State{}, failed(membercode.ErrRepeat), "刚才用过了"},
		"a picture":            {State{}, failed(membercode.ErrOld), "可能是截图"},
		"a fast clock":         {State{}, failed(membercode.ErrEarly), "时间不一致"},
		"offline too long":     {State{}, failed(membercode.ErrOver), "太久没有联网"},
		"a lost phone":         {State{}, failed(membercode.ErrRevoked), "已经停用"},
		"another union":        {State{}, failed(membercode.ErrForeign), "别的工会"},
		"no keys":              {State{}, failed(membercode.ErrNoKeys), "没有联过网"},
		"damaged":              {State{}, failed(membercode.ErrBadSignature), "没有读清楚"},
		"the disk":             {State{}, failed(errors.New("i/o")), "没有读清楚"},
		"staff too early":      {State{}, scan(staff), "工作人员的工作人员码"},
		"somebody else":        {waiting, scan(other), "另一位会员"},
		"a card offline":       {State{}, scan(card(t)), "会员卡核对不了"},
		"a name offline":       {State{}, []Message{ByName{}}, "不能按姓名查找"},
		"nobody of that name":  {State{Online: true}, named(), "没有找到"},
		"no answer":            {State{Online: true}, append(named()[:9], Told{}), "查不到"},
		"not of this card":     {State{Online: true}, append(scan(card(t)), Key{'0'}, Key{'0'}, Key{'4'}, Key{'1'}, Told{OK: true}), "会员卡对不上"},
		"a server that is shy": {State{Online: true}, append(named()[:9], Told{Answer: wire.Told{Kind: fault.Busy}}), "先停一会儿"},
	} {
		s, do := step(c.from, c.messages...)
		if do.Done || s.Busy || !strings.Contains(s.Trouble.Sentence.String(), c.says) || s.Trouble.Next.Empty() {
			t.Errorf("%s: %q, %+v", name, s.Trouble.Sentence.String(), do)
		}
	}
}

func TestKeys(t *testing.T) {
	s, _ := step(State{Online: true}, ByName{}, Key{'w'}, Key{'3'}, Key{'W'}, Enter{})
	if s.Page != Name || s.Typed != "W" {
		t.Errorf("one letter: %+v", s)
	}
	for range 20 {
		s, _ = s.Update(Key{'A'})
	}
	if len(s.Typed) != longest {
		t.Errorf("%d letters", len(s.Typed))
	}
	s, _ = step(s, Erase{}, Erase{})
	if len(s.Typed) != longest-2 {
		t.Errorf("%d letters after two were taken back", len(s.Typed))
	}
	s, _ = step(s, Enter{}, Key{'1'}, Back{})
	if s.Page != Name || len(s.Typed) != longest-2 {
		t.Errorf("back from the digits: %+v", s)
	}
	if s, _ = s.Update(Back{}); s.Page != Scan || s.Typed != "" || !s.Online || !s.First() {
		t.Errorf("back from the name: %+v", s)
	}
	busy, _ := step(State{Online: true}, named()[:9]...)
	if after, do := step(busy, Key{'1'}, Back{}, Scanned{Code: "X"}); do != (Do{}) || after.Page != Digits || !after.Busy {
		t.Errorf("a tap while the server is asked did something: %+v", after)
	}
}

func TestEveryPageAsksSomething(t *testing.T) {
	for p := Scan; p <= Staff; p++ {
		if w := (State{Page: p}).Words(); w.Title.Empty() || w.Ask.Empty() {
			t.Errorf("page %d asks nothing", p)
		}
	}
}
