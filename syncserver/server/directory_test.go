package server

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/lookup"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/roster"
)

var kiosk = op.Enrolment{Device: "kiosk-1", Role: op.Kiosk}

// registered imports people, each a name and the last four digits of a phone.
func registered(t *testing.T, s *Server, names ...string) {
	t.Helper()
	var people []roster.Person
	for i, n := range names {
		people = append(people, roster.Person{Name: n[:len(n)-4], IDNumber: fmt.Sprintf("99900019900101%04d", i), Phone: "+861001234" + n[len(n)-4:], Org: "C1"})
	}
	if _, err := s.ImportPeople(context.Background(), people); err != nil {
		t.Fatal(err)
	}
	settle(t, s) // names are read in the ledger
}

func TestPeopleAreFound(t *testing.T) {
	c := &clock{}
	s, _ := settled(t, t.TempDir(), c)
	registered(t, s, "单雄信0001", "单小信0001", "沈小新0001", "孙晓星0001", "苏小雨0002", "欧阳晓月0003")
	for _, x := range []struct {
		name, tail string
		want       []string
		code       fault.Code
	}{
		{"ouyang", "0003", []string{"欧***甲"}, 0},
		{"苏小雨", "0002", []string{"苏**甲"}, 0},
		{"sxy", "0002", []string{"苏**甲"}, 0},
		{"sxy", "0003", nil, fault.UnknownMember},
		{"shanxx", "0001", []string{"单**甲", "单**甲"}, 0},
		{"sx", "", nil, fault.Invalid},
		{"s", "0002", nil, fault.Invalid},
	} {
		got := s.Ask(context.Background(), kiosk, wire.Ask{Kind: wire.AskPerson, Name: x.name, Phone: x.tail})
		var names []string
		for _, p := range got.People {
			names = append(names, p.Name+p.Org)
		}
		if !slices.Equal(names, x.want) || got.Code != x.code || got.Kind != fault.NoFault {
			t.Errorf("%q %q: %+v, want %v", x.name, x.tail, got, x.want)
		}
	}
}

// Whoever tries out digits is stopped for an hour, hits included; whoever finds people is not.
func TestGuessingIsStopped(t *testing.T) {
	c := &clock{}
	s, _ := settled(t, t.TempDir(), c)
	joined(t, s)
	ask := func(tail string) wire.Told {
		c.Add(askWindow.Milliseconds() / 10)
		return s.Ask(context.Background(), kiosk, wire.Ask{Kind: wire.AskPerson, Name: "sxy", Phone: tail})
	}
	for range 100 {
		if got := ask("5678"); len(got.People) != 1 {
			t.Fatalf("found %+v", got)
		}
	}
	tried := 0
	for ask(fmt.Sprintf("%04d", tried)).Kind == fault.NoFault && tried < 5000 {
		tried++
	}
	if tried != missMost || ask("5678").Kind != fault.Busy {
		t.Errorf("%d guesses at once, want %d", tried, missMost)
	}
	c.Add(missWindow.Milliseconds())
	if got := ask("5678"); len(got.People) != 1 {
		t.Errorf("an hour later: %+v", got)
	}
}

func TestGuests(t *testing.T) {
	s, _ := settled(t, t.TempDir(), &clock{})
	m := joined(t, s)
	settle(t, s)
	guest := func() wire.GuestRow {
		row := wire.GuestRow{Ticket: 1, Member: m}
		must(t, s.Guests([]*wire.GuestRow{&row}))
		return row
	}
	if g := guest(); g.Name != "苏*雨" || !slices.Equal(g.Initials, []string{"SXY"}) || string(g.Mark) != string(lookup.Mark(m, "5678")) {
		t.Errorf("the guest is %+v", g)
	}
	registered(t, s, "赵大一0009")
	settle(t, s)
	if got := s.Ask(context.Background(), kiosk, wire.Ask{Kind: wire.AskPerson, Name: "zdy", Phone: "0009"}); len(got.People) != 1 {
		t.Errorf("who came later: %+v", got)
	}
	for e, want := range map[*op.Enrolment]fault.Code{{Device: "s1", Role: op.Staff}: fault.NotAuthorised, {Device: "s2", Role: op.Staff, Supervisor: true}: fault.None} {
		got := s.Ask(context.Background(), *e, wire.Ask{Kind: wire.AskPerson, Name: "zdy", Phone: "0009"})
		if got.Code != want || (len(got.People) == 1) != (want == fault.None) {
			t.Errorf("%s is told %+v", e.Device, got)
		}
		if got = s.Ask(context.Background(), *e, wire.Ask{Kind: wire.AskTickets, Member: m}); got.Code != fault.NotAuthorised {
			t.Errorf("%s is told of tickets: %+v", e.Device, got)
		}
	}
	must(t, s.Erase(context.Background(), m))
	settle(t, s)
	if got := s.Ask(context.Background(), kiosk, wire.Ask{Kind: wire.AskPerson, Name: "sxy", Phone: "5678"}); got.Code != fault.UnknownMember {
		t.Errorf("who was erased: %+v", got)
	}
	if g := guest(); g.Name != "" || g.Mark != nil {
		t.Errorf("the erased guest is %+v", g)
	}
	if g := (wire.GuestRow{Member: "m1"}); s.Guests([]*wire.GuestRow{&g}) != nil || g.Name != "" {
		t.Errorf("somebody without a name is %+v", g)
	}
}

