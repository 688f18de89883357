package lock

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"yizhan/core/local/memory"
)

var (
	start = time.Unix(1_800_000_000, 0)
	salt  = bytes.Repeat([]byte{7}, SaltSize)
)

// typed presses the digits of a PIN and does what is to be done, as a shell would.
func typed(s State, pin string, now time.Time) State {
	for i := range len(pin) {
		var do Do
		s, do = s.Update(Digit{pin[i], now})
		switch {
		case do.Choose != "":
			s, _ = s.Update(Chosen{New(do.Choose, salt), now})
		case do.Try != "":
			s, _ = s.Update(Tried{do.Keep.Is(do.Try), now})
		}
	}
	return s
}

func locked(t *testing.T) State {
	t.Helper()
	s, _ := State{}.Update(Loaded{New("270153", salt), true, start})
	return s
}

func TestChoosing(t *testing.T) {
	s, _ := State{}.Update(Loaded{Now: start})
	for _, pin := range []string{"111111", "123456", "987654"} {
		if got := typed(s, pin, start); got.Twice || got.Why.Empty() {
			t.Errorf("%s was taken: %+v", pin, got)
		}
	}
	once := typed(s, "270153", start)
	if !once.Twice || once.Open || once.Typed != 0 {
		t.Fatalf("after the first time: %+v", once)
	}
	if other := typed(once, "270154", start); other.Open || other.Twice || other.Why.Empty() {
		t.Errorf("two that differ: %+v", other)
	}
	if twice := typed(once, "270153", start); !twice.Open || !twice.Set {
		t.Errorf("chosen: %+v", twice)
	}
	if failed, _ := once.Update(Broken{}); failed.Open || failed.Why.Empty() {
		t.Errorf("not stored: %+v", failed)
	}
}

func TestFiveWrongOnes(t *testing.T) {
	s := locked(t)
	for left := 4; left > 0; left-- {
		if s = typed(s, "000001", start); s.Open || s.Left != left || s.Wait != 0 || !strings.Contains(s.Why.String(), "还可以试") {
			t.Fatalf("with %d left: %+v", left, s)
		}
	}
	if s = typed(s, "000001", start); s.Wait != 300 {
		t.Fatalf("after the fifth: %+v", s)
	}
	if got := typed(s, "270153", start.Add(penalty-time.Second)); got.Open || got.Typed != 0 {
		t.Errorf("the right one was taken too early: %+v", got)
	}
	if got := typed(s, "270153", start.Add(penalty)); !got.Open {
		t.Errorf("the right one afterwards: %+v", got)
	}
	if got, _ := s.Update(Tick{start.Add(-90 * 24 * time.Hour)}); got.Wait > 300 {
		t.Errorf("a clock that was set back makes one wait %d s", got.Wait)
	}
}

// A try counts before it is compared, and the count outlives the program.
func TestTriesOutliveACrash(t *testing.T) {
	store := memory.New()
	s := locked(t)
	for range maxTries {
		for range Digits {
			var do Do
			if s, do = s.Update(Digit{'8', start}); do.Keep != nil {
				if err := do.Keep.Keep(store); err != nil {
					t.Fatal(err)
				}
			}
		}
		r, ok, err := Read(store) // the power is cut here
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		s, _ = State{}.Update(Loaded{r, true, start})
	}
	if s.Wait == 0 {
		t.Errorf("cutting the power gave more tries: %+v", s)
	}
}

func TestIdle(t *testing.T) {
	s := typed(locked(t), "270153", start)
	if !s.Open {
		t.Fatal("the right PIN does not open")
	}
	s, _ = s.Update(Touched{start.Add(time.Minute)})
	if s, _ = s.Update(Tick{start.Add(time.Minute + idle - 1)}); !s.Open {
		t.Error("it shut too early")
	}
	if s, _ = s.Update(Tick{start.Add(time.Minute + idle)}); s.Open || !s.Set || s.Typed != 0 {
		t.Errorf("it did not shut: %+v", s)
	}
	if open := typed(locked(t), "270153", start); open.Open {
		if open, _ = open.Update(Shut{}); open.Open {
			t.Error("it did not shut at once")
		}
	}
}

func TestRecordHoldsNoPIN(t *testing.T) {
	store := memory.New()
	if _, ok, err := Read(store); ok || err != nil {
		t.Fatal(ok, err)
	}
	r := New("270153", salt)
	if err := r.Keep(store); err != nil {
		t.Fatal(err)
	}
	body, _ := store.Meta(metaPIN)
	if bytes.Contains(body, []byte("270153")) || bytes.Equal(r.Hash, New("270153", bytes.Repeat([]byte{8}, SaltSize)).Hash) {
		t.Error("the record gives the PIN away")
	}
	if r.Algorithm = "newer"; r.Is("270153") {
		t.Error("a record of another algorithm fits")
	}
}

func TestErasing(t *testing.T) {
	s := locked(t)
	s = typed(s, "2", start)
	s, _ = s.Update(Erase{})
	if s, _ = s.Update(Erase{}); s.Typed != 0 {
		t.Errorf("erased: %+v", s)
	}
	if got := typed(s, "270153", start); !got.Open {
		t.Errorf("after erasing: %+v", got)
	}
	if s, do := (State{}).Update(Digit{'1', start}); s.Typed != 0 || do != (Do{}) {
		t.Error("a digit was taken before the record was read")
	}
}
