package enrol

import (
	"reflect"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/wire"
)

const code = "ABCDEFGH23456789"

func TestACodeIsHandedInOnce(t *testing.T) {
	s, out := State{}.Update(Entered{" abcd-efgh 2345 6789 "})
	if out != code || !s.Busy {
		t.Fatalf("handed in %q, busy %v; want the clean code once", out, s.Busy)
	}
	if _, again := s.Update(Entered{code}); again != "" {
		t.Error("a second press handed the code in again")
	}
	if same, _ := s.Update(Unreadable{}); !reflect.DeepEqual(same, s) {
		t.Error("a picture disturbed a code that is under way")
	}
	s, out = s.Update(Accepted{})
	if !s.Done || out != "" {
		t.Fatalf("accepted gave %+v %q", s, out)
	}
	if _, again := s.Update(Entered{code}); again != "" {
		t.Error("a code was handed in after the device was enrolled")
	}
	if late, _ := s.Update(Failed{}); !late.Done {
		t.Error("a late failure undid the enrolment")
	}
}

func TestRefusals(t *testing.T) {
	busy := State{Busy: true}
	for name, c := range map[string]struct {
		from    State
		message Message
		problem string
	}{
		"nothing typed": {State{}, Entered{"  -  "}, "还没有输入登记码。"},
		"too short":     {State{}, Entered{"ABCD2345"}, "登记码没有输完整。"},
		"picture":       {State{}, Unreadable{}, "图片里没有找到二维码。"},
		"no network":    {busy, Failed{}, "连不上服务器，登记码还没有用掉。"},
		"used":          {busy, Failed{fault.Errorf(fault.CodeUsed, "")}, fault.CodeUsed.Sentence()},
		"unknown":       {busy, Failed{fault.Errorf(fault.CodeUnknown, "")}, fault.CodeUnknown.Sentence()},
		"too many":      {busy, Failed{fault.Errorf(fault.Busy, "")}, fault.Busy.Sentence()},
	} {
		s, out := c.from.Update(c.message)
		if s.Problem.String() != c.problem || s.Next.Empty() || s.Busy || out != "" {
			t.Errorf("%s: %+v %q, want %q and a next step", name, s, out, c.problem)
		}
		if after, out := s.Update(Entered{code}); out != code || !after.Problem.Empty() {
			t.Errorf("%s: the next try gave %+v %q", name, after, out)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{"ａｂｃ": "", "ＡＢＣ２３": "ABC23", "a1b2\r\n": "A1B2", "登记码：AB": "AB"} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAnErasedDeviceSaysSo(t *testing.T) {
	s := Begin(true)
	if !s.Erased || s.Problem.Empty() || s.Next.Empty() {
		t.Errorf("page of an erased device %+v", s)
	}
	if s, out := s.Update(Entered{code}); out != code || s.Erased || !s.Problem.Empty() {
		t.Errorf("a new code gave %+v %q", s, out)
	}
	if s := Begin(false); !reflect.DeepEqual(s, State{}) {
		t.Errorf("page of a new device %+v", s)
	}
}

// A code that names its server is handed on whole, typed or scanned.
func TestACodeWithItsServer(t *testing.T) {
	key := wire.Fingerprint([]byte("a server"))
	for _, text := range []string{"ABCD-EFGH-2345-6722-" + key[:4] + "-" + key[4:8], "YZ1ABCDEFGH23456722" + key + "WSS://UNION.EXAMPLE:8640"} {
		s, out := State{}.Update(Entered{text})
		if in := wire.ParseInvitation(out); !s.Busy || in != wire.ParseInvitation(text) || in.Key == "" {
			t.Errorf("%q is handed in as %q", text, out)
		}
	}
}
