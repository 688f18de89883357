package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

// kinds names what may wait, in the words of people.
var kinds = map[op.Kind]say.Text{op.Claim: say.T("报名"), op.GroupClaim: say.T("团体报名"), op.Cancel: say.T("退票"), op.Redeem: say.T("扫码领取"), op.CheckIn: say.T("签到"),
	op.Rebind: say.T("换站领取"), op.Release: say.T("交回票券"), op.ReturnLease: say.T("交回授权"), op.RenewLease: say.T("续期授权"), op.Settle: say.T("处理记录")}

// Read takes from the store what the findings depend on. Now, Free, Reach and how
// the link stands are the caller's to fill in.
func Read(s local.Store) (in Input, err error) {
	if err := in.identity(s); err != nil {
		return in, err
	}
	unanswered, err := in.queue(s)
	if err != nil {
		return in, err
	}
	mark, ok, err := s.Get(wire.TableUsed, "clock")
	if err != nil {
		return in, fmt.Errorf("examine device: %w", err)
	}
	var seen wire.UsedRow
	if ok && wire.DecodeRow(mark.Body, &seen) == nil {
		in.Newest = time.UnixMilli(seen.At)
	}
	return in, in.leases(s, unanswered)
}

func (in *Input) identity(s local.Store) error {
	stored, err := s.Meta(replica.MetaIdentity)
	if err != nil {
		return fmt.Errorf("examine device: %w", err)
	}
	var who wire.Enrolled
	if stored != nil {
		err = wire.DecodeRow(stored, &who)
	}
	in.Device, in.Hub = string(who.Device), string(who.Upstream)
	return err
}

// queue counts what waits by kind, and gives the numbers of the ops.
func (in *Input) queue(s local.Store) (map[uint64]bool, error) {
	queue, err := s.Queue()
	if err != nil {
		return nil, fmt.Errorf("examine device: %w", err)
	}
	numbers := map[uint64]bool{}
	for _, q := range queue {
		held := replica.IsPending(q)
		if q.Result != nil && !held {
			continue
		}
		numbers[q.Seq] = true
		what := say.T("记录")
		if o, err := op.Decode(q.Bytes); err == nil {
			if known, ok := kinds[o.Kind]; ok {
				what = known
			}
		}
		i := slices.IndexFunc(in.Waiting, func(w Waiting) bool { return w.What.String() == what.String() && w.Held == held })
		if i < 0 {
			in.Waiting, i = append(in.Waiting, Waiting{What: what, Oldest: time.UnixMilli(q.At), Held: held}), len(in.Waiting)
		}
		in.Waiting[i].N++
	}
	return numbers, nil
}

func (in *Input) leases(s local.Store, unanswered map[uint64]bool) error {
	granted, unreported := map[uint64]int{}, map[uint64]int{}
	if err := flow.Each(s, wire.TableGrant, func(g wire.GrantRow) {
		granted[g.Lease] += g.Seats
		if unanswered[g.Seq] {
			unreported[g.Lease]++
		}
	}); err != nil {
		return err
	}
	titles, err := flow.Titles(s)
	if err != nil {
		return err
	}
	if err := flow.Each(s, wire.TableLease, func(r wire.LeaseRow) {
		if l := r.Lease; r.Over == "" {
			in.Leases = append(in.Leases, Lease{Title: cmp.Or(titles[l.Activity], string(l.Activity)), Left: quota.Sum(l.Taken) - granted[l.ID],
				Expires: time.UnixMilli(l.Expires), Unreported: unreported[l.ID]})
		}
	}); err != nil {
		return err
	}
	slices.SortFunc(in.Leases, func(a, b Lease) int { return a.Expires.Compare(b.Expires) })
	return nil
}
