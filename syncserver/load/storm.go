package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"yizhan/core/op"
)

// Storm is everybody pressing at once.
type Storm struct {
	Config
	Presses int // of each phone
	Batch   int // presses that wait in an outbox and go in one message; 1 is press by press
	Quota   int // seats; 0 is as many as half of the presses
}

// tally is what phones were told.
type tally struct {
	granted int
	seats   int
	refused int
	waits   []time.Duration
}

// Run connects the phones, lets them press, and counts what they were told.
func (s Storm) Run(ctx context.Context) (*Report, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s.Batch, s.Quota = max(s.Batch, 1), cmp.Or(s.Quota, s.Devices*s.Presses/2)
	g, err := gather(ctx, s.Config, "storm", s.Quota, s.Presses)
	if err != nil {
		return nil, err
	}
	report, err := s.press(ctx, g)
	if err = errors.Join(err, g.leave()); err != nil {
		return nil, err
	}
	if s.Batch == 1 {
		err = s.beside(ctx, report)
	}
	return report, err
}

// beside has Redis decide as many presses of as many clients, press by press.
func (s Storm) beside(ctx context.Context, r *Report) error {
	s.Say("now Redis")
	p, err := startPeer(ctx, filepath.Join(s.Dir, "redis"), s.Devices)
	if errors.Is(err, errNoPeer) {
		r.Note("the peer is missing: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer p.stop()
	took, waits, err := p.storm(s)
	if err != nil {
		return err
	}
	theirs := float64(len(waits)) / took.Seconds()
	r.Add("Redis over TCP, Lua, appendfsync always", theirs, "peer-answers/s")
	r.Add("Redis: wait, 99 of 100", quantile(waits, 0.99).Seconds(), "peer-p99-s")
	r.Add("in units of Redis", r.Figures[0].Value/theirs, "peer-ratio")
	r.Note("Redis keeps who was granted; it knows no device, no signed history, no answer for a refused press, and its clients speak plain TCP")
	return nil
}

func (s Storm) press(ctx context.Context, g *crowd) (*Report, error) {
	began := time.Now()
	if err := g.connect(ctx); err != nil {
		return nil, err
	}
	if err := g.current(ctx, began); err != nil { // what connecting leaves behind is no part of the storm
		return nil, err
	}
	s.Say("connected in %.1f s", time.Since(began).Seconds())
	t := &tally{}
	var left sync.WaitGroup
	left.Add(s.Devices)
	pressers := make([]*presser, s.Devices)
	for i, p := range g.phones {
		pressers[i] = &presser{storm: &s, phone: p, over: left.Done, asked: make(map[uint64]time.Time, s.Batch)}
		p.mu.Lock()
		p.Answered = pressers[i].answered
		p.mu.Unlock()
	}
	runtime.GC() // all phones share a heap here, and none is to wait for the rubbish of others
	before, err := g.server.Usage()
	if err != nil {
		return nil, err
	}
	own := Own()
	began = time.Now()
	g.each(func(i int, p *Phone) error { return p.Begin(pressers[i].press) })
	all := make(chan struct{})
	go func() {
		left.Wait()
		close(all)
	}()
	select {
	case <-all:
	case err := <-g.failed:
		return nil, err
	case <-ctx.Done():
		return nil, fmt.Errorf("storm: not every press was answered: %w", ctx.Err())
	}
	took := time.Since(began)
	own = Own() - own
	after, err := g.server.Usage()
	if err != nil {
		return nil, err
	}
	for _, p := range pressers {
		if p.wrong != nil {
			return nil, p.wrong
		}
		t.granted, t.seats, t.refused = t.granted+p.granted, t.seats+p.seats, t.refused+p.refused
		t.waits = append(t.waits, p.waits...)
	}
	return s.report(t, took, after.CPU-before.CPU, own, after)
}

// presser is a person with a phone.
type presser struct {
	storm   *Storm
	phone   *Phone
	over    func()
	asked   map[uint64]time.Time
	pressed int
	waits   []time.Duration
	granted int
	seats   int
	refused int
	wrong   error
}

// press queues as many presses as go in one message.
func (p *presser) press() error {
	now := time.Now()
	for range min(p.storm.Batch, p.storm.Presses-p.pressed) {
		seq, err := p.phone.Press(op.Op{Kind: op.Claim, Activity: Activity, Member: p.phone.who.Member, Seats: 1, Channel: op.ByPhone})
		if err != nil {
			return err
		}
		p.asked[seq] = now
		p.pressed++
	}
	return nil
}

func (p *presser) answered(_ *Phone, seq uint64, r op.Result) {
	at, ok := p.asked[seq]
	if !ok {
		p.wrong = fmt.Errorf("op %d of %s was answered twice, or never asked", seq, p.phone.who.Device)
	}
	delete(p.asked, seq)
	p.waits = append(p.waits, time.Since(at))
	switch r.Outcome {
	case op.Granted:
		p.granted, p.seats = p.granted+1, p.seats+r.Seats
	case op.Refused:
		p.refused++
	default:
		p.wrong = fmt.Errorf("op %d of %s was answered %+v", seq, p.phone.who.Device, r)
	}
	switch {
	case len(p.asked) > 0:
	case p.pressed < p.storm.Presses:
		if err := p.press(); err != nil {
			p.wrong = err
			p.over()
		}
	default:
		p.over()
	}
}

func (s Storm) report(t *tally, took, server, own time.Duration, after Usage) (*Report, error) {
	asked := s.Devices * s.Presses
	switch {
	case t.granted+t.refused != asked:
		return nil, fmt.Errorf("%d presses were answered, want %d", t.granted+t.refused, asked)
	case t.seats != min(s.Quota, asked):
		return nil, fmt.Errorf("%d seats were granted, want %d", t.seats, min(s.Quota, asked))
	}
	name := fmt.Sprintf("Storm/devices=%d", s.Devices)
	command := fmt.Sprintf("load storm -devices %d -presses %d", s.Devices, s.Presses)
	goal := 20000.0
	if s.Batch > 1 {
		name, command, goal = name+fmt.Sprintf("/batch=%d", s.Batch), command+fmt.Sprintf(" -batch %d", s.Batch), 40000
	}
	r := NewReport(name, command)
	thousands := float64(asked) / 1000
	slices.Sort(t.waits)
	r.AddLeast("answered claims", float64(asked)/took.Seconds(), "answers/s", goal)
	r.AddMost("wait, 99 of 100", quantile(t.waits, 0.99).Seconds(), "p99-s", 1)
	r.Add("wait, half", quantile(t.waits, 0.5).Seconds(), "p50-s")
	r.Add("server: CPU of 1,000 claims", server.Seconds()/thousands, "server-cpu-s/1000")
	r.Add("load program: CPU of 1,000 claims", own.Seconds()/thousands, "load-cpu-s/1000")
	r.Add("server: resident", float64(after.Resident)/(1<<20), "resident-MiB")
	r.Note("%d presses in %.1f s: %d granted of %d seats, %d refused; every press has exactly one answer", asked, took.Seconds(), t.granted, s.Quota, t.refused)
	return r, nil
}

// quantile of durations that are sorted.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	return all[min(int(q*float64(len(all))), len(all)-1)]
}
