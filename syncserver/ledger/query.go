package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger/db"
)

// page is how many people are read at once.
const page = 1000

// Claim is one claim that was not refused. Seats of a cancelled one are what it
// last held; GrantedAt is 0 until a seat was granted; Came is true once the
// holder came through the door, Inside until they left; Seq is the entry that
// last changed it.
type Claim = db.Claim

// Claims gives the claims of a member, oldest first.
func (l *Ledger) Claims(m id.Member) ([]Claim, error) {
	claims, err := l.queries.ClaimsOfMember(context.Background(), MemberScope(m))
	return claims, wrap("read claims", err)
}

// ActivityClaims gives the claims of an activity, oldest first.
func (l *Ledger) ActivityClaims(a id.Activity) ([]Claim, error) {
	claims, err := l.queries.ClaimsOfActivity(context.Background(), a)
	return claims, wrap("read claims", err)
}

// Claim gives one claim; ok is false where no claim has that ticket.
func (l *Ledger) Claim(t id.Ticket) (c Claim, ok bool, err error) {
	if t > math.MaxInt64 {
		return c, false, nil
	}
	c, err = l.queries.ClaimByTicket(context.Background(), t)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, wrap("read claims", err)
}

// States gives where each member stands in an activity: the newest of their claims
// that was not cancelled and not lost in a draw. Whoever has none is not in it.
func (l *Ledger) States(a id.Activity) (map[id.Member]op.ClaimState, error) {
	claims, err := l.ActivityClaims(a)
	states := map[id.Member]op.ClaimState{}
	for _, c := range claims {
		if c.State != op.ClaimCancelled && c.State != op.ClaimNotDrawn {
			states[c.Member] = c.State
		}
	}
	return states, err
}

// Counts says how the seats of one pool stand. Granted contains Redeemed and
// Lapsed; Free is what is left of Total, set-asides included.
type Counts struct {
	Pool       id.Pool
	Total      int
	Granted    int
	Waitlisted int
	Entered    int
	Redeemed   int
	Lapsed     int
	Returned   int // not picked up, and free again
	CheckedIn  int // seats of claims whose holder came
	Leased     int // a device may grant them
	InDoubt    int // a device may have granted them
	WrittenOff int
	Free       int
}

// Counts gives the counts of each pool of an activity, in order of id. Pools that
// a revision took away are left out.
func (l *Ledger) Counts(a id.Activity) (counts []Counts, err error) {
	err = l.View(func(v *View) error {
		pools, err := v.queries.PoolsOfActivity(context.Background(), a)
		if err != nil {
			return err
		}
		seats, err := v.queries.SeatsByPool(context.Background(), a)
		if err != nil {
			return err
		}
		lent, err := v.queries.SeatsByFate(context.Background(), a)
		if err != nil {
			return err
		}
		for _, p := range pools {
			n := Counts{Pool: p.ID, Total: p.Total}
			for _, s := range seats {
				if s.Pool == p.ID {
					n.add(s.State, int(s.Seats), int(s.Came))
				}
			}
			for _, s := range lent {
				if s.Pool == p.ID {
					*n.fate(quota.Fate(s.Fate)) += int(s.Seats)
				}
			}
			n.Free = n.Total - n.Granted - n.Leased - n.InDoubt - n.WrittenOff
			counts = append(counts, n)
		}
		return nil
	})
	return counts, wrap("count claims", err)
}

func (n *Counts) fate(f quota.Fate) *int {
	switch f {
	case quota.InDoubt:
		return &n.InDoubt
	case quota.WrittenOff:
		return &n.WrittenOff
	}
	return &n.Leased
}

func (n *Counts) add(state op.ClaimState, seats, came int) {
	n.CheckedIn += came
	switch state {
	case op.ClaimGranted:
		n.Granted += seats
	case op.ClaimRedeemed:
		n.Granted += seats
		n.Redeemed += seats
	case op.ClaimLapsed:
		n.Granted += seats
		n.Lapsed += seats
	case op.ClaimReturned:
		n.Returned += seats
	case op.ClaimWaitlisted:
		n.Waitlisted += seats
	case op.ClaimEntered:
		n.Entered += seats
	}
}

// OrgSeats gives the seats of an activity that each organisation's members were
// granted, redeemed and lapsed ones included.
func (l *Ledger) OrgSeats(a id.Activity) (map[id.Org]int, error) {
	rows, err := l.queries.SeatsByOrg(context.Background(), a)
	seats := map[id.Org]int{}
	for _, r := range rows {
		if r.State == op.ClaimGranted || r.State == op.ClaimRedeemed || r.State == op.ClaimLapsed {
			seats[r.Org] += int(r.Seats)
		}
	}
	return seats, wrap("count claims", err)
}

