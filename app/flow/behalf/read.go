package behalf

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"time"

	"yizhan/app/flow"
	"yizhan/app/flow/claim"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/lookup"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/wire"
)

// lent is what this device may still grant from one activity's leases.
type lent struct {
	left    int
	expires int64
	policy  op.Policy
}

// Read gives what can be done now, by action: what this device can decide itself
// stands first, then by title. d is what the store holds, in the form of claim.
func Read(s local.Store, d claim.Data, now time.Time) (map[Action][]Offer, error) {
	leases, err := held(s)
	if err != nil {
		return nil, err
	}
	all := map[Action][]Offer{}
	for _, a := range d.Activities {
		if a.Newer {
			continue
		}
		o := offer(a, d, now)
		if !a.Claim.Before(now.UnixMilli()) && !a.Over(now.UnixMilli()) {
			up := o.lend(leases[a.ID], now)
			up.Pools = slices.DeleteFunc(slices.Clone(o.Pools), func(p Pool) bool { return a.Ended(a.Pool(p.ID), now.UnixMilli()) })
			all[SignUp] = append(all[SignUp], up)
		}
		if !a.Pickup.After(now.UnixMilli()) {
			all[GiveBack] = append(all[GiveBack], o)
			if len(o.Stations) > 1 {
				all[Move] = append(all[Move], o)
			}
		}
	}
	for _, list := range all {
		slices.SortStableFunc(list, func(x, y Offer) int {
			return cmp.Or(cmp.Compare(y.Policy, x.Policy), cmp.Compare(x.Title, y.Title))
		})
	}
	return all, nil
}

func offer(a claim.Activity, d claim.Data, now time.Time) Offer {
	o := Offer{Activity: a.ID, Title: a.Title, Rules: a.Activity}
	if a.Claim.To != 0 {
		o.Note = say.T("%s 截止", flow.Moment(a.Claim.To, now))
	}
	full := len(a.Pools) > 0
	for i, p := range a.Pools {
		full = full && d.Full[claim.Place{Activity: a.ID, Pool: p.ID}]
		if !a.InHorizon(i, now.UnixMilli()) {
			continue
		}
		pool := Pool{ID: p.ID}
		if p.Starts != 0 {
			pool.Label = flow.Moment(p.Starts, now)
		}
		o.Pools = append(o.Pools, pool)
	}
	if full {
		o.Note, o.Tone = say.T("已满"), flow.Wait
	}
	if a.Spec.Pickup != nil {
		for _, at := range a.Spec.Pickup.Stations {
			row := d.Stations[at]
			o.Stations = append(o.Stations, Place{at, cmp.Or(row.Name, string(at)), row.Address})
		}
	}
	return o
}

// lend notes that this device may grant from a lease of its own.
func (o Offer) lend(l lent, now time.Time) Offer {
	if l.left <= 0 {
		return o
	}
	o.Policy, o.Tone = l.policy, flow.Good
	o.Note = say.T("本机可发 · 余 %d · %s 到期", l.left, flow.Moment(l.expires, now))
	if l.policy == op.VoidUnreported {
		o.Note = say.Join(" · ", o.Note, say.T("上报后有效"))
	}
	return o
}

// held adds up the open leases of each activity.
func held(s local.Store) (map[id.Activity]lent, error) {
	granted := map[uint64]int{}
	if err := flow.Each(s, wire.TableGrant, func(g wire.GrantRow) { granted[g.Lease] += g.Seats }); err != nil {
		return nil, err
	}
	all := map[id.Activity]lent{}
	err := flow.Each(s, wire.TableLease, func(row wire.LeaseRow) {
		left := quota.Sum(row.Lease.Taken) - granted[row.Lease.ID]
		if row.Over != "" || left <= 0 {
			return
		}
		l := all[row.Lease.Activity]
		l.left += left
		l.policy = max(l.policy, row.Lease.Policy) // the weaker word counts for all
		if l.expires == 0 || row.Lease.Expires < l.expires {
			l.expires = row.Lease.Expires
		}
		all[row.Lease.Activity] = l
	})
	return all, err
}

