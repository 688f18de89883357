package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// readers are the statements that sessions ask for all the time.
type readers struct{ applied, acked, result *sql.Stmt }

func (r *readers) prepare(db *sql.DB) error {
	for _, s := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&r.applied, `SELECT seq FROM applied`},
		{&r.acked, `SELECT dev_seq FROM result WHERE device = ? AND seq <= ? ORDER BY dev_seq DESC LIMIT 1`},
		{&r.result, `SELECT body FROM result WHERE device = ? AND dev_seq = ?`},
	} {
		stmt, err := db.Prepare(s.text)
		if err != nil {
			return err
		}
		*s.to = stmt
	}
	return nil
}

// Claim is one claim that was not refused.
type Claim struct {
	Ticket    id.Ticket
	Member    id.Member
	Org       id.Org
	Activity  id.Activity
	Pool      id.Pool
	Station   id.Station
	Seats     int // of a cancelled claim: what it last held
	State     op.ClaimState
	Taken     []op.Taken
	Place     int
	Epoch     int
	Inside    bool  // came through the door and has not left
	Came      bool  // came through the door at least once
	At        int64 // Unix milliseconds
	GrantedAt int64 // 0 until a seat was granted
	Channel   op.Channel
	By        string // who typed
	Device    id.Device
	Seq       uint64 // entry that last changed it
}

// Claims gives the claims of a member, oldest first.
func (l *Ledger) Claims(m id.Member) ([]Claim, error) {
	return l.claims(` WHERE member = ? ORDER BY ticket`, string(m))
}

// ActivityClaims gives the claims of an activity, oldest first.
func (l *Ledger) ActivityClaims(a id.Activity) ([]Claim, error) {
	return l.claims(` WHERE activity = ? ORDER BY ticket`, string(a))
}

// Claim gives one claim; ok is false where no claim has that ticket.
func (l *Ledger) Claim(t id.Ticket) (c Claim, ok bool, err error) {
	found, err := l.claims(` WHERE ticket = ?`, int64(t))
	if err != nil || len(found) == 0 {
		return c, false, err
	}
	return found[0], true, nil
}

func (l *Ledger) claims(where string, arg any) ([]Claim, error) {
	var claims []Claim
	err := l.query("read claims", selectClaim+where, func(r *sql.Rows) error {
		var c claim
		if err := c.scan(r); err != nil {
			return err
		}
		claims = append(claims, Claim{c.ticket, c.member, c.org, c.activity, c.pool, c.station, c.seats, c.state, c.taken, c.place, c.epoch,
			c.inside, c.came, c.at, c.grantedAt, c.channel, c.by, c.device, c.seq})
		return nil
	}, arg)
	return claims, err
}

// States gives where each member stands in an activity: the newest of their claims
// that was not cancelled and not lost in a draw. Whoever has none is not in it.
func (l *Ledger) States(a id.Activity) (map[id.Member]op.ClaimState, error) {
	states := map[id.Member]op.ClaimState{}
	err := l.query("read claims", `SELECT member, state FROM claim WHERE activity = ? AND state NOT IN (?, ?) ORDER BY ticket`,
		func(r *sql.Rows) error {
			var m id.Member
			var s op.ClaimState
			err := r.Scan(&m, &s)
			states[m] = s
			return err
		}, string(a), int(op.ClaimCancelled), int(op.ClaimNotDrawn))
	return states, err
}

// Counts says how the seats of one pool stand. Granted contains Redeemed and
// Lapsed; Free is what is left of Total, set-asides included.
type Counts struct {
	Activity   id.Activity
	Pool       id.Pool
	Total      int
	Granted    int
	Waitlisted int
	Entered    int
	Redeemed   int
	Lapsed     int
	Returned   int // not picked up, and free again
	CheckedIn  int // seats of claims whose holder came
	Free       int
}

// Counts gives the counts of each pool of an activity, of all activities for "",
// in order of activity and pool. Pools that a revision took away are left out.
func (l *Ledger) Counts(a id.Activity) ([]Counts, error) {
	var counts []Counts
	err := l.query("count claims", `SELECT p.activity, p.id, p.total,
			coalesce(sum(c.seats) FILTER (WHERE c.state IN (?1, ?2, ?3)), 0), coalesce(sum(c.seats) FILTER (WHERE c.state = ?4), 0),
			coalesce(sum(c.seats) FILTER (WHERE c.state = ?5), 0), coalesce(sum(c.seats) FILTER (WHERE c.state = ?2), 0),
			coalesce(sum(c.seats) FILTER (WHERE c.state = ?3), 0), coalesce(sum(c.seats) FILTER (WHERE c.state = ?6), 0),
			coalesce(sum(c.seats) FILTER (WHERE c.came), 0)
		FROM pool p LEFT JOIN claim c ON c.activity = p.activity AND c.pool = p.id
		WHERE p.shut = 0 AND (?7 = '' OR p.activity = ?7) GROUP BY p.activity, p.id ORDER BY p.activity, p.id`,
		func(r *sql.Rows) error {
			var n Counts
			err := r.Scan(&n.Activity, &n.Pool, &n.Total, &n.Granted, &n.Waitlisted, &n.Entered, &n.Redeemed, &n.Lapsed, &n.Returned, &n.CheckedIn)
			n.Free = n.Total - n.Granted
			counts = append(counts, n)
			return err
		}, int(op.ClaimGranted), int(op.ClaimRedeemed), int(op.ClaimLapsed), int(op.ClaimWaitlisted), int(op.ClaimEntered), int(op.ClaimReturned), string(a))
	return counts, err
}

