package lease

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/quota"
	"yizhan/core/wire"
)

// Outbox is where a device queues its ops (link.Device is one).
type Outbox interface {
	// DoRows numbers an op and stores it together with the rows that it changes,
	// in one transaction that survives a power cut, before it returns.
	DoRows(o op.Op, rows func(seq uint64) ([]local.Row, error)) (uint64, error)
}

// Config is what a holder is made of. Status may be nil: always offline.
type Config struct {
	Store  local.Store
	Outbox Outbox
	Zone   *time.Location // of the deployment
	Status func() Status
	Boot   func() (boot string, since time.Duration) // as link.Config.Boot
	Keeps  bool                                      // it renews its leases, and gives them back, by itself (UpkeepRule)
}

// Status is how the device stands towards its server at this moment.
type Status struct{ Online, Revoked bool }

// Holder grants from the leases of one device. It is safe for concurrent use; two
// decisions never interleave.
type Holder struct {
	cfg   Config
	mu    sync.Mutex                // held from the first read of a decision until its op is stored
	plans map[id.Activity]*revision // compiled rules

	looked map[uint64]int64 // by lease: when upkeep last looked, server clock
}

// revision is an activity as it was read last; plan is nil if this version cannot read it.
type revision struct {
	seq  uint64
	plan *activity.Activity
}

// New makes a holder. It reads nothing yet.
func New(cfg Config) *Holder {
	return &Holder{cfg: cfg, plans: map[id.Activity]*revision{}, looked: map[uint64]int64{}}
}

// Claim decides a claim (Member, Activity, Pool, Seats, Station, and who asks) if
// this device holds a lease for it: handled is false otherwise, and the caller
// queues the claim for the server. The device's clock is now. When it returns with
// handled and no error, the decision and its ticket survive a power cut, and seq is
// the op that reports it; with an error nothing was granted.
func (h *Holder) Claim(o op.Op, now time.Time) (result op.Result, seq uint64, handled bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	held, err := h.leases(now)
	if err != nil {
		return op.Result{}, 0, false, fmt.Errorf("claim: %w", err)
	}
	plan, err := h.plan(o.Activity)
	if err != nil {
		return op.Result{}, 0, false, fmt.Errorf("claim: %w", err)
	}
	if plan == nil || plan.Spec.Method != activity.FirstCome && plan.Spec.Method != "" {
		return op.Result{}, 0, false, nil
	}
	pool := plan.Pool(o.Pool)
	held = slices.DeleteFunc(held, func(l *lent) bool { return l.Activity != o.Activity || pool < 0 || plan.Pool(l.Pool) != pool })
	if h.online() { // the server answers as soon as it has what is left of a lease that is over
		if err := h.giveBack(held); err != nil {
			return op.Result{}, 0, false, fmt.Errorf("claim: %w", err)
		}
		held = slices.DeleteFunc(held, func(l *lent) bool { return l.expired })
	}
	held = slices.DeleteFunc(held, func(l *lent) bool { return l.given || l.unsure })
	if len(held) == 0 {
		return op.Result{}, 0, false, nil
	}
	o.Kind, o.At = op.Claim, now.UnixMilli()
	d, err := h.decide(plan, held, o)
	if err == nil {
		result, seq, err = h.store(d)
	}
	if err != nil {
		return op.Result{}, 0, true, fmt.Errorf("claim; hand nothing out: %w", err)
	}
	delete(h.looked, d.op.Lease) // the next tick looks at what is left
	return result, seq, true, nil
}

func (h *Holder) status() (s Status) {
	if h.cfg.Status != nil {
		s = h.cfg.Status()
	}
	return s
}

func (h *Holder) online() bool { return h.status().Online }

// decision is an answer to a claim and what it rests on.
type decision struct {
	op     op.Op
	answer quota.Answer
	grant  *wire.GrantRow // nil for a refusal
}

// decide asks the leases one after the other: the first that grants does, else
// the first that refuses.
func (h *Holder) decide(plan *activity.Activity, held []*lent, o op.Op) (d decision, err error) {
	k, err := h.known(plan, o.Member)
	if err != nil {
		return d, err
	}
	k.Revoked = h.status().Revoked
	for i, l := range held {
		k.Lease, k.Left, k.Now, k.Expired = l.Lease, l.left(k.Grants), l.now, l.expired
		k.Elsewhere = slices.Contains(l.row.Elsewhere, o.Member)
		answer, taken := Decide(k, o)
		if i > 0 && answer.Outcome != op.Granted {
			continue
		}
		d = decision{op: o, answer: answer}
		d.op.Lease, d.op.Pool, d.op.Outcome, d.op.Code = l.ID, l.Pool, answer.Outcome, answer.Code
		if answer.Outcome != op.Granted {
			continue
		}
		d.op.Seats, d.op.Taken, d.op.Ticket = answer.Seats, taken, id.LeaseTicket(l.ID, taken[0].From)
		d.op.Station, _ = plan.Station(o.Station)
		d.grant = &wire.GrantRow{Ticket: d.op.Ticket, Lease: l.ID, Member: o.Member, Activity: o.Activity, Pool: l.Pool, Seats: answer.Seats,
			Taken: taken, Station: d.op.Station, At: o.At, Org: k.Person.Org}
		d.grant.Code, err = h.sign(plan, l, d.grant)
		return d, err
	}
	return d, nil
}

