package lease

import (
	"slices"
	"testing"
	"time"

	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/schedule"
	"yizhan/core/wire"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

func at(t testing.TB, wall string) int64 {
	t.Helper()
	parsed, err := time.ParseInLocation(schedule.Layout, wall, shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.UnixMilli()
}

const gift = `{"id": "gift", "title": "春送祝福", "audience": "m.sex == \"F\"", "pools": [{"id": "sets", "total": 1000}],
	"limits": [{"per": "member", "max": 2, "max_with_child": 3}, {"per": "member", "series": "2017", "max": 5}, {"per": "org", "max": 6}],
	"set_asides": [{"id": "frontline", "count": 200, "audience": "\"frontline\" in m.tags"}],
	"windows": {"claim": ["2017-03-08T00:00:00", "2017-03-12T00:00:00"]}, "when_full": "waitlist",
	"pickup": {"stations": ["HQ", "ST1"], "bind": true}}`

func parsed(t testing.TB, spec string) *activity.Activity {
	t.Helper()
	a, err := activity.Parse([]byte(spec), shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// known is a device that lent 10 seats and can say nothing against F1.
func known(t testing.TB) Known {
	t.Helper()
	return Known{Plan: parsed(t, gift), Now: at(t, "2017-03-08T09:00:00"), Left: []op.Taken{{From: 11, N: 4}, {From: 31, N: 6}},
		Lease:  op.Lease{ID: 7, Activity: "gift", Pool: "sets"},
		Person: &member.Person{ID: "F1", Org: "FH", Sex: "F"}, Tree: member.Tree{"FH": {ID: "FH"}},
		Series: map[string]map[id.Activity]bool{"2017": {"gift": true, "tea": true}}}
}

func held(t id.Ticket, a id.Activity, m id.Member, seats int) wire.HeldRow {
	return wire.HeldRow{Ticket: t, Activity: a, Pool: "sets", Member: m, Org: "FH", Seats: seats, State: op.ClaimGranted}
}

func grant(seq uint64, m id.Member, seats int) wire.GrantRow {
	return wire.GrantRow{Ticket: id.LeaseTicket(7, int(seq)), Lease: 7, Seq: seq, Member: m, Org: "FH", Activity: "gift", Pool: "sets", Seats: seats}
}

func only(m ...op.Borrower) []op.Borrower { return m }

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		name  string
		seats int
		make  func(*Known)
		code  fault.Code
	}{
		{"nothing against it", 1, func(*Known) {}, fault.None},
		{"revoked", 1, func(k *Known) { k.Revoked, k.Person = true, nil }, fault.DeviceRevoked},
		{"no seats", 0, func(*Known) {}, fault.Invalid},
		{"not told about the person", 1, func(k *Known) { k.Person = nil }, fault.UnknownMember},
		{"barred", 1, func(k *Known) { k.Person.Barred = true }, fault.Barred},
		{"outside the audience", 1, func(k *Known) { k.Person.Sex = "M" }, fault.NotEligible},
		{"outside the set-aside", 1, func(k *Known) { k.Lease.SetAside = "frontline" }, fault.NotEligible},
		{"of the set-aside", 1, func(k *Known) { k.Lease.SetAside, k.Person.Tags = "frontline", []string{"frontline"} }, fault.None},
		{"a set-aside that is gone", 1, func(k *Known) { k.Lease.SetAside, k.Person.Tags = "x", []string{"frontline"} }, fault.NotEligible},
		{"of the set-aside, from the rest", 1, func(k *Known) { k.Person.Tags = []string{"frontline"} }, fault.None},
		{"outside an exclusive lease", 1, func(k *Known) { k.Lease.Members = only(op.Borrower{Member: "F2"}) }, fault.NotEligible},
		{"a stranger to an exclusive lease", 1, func(k *Known) { k.Lease.Members, k.Person = only(op.Borrower{Member: "F2"}), nil }, fault.NotEligible},
		{"named by an exclusive lease", 2, func(k *Known) { k.Lease.Members = only(op.Borrower{Member: "F1"}) }, fault.None},
		{"named, holding before", 2, func(k *Known) {
			k.Lease.Members, k.Held = only(op.Borrower{Member: "F1", Held: []int{1, 1}}), []wire.HeldRow{held(1, "gift", "F1", 1)}
		}, fault.MemberCap},
		{"named, holding before and cancelled since", 2, func(k *Known) { k.Lease.Members = only(op.Borrower{Member: "F1", Held: []int{1, 1}}) }, fault.None},
		{"lent to another device", 1, func(k *Known) { k.Elsewhere = true }, fault.HeldElsewhere},
		{"too early", 1, func(k *Known) { k.Now = at(t, "2017-03-07T23:59:59") }, fault.WindowNotOpen},
		{"when it opens", 1, func(k *Known) { k.Now = at(t, "2017-03-08T00:00:00") }, fault.None},
		{"too late", 1, func(k *Known) { k.Now = at(t, "2017-03-12T00:00:00") }, fault.WindowClosed},
		{"too late to collect it", 1, func(k *Known) {
			k.Plan = parsed(t, `{"id": "gift", "title": "t", "pools": [{"id": "sets", "total": 1000}], "windows": {"pickup": ["2017-03-08T00:00:00", "2017-03-08T09:00:00"]}}`)
			k.Now = at(t, "2017-03-08T09:00:00")
		}, fault.WindowClosed},
		{"up to the limit", 2, func(*Known) {}, fault.None},
		{"over the limit", 3, func(*Known) {}, fault.MemberCap},
		{"over the limit, with a child", 3, func(k *Known) { k.Person.Children = 1 }, fault.None},
		{"with what the server counts", 2, func(k *Known) { k.Held = []wire.HeldRow{held(1, "gift", "F1", 1)} }, fault.MemberCap},
		{"with what others hold", 2, func(k *Known) { k.Held = []wire.HeldRow{held(1, "gift", "F2", 2)} }, fault.None},
		{"with what the device granted", 2, func(k *Known) { k.Grants = []wire.GrantRow{grant(3, "F1", 1)} }, fault.MemberCap},
		{"with a grant that was counted and cancelled", 2, func(k *Known) { k.Grants, k.Settled = []wire.GrantRow{grant(3, "F1", 1)}, 3 }, fault.None},
		{"with a grant that is counted, though not acked", 1, func(k *Known) {
			k.Grants, k.Held = []wire.GrantRow{grant(3, "F1", 1)}, []wire.HeldRow{held(id.LeaseTicket(7, 3), "gift", "F1", 1)}
		}, fault.None},
		{"over the series", 2, func(k *Known) { k.Held = []wire.HeldRow{held(1, "tea", "F1", 4)} }, fault.SeriesCap},
		{"another series", 2, func(k *Known) { k.Held = []wire.HeldRow{held(1, "walk", "F1", 4)} }, fault.None},
		{"over the organisation's limit", 2, func(k *Known) { k.Held = []wire.HeldRow{held(1, "gift", "F2", 5)} }, fault.OrgCap},
		{"over it with own grants", 1, func(k *Known) {
			k.Held, k.Grants = []wire.HeldRow{held(1, "gift", "F2", 4)}, []wire.GrantRow{grant(3, "F3", 2)}
		}, fault.OrgCap},
		{"the lease is over", 1, func(k *Known) { k.Expired = true }, fault.LeaseExpired},
		{"over and used up", 1, func(k *Known) { k.Expired, k.Left = true, nil }, fault.LeaseExpired},
		{"used up", 1, func(k *Known) { k.Left = nil }, fault.LeaseExhausted},
		{"too few left", 2, func(k *Known) { k.Left = k.Left[:1]; k.Left[0].N = 1 }, fault.LeaseExhausted},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := known(t)
			c.make(&k)
			got, taken := Decide(k, op.Op{Member: "F1", Activity: "gift", Seats: c.seats})
			if got.Code != c.code || (got.Outcome == op.Granted) != (c.code == fault.None) || quota.Sum(taken) != got.Seats {
				t.Errorf("got %+v with %v, want %v", got, taken, c.code)
			}
		})
	}
}