// Whoever has two tickets on one list is one person, and forgotten as one.
func TestTwoTicketsOfOneMember(t *testing.T) {
	s, _ := settled(t, t.TempDir(), &clock{})
	m := joined(t, s)
	rows := []*wire.GuestRow{{Ticket: 1, Member: m}, {Ticket: 2, Member: m}}
	must(t, s.Guests(rows))
	ask := func() wire.Told {
		return s.Ask(context.Background(), kiosk, wire.Ask{Kind: wire.AskPerson, Name: "sxy", Phone: "5678"})
	}
	if got := ask(); len(got.People) != 1 || rows[0].Name != "苏*雨" || rows[1].Name != "苏*雨" {
		t.Errorf("%v and %v are found as %+v", rows[0], rows[1], got)
	}
	must(t, s.Erase(context.Background(), m))
	settle(t, s)
	if got := ask(); got.Code != fault.UnknownMember {
		t.Errorf("who was erased: %+v", got)
	}
}

// between is a context that has something done between two lots of names.
type between struct {
	context.Context
	do func()
}

func (b between) Err() error { b.do(); return b.Context.Err() }

// While a kiosk's question opens everybody's names, lists are given out and decisions
// projected; who is erased or imported anew meanwhile has no old name, opened already or not.
func TestNamesChangeWhileTheyAreOpened(t *testing.T) {
	s, _ := settled(t, t.TempDir(), &clock{})
	people := map[id.Member]roster.Person{}
	for i := range 2*openedLot + 10 {
		p := roster.Person{IDNumber: fmt.Sprintf("99900019900101%04d", i), Phone: "+8610012340001", Org: "C1"}
		people[s.vault.MemberID(p.Identity())] = p
	}
	put := func(name string, who ...id.Member) {
		var some []roster.Person
		for _, m := range who {
			p := people[m]
			p.Name = name
			some = append(some, p)
		}
		_, err := s.ImportPeople(context.Background(), some)
		must(t, err)
	}
	sorted := slices.Sorted(maps.Keys(people)) // the order of the vault
	put("苏小雨", sorted...)
	settle(t, s)
	erased, renamed, back := map[id.Member]bool{}, map[id.Member]bool{}, map[id.Member]bool{}
	limited, end := context.WithTimeout(context.Background(), time.Minute)
	defer end()
	lots := 0
	change := func() {
		if lots++; lots > 3 {
			return
		}
		for _, m := range []id.Member{sorted[lots], sorted[openedLot+lots], sorted[len(sorted)-lots]} {
			must(t, s.Erase(context.Background(), m))
			erased[m] = true
		}
		for _, m := range []id.Member{sorted[10+lots], sorted[openedLot+10+lots]} {
			put("欧阳晓月", m)
			renamed[m] = true
		}
		if lots == 2 {
			back[sorted[1]], back[sorted[openedLot+1]] = true, true
			put("江大海", sorted[1], sorted[openedLot+1])
		}
		_, err := s.Ledger(limited) // the projection waits while names are held
		must(t, err)
		row := wire.GuestRow{Member: sorted[len(sorted)-9]}
		if must(t, s.Guests([]*wire.GuestRow{&row})); row.Name != "苏*雨" {
			t.Errorf("a guest is %+v", row)
		}
	}
	if _, err := s.find(between{context.Background(), change}, lookup.Parse("sxy"), "0001", ""); err != nil || lots < 4 {
		t.Fatalf("%d lots, %v", lots, err)
	}
	for _, m := range sorted {
		want := map[string]int{"sxy": 1, "oyxy": 0, "jdh": 0}
		switch {
		case back[m]:
			want = map[string]int{"sxy": 0, "oyxy": 0, "jdh": 1}
		case erased[m]:
			want["sxy"] = 0
		case renamed[m]:
			want = map[string]int{"sxy": 0, "oyxy": 1, "jdh": 0}
		}
		for name, n := range want {
			found, err := s.find(context.Background(), lookup.Parse(name), "0001", "")
			found = slices.DeleteFunc(found, func(l *listed) bool { return l.who != m })
			if err != nil || len(found) != n {
				t.Errorf("%s is found %d times as %s, %v; want %d", m, len(found), name, err, n)
			}
		}
	}
}

