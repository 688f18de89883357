package rehearse

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/local/sqlite"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/station"
	"yizhan/core/wire"
	"yizhan/syncserver/server"
	"yizhan/syncserver/session"
)

// patience is how long a rehearsal waits, on the machine's own clock, for
// something that should happen at once.
const patience = 60 * time.Second

// world is a server and its devices, all in this process, under one clock.
type world struct {
	*Scenario
	dir    string
	clock  atomic.Int64 // Unix milliseconds
	random *mrand.Rand
	server *server.Server
	http   *http.Server
	url    string
	addr   string
	codec  *wire.Codec
	log    *slog.Logger

	mu      sync.Mutex // guards devices and phones: a storm makes them from many goroutines
	devices map[id.Device]*device
	phones  map[id.Member]id.Device
	codes   map[string]string // by name of copy_code
}

// device is one replica with its store.
type device struct {
	Device
	link    *link.Device
	store   local.Store
	outbox  *memo
	counter *handover.Counter
	offset  atomic.Int64 // device clock minus world clock, milliseconds
	online  bool
	stop    func()
}

// memo is the counter's outbox; it remembers the last scan, so that a step can send it again.
type memo struct {
	*link.Device
	last op.Op
}

func (m *memo) DoRows(o op.Op, rows func(seq uint64) ([]local.Row, error)) (uint64, error) {
	if o.Kind == op.Redeem || o.Kind == op.CheckIn {
		m.last = o
	}
	return m.Device.DoRows(o, rows)
}

// at is what the clock of a device says.
func (w *world) at(d *device) time.Time {
	return w.now().Add(time.Duration(d.offset.Load()) * time.Millisecond)
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()).In(w.zone) }

// open makes the world of a scenario in a directory of its own.
func open(s *Scenario, log *slog.Logger) (w *world, err error) {
	w = &world{Scenario: s, log: log, random: mrand.New(mrand.NewPCG(uint64(s.Seed), 0)), devices: map[id.Device]*device{},
		phones: map[id.Member]id.Device{}, codes: map[string]string{}}
	w.clock.Store(s.start.UnixMilli())
	if w.dir, err = os.MkdirTemp("", "rehearse-"); err != nil {
		return nil, err
	}
	if w.codec, err = wire.NewCodec(); err == nil {
		err = w.serve()
	}
	if err == nil {
		err = w.fill()
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// serve starts the server on its files, and on the port that it had before.
func (w *world) serve() (err error) {
	w.server, err = server.Open(server.Config{Dir: filepath.Join(w.dir, "server"), Zone: w.zone, Now: w.now, Random: rand.Reader, Log: w.log,
		Fatal: func(err error) { w.log.Error("server would end", "error", err) }})
	if err != nil {
		return err
	}
	if w.addr == "" {
		w.addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", w.addr)
	if err != nil {
		return err
	}
	w.addr = l.Addr().String()
	w.url = "ws://" + w.addr + session.Path
	mux := http.NewServeMux()
	mux.Handle(session.Path, w.server.Handler())
	w.http = &http.Server{Handler: mux}
	go w.http.Serve(l)
	return nil
}

// halt stops the server and everything connected to it.
func (w *world) halt() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(w.http.Close(), w.server.Close(ctx))
}

func (w *world) close() {
	for _, d := range w.devices {
		d.stop()
	}
	if w.http != nil {
		if err := w.halt(); err != nil {
			w.log.Warn("close rehearsal", "error", err)
		}
	}
	os.RemoveAll(w.dir)
}

// fill brings in the people, places, activities and declared devices.
func (w *world) fill() error {
	ctx := context.Background()
	people := w.people()
	orgs := w.Orgs
	known := map[id.Org]bool{}
	for _, o := range orgs {
		known[o.ID] = true
	}
	for _, p := range people {
		if !known[p.Org] {
			known[p.Org] = true
			orgs = append(orgs, member.Org{ID: p.Org})
		}
	}
	if _, err := w.server.ImportOrgs(ctx, orgs); err != nil {
		return err
	}
	if err := w.server.PutPeople(ctx, people); err != nil {
		return err
	}
	var stations []station.Station
	for _, s := range w.Stations {
		stations = append(stations, station.Station{ID: s.ID, Name: s.Name, Lat: s.Lat, Lon: s.Lon, Datum: s.Datum})
	}
	if _, err := w.server.ImportStations(ctx, stations); err != nil {
		return err
	}
	for i, a := range w.Activities {
		if _, err := w.server.Publish(ctx, a); err != nil {
			return fmt.Errorf("activities[%d]: %w", i, err)
		}
	}
	for _, d := range w.Scenario.Devices {
		if _, err := w.enrol(d, false); err != nil {
			return fmt.Errorf("device %s: %w", d.ID, err)
		}
	}
	return nil
}

// enrol offers a code and lets a new device use it.
func (w *world) enrol(spec Device, brief bool) (*device, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	offer, err := w.server.Offer(ctx, op.Enrolment{Device: spec.ID, Role: spec.Role, Station: spec.Station, Org: spec.Org, Member: spec.Member}, time.Hour)
	if err != nil {
		return nil, err
	}
	d := &device{Device: spec, online: true}
	if err := w.openDevice(d, brief); err != nil {
		return nil, err
	}
	if _, err := d.link.Enrol(ctx, offer.Code); err != nil {
		return nil, err
	}
	w.run(d)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.devices[spec.ID] = d
	if spec.Role == op.Phone {
		w.phones[spec.Member] = spec.ID
	}
	return d, nil
}

// openDevice opens a device's store, which for a brief phone is in memory, and the program over it.
func (w *world) openDevice(d *device, brief bool) (err error) {
	if brief {
		d.store = memory.New()
	} else {
		d.store, err = sqlite.Open(filepath.Join(w.dir, string(d.ID)+".db"))
	}
	if err != nil {
		return err
	}
	now := func() time.Time { return w.at(d) }
	d.link, err = link.Open(link.Config{Store: d.store, URL: w.url, App: "rehearse", Now: now, Random: rand.Reader, Log: w.log, Codec: w.codec})
	if err != nil {
		return err
	}
	d.outbox = &memo{Device: d.link}
	d.counter = handover.New(handover.Config{Store: d.store, Outbox: d.outbox, Device: d.ID, Station: d.Station, Channel: op.ByKiosk, Zone: w.zone,
		Status: func() handover.Status { return handover.Status{Online: d.link.Status().Online} }})
	d.link.OnRecall(d.counter.GiveUp)
	return nil
}

// run keeps a device in touch until stop is called.
func (w *world) run(d *device) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := d.link.Run(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("device ended", "device", d.ID, "error", err)
		}
	}()
	d.link.SetOnline(d.online)
	d.stop = func() {
		cancel()
		<-ended
		if err := d.store.Close(); err != nil {
			w.log.Warn("close store", "device", d.ID, "error", err)
		}
	}
}

