package roster

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/lookup"
	"yizhan/core/op"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Read gives the lists that the device holds, the session that is nearest in time
// first, with what this device did itself.
func Read(s local.Store, now time.Time) ([]Session, error) {
	names := map[id.Ticket]wire.GuestRow{}
	err := flow.Each(s, wire.TableGuest, func(g wire.GuestRow) { names[g.Ticket] = g })
	own, failed := passes(s)
	if err = cmp.Or(err, failed); err != nil {
		return nil, err
	}
	lists := map[Key]*Session{}
	err = flow.Each(s, wire.TableDoor, func(d wire.DoorRow) {
		if d.State == op.ClaimCancelled || d.State == op.ClaimReturned || d.State == op.ClaimNotDrawn {
			return // nobody's seat any more
		}
		k := Key{d.Activity, d.Pool}
		if lists[k] == nil {
			lists[k] = &Session{Key: k, Title: string(d.Activity)}
		}
		lists[k].add(d, names[d.Ticket], own[d.Ticket])
	})
	if err != nil {
		return nil, err
	}
	starts, err := times(s, lists, now)
	all := make([]Session, 0, len(lists))
	for _, at := range lists {
		slices.SortStableFunc(at.Guests, func(x, y Guest) int {
			return cmp.Or(cmp.Compare(x.Place, y.Place), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Ticket, y.Ticket))
		})
		all = append(all, *at)
	}
	slices.SortFunc(all, func(x, y Session) int {
		return cmp.Or(cmp.Compare(far(starts[x.Key], now), far(starts[y.Key], now)), cmp.Compare(x.Activity, y.Activity), cmp.Compare(x.Pool, y.Pool))
	})
	return all, err
}

// times gives the lists their titles, and when each begins.
func times(s local.Store, lists map[Key]*Session, now time.Time) (map[Key]int64, error) {
	starts := map[Key]int64{}
	err := flow.Each(s, wire.TableActivity, func(row wire.ActivityRow) {
		var spec activity.Spec
		if json.Unmarshal(row.Spec, &spec) != nil {
			return
		}
		plan, err := activity.Compile(spec, now.Location())
		for k, at := range lists {
			if k.Activity != row.ID {
				continue
			}
			at.Title = cmp.Or(spec.Title, at.Title)
			if err != nil {
				continue
			}
			if p := plan.Pool(k.Pool); p >= 0 && plan.Pools[p].Starts != 0 {
				starts[k], at.When = plan.Pools[p].Starts, flow.Moment(plan.Pools[p].Starts, now)
			}
		}
	})
	return starts, err
}

// far is how long a session is away; one without a time comes last.
func far(starts int64, now time.Time) time.Duration {
	if starts == 0 {
		return 1<<63 - 1
	}
	return now.Sub(time.UnixMilli(starts)).Abs()
}

func (s *Session) add(d wire.DoorRow, who wire.GuestRow, own *wire.UsedRow) {
	g := Guest{Ticket: d.Ticket, Short: ticket.Short(d.Ticket), Name: who.Name, Seats: d.Seats,
		person: lookup.Candidate{Member: d.Member, Name: lookup.NewName(who.Name, who.Initials), Mark: who.Mark}}
	inside, came := d.Inside, d.Came
	if own != nil {
		inside, came = !own.Out, true
	}
	switch {
	case d.State == op.ClaimWaitlisted || d.State == op.ClaimEntered:
		g.Place, g.Badge = Waiting, say.T("没有名额")
	case inside:
		g.Place, g.Badge, g.Tone = Inside, say.T("已入场"), flow.Good
	case came:
		g.Place, g.Badge = Left, say.T("已出场")
	case d.Blocked:
		g.Badge, g.Tone = say.T("已暂停"), flow.Bad
	default:
		g.Badge = say.T("未到")
	}
	if g.Place != Waiting {
		s.Expected += d.Seats
	}
	switch g.Place {
	case Inside:
		s.Inside += d.Seats
	case Left:
		s.Left += d.Seats
	}
	s.Guests = append(s.Guests, g)
}

// passes are the check-ins of this device that its rows do not contain yet.
func passes(s local.Store) (map[id.Ticket]*wire.UsedRow, error) {
	queue, err := s.Queue()
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	own := map[id.Ticket]*wire.UsedRow{}
	for _, q := range queue {
		o, err := op.Decode(q.Bytes)
		if err != nil || o.Kind != op.CheckIn {
			continue
		}
		row, ok, err := s.Get(wire.TableUsed, "door/"+strconv.FormatUint(uint64(o.Ticket), 10))
		if err != nil {
			return nil, fmt.Errorf("read check-ins: %w", err)
		}
		var mark wire.UsedRow
		if ok && wire.DecodeRow(row.Body, &mark) == nil && mark.Kind == op.CheckIn && mark.Seq >= queue[0].Seq {
			own[o.Ticket] = &mark
		}
	}
	return own, nil
}