// Granted gives the ticket that this device signed, and the policy of its lease.
func Granted(s local.Store, t id.Ticket) (code string, policy op.Policy, err error) {
	row, ok, err := s.Get(wire.TableGrant, strconv.FormatUint(uint64(t), 10))
	if err != nil || !ok {
		return "", 0, err
	}
	var g wire.GrantRow
	if err := wire.DecodeRow(row.Body, &g); err != nil {
		return "", 0, err
	}
	err = flow.Each(s, wire.TableLease, func(l wire.LeaseRow) {
		if l.Lease.ID == g.Lease {
			policy = l.Lease.Policy
		}
	})
	return g.Code, policy, err
}

// Find looks for people among those whose names this device holds: the guests of
// its check-in lists. Each is named once.
func Find(s local.Store, query string) ([]Person, error) {
	var people []lookup.Candidate
	var persons []Person
	seen := map[id.Member]bool{}
	err := flow.Each(s, wire.TableGuest, func(g wire.GuestRow) {
		if g.Member == "" || seen[g.Member] {
			return
		}
		seen[g.Member] = true
		people = append(people, lookup.Candidate{Member: g.Member, Name: lookup.NewName(g.Name, g.Initials), Mark: g.Mark})
		persons = append(persons, Person{Member: g.Member, Name: g.Name})
	})
	if err != nil {
		return nil, err
	}
	var found []Person
	for _, i := range lookup.Find(lookup.Parse(query), people) {
		found = append(found, persons[i])
	}
	return found, nil
}

// Told is what the server said about somebody who is not on a list here; err is why
// it said nothing.
func Told(t wire.Told, err error) Searched {
	switch {
	case err != nil:
		return Searched{Why: Word{flow.Wait, say.T("没有找到"), say.T("现在没有网络，只能在本机的名单里找。"), say.T("请本人出示会员码，或联网后再找。")}}
	case t.Kind != fault.NoFault:
		return Searched{Why: Word{flow.Wait, say.T("请稍后再找"), flow.Sentence(t.Kind), flow.Next(t.Kind)}}
	}
	s := Searched{}
	for _, p := range t.People {
		s.People = append(s.People, Person{Member: p.Member, Name: p.Name, Org: p.Org})
	}
	return s
}

// Reading is who a member code shows, or why it shows nobody.
func Reading(shown membercode.Shown, err error) Message {
	word := func(sentence, next say.Text) Message {
		return Unread{Word{flow.Bad, say.T("不能识别"), sentence, next}}
	}
	switch {
	case err == nil && shown.Member != "":
		return Identified{Person{Member: shown.Member, Proven: shown.Strength == membercode.Strong}}
	case err == nil, errors.Is(err, membercode.ErrNotCode):
		return word(say.T("这不是会员码。"), say.T("请会员打开手机上的“会员码”，或按姓名查找。"))
	case errors.Is(err, membercode.ErrOld), errors.Is(err, membercode.ErrRepeat):
		return word(say.T("会员码已经过时，可能是截图。"), say.T("请本人打开手机，出示正在变化的会员码。"))
	case errors.Is(err, membercode.ErrEarly):
		return word(say.T("手机或本机的时间不准。"), say.T("请核对本机时间，再请会员联网后重新打开会员码。"))
	case errors.Is(err, membercode.ErrOver):
		return word(say.T("这部手机太久没有联网，会员码已经到期。"), say.T("请会员联网一次，或按姓名查找。"))
	case errors.Is(err, membercode.ErrRevoked):
		return word(say.T("这部手机已经停用。"), say.T("请会员用新手机，或按姓名查找。"))
	case errors.Is(err, membercode.ErrForeign):
		return word(say.T("这是别的工会的会员码。"), say.T("请到发码的工会办理。"))
	case errors.Is(err, membercode.ErrNoKeys):
		return word(say.T("本机还没有联过网，不能核对会员码。"), say.T("请先接通网络。"))
	}
	return word(say.T("会员码被改动过或已损坏。"), say.T("请会员关掉再打开会员码，调亮屏幕再扫。"))
}
