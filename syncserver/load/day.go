package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
)

// Day is an ordinary day of one member's phone: 30 minutes in the foreground, in six
// visits of five minutes. Every connection is real, with its TLS handshake; of the time
// in which nothing happens a part is waited for, and the rest counted alike.
type Day struct {
	Config
	Idle time.Duration // that is waited for; over it heartbeats (25 s) and pings (50 s) come out even if it is a multiple of 50 s
}

// What happens on that day.
const (
	foreground = 30 * time.Minute
	visits     = 6
	news       = 2  // activities that are published between two visits
	flips      = 4  // pools that become full or free again between two visits
	rush       = 60 // seconds before an activity whose counts change every second
)

// Run lives the day.
func (d Day) Run(ctx context.Context) (_ *Report, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience+d.Idle)
	defer cancel()
	t, err := newTown(ctx, d.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close(ctx)) }()
	p, err := d.settle(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.web.Close(), p.device.close()) }()
	var busy, idle int64
	var met time.Duration // time in the foreground that was lived
	for v := range visits {
		if err := d.between(ctx, t, v); err != nil {
			return nil, err
		}
		p.over.bytes.Store(0)
		began := time.Now()
		if err := p.visit(ctx, t, v); err != nil {
			return nil, fmt.Errorf("visit %d: %w", v, err)
		}
		met += time.Since(began)
		busy += p.over.bytes.Load()
		if v == 0 {
			p.over.bytes.Store(0)
			if idle, err = p.rest(ctx, d.Idle); err != nil {
				return nil, err
			}
		}
		p.device.halt()
		d.Say("visit %d: %d bytes so far", v+1, busy)
	}
	left := foreground - met
	quiet := float64(idle) * left.Seconds() / d.Idle.Seconds()
	r := NewReport("Day", "load day")
	r.AddMost("on the wire, all", (float64(busy)+quiet)/1000, "day-KB", 100)
	r.Add("six connections, what changed, a claim, a minute before changing counts", float64(busy)/1000, "busy-KB")
	r.Add(fmt.Sprintf("pings and heartbeats of %d minutes", int(left.Minutes())), quiet/1000, "idle-KB")
	r.Add("pings and heartbeats, a minute", float64(idle)/d.Idle.Minutes(), "idle-B/min")
	r.Note("bytes of TCP payload both ways, TLS and its handshakes included; %.0f s of silence were waited for, the rest of 30 minutes is counted alike", d.Idle.Seconds())
	return r, nil
}

// phone is a member's phone and the server's end.
type phone struct {
	device *device
	over   *line
	web    *http.Server
	member id.Member
}

// settle makes the server, and a phone that has been here before.
func (d Day) settle(ctx context.Context, t *town) (*phone, error) {
	if err := errors.Join(t.populate(ctx, 2000), t.publish(ctx, 200), t.hire(ctx, 1)); err != nil {
		return nil, err
	}
	if err := t.publishOne(ctx, lecture("rush", 1000)); err != nil {
		return nil, err
	}
	trust, cert, err := chain()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(session.Path, t.server.Handler())
	p := &phone{over: &line{}, member: t.people[0], web: &http.Server{Handler: mux, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}}}
	go p.web.ServeTLS(l, "", "")
	offer, err := t.server.Offer(ctx, op.Enrolment{Role: op.Phone, Member: p.member}, time.Hour)
	if err == nil {
		p.device, err = enrolDevice(ctx, filepath.Join(d.Dir, "phone.db"), "wss://"+l.Addr().String(), offer.Code, p.over, &tls.Config{RootCAs: trust})
	}
	if err != nil {
		return nil, errors.Join(err, p.web.Close())
	}
	p.device.run()
	err = p.device.Synced(ctx)
	p.device.halt()
	return p, err
}

// lecture is an activity with a pool that anybody may claim from.
func lecture(name id.Activity, total int) activity.Spec {
	return activity.Spec{ID: name, Title: "健康讲座·" + string(name), Pools: []activity.Pool{{ID: "seats", Total: total}},
		Limits: []activity.Limit{{Per: "member", Max: 1}}, Windows: claimable(time.Now())}
}

// between is what others do while the phone is in a pocket.
func (d Day) between(ctx context.Context, t *town, v int) error {
	for i := range news {
		spec := t.city.Activities[i%3]
		spec.ID = id.Activity(fmt.Sprintf("news-%d-%d", v, i))
		if err := t.publishOne(ctx, spec); err != nil {
			return err
		}
	}
	for i := range flips {
		small := id.Activity(fmt.Sprintf("small-%d-%d", v, i))
		if err := t.publishOne(ctx, lecture(small, 1)); err != nil {
			return err
		}
		if err := t.claim(ctx, 1, func(int) op.Op {
			return op.Op{Kind: op.Claim, Activity: small, Member: t.people[1000+v], Seats: 1, Channel: op.ByStaff}
		}); err != nil {
			return err
		}
	}
	_, err := t.server.Ledger(ctx)
	return err
}

// visit opens the app: in the third one the member watches an activity that everybody
// presses for, and claims.
func (p *phone) visit(ctx context.Context, t *town, v int) error {
	p.device.run()
	if err := p.device.Synced(ctx); err != nil {
		return err
	}
	if v != 2 {
		return nil
	}
	p.device.Watch("rush")
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for i := range rush {
		if err := t.claim(ctx, 1, func(int) op.Op {
			return op.Op{Kind: op.Claim, Activity: "rush", Member: t.people[1+i], Seats: 1, Channel: op.ByStaff}
		}); err != nil {
			return err
		}
		select {
		case <-second.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	seq, err := p.device.Do(op.Op{Kind: op.Claim, Activity: "rush", Member: p.member, Seats: 1, Channel: op.ByPhone})
	if err != nil {
		return err
	}
	r, err := p.device.Wait(ctx, seq)
	if err == nil && r.Outcome != op.Granted {
		err = fmt.Errorf("the claim was %v, %v", r.Outcome, r.Code)
	}
	p.device.Watch("")
	return errors.Join(err, p.device.Synced(ctx), p.holds())
}

// holds checks that the ticket has come.
func (p *phone) holds() error {
	rows, err := p.device.store.Rows(wire.TableClaim)
	if err == nil && len(rows) != 1 {
		err = fmt.Errorf("the phone holds %d tickets, want 1", len(rows))
	}
	return err
}

// rest waits, and gives the bytes that cross the line meanwhile.
func (p *phone) rest(ctx context.Context, pause time.Duration) (int64, error) {
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if !p.device.Status().Online {
		return 0, errors.New("the phone did not stay online")
	}
	return p.over.bytes.Load(), nil
}