// store queues the decision together with its grant.
func (h *Holder) store(d decision) (op.Result, uint64, error) {
	r := op.Result{Outcome: d.answer.Outcome, Code: d.answer.Code, Seats: d.op.Seats, Ticket: d.op.Ticket}
	seq, err := h.cfg.Outbox.DoRows(d.op, func(seq uint64) ([]local.Row, error) {
		if d.grant == nil {
			return nil, nil
		}
		d.grant.Seq = seq
		return row(wire.TableGrant, strconv.FormatUint(uint64(d.grant.Ticket), 10), d.grant)
	})
	return r, seq, err
}

// row encodes one row that this device makes.
func row(table, key string, v any) ([]local.Row, error) {
	body, err := wire.EncodeRow(v)
	return []local.Row{{Table: table, ID: key, Body: body}}, err
}

// Return gives back the leases for a pool of an activity, or for all of its pools
// where pool is empty: from now on nothing is granted from them, whatever happens.
// seats is what was left of them.
func (h *Holder) Return(a id.Activity, pool id.Pool, now time.Time) (seats int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	held, err := h.open(a, pool, now)
	if err != nil {
		return 0, fmt.Errorf("return lease: %w", err)
	}
	grants, err := read[wire.GrantRow](h.cfg.Store, wire.TableGrant)
	for i := 0; i < len(held) && err == nil; i++ {
		seats += quota.Sum(held[i].left(grants))
		err = h.giveOne(held[i])
	}
	if err != nil {
		return 0, fmt.Errorf("return lease: %w", err)
	}
	return seats, nil
}

// Renew asks the server for the same leases as long again, with as many seats as
// at first.
func (h *Holder) Renew(a id.Activity, pool id.Pool, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	held, err := h.open(a, pool, now)
	for i := 0; i < len(held) && err == nil; i++ {
		err = h.renewOne(held[i])
	}
	if err != nil {
		return fmt.Errorf("renew lease: %w", err)
	}
	return nil
}

// renewOne queues the renewal together with the mark that it was asked for.
func (h *Holder) renewOne(l *lent) error {
	_, err := h.cfg.Outbox.DoRows(op.Op{Kind: op.RenewLease, Lease: l.ID, At: l.wall}, func(seq uint64) ([]local.Row, error) {
		return row(wire.TableUsed, renewalID(l.ID), wire.UsedRow{Seq: seq, At: l.now, Kind: op.RenewLease})
	})
	return err
}

// Tick gives back the leases whose time is over, and keeps up the others where the
// device does that by itself; call it about once a second, and after each checkpoint.
// Offline too: the op waits in the outbox behind the grants.
func (h *Holder) Tick(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	held, err := h.leases(now)
	if err == nil {
		err = h.giveBack(held)
	}
	if err == nil {
		err = h.upkeep(held)
	}
	if err != nil {
		return fmt.Errorf("keep leases: %w", err)
	}
	return nil
}

// giveBack returns the leases among these whose time is over.
func (h *Holder) giveBack(held []*lent) error {
	for _, l := range held {
		if l.expired && !l.marked {
			if err := h.giveOne(l); err != nil {
				return err
			}
		}
	}
	return nil
}

// giveOne queues the return together with the mark that ends granting.
func (h *Holder) giveOne(l *lent) error {
	at := l.now
	if l.expired {
		at = max(at, l.Expires) // this device's clock may be behind
	}
	_, err := h.cfg.Outbox.DoRows(op.Op{Kind: op.ReturnLease, Lease: l.ID, At: l.wall}, func(seq uint64) ([]local.Row, error) {
		return row(wire.TableUsed, markID(l.ID), wire.UsedRow{Seq: seq, At: at, Kind: op.ReturnLease})
	})
	if err == nil {
		l.marked, l.given = true, !l.expired
	}
	return err
}

// markID names the mark of a lease that was given back.
func markID(lease uint64) string { return "lease/" + strconv.FormatUint(lease, 10) }
