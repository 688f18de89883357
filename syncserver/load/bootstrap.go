package load

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"yizhan/core/link"
	"yizhan/core/local/sqlite"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
)

// Bootstrap is devices that come for the first time.
type Bootstrap struct {
	Config
	Rows       int // people on the check-in lists of a staff tablet, each a row of the list and a masked name
	Tickets    int // sealed tickets that are bound to the kiosk's station
	Activities int
	Slow       bool // also over a line of 23 kbit/s, until what is needed first is there
}

const (
	own      = 300        // tickets bound to the tablet's station
	slowLine = 23_000 / 8 // bytes a second: what is left of a mobile line in a basement
)

// Run fills a server and measures first syncs: of a kiosk, of the first staff
// tablet after the server's start, and of the next one.
func (b Bootstrap) Run(ctx context.Context) (*Report, error) {
	t, err := newTown(ctx, b.Dir)
	if err != nil {
		return nil, err
	}
	if err := b.settle(ctx, t); err != nil {
		return nil, errors.Join(err, t.close(ctx))
	}
	command := fmt.Sprintf("load bootstrap -rows %d", b.Rows)
	if b.Slow {
		command += " -slow"
	}
	r := NewReport(fmt.Sprintf("Bootstrap/rows=%d", b.Rows), command)
	kiosk := op.Enrolment{Role: op.Kiosk, Station: t.city.Kiosk}
	if err := b.serve(ctx, t, []op.Enrolment{kiosk}, func(codes []string, s *Process) error {
		got, err := b.first(ctx, s, codes[0], kiosk, &line{})
		r.AddMost("kiosk: usable", got.all.Seconds(), "kiosk-usable-s", 2)
		r.AddMost("kiosk: on the wire", megabytes(got.bytes), "kiosk-MB", 3)
		r.Add("kiosk: CPU of the server", got.server.Seconds(), "kiosk-server-cpu-s")
		r.Add("kiosk: CPU of the device", got.device.Seconds(), "kiosk-device-cpu-s")
		r.Note("kiosk: %d tickets, %d stations, %d activities", got.rows[wire.TableTicket], got.rows[wire.TableStation], got.rows[wire.TableActivity])
		return err
	}); err != nil {
		return nil, err
	}
	if err := b.signUp(ctx, t); err != nil {
		return nil, errors.Join(err, t.close(ctx))
	}
	tablet := op.Enrolment{Role: op.Staff, Station: t.city.Near}
	return r, b.serve(ctx, t, []op.Enrolment{tablet, tablet, tablet}, func(codes []string, s *Process) error {
		for i, name := range []string{"tablet", "second"} {
			got, err := b.first(ctx, s, codes[i], tablet, &line{})
			if err != nil {
				return err
			}
			r.AddMost(name+": own tickets and activities", got.first.Seconds(), name+"-first-s", 2)
			r.AddMost(name+": usable", got.all.Seconds(), name+"-usable-s", 2*max(1, float64(b.Rows)/100_000))
			r.AddMost(name+": on the wire", megabytes(got.bytes), name+"-MB", 6*max(1, float64(b.Rows)/100_000))
			r.Add(name+": CPU of the server", got.server.Seconds(), name+"-server-cpu-s")
			r.Add(name+": CPU of the device", got.device.Seconds(), name+"-device-cpu-s")
			if i == 0 {
				r.Note("tablet: %d people on the list, %d names, %d tickets, %d stations, %d activities; the first one that comes after the server's start", got.rows[wire.TableDoor],
					got.rows[wire.TableGuest], got.rows[wire.TableTicket], got.rows[wire.TableStation], got.rows[wire.TableActivity])
			}
		}
		if !b.Slow {
			return nil
		}
		got, err := b.first(ctx, s, codes[2], tablet, &line{rate: slowLine})
		r.AddMost("at 23 kbit/s: own tickets and activities", got.first.Seconds(), "slow-first-s", 60)
		return err
	})
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// settle fills the server with all but the check-in lists.
func (b Bootstrap) settle(ctx context.Context, t *town) error {
	began := time.Now()
	if err := t.populate(ctx, max(b.Rows, b.Tickets+own)); err != nil {
		return err
	}
	if err := t.publish(ctx, b.Activities-2); err != nil {
		return err
	}
	now := time.Now()
	if err := errors.Join(t.publishOne(ctx, course(b.Rows, now)), t.publishOne(ctx, gift(b.Tickets+own, now, t.city.Kiosk, t.city.Near)), t.hire(ctx, 4)); err != nil {
		return err
	}
	err := t.claim(ctx, b.Tickets+own, func(i int) op.Op {
		at := t.city.Kiosk
		if i >= b.Tickets {
			at = t.city.Near
		}
		return op.Op{Kind: op.Claim, Activity: "gift", Member: t.people[i], Station: at, Seats: 1, Channel: op.ByStaff}
	})
	b.Say("%d people, %d activities and %d tickets in %.1f s", len(t.people), b.Activities, b.Tickets+own, time.Since(began).Seconds())
	return err
}

// signUp puts people on the check-in lists.
func (b Bootstrap) signUp(ctx context.Context, t *town) error {
	began := time.Now()
	if err := t.open(); err != nil {
		return err
	}
	sessions := course(b.Rows, began).Sessions
	err := t.claim(ctx, b.Rows, func(i int) op.Op {
		return op.Op{Kind: op.Claim, Activity: "course", Pool: sessions[i/sessions[0].Total].ID, Member: t.people[i], Seats: 1, Channel: op.ByStaff}
	})
	b.Say("%d people signed up in %.1f s", b.Rows, time.Since(began).Seconds())
	return err
}

// serve offers codes for devices, and starts the server's process for fn.
func (b Bootstrap) serve(ctx context.Context, t *town, as []op.Enrolment, fn func(codes []string, s *Process) error) error {
	codes := make([]string, len(as))
	for i, e := range as {
		offer, err := t.server.Offer(ctx, e, time.Hour)
		if err != nil {
			return errors.Join(err, t.close(ctx))
		}
		codes[i] = offer.Code
	}
	if err := t.close(ctx); err != nil {
		return err
	}
	s, err := Serve(ctx, b.Program, t.dir, "127.0.0.1:0", "-profile", b.Profile)
	if err != nil {
		return err
	}
	return errors.Join(fn(codes, s), s.Stop())
}

// arrival is what a first sync took.
type arrival struct {
	first, all     time.Duration // to what is needed first, and to all; all is 0 on a slow line
	server, device time.Duration // processor time
	bytes          int64         // on the wire, both ways
	rows           map[string]int
}

// first enrols a device, lets it come for the first time, and waits until it is complete.
func (b Bootstrap) first(ctx context.Context, s *Process, code string, as op.Enrolment, over *line) (got arrival, err error) {
	d, err := enrolDevice(ctx, filepath.Join(b.Dir, "device.db"), "ws://"+s.Addr, code, over, nil)
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	before, err := s.Usage()
	if err != nil {
		return got, err
	}
	over.bytes.Store(0) // of the enrolment
	began, cpu := time.Now(), Own()
	d.run()
	if got.first, err = d.until(ctx, func() bool { return d.holds("public", "station/"+string(as.Station)) }); err != nil || over.rate > 0 {
		return got, err
	}
	if _, err = d.until(ctx, func() bool { return !d.Status().AsOf.IsZero() }); err != nil {
		return got, err
	}
	got.all, got.device = time.Since(began), Own()-cpu
	after, err := s.Usage()
	if err != nil {
		return got, err
	}
	got.server, got.bytes = after.CPU-before.CPU, over.bytes.Load()
	got.rows, err = d.count()
	return got, err
}

// device is a device as the app is one: a link over a store on disk.
type device struct {
	*link.Device
	store   *sqlite.Store
	path    string
	changed chan struct{} // room for one
	stop    func()
}

// enrolDevice makes a device and hands in its code.
func enrolDevice(ctx context.Context, path, server, code string, over *line, trust *tls.Config) (d *device, err error) {
	d = &device{path: path, changed: make(chan struct{}, 1), stop: func() {}}
	if d.store, err = sqlite.Open(path); err != nil {
		return nil, err
	}
	d.Device, err = link.Open(link.Config{Store: d.store, URL: server + session.Path, App: "load", Now: time.Now, Random: rand.Reader,
		Log: slog.New(slog.DiscardHandler), Dial: over.dial, TLS: trust})
	if err == nil {
		d.Notify(func() {
			select {
			case d.changed <- struct{}{}:
			default:
			}
		})
		_, err = d.Enrol(ctx, code)
	}
	if err != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	return d, nil
}

// run keeps the device in touch until it is closed.
func (d *device) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = d.Run(ctx) // gives only the context's error
	}()
	d.stop = func() { cancel(); <-ended }
}

// halt stops it; what it holds stays.
func (d *device) halt() {
	d.stop()
	d.stop = func() {}
}

// until waits for a condition of the device, and says how long that took.
func (d *device) until(ctx context.Context, met func() bool) (time.Duration, error) {
	began := time.Now()
	for !met() {
		select {
		case <-d.changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if st := d.Status(); st.Problem != nil {
			return 0, st.Problem
		}
	}
	return time.Since(began), nil
}

// holds reports whether scopes are in view.
func (d *device) holds(scopes ...string) bool {
	held, err := d.store.Held()
	return err == nil && !slices.ContainsFunc(scopes, func(name string) bool { return !slices.Contains(held.Scopes, name) })
}

// count gives the rows of the tables that make up a first sync.
func (d *device) count() (map[string]int, error) {
	n := map[string]int{}
	for _, table := range []string{wire.TableActivity, wire.TableStation, wire.TableTicket, wire.TableDoor, wire.TableGuest} {
		rows, err := d.store.Rows(table)
		if err != nil {
			return nil, err
		}
		n[table] = len(rows)
	}
	return n, nil
}

func (d *device) close() error {
	d.halt()
	err := d.store.Close()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if gone := os.Remove(d.path + suffix); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
