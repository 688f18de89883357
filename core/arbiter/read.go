package arbiter

import (
	"maps"
	"slices"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/rule"
)

// Device looks a device up.
func (s *State) Device(d id.Device) (Device, bool) {
	v := s.devices[d]
	if v == nil {
		return Device{}, false
	}
	return v.view(), true
}

func (d *device) view() Device {
	return Device{d.Enrolment, d.last, d.chain, d.gone, d.wiped, d.seen}
}

// Devices calls fn with every device that ever enrolled, in order of id.
func (s *State) Devices(fn func(Device)) {
	for _, k := range sorted(s.devices) {
		fn(s.devices[k].view())
	}
}

// DeviceOfCode finds the device that a code, by its hash, is or was meant for.
func (s *State) DeviceOfCode(hash []byte) (id.Device, bool) {
	n := s.codes[string(hash)]
	if n == nil {
		return "", false
	}
	return n.Device, true
}

// Person looks a member up: what rules read, without digest and sealed fields.
func (s *State) Person(m id.Member) (member.Person, bool) {
	p := s.people[m]
	if p == nil {
		return member.Person{}, false
	}
	return p.facts(), true
}

// Org looks an organisation up.
func (s *State) Org(o id.Org) (member.Org, bool) {
	v, ok := s.orgs[o]
	return v, ok
}

// Counts are the seats of one pool by what became of them.
type Counts struct {
	Total, Free, Granted, Waitlisted, Redeemed, Lapsed, CheckedIn, Entered int
	Leased, InDoubt, WrittenOff                                            int
	Owed                                                                   int // of claims that hold, or held until they were handed over, and whose serials others have
}

// Count adds up a pool; with pool "" all pools of the activity.
func (s *State) Count(a id.Activity, pool id.Pool) (Counts, bool) {
	v := s.activities[a]
	if v == nil || pool != "" && v.Pool(pool) < 0 {
		return Counts{}, false
	}
	var n Counts
	for i, p := range v.book.Pools {
		if pool != "" && v.Pools[i].ID != pool {
			continue
		}
		n.Total += p.Total
		n.Free += p.Free()
		n.Granted += p.Granted
		n.Leased += p.Leased
		n.InDoubt += p.InDoubt
		n.WrittenOff += p.WrittenOff
	}
	for _, c := range v.book.Claims {
		if pool != "" && v.Pools[c.Pool].ID != pool {
			continue
		}
		if c.State == op.ClaimGranted || c.State == op.ClaimRedeemed || c.State == op.ClaimLapsed {
			n.Owed += c.Seats - quota.Sum(c.Taken)
		}
		switch c.State {
		case op.ClaimWaitlisted:
			n.Waitlisted += c.Seats
		case op.ClaimEntered:
			n.Entered += c.Seats
		case op.ClaimRedeemed:
			n.Redeemed += c.Seats
		case op.ClaimLapsed:
			n.Lapsed += c.Seats
		}
		if s.claims.of(c.Ticket).checkedIn {
			n.CheckedIn += c.Seats
		}
	}
	return n, true
}

// Gauge gives the free seats and the length of the line of every pool.
func (s *State) Gauge(a id.Activity) (free, waiting map[id.Pool]int, ok bool) {
	v := s.activities[a]
	if v == nil {
		return nil, nil, false
	}
	free, waiting = map[id.Pool]int{}, map[id.Pool]int{}
	for i, p := range v.book.Pools {
		free[v.Pools[i].ID] = p.Free()
		if n := len(v.book.Lines[i]); n > 0 {
			waiting[v.Pools[i].ID] = n
		}
	}
	return free, waiting, true
}

// Numbers gives what a signed ticket says instead of ids: the activity's number,
// the index of the pool and the station's number.
func (s *State) Numbers(a id.Activity, p id.Pool, st id.Station) (act uint32, pool int, stn uint32, ok bool) {
	v := s.activities[a]
	if v == nil {
		return 0, 0, 0, false
	}
	if w := s.stations[st]; w != nil && v.Binds() {
		stn = w.number
	}
	return v.number, v.Pool(p), stn, true
}

// Named reports whether a member has sealed fields.
func (s *State) Named(m id.Member) bool {
	p := s.people[m]
	return p != nil && p.named
}

// People calls fn with every member, in order of id, as Person gives them.
func (s *State) People(fn func(member.Person)) {
	for _, k := range sorted(s.people) {
		fn(s.people[k].facts())
	}
}

// Orgs calls fn with every organisation, in order of id.
func (s *State) Orgs(fn func(member.Org)) {
	for _, k := range sorted(s.orgs) {
		fn(s.orgs[k])
	}
}

// Sizes counts members and devices.
func (s *State) Sizes() (people, devices int) { return len(s.people), len(s.devices) }

// Strangers lists the organisations that an activity's rules name and that do not
// exist: a typing mistake there would leave everybody out.
func (s *State) Strangers(a id.Activity) []id.Org {
	v := s.activities[a]
	if v == nil {
		return nil
	}
	var unknown []id.Org
	for _, r := range append([]*rule.Rule{v.Audience, v.Guests}, v.Aside...) {
		if r == nil {
			continue
		}
		for _, o := range r.Orgs() {
			if _, ok := s.orgs[o]; !ok && !slices.Contains(unknown, o) {
				unknown = append(unknown, o)
			}
		}
	}
	return unknown
}

// Lease is a lease as it stands, with its seats by what became of them.
type Lease struct {
	op.Lease
	Over       string // how it ended: op.LeaseExpired …; empty while the device may grant
	Lent       int
	Used       int // reported
	Leased     int // the device may grant them
	InDoubt    int // it may have granted them
	WrittenOff int
}

// Leases calls fn with every lease, in the order in which they were lent.
func (s *State) Leases(fn func(Lease)) {
	for _, n := range slices.Sorted(maps.Keys(s.leases)) {
		l := s.leases[n]
		v := Lease{Lease: l.Lease.Lease, Over: l.Over, Lent: quota.Sum(l.Taken)}
		for _, u := range l.Used {
			v.Used += quota.Sum(u.Taken)
		}
		*map[quota.Fate]*int{quota.Out: &v.Leased, quota.InDoubt: &v.InDoubt, quota.WrittenOff: &v.WrittenOff}[l.Fate] = quota.Sum(l.Rest)
		fn(v)
	}
}