func TestDecideTakesTheNextSerials(t *testing.T) {
	k := known(t)
	k.Plan = parsed(t, `{"id": "gift", "title": "t", "pools": [{"id": "sets", "total": 1000}], "when_short": "trim"}`)
	for _, c := range []struct {
		seats int
		want  []op.Taken
	}{
		{1, []op.Taken{{From: 11, N: 1}}}, {4, []op.Taken{{From: 11, N: 4}}}, {6, []op.Taken{{From: 11, N: 4}, {From: 31, N: 2}}},
		{11, []op.Taken{{From: 11, N: 4}, {From: 31, N: 6}}}, // trimmed to what is left
	} {
		if _, taken := Decide(k, op.Op{Member: "F1", Activity: "gift", Seats: c.seats}); !slices.Equal(taken, c.want) {
			t.Errorf("%d seats: %v, want %v", c.seats, taken, c.want)
		}
	}
	k.Left = nil
	if got, taken := Decide(k, op.Op{Member: "F1", Activity: "gift", Seats: 1}); got.Code != fault.LeaseExhausted || taken != nil {
		t.Errorf("nothing left to trim to: %+v %v", got, taken)
	}
	if got, _ := Decide(known(t), op.Op{Member: "F1", Activity: "gift", Seats: 1, Station: "ST9"}); got.Code != fault.Invalid {
		t.Errorf("a place that the activity does not offer: %+v", got)
	}
}