// phone gives a member's own phone; it is made on first use.
func (w *world) phone(m id.Member) (*device, error) {
	w.mu.Lock()
	d := w.devices[w.phones[m]]
	w.mu.Unlock()
	if d != nil {
		return d, nil
	}
	return w.enrol(Device{ID: id.Device("phone-" + string(m)), Role: op.Phone, Member: m}, true)
}

// desk gives a staff device that may act for an organisation.
func (w *world) desk(o id.Org) (*device, error) {
	name := id.Device("desk-" + string(o))
	w.mu.Lock()
	d := w.devices[name]
	w.mu.Unlock()
	if d != nil {
		return d, nil
	}
	return w.enrol(Device{ID: name, Role: op.Staff, Org: o}, true)
}

// sync waits until an online device has sent and received everything.
func (w *world) sync(d *device) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		if err := d.link.Synced(ctx); err != nil {
			return fmt.Errorf("device %s does not catch up: %w (status %+v)", d.ID, err, d.link.Status())
		}
		if d.link.Status().Waiting == 0 { // it may have been asked for tickets meanwhile
			return nil
		}
	}
}

// cut takes the network from a device and waits until it has noticed.
func (w *world) cut(d *device) error {
	d.online = false
	gone := make(chan struct{}, 1)
	defer d.link.Notify(func() {
		select {
		case gone <- struct{}{}:
		default:
		}
	})()
	d.link.SetOnline(false)
	patient := time.NewTimer(patience)
	defer patient.Stop()
	for d.link.Status().Online {
		select {
		case <-gone:
		case <-patient.C:
			return fmt.Errorf("device %s does not go offline", d.ID)
		}
	}
	return nil
}

// ask queues an op and, on an online device, waits for its durable result.
func (w *world) ask(d *device, o op.Op) (r op.Result, err error) {
	seq, err := d.counter.Ask(o)
	if err != nil {
		return r, err
	}
	if !d.online {
		return op.Result{Outcome: op.Pending}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return d.link.Wait(ctx, seq)
}

// resend hands the server the same bytes of a device's last op again.
func (w *world) resend(d *device, raw []byte, before op.Hash, seq uint64) (op.Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := w.server.Submit(ctx, d.ID, wire.Ops{First: seq, Previous: before[:], Ops: [][]byte{raw}})
	if err != nil {
		return op.Result{}, err
	}
	return answer.Results[0], nil
}

func same(a, b op.Result) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
