package server

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/syncserver/roster"
	"yizhan/syncserver/vault"
)

// joined imports two people and gives the id of the first.
func joined(t *testing.T, s *Server) id.Member {
	t.Helper()
	people := []roster.Person{{Name: "苏小雨", IDNumber: "999000199001010017", Phone: "10012345678", Org: "C1"}, {Name: "江大海", IDNumber: "999000199001010025", Org: "C1"}}
	if _, err := s.ImportPeople(context.Background(), people); err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	return s.vault.MemberID(people[0].Identity())
}

func sealedOf(t *testing.T, s *Server, m id.Member) []byte {
	t.Helper()
	books, err := s.Ledger(context.Background())
	must(t, err)
	sealed, err := books.Sealed([]id.Member{m})
	must(t, err)
	return sealed[m]
}

func TestErase(t *testing.T) {
	dir, c := t.TempDir(), &clock{}
	s, _ := settled(t, dir, c)
	ctx := context.Background()
	m := joined(t, s)
	key, err := s.vault.Key(m, rosterPurpose)
	if err != nil {
		t.Fatal(err)
	}
	was := sealedOf(t, s, m)
	if _, err := key.Open(was); err != nil {
		t.Fatal(err)
	}
	if err := s.Erase(ctx, "nobody"); err == nil {
		t.Error("erased nobody")
	}
	if err := s.Erase(ctx, m); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, VaultFile+"*"))
	for _, f := range files {
		if b, err := os.ReadFile(f); err != nil || bytes.Contains(b, key) {
			t.Errorf("%s still holds the key (%v)", filepath.Base(f), err)
		}
	}
	for _, q := range []string{"苏小雨", "5678", string(m)} {
		if found, err := s.Find(ctx, q); err != nil || len(found) != 0 {
			t.Errorf("%s finds %+v, %v", q, found, err)
		}
	}
	if found, err := s.Find(ctx, "江大海"); err != nil || len(found) != 1 {
		t.Errorf("somebody else: %+v, %v", found, err)
	}
	if joined(t, s) != m { // the same paper, the same id
		t.Fatal("another id")
	}
	fresh, err := s.vault.Key(m, rosterPurpose)
	if err != nil || bytes.Equal(fresh, key) {
		t.Fatalf("who comes back gets the old key (%v)", err)
	}
	if _, err := fresh.Open(was); err == nil {
		t.Error("the new key opens what the old one sealed")
	}
	if found, err := s.Find(ctx, "苏小雨"); err != nil || len(found) != 1 {
		t.Errorf("who came back: %+v, %v", found, err)
	}
}

// A kill between the two halves of an erasure, and backups of different days.
func TestErasureIsFinishedAtTheNextStart(t *testing.T) {
	dir, c := t.TempDir(), &clock{}
	s, _ := settled(t, dir, c)
	ctx := context.Background()
	m := joined(t, s)
	want := func(what string, want Secrets, part string) {
		t.Helper()
		var got Secrets
		var err error
		sealed, erased := map[id.Member][]byte{}, []id.Member{}
		books, bad := s.Ledger(ctx)
		must(t, bad)
		must(t, books.People("", func(p member.Person) error {
			if p.Sealed != nil {
				sealed[p.ID] = p.Sealed
			}
			return nil
		}))
		must(t, s.View(ctx, func(state *arbiter.State) { erased = state.Erased() }))
		got, err = CheckSecrets(dir, sealed, erased)
		if want.Deployment = s.keys.Deployment; got != want || (part == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %+v, %v; want %+v", what, got, err, want)
		}
	}
	want("before", Secrets{Readable: 2}, "")
	if _, err := CheckSecrets(t.TempDir(), nil, nil); err == nil || !strings.Contains(err.Error(), KeysFile) {
		t.Errorf("nothing there: %v", err)
	}
	vaultThen := func() []byte { b, err := os.ReadFile(s.path(VaultFile)); must(t, err); return b }()
	must(t, s.vault.Erase(m)) // and then the power went
	want("half erased", Secrets{Readable: 1, Unreadable: 1}, "")
	shut(t, s)
	s = open(t, dir, c)
	if sealedOf(t, s, m) != nil {
		t.Error("the vault has forgotten a person whom the journal still knows")
	}
	want("erased", Secrets{Readable: 1, Erased: 1}, "")
	must(t, os.WriteFile(filepath.Join(dir, VaultFile), vaultThen, 0o600))
	want("an old vault", Secrets{Readable: 1, Erased: 1}, "is older than the journal")
	shut(t, s)
	must(t, os.WriteFile(filepath.Join(dir, VaultFile), vaultThen, 0o600)) // an old backup of the vault
	s = open(t, dir, c)
	if _, err := s.vault.Key(m, rosterPurpose); !errors.Is(err, vault.ErrErased) {
		t.Errorf("an old backup of the vault brought the key back: %v", err)
	}
	var erased []id.Member
	must(t, s.View(ctx, func(state *arbiter.State) { erased = state.Erased() }))
	if len(erased) != 1 || erased[0] != m {
		t.Errorf("erased are %v", erased)
	}
}

// A server that decides nothing, because a loss was shown, starts all the same: else
// nobody could tell it to go on. What was half erased is erased then.
func TestErasureWaitsUntilALossIsAccepted(t *testing.T) {
	dir, c := t.TempDir(), &clock{}
	s, _ := settled(t, dir, c)
	m := joined(t, s)
	must(t, s.vault.Erase(m))
	must(t, s.writeFile(lossFile, &Loss{Device: "phone", Seq: 1 << 20, Head: s.Head()}))
	shut(t, s)
	s = open(t, dir, c)
	if sealedOf(t, s, m) == nil {
		t.Error("something was decided before the loss is accepted")
	}
	other := s.vault.MemberID("999000199001010025")
	if err := s.Erase(context.Background(), other); err == nil || !strings.Contains(err.Error(), "nothing is erased yet") || sealedOf(t, s, other) == nil {
		t.Errorf("somebody is erased by a server that can tell nobody: %v", err)
	}
	if _, err := s.vault.Key(other, rosterPurpose); err != nil {
		t.Errorf("a key is gone all the same: %v", err)
	}
	_, err := s.AcceptLoss(context.Background())
	must(t, err)
	if sealedOf(t, s, m) != nil {
		t.Error("the vault has forgotten a person whom the journal still knows")
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
