// Package load puts a real server under load and measures it: a server process
// with a data folder of its own and synchronous=FULL, enrolled devices, sockets on
// the loopback, and on the other end the link of the app over a store in memory.
package load

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
	"yizhan/syncserver/server"
)

// enrolValid is how long a one-use code may take from offer to use.
const enrolValid = time.Hour

// Identity is one enrolled device.
type Identity struct {
	wire.Enrolled
	Key seal.Private
}

// World is a data directory with a city in it, and the devices that are enrolled there.
type World struct {
	Dir        string
	Deployment string
	ServerKey  []byte // that devices pin
	Devices    []Identity
}

// Spec of the activity that phones claim from.
const activitySpec = `{"id":%q,"title":"电影首映","audience":"under(m, \"PARK\")","audience_why":"仅限科园区会员",
 "pools":[{"id":"hall","total":%d}],
 "limits":[{"per":"member","max":%d},{"per":"org","max":%d}]}`

// Activity is what phones claim.
const Activity = id.Activity("premiere")

const orgs = 50

// MakeWorld settles a data directory through the server's own functions: members of
// 50 organisations with a phone each, an activity with quota seats of which a
// member may hold each, and enrolments by one-use codes. Only the codes' way over
// the network is left out.
func MakeWorld(ctx context.Context, dir string, devices, quota, each int) (w *World, err error) {
	s, err := server.Open(server.Config{Dir: dir, Zone: time.UTC, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Fatal: func(err error) { panic(err) }})
	if err != nil {
		return nil, err
	}
	defer func() {
		if closing := s.Close(ctx); err == nil {
			err = closing
		}
	}()
	all := []member.Org{{ID: "PARK", Name: "科园区总工会"}}
	for i := range orgs {
		all = append(all, member.Org{ID: id.Org(fmt.Sprintf("C%03d", i)), Parent: "PARK", Name: fmt.Sprintf("第%d公司工会", i)})
	}
	people := make([]member.Person, devices)
	for i := range people {
		people[i] = member.Person{ID: id.Member("m" + strconv.Itoa(i)), Org: all[1+i%orgs].ID}
	}
	if _, err := s.ImportOrgs(ctx, all); err != nil {
		return nil, err
	}
	if err := s.PutPeople(ctx, people); err != nil {
		return nil, err
	}
	if err := publish(ctx, s, Activity, quota, each); err != nil {
		return nil, err
	}
	st, err := s.Status(ctx)
	if err != nil {
		return nil, err
	}
	w = &World{Dir: dir, Deployment: st.Deployment, ServerKey: s.PublicKey().Marshal(), Devices: make([]Identity, devices)}
	return w, w.enrol(ctx, s, people)
}

func publish(ctx context.Context, s *server.Server, a id.Activity, quota, each int) error {
	_, err := s.Publish(ctx, fmt.Appendf(nil, activitySpec, a, quota, each, quota))
	return err
}

// enrol gives every person a phone. The codes of many are under way at once, so
// that they share the journal's fsyncs.
func (w *World) enrol(ctx context.Context, s *server.Server, people []member.Person) error {
	const callers = 256
	var wg sync.WaitGroup
	errs := make(chan error, callers)
	part := (len(people) + callers - 1) / callers
	for from := range slices.Values(starts(len(people), part)) {
		wg.Go(func() {
			for i := from; i < min(from+part, len(people)); i++ {
				if err := w.enrolOne(ctx, s, i, people[i].ID); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return fmt.Errorf("enrol phones: %w", err)
	default:
		return nil
	}
}

func starts(n, step int) (all []int) {
	for i := 0; i < n; i += step {
		all = append(all, i)
	}
	return all
}

func (w *World) enrolOne(ctx context.Context, s *server.Server, i int, m id.Member) error {
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		return err
	}
	offered, err := s.Offer(ctx, op.Enrolment{Role: op.Phone, Member: m}, enrolValid)
	if err != nil {
		return err
	}
	e, err := s.Enrol(ctx, offered.Code, key.Public().Marshal(), nil)
	if err != nil {
		return err
	}
	w.Devices[i] = Identity{wire.Enrolled{Device: e.Device, Role: e.Role, Member: e.Member}, key}
	return nil
}
