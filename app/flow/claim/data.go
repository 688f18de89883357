package claim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"yizhan/app/flow"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Data is what the phone knows: rows of the server, its own unanswered claims,
// and refusals, which are in no row.
type Data struct {
	Me         wire.MeRow
	Activities []Activity
	Full       map[Place]bool
	Stations   map[id.Station]wire.StationRow
	Claims     []wire.ClaimRow
	Asked      []Asked
	Changing   []Changing
	Refusals   map[Place]Refusal
	Seen       map[string]bool // messages that were read
}

// Activity is a published activity. One that this version cannot read has no
// rules and says so.
type Activity struct {
	*activity.Activity
	ID    id.Activity
	Title string
	Newer bool
}

// Place is one pool of one activity.
type Place struct {
	Activity id.Activity
	Pool     id.Pool
}

// Asked is a claim in the outbox. Result is nil until the server has answered.
type Asked struct {
	Place
	Seq     uint64 // number of the op
	Seats   int
	Station id.Station
	At      int64
	Result  *op.Result
}

// Refusal is the last claim that was turned down.
type Refusal struct {
	_        struct{} `cbor:",toarray"`
	Activity id.Activity
	Pool     id.Pool
	Code     fault.Code
	At       int64
}

// metaRefusals is where a phone keeps its refusals: they make no row, and a
// member who lost must still be able to read why tomorrow.
const (
	metaRefusals = "claim.refusals"
	keepRefusals = 64
)

// Reader reads Data out of the store, and keeps what it parsed: rules are
// compiled once for each revision.
type Reader struct {
	Store  local.Store
	Zone   *time.Location
	parsed map[id.Activity]revision
}

type revision struct {
	number   int
	activity Activity
}

// Read gives what is known now.
func (r *Reader) Read() (Data, error) {
	d := Data{Full: map[Place]bool{}, Stations: map[id.Station]wire.StationRow{}}
	err := flow.Each(r.Store, wire.TableActivity, func(row wire.ActivityRow) { d.Activities = append(d.Activities, r.activity(row)) })
	err = cmp.Or(err, flow.Each(r.Store, wire.TablePool, func(row wire.PoolRow) { d.Full[Place{row.Activity, row.Pool}] = row.Full }))
	err = cmp.Or(err, flow.Each(r.Store, wire.TableStation, func(row wire.StationRow) { d.Stations[row.ID] = row }))
	err = cmp.Or(err, flow.Each(r.Store, wire.TableClaim, func(row wire.ClaimRow) { d.Claims = append(d.Claims, row) }))
	err = cmp.Or(err, flow.Each(r.Store, wire.TableMe, func(row wire.MeRow) { d.Me = row }))
	if err != nil {
		return Data{}, err
	}
	if d.Asked, d.Changing, err = asked(r.Store); err != nil {
		return Data{}, err
	}
	if d.Refusals, err = refusals(r.Store); err != nil {
		return Data{}, err
	}
	d.Seen, err = seen(r.Store)
	return d, err
}

// activity reads a published activity leniently: fields of a newer server are
// left aside, because a phone shows rules and decides none.
func (r *Reader) activity(row wire.ActivityRow) Activity {
	if known, ok := r.parsed[row.ID]; ok && known.number == row.Revision {
		return known.activity
	}
	var spec activity.Spec
	a := Activity{ID: row.ID, Title: string(row.ID), Newer: true}
	if err := json.Unmarshal(row.Spec, &spec); err == nil {
		a.Title = cmp.Or(spec.Title, a.Title)
		if rules, err := activity.Compile(spec, r.Zone); err == nil {
			a.Activity, a.Newer = rules, false
		}
	}
	if r.parsed == nil {
		r.parsed = map[id.Activity]revision{}
	}
	r.parsed[row.ID] = revision{row.Revision, a}
	return a
}

func asked(s local.Store) (claims []Asked, changes []Changing, err error) {
	queue, err := s.Queue()
	if err != nil {
		return nil, nil, fmt.Errorf("read outbox: %w", err)
	}
	for _, q := range queue {
		o, err := op.Decode(q.Bytes)
		if err != nil {
			continue
		}
		var answer *op.Result
		if result := new(op.Result); q.Result != nil && wire.DecodeRow(q.Result, result) == nil {
			answer = result
		}
		at := Place{o.Activity, o.Pool}
		switch o.Kind {
		case op.Claim:
			claims = append(claims, Asked{Place: at, Seq: q.Seq, Seats: o.Seats, Station: o.Station, At: q.At, Result: answer})
		case op.Cancel:
			changes = append(changes, Changing{Place: at, Change: GiveBack, Seq: q.Seq, Result: answer})
		case op.Rebind:
			changes = append(changes, Changing{Place: at, Change: Move, Seq: q.Seq, Station: o.Station, Result: answer})
		}
	}
	return claims, changes, nil
}

func refusals(s local.Store) (map[Place]Refusal, error) {
	list, err := storedRefusals(s)
	if err != nil {
		return nil, err
	}
	m := make(map[Place]Refusal, len(list))
	for _, r := range list {
		m[Place{r.Activity, r.Pool}] = r
	}
	return m, nil
}

func storedRefusals(s local.Store) ([]Refusal, error) {
	body, err := s.Meta(metaRefusals)
	if err != nil {
		return nil, fmt.Errorf("read refusals: %w", err)
	}
	var list []Refusal
	if body == nil || cbor.Unmarshal(body, &list) != nil {
		return nil, nil
	}
	return list, nil
}

// KeepRefusal stores the answer to a claim where it was refused, and forgets an
// older refusal in the same place where it was not.
func KeepRefusal(s local.Store, r Refusal) error {
	list, err := storedRefusals(s)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(o Refusal) bool { return o.Activity == r.Activity && o.Pool == r.Pool })
	if r.Code != fault.None {
		list = append(list, r)
	}
	body, err := cbor.Marshal(list[max(0, len(list)-keepRefusals):])
	if err != nil {
		return fmt.Errorf("keep refusal: %w", err)
	}
	return s.SetMeta(map[string][]byte{metaRefusals: body})
}