// Whoever is on a check-in list has an open name before a tablet asks; others have not.
func TestNamesAreOpenedAhead(t *testing.T) {
	dir, c := t.TempDir(), &clock{}
	s, _ := settled(t, dir, c)
	m := joined(t, s)
	publish(t, s, `{"id":"course","title":"公开课","sessions":[{"id":"s1","starts":"2017-03-08T09:00:00","ends":"2017-03-08T10:00:00","total":9}],
		"windows":{"claim":["2017-03-01T00:00:00","2017-03-07T00:00:00"]}}`)
	for _, who := range []id.Member{m, "m1"} {
		clerk := enrol(t, s, op.Enrolment{Role: op.Staff})
		clerk.member = who
		if got := clerk.ask(s, op.Op{Kind: op.Claim, Activity: "course", Pool: "s1", Seats: 1, Channel: op.ByStaff}); got.Outcome != op.Granted {
			t.Fatalf("%s is told %+v", who, got)
		}
	}
	settle(t, s)
	ended, end := context.WithCancel(context.Background())
	end()
	must(t, s.OpenNames(ended))
	if len(s.names.people) != 0 {
		t.Errorf("a server that stops opened %d names", len(s.names.people))
	}
	must(t, s.OpenNames(context.Background()))
	if one := s.names.people[m]; one == nil || one.name() != "苏小雨" || len(s.names.people) != 2 {
		t.Errorf("open are %v", s.names.people)
	}
}

// settle waits until the server has followed what it decided.
func settle(t testing.TB, s *Server) {
	t.Helper()
	if _, err := s.Ledger(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// The console finds by pinyin too, and a name with a digit by all of it.
func TestFindInTheConsole(t *testing.T) {
	s, _ := settled(t, t.TempDir(), &clock{})
	registered(t, s, "单雄信0001", "会员10002", "会员20003")
	for q, want := range map[string]int{"sxx": 1, "danxiongxin": 1, "sxx0001": 1, "sxx0002": 0, "0003": 1, "会员": 2, "会员1": 1, "会员3": 0, "12": 0} {
		if found, err := s.Find(context.Background(), q); err != nil || len(found) != want {
			t.Errorf("%q finds %+v, %v; want %d", q, found, err, want)
		}
	}
}

// BenchmarkGuests names 100,000 people for a check-in list, as the first tablet after a start wants them.
func BenchmarkGuests(b *testing.B) {
	const people, lot = 100_000, 256
	c := &clock{}
	dir := b.TempDir()
	s, _ := settled(b, dir, c)
	names := []string{"单雄信", "欧阳晓月", "苏小雨", "王建国", "李小明", "张伟"}
	some := make([]roster.Person, 20_000)
	for from := 0; from < people; from += len(some) {
		for i := range some {
			some[i] = roster.Person{Name: names[i%len(names)], IDType: "居民身份证", IDNumber: fmt.Sprintf("999%015d", from+i), Phone: fmt.Sprintf("+86100%08d", from+i), Sex: "F",
				Birth: "1990-01-01", Tags: []string{"实名"}, Org: "C1", OrgName: "仙桥区某某有限公司工会"}
		}
		if _, err := s.ImportPeople(context.Background(), some); err != nil {
			b.Fatal(err)
		}
	}
	var rows []*wire.GuestRow
	must(b, s.View(context.Background(), func(state *arbiter.State) {
		state.People(func(p member.Person) { rows = append(rows, &wire.GuestRow{Member: p.ID}) })
	}))
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	settle(b, s)
	for b.Loop() {
		s.names = directory{}
		for some := range slices.Chunk(rows, lot) {
			must(b, s.Guests(some))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*people), "ns/name")
}
