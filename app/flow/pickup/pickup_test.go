package pickup

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/membercode"
	"yizhan/core/seal"
)

var start = time.Unix(1_800_000_000, 0)

// step applies messages and gives the last thing to do.
func step(s State, messages ...Message) (State, Do) {
	var do Do
	for _, m := range messages {
		s, do = s.Update(m)
	}
	return s, do
}

func TestEveryVerdictHasColourWordAndSentence(t *testing.T) {
	for v := fault.Valid; v <= fault.VerdictDeviceRevoked; v++ {
		s, _ := step(State{}, Scanned{"A", start}, Decided{Outcome{Verdict: v, Seats: 2, Title: "T", Detail: say.Plain("D")}, start})
		r, word := s.Result, "不能发放"
		switch v {
		case fault.Valid:
			word = "可以发放"
		case fault.Provisional:
			word = "暂缓发放"
		}
		if s.Page != Showing || r.Tone != flow.ToneOf(v) || r.Word.String() != word {
			t.Errorf("%v shows %+v, want %s", v, r, word)
		}
		if r.Sentence.String() != v.Sentence() || r.Next.String() != v.Next() || r.Seats != 2 || r.Title != "T" || r.Detail.String() != "D" {
			t.Errorf("%v lost words: %+v", v, r)
		}
	}
}

func TestNothingIsShownBeforeItIsStored(t *testing.T) {
	s, do := step(State{}, Scanned{"A", start})
	if s.Page != Working || do.Redeem != "A" || !reflect.DeepEqual(s.Result, Result{}) {
		t.Fatalf("a scan gave %+v %+v", s, do)
	}
	for why, next := range map[Why]string{Broken: "再扫一次", Full: "存储空间满了", NoKeys: "接通网络"} {
		after, _ := s.Update(NotStored{why, start})
		if after.Page != Showing || after.Result.Tone != flow.Bad || after.Result.Word.String() != "不能发放" {
			t.Errorf("reason %d shows %+v, want red", why, after.Result)
		}
		if !strings.Contains(after.Result.Next.String(), next) {
			t.Errorf("reason %d says %q, want %q in it", why, after.Result.Next, next)
		}
		if why != NoKeys && after.Result.Sentence.String() != "未能保存，请勿发放。" {
			t.Errorf("reason %d says %q", why, after.Result.Sentence)
		}
	}
}

func TestTheNextScanClosesTheLast(t *testing.T) {
	shown, _ := step(State{}, Scanned{"A", start}, Decided{Outcome{Verdict: fault.Valid}, start})
	s, do := step(shown, Scanned{"B", start.Add(100 * time.Millisecond)})
	if s.Page != Working || do.Redeem != "B" || !reflect.DeepEqual(s.Result, Result{}) {
		t.Errorf("another code gave %+v %+v", s, do)
	}
	s, do = step(shown, Scanned{"A", start.Add(echo - 1)})
	if s.Page != Showing || do != (Do{}) || s.Result.Tone != flow.Good {
		t.Errorf("a scanner that reads twice turned green into %+v %+v", s.Result, do)
	}
	if _, do = step(shown, Scanned{"A", start.Add(echo)}); do.Redeem != "A" {
		t.Error("the same code, scanned again on purpose, was not decided")
	}
	if s, do = step(shown, Scanned{"", start.Add(time.Minute)}); s.Page != Showing || do != (Do{}) {
		t.Error("an empty scan did something")
	}
}

func TestScansWhileWorkingAreDecidedInOrder(t *testing.T) {
	s, do := step(State{}, Scanned{"A", start}, Scanned{"A", start}, Scanned{"B", start}, Scanned{"C", start}, Unreadable{start})
	if do != (Do{}) || s.Page != Working {
		t.Fatalf("scans while working gave %+v", do)
	}
	for _, want := range []string{"B", "C"} {
		if s, do = s.Update(Decided{Outcome{Verdict: fault.Valid}, start}); do.Redeem != want || s.Page != Working {
			t.Fatalf("next is %+v, want %s", do, want)
		}
	}
	if s, do = s.Update(NotStored{At: start}); do != (Do{}) || s.Page != Showing {
		t.Fatalf("the last of them shows %+v %+v", s, do)
	}
	s, _ = step(State{}, Scanned{"A", start})
	for range 100 {
		s, _ = s.Update(Scanned{string(rune('B' + len(s.queue)%20)), start})
	}
	if len(s.queue) > maxQueue {
		t.Errorf("%d scans wait, at most %d are kept", len(s.queue), maxQueue)
	}
}

