package memory_test

import (
	"errors"
	"testing"

	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/journaltest"
	"yizhan/syncserver/journal/memory"
)

func TestContract(t *testing.T) {
	journaltest.Run(t, func(testing.TB) journaltest.Open {
		var s memory.Store
		return func() (journal.Journal, error) { return s.Open(), nil }
	})
}

func TestFaultsInBothForms(t *testing.T) {
	broken := errors.New("broken")
	var s memory.Store
	fail := func(first byte) func(journal.Batch) error {
		return func(b journal.Batch) error {
			if b.Body[0] == first {
				return broken
			}
			return nil
		}
	}
	s.Before, s.After = fail('n'), fail('d')
	j := s.Open()
	for _, c := range []struct {
		body string
		want uint64
	}{{"not done", 0}, {"done", 1}} {
		head, err := j.Head()
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Append(head.Number, head.Batch(1, []byte(c.body))); !errors.Is(err, broken) {
			t.Fatalf("append %q: %v, want the injected fault", c.body, err)
		}
		if head, _ = j.Head(); head.Number != c.want {
			t.Fatalf("after %q the head is %d, want %d", c.body, head.Number, c.want)
		}
	}
}