// Refusals counts the refused claims of an activity by the word of their code.
func (l *Ledger) Refusals(a id.Activity) (map[string]int, error) {
	rows, err := l.queries.RefusalsOfActivity(context.Background(), a)
	n := map[string]int{}
	for _, r := range rows {
		n[r.Code.String()] = r.Claims
	}
	return n, wrap("count refusals", err)
}

// Tasks gives all tasks, oldest first.
func (l *Ledger) Tasks() ([]wire.TaskRow, error) {
	rows, err := l.queries.Tasks(context.Background())
	tasks := make([]wire.TaskRow, len(rows))
	for i, r := range rows {
		tasks[i] = wire.TaskRow{Seq: r.Seq, Kind: r.Kind, Org: r.Org, Activity: r.Activity, At: r.At}
	}
	return tasks, wrap("read tasks", err)
}

// Incidents gives all incidents, oldest first.
func (l *Ledger) Incidents() ([]wire.IncidentRow, error) {
	rows, err := l.queries.Incidents(context.Background())
	incidents := make([]wire.IncidentRow, len(rows))
	for i, r := range rows {
		incidents[i] = wire.IncidentRow{Seq: r.Seq, Word: r.Word, Ticket: id.Ticket(r.Ticket), Device: r.Device, Verdict: r.Verdict, At: r.At, Member: r.Member}
	}
	return incidents, wrap("read incidents", err)
}

// Messages gives the messages of a member, oldest first.
func (l *Ledger) Messages(m id.Member) ([]wire.MessageRow, error) {
	bodies, err := l.queries.MessagesOfMember(context.Background(), MemberScope(m))
	messages := make([]wire.MessageRow, len(bodies))
	for i, body := range bodies {
		if err := wire.DecodeRow(body, &messages[i]); err != nil {
			return nil, wrap("read messages", err)
		}
	}
	return messages, wrap("read messages", err)
}

// Person gives one member, with the personal fields still sealed; ok is false
// where there is none of that id.
func (l *Ledger) Person(m id.Member) (p member.Person, ok bool, err error) {
	row, err := l.queries.PersonByID(context.Background(), m)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	return person(row), err == nil, wrap("read member", err)
}

// People calls fn for the members of an organisation and of all below it, of all
// organisations for "". Names are sealed, so whoever looks for one opens each row
// through the vault.
func (l *Ledger) People(o id.Org, fn func(member.Person) error) error {
	if o == "" {
		return l.everybody(fn)
	}
	orgs, err := l.queries.Orgs(context.Background())
	if err != nil {
		return wrap("read organisations", err)
	}
	tree := member.Tree{o: {ID: o}}
	for _, r := range orgs {
		tree[r.ID] = member.Org{ID: r.ID, Name: r.Name, Parent: r.Parent}
	}
	for _, under := range slices.Sorted(maps.Keys(tree)) {
		if !tree.Under(under, o) {
			continue
		}
		rows, err := l.queries.PeopleOf(context.Background(), under)
		if err != nil {
			return wrap("read members", err)
		}
		for _, r := range rows {
			if err := fn(person(r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// everybody reads page by page, so that fn may take its time.
func (l *Ledger) everybody(fn func(member.Person) error) error {
	for after := id.Member(""); ; {
		rows, err := l.queries.PeopleAfter(context.Background(), db.PeopleAfterParams{After: after, MaxRows: page})
		if err != nil || len(rows) == 0 {
			return wrap("read members", err)
		}
		for _, r := range rows {
			if err := fn(person(r)); err != nil {
				return err
			}
		}
		after = rows[len(rows)-1].ID
	}
}

// Sealed gives the sealed fields of those of these members who have any. It may be called
// inside a View: the connections of all Views may be held by those who wait for these names.
func (l *Ledger) Sealed(members []id.Member) (map[id.Member][]byte, error) {
	asked, err := json.Marshal(members)
	if err != nil {
		return nil, wrap("read members", err)
	}
	rows, err := l.sealed.Query(`SELECT p.id, p.sealed FROM json_each(?) AS asked CROSS JOIN person AS p ON p.id = asked.value WHERE p.sealed IS NOT NULL`, string(asked))
	if err != nil {
		return nil, wrap("read members", err)
	}
	defer rows.Close()
	sealed := make(map[id.Member][]byte, len(members))
	for rows.Next() {
		var m id.Member
		var fields []byte
		if err := rows.Scan(&m, &fields); err != nil {
			return nil, wrap("read members", err)
		}
		sealed[m] = fields
	}
	return sealed, wrap("read members", rows.Err())
}

func person(r db.Person) member.Person {
	return member.Person{ID: r.ID, Org: r.Org, Sex: r.Sex, Birth: r.Birth, Tags: r.Tags, Children: r.Children, LivesIn: r.LivesIn,
		Barred: r.Barred, Digest: r.Digest, Sealed: r.Sealed}
}