// A member code is no ticket: the counter says so itself and records nothing.
func TestMemberCodes(t *testing.T) {
	server, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	code, err := membercode.Card(server, 1, "m-1")
	if err != nil {
		t.Fatal(err)
	}
	s, do := step(State{}, Scanned{code, start})
	if do != (Do{}) || s.Page != Showing || s.Result.Tone != flow.Bad || !strings.Contains(s.Result.Sentence.String(), "会员码") {
		t.Errorf("shows %+v, does %+v", s.Result, do)
	}
	if s, do = s.Update(Scanned{"A", start.Add(time.Second)}); do.Redeem != "A" {
		t.Errorf("the ticket after it: %+v", do)
	}
	if _, do = step(s, Scanned{code, start}, Decided{Outcome{Verdict: fault.AlreadyRedeemed}, start}); do != (Do{}) {
		t.Errorf("one that came meanwhile was handed to the counter: %+v", do)
	}
}

func TestThePageGoesBack(t *testing.T) {
	for v, stay := range map[fault.Verdict]time.Duration{fault.Valid: stayGood, fault.Provisional: stayBad, fault.TooLate: stayBad} {
		s, _ := step(State{}, Scanned{"A", start}, Decided{Outcome{Verdict: v}, start})
		if s.Left != int(stay/time.Second) {
			t.Errorf("%v starts at %d s", v, s.Left)
		}
		if s, _ = s.Update(Tick{start.Add(stay - time.Millisecond)}); s.Page != Showing || s.Left != 1 {
			t.Errorf("%v a moment before: page %d, %d s", v, s.Page, s.Left)
		}
		if s, _ = s.Update(Tick{start.Add(stay)}); s.Page != Idle {
			t.Errorf("%v did not go back", v)
		}
	}
	s, _ := step(State{}, Unreadable{start})
	if s.Page != Showing || s.Result.Word.String() != "没有读到" {
		t.Errorf("a picture without a code shows %+v", s.Result)
	}
	if s, _ = s.Update(Closed{}); s.Page != Idle {
		t.Error("closing did not close")
	}
	if s, do := step(State{}, Scanned{"A", start}, Closed{}, Tick{start.Add(time.Hour)}); s.Page != Working || do != (Do{}) {
		t.Error("time or a tap ended a decision that is under way")
	}
}

// A person's word about the clock counts only where the clock was in doubt.
func TestClockDoubt(t *testing.T) {
	s, _ := step(State{}, Scanned{"A", start}, Decided{Outcome{Verdict: fault.ClockDoubt}, start})
	if !s.Result.Doubt || s.Result.Tone != flow.Bad {
		t.Fatalf("doubt shows %+v", s.Result)
	}
	if s, do := s.Update(ClockRight{}); do != (Do{Redeem: "A", Confirm: true}) || s.Page != Working {
		t.Errorf("confirming gave %+v %+v", s, do)
	}
	for _, from := range []State{{}, {Page: Working, code: "A"}} {
		if _, do := from.Update(ClockRight{}); do != (Do{}) {
			t.Errorf("page %d let the clock be confirmed", from.Page)
		}
	}
	if s, _ = step(State{}, Scanned{"A", start}, Decided{Outcome{Verdict: fault.TooLate}, start}, ClockRight{}); s.Page != Showing {
		t.Error("a late ticket was decided again on a word about the clock")
	}
}

