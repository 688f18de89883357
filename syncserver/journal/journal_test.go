package journal_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"yizhan/syncserver/journal"
)

// TestLinkVector freezes the hash: a journal written today is checked for ever.
func TestLinkVector(t *testing.T) {
	b := journal.Batch{Number: 7, First: 1000, Count: 3, Body: []byte("three entries")}
	got := journal.Link([32]byte{0: 1, 31: 2}, b)
	const want = "38b9f4bd9d03f5500928d5a64426c78e64adb3103c6ed7012224679f3c6f48c9"
	if hex.EncodeToString(got[:]) != want {
		t.Fatalf("Link = %x, want %s", got, want)
	}
}

func TestLinkCoversEveryField(t *testing.T) {
	base := journal.Batch{Number: 2, First: 5, Count: 1, Body: []byte("x")}
	seen := map[[32]byte]string{journal.Link([32]byte{}, base): "base"}
	for name, b := range map[string]journal.Batch{
		"number": {Number: 3, First: 5, Count: 1, Body: []byte("x")},
		"first":  {Number: 2, First: 6, Count: 1, Body: []byte("x")},
		"count":  {Number: 2, First: 5, Count: 2, Body: []byte("x")},
		"body":   {Number: 2, First: 5, Count: 1, Body: []byte("y")},
		"length": {Number: 2, First: 5, Count: 1, Body: []byte("x\x00")},
	} {
		h := journal.Link([32]byte{}, b)
		if other, taken := seen[h]; taken {
			t.Errorf("a change of %s gives the hash of %s", name, other)
		}
		seen[h] = name
	}
	if _, taken := seen[journal.Link([32]byte{1}, base)]; taken {
		t.Error("the previous hash is not covered")
	}
}

func TestFatal(t *testing.T) {
	if !journal.Fatal(fmt.Errorf("append: %w", journal.ErrIO)) {
		t.Error("a failed disk must end the process")
	}
	for _, err := range []error{nil, journal.ErrFull, journal.ErrFenced, errors.New("other")} {
		if journal.Fatal(err) {
			t.Errorf("%v must not end the process", err)
		}
	}
}
