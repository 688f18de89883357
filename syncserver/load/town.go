package load

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"yizhan/core/activity"
	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/station"
	"yizhan/core/wire"
	"yizhan/syncserver/democity"
	"yizhan/syncserver/roster"
	"yizhan/syncserver/server"
)

// town is the data directory of a server with the stations and organisations of
// the demo city. It is filled through the server's own functions, and measured
// while a process serves it.
type town struct {
	dir    string
	city   *democity.City
	server *server.Server // nil while a process serves
	people []id.Member
	clerks []*clerk
}

// clerk is a staff device whose ops are handed to the server without a socket.
type clerk struct {
	device id.Device
	last   uint64
	hash   op.Hash
}

// newTown makes a town, and opens it.
func newTown(ctx context.Context, dir string) (*town, error) {
	city, err := democity.New(democity.Options{Seed: 1, Tier: democity.Park, Now: time.Now()})
	if err != nil {
		return nil, err
	}
	t := &town{dir: dir, city: city}
	if err := t.open(); err != nil {
		return nil, err
	}
	orgs := make([]member.Org, len(city.Orgs))
	for i, o := range city.Orgs {
		orgs[i] = member.Org{ID: o.ID, Name: o.Name, Parent: o.Parent, Kind: o.Kind}
	}
	places := make([]station.Station, len(city.Stations))
	for i, s := range city.Stations {
		places[i] = s.Station
	}
	if _, err = t.server.ImportOrgs(ctx, orgs); err == nil {
		_, err = t.server.ImportStations(ctx, places)
	}
	return t, errors.Join(err)
}

// open opens the server in this process, to be filled.
func (t *town) open() (err error) {
	t.server, err = server.Open(server.Config{Dir: t.dir, Zone: time.Local, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Fatal: func(err error) { panic(err) }})
	return err
}

// close closes it, if it is open.
func (t *town) close(ctx context.Context) error {
	if t.server == nil {
		return nil
	}
	s := t.server
	t.server = nil
	_, err := s.Ledger(ctx) // so that the process has nothing left to project
	return errors.Join(err, s.Close(ctx))
}

// populate imports n people: those of the city, again under other numbers.
func (t *town) populate(ctx context.Context, n int) error {
	const together = 20_000
	for from := 0; from < n; from += together {
		some := make([]roster.Person, min(together, n-from))
		for i := range some {
			some[i] = t.city.People[(from+i)%len(t.city.People)]
			some[i].IDNumber = fmt.Sprintf("999%015d", from+i)
			some[i].Phone = fmt.Sprintf("+86100%08d", (from+i)*7919%100_000_000)
		}
		if _, err := t.server.ImportPeople(ctx, some); err != nil {
			return err
		}
	}
	return t.server.View(ctx, func(s *arbiter.State) {
		s.People(func(p member.Person) { t.people = append(t.people, p.ID) })
	})
}

// publish makes activities as the city has them, every other with sessions.
func (t *town) publish(ctx context.Context, n int) error {
	for i := range n {
		spec := t.city.Activities[i%3] // film, spa, workshop
		spec.ID = id.Activity(fmt.Sprintf("%s-%d", spec.ID, i))
		spec.Title = fmt.Sprintf("%s 第%d期", spec.Title, i/3+1)
		if err := t.publishOne(ctx, spec); err != nil {
			return err
		}
	}
	return nil
}

func (t *town) publishOne(ctx context.Context, spec activity.Spec) error {
	body, err := json.Marshal(spec)
	if err == nil {
		_, err = t.server.Publish(ctx, body)
	}
	return err
}

// course is an activity with n places in sessions of 2,000, which anybody may take.
func course(n int, now time.Time) activity.Spec {
	const size = 2000
	spec := activity.Spec{ID: "course", Title: "职工技能公开课", Windows: claimable(now)}
	for i := range (n + size - 1) / size {
		day := now.AddDate(0, 0, 4+i/4)
		at := func(hour int) string { return fmt.Sprintf("%sT%02d:00:00", day.Format(time.DateOnly), hour) }
		spec.Sessions = append(spec.Sessions, activity.Session{ID: id.Pool(fmt.Sprintf("s%d", i+1)), Starts: at(9 + 2*(i%4)), Ends: at(10 + 2*(i%4)), Total: size})
	}
	return spec
}

// gift is an activity with n tickets that are bound to the station where they are asked for.
func gift(n int, now time.Time, at ...id.Station) activity.Spec {
	day := func(days int, clock string) string { return now.AddDate(0, 0, days).Format(time.DateOnly) + clock }
	w := claimable(now)
	w.Pickup = []string{day(0, "T00:00:00"), day(20, "T20:00:00")}
	return activity.Spec{ID: "gift", Title: "春送祝福·慰问品", Pools: []activity.Pool{{ID: "sets", Total: n}},
		Limits: []activity.Limit{{Per: "member", Max: 1}}, Windows: w, Pickup: &activity.Pickup{Stations: at, Bind: true}}
}

func claimable(now time.Time) activity.Windows {
	return activity.Windows{Claim: []string{now.Add(-time.Hour).Format("2006-01-02T15:04:05"), now.AddDate(0, 0, 3).Format(time.DateOnly) + "T20:00:00"}}
}

// hire enrols the clerks.
func (t *town) hire(ctx context.Context, n int) error {
	for range n {
		key, err := seal.Generate(rand.Reader)
		if err != nil {
			return err
		}
		offer, err := t.server.Offer(ctx, op.Enrolment{Role: op.Staff}, time.Hour)
		if err != nil {
			return err
		}
		e, err := t.server.Enrol(ctx, offer.Code, key.Public().Marshal(), nil)
		if err != nil {
			return err
		}
		t.clerks = append(t.clerks, &clerk{device: e.Device})
	}
	return nil
}

// claim has the clerks take a seat for each of these people; as makes the i-th op.
func (t *town) claim(ctx context.Context, n int, as func(i int) op.Op) error {
	errs := make([]error, len(t.clerks))
	var wg sync.WaitGroup
	for c, clerk := range t.clerks {
		from, to := n*c/len(t.clerks), n*(c+1)/len(t.clerks)
		wg.Go(func() {
			for ; from < to && errs[c] == nil; from = min(from+wire.MaxOps, to) {
				errs[c] = clerk.submit(ctx, t.server, from, min(from+wire.MaxOps, to), as)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// submit hands in the ops with the numbers from to to, which all have to be granted.
func (c *clerk) submit(ctx context.Context, s *server.Server, from, to int, as func(i int) op.Op) error {
	m := wire.Ops{First: c.last + 1, Previous: bytes.Clone(c.hash[:])}
	for i := from; i < to; i++ {
		o := as(i)
		body, err := op.Encode(&o)
		if err != nil {
			return err
		}
		m.Ops = append(m.Ops, body)
		c.last, c.hash = c.last+1, op.Chain(c.hash, body)
	}
	got, err := s.Submit(ctx, c.device, m)
	for i, r := range got.Results {
		if r.Outcome != op.Granted {
			return errors.Join(err, fmt.Errorf("claim %d was %v, %v", from+i, r.Outcome, r.Code))
		}
	}
	return err
}