func TestTakingBack(t *testing.T) {
	shown, _ := step(State{}, Scanned{"A", start}, Decided{Outcome{Verdict: fault.Valid, Ticket: 7}, start})
	asked, do := shown.Update(TakeBack{})
	if do.Undo != 7 || asked.Page != Working {
		t.Fatalf("asked: %+v, %+v", asked, do)
	}
	for done, word := range map[bool]string{true: "已经撤销", false: "不能撤销"} {
		if after, _ := asked.Update(TakenBack{done, start}); after.Page != Showing || after.Result.Word.String() != word || after.Result.Ticket != 0 {
			t.Errorf("done %v shows %+v", done, after.Result)
		}
	}
	refused, _ := step(State{}, Scanned{"A", start}, Decided{Outcome{Verdict: fault.TooEarly}, start})
	if _, do := refused.Update(TakeBack{}); do != (Do{}) {
		t.Errorf("nothing was handed over, and %+v is to be done", do)
	}
}

func TestAnotherDeviceOfThisStation(t *testing.T) {
	s, _ := step(State{}, Scanned{"A", start}, Decided{Outcome{Verdict: fault.WrongStation, Aside: true}, start})
	if r := s.Result; r.Word.String() != "不能发放" || !strings.Contains(r.Sentence.String(), "另一台设备") || strings.Contains(r.Next.String(), "票上写的站点") {
		t.Errorf("shows %+v", r)
	}
}

func TestShortCodes(t *testing.T) {
	s, do := step(State{}, Typed{"0 1-008", start})
	if do.Pick != 1024 || do.Redeem != "" || s.Page != Working {
		t.Fatalf("a short code gave %+v, %+v", s, do)
	}
	if s, do = step(State{}, Typed{"01009", start}); do != (Do{}) || s.Result.Word.String() != "短码不对" {
		t.Errorf("a mistyped one gave %+v, %+v", s.Result, do)
	}
	if _, do = step(State{}, Scanned{"A", start}, Typed{"01008", start}); do != (Do{}) {
		t.Error("a short code was decided while a scan was")
	}
	s, _ = step(State{}, Typed{"01008", start}, Decided{Outcome{Verdict: fault.ClockDoubt}, start})
	if _, do = s.Update(ClockRight{}); do.Pick != 1024 || !do.Confirm {
		t.Errorf("confirming the clock gave %+v", do)
	}
}

func TestOverruling(t *testing.T) {
	refused := Decided{Outcome{Verdict: fault.TooLate, Overridable: true}, start}
	for name, c := range map[string]struct {
		first Message
		want  Subject
	}{"a scan": {Scanned{"A", start}, Subject{Code: "A"}}, "a short code": {Typed{"01008", start}, Subject{Ticket: 1024}}} {
		s, _ := step(State{}, c.first, refused)
		if !s.Result.Overrule || s.Subject() != c.want {
			t.Fatalf("%s: %+v about %+v", name, s.Result, s.Subject())
		}
		what := s.Subject()
		s, _ = s.Update(Tick{start.Add(time.Hour)}) // the PIN and the reason take longer than the page stays
		if _, do := s.Update(Overrule{What: what}); do != (Do{}) {
			t.Errorf("%s: overruled without a reason: %+v", name, do)
		}
		s, do := s.Update(Overrule{What: what, Reason: "下夜班"})
		if do.Redeem != c.want.Code || do.Pick != c.want.Ticket || do.Reason != "下夜班" || s.Page != Working {
			t.Fatalf("%s: %+v, %+v", name, s, do)
		}
		s, _ = s.Update(Decided{Outcome{Verdict: fault.Valid, Overridden: true, Overridable: true, Ticket: 7}, start})
		if s.Result.Tone != flow.Good || !strings.Contains(s.Result.Sentence.String(), "主管放行") || s.Result.Overrule || s.Result.Ticket != 7 {
			t.Errorf("%s: afterwards %+v", name, s.Result)
		}
	}
	s, _ := step(State{}, Scanned{"A", start}, Decided{Outcome{Verdict: fault.TooLate}, start})
	if s.Subject() != (Subject{}) {
		t.Error("a device that is no supervisor's offers to overrule")
	}
	if _, do := s.Update(Overrule{Reason: "x"}); do != (Do{}) {
		t.Error("nothing was overruled, and something is to be done")
	}
}