// OrgSeats gives, for each activity, the seats granted to each organisation
// (redeemed and lapsed ones included).
func (l *Ledger) OrgSeats() (map[id.Org]map[id.Activity]int, error) {
	seats := map[id.Org]map[id.Activity]int{}
	err := l.query("count claims", `SELECT org, activity, sum(seats) FROM claim WHERE state IN (?, ?, ?) GROUP BY org, activity`,
		func(r *sql.Rows) error {
			var o id.Org
			var a id.Activity
			var n int
			err := r.Scan(&o, &a, &n)
			if seats[o] == nil {
				seats[o] = map[id.Activity]int{}
			}
			seats[o][a] = n
			return err
		}, int(op.ClaimGranted), int(op.ClaimRedeemed), int(op.ClaimLapsed))
	return seats, err
}

// Refusals counts refused claims of an activity by code's word.
func (l *Ledger) Refusals(a id.Activity) (map[string]int, error) {
	n := map[string]int{}
	err := l.query("count refusals", `SELECT code, claims FROM refusal WHERE activity = ?`, func(r *sql.Rows) error {
		var code refusalKey
		var claims int
		err := r.Scan(&code.code, &claims)
		n[code.code.String()] = claims
		return err
	}, string(a))
	return n, err
}

// Tasks gives all tasks, oldest first.
func (l *Ledger) Tasks() ([]wire.TaskRow, error) {
	var tasks []wire.TaskRow
	err := l.query("read tasks", `SELECT seq, kind, org, activity, at FROM task ORDER BY seq`, func(r *sql.Rows) error {
		var t wire.TaskRow
		err := r.Scan(&t.Seq, &t.Kind, &t.Org, &t.Activity, &t.At)
		tasks = append(tasks, t)
		return err
	})
	return tasks, err
}

// Incidents gives all incidents, oldest first.
func (l *Ledger) Incidents() ([]wire.IncidentRow, error) {
	var incidents []wire.IncidentRow
	err := l.query("read incidents", `SELECT seq, word, ticket, device, verdict, at FROM incident ORDER BY seq`, func(r *sql.Rows) error {
		var i wire.IncidentRow
		var ticket int64 // what a scanner read may be over 63 bits
		err := r.Scan(&i.Seq, &i.Word, &ticket, &i.Device, &i.Verdict, &i.At)
		i.Ticket = id.Ticket(ticket)
		incidents = append(incidents, i)
		return err
	})
	return incidents, err
}

// Messages gives the messages of a member, oldest first.
func (l *Ledger) Messages(m id.Member) ([]wire.MessageRow, error) {
	var messages []wire.MessageRow
	err := l.query("read messages", `SELECT body FROM feed WHERE scope = ? AND tbl = ? AND gone = 0 ORDER BY seq`, func(r *sql.Rows) error {
		var body []byte
		if err := r.Scan(&body); err != nil {
			return err
		}
		messages = append(messages, wire.MessageRow{})
		return wire.DecodeRow(body, &messages[len(messages)-1])
	}, MemberScope(m), wire.TableMessage)
	return messages, err
}

const selectPerson = `SELECT id, org, sex, birth, tags, children, lives_in, barred, digest, sealed FROM person`

func scanPerson(r interface{ Scan(...any) error }) (m member.Person, err error) {
	var tags []byte
	if err := r.Scan(&m.ID, &m.Org, &m.Sex, &m.Birth, &tags, &m.Children, &m.LivesIn, &m.Barred, &m.Digest, &m.Sealed); err != nil {
		return m, err
	}
	if err := json.Unmarshal(tags, &m.Tags); err != nil {
		return m, err
	}
	return m, nil
}

// Person gives one member, with the personal fields still sealed.
func (l *Ledger) Person(m id.Member) (p member.Person, ok bool, err error) {
	p, err = scanPerson(l.read.QueryRow(selectPerson+` WHERE id = ?`, string(m)))
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	return p, err == nil, wrap("read member", err)
}

// People calls fn for every member of an organisation and of all below it, of all
// for "", in order of id. Names are sealed, so whoever looks for one opens each
// row through the vault. fn must not wait for a network.
func (l *Ledger) People(o id.Org, fn func(member.Person) error) error {
	return l.query("read members", `WITH RECURSIVE below (id) AS (
			SELECT ?1 UNION SELECT org.id FROM org JOIN below ON org.parent = below.id)
		`+selectPerson+` WHERE ?1 = '' OR org IN below ORDER BY id`, func(r *sql.Rows) error {
		p, err := scanPerson(r)
		if err != nil {
			return err
		}
		return fn(p)
	}, string(o))
}

func (l *Ledger) query(what, text string, fn func(*sql.Rows) error, args ...any) error {
	rows, err := l.read.Query(text, args...)
	if err == nil {
		err = each(rows, fn)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
