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
	"yizhan/core/lease"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/disk"
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
	coins  *mrand.Rand  // of crashes, so that they change nothing else
	up     sync.RWMutex // held for writing while a crashed server is replaced
	server *server.Server
	http   *http.Server
	socket *socket
	url    string
	addr   string
	disk   *disk.Disk // of the server's journal
	codec  *wire.Codec
	log    *slog.Logger
	chaos  *chaos // nil without -chaos

	mu      sync.Mutex // guards devices and phones: a storm makes them from many goroutines
	devices map[id.Device]*device
	phones  map[id.Member]id.Device
	codes   map[string]string  // by name of copy_code
	used    map[id.Ticket]bool // handed over: their holder shows another one first

	expiries []int64 // of leases, ascending
}

// device is one replica with its store.
type device struct {
	Device
	link    *link.Device
	store   *store
	outbox  *memo
	counter *handover.Counter
	holder  *lease.Holder
	offset  atomic.Int64 // device clock minus world clock, milliseconds
	online  bool
	lost    bool // it never comes back
	resting bool // a phone of a storm that nobody looks at
	sockets sockets
	left    []local.Queued // the outbox as this run of the program found it
	end     func()         // stops the program
	stop    func()         // and closes the store
}

// memo is the outbox of a counter and a lease's holder; it remembers what they
// decided last, so that a step can send it again.
type memo struct {
	*link.Device
	last op.Op
}

func (m *memo) lastOp() (last op.Op) {
	if m != nil {
		last = m.last
	}
	return last
}

func (m *memo) DoRows(o op.Op, rows func(seq uint64) ([]local.Row, error)) (uint64, error) {
	if o.Kind == op.Redeem || o.Kind == op.CheckIn || o.Kind == op.Claim {
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
	w = &world{Scenario: s, log: log, random: mrand.New(mrand.NewPCG(uint64(s.Seed), 0)),
		coins: mrand.New(mrand.NewPCG(uint64(s.Seed), uint64(s.Chaos)+2)), devices: map[id.Device]*device{},
		phones: map[id.Member]id.Device{}, codes: map[string]string{}, used: map[id.Ticket]bool{}}
	if s.Chaos != 0 {
		w.chaos = newChaos(w, s.Chaos)
	}
	w.clock.Store(s.start.UnixMilli())
	if w.dir, err = os.MkdirTemp("", "rehearse-"); err != nil {
		return nil, err
	}
	w.disk, err = disk.New()
	if err == nil {
		w.codec, err = wire.NewCodec()
	}
	if err == nil {
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
	w.server, err = server.Open(server.Config{Dir: w.serverDir(), Journal: w.journal, Zone: w.zone, Now: w.now, Random: rand.Reader, Log: w.log,
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
	w.http, w.socket = &http.Server{Handler: mux}, &socket{Listener: l}
	go w.http.Serve(w.socket)
	return nil
}

func (w *world) serverDir() string { return filepath.Join(w.dir, "server") }

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
	if w.disk != nil {
		w.disk.Close()
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
	w.up.RLock()
	offer, err := w.server.Offer(ctx, op.Enrolment{Device: spec.ID, Role: spec.Role, Station: spec.Station, Org: spec.Org, Member: spec.Member,
		Supervisor: spec.Role == op.Kiosk || spec.Role == op.Staff}, time.Hour) // the format knows no supervisors: anybody may override
	w.up.RUnlock()
	if err != nil {
		return nil, err
	}
	d := &device{Device: spec}
	d.store, err = w.newStore(d, brief)
	if err == nil {
		err = w.openDevice(d)
	}
	if err == nil {
		err = w.enter(ctx, d, offer.Code)
	}
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	d.online = true // before this nobody waits for it to be online again
	w.mu.Unlock()
	w.run(d)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.devices[spec.ID] = d
	if spec.Role == op.Phone {
		w.phones[spec.Member] = spec.ID
	}
	return d, nil
}

// enter hands in a code, again after a fault: the answer may have been lost.
func (w *world) enter(ctx context.Context, d *device, code string) error {
	for {
		_, err := d.link.Enrol(ctx, code)
		if err == nil || ctx.Err() != nil || w.chaos == nil {
			return err
		}
		if _, done := d.link.Identity(); done {
			return nil
		}
		if err := w.chaos.heal(); err != nil {
			return err
		}
	}
}

// openDevice starts a device's program over its store.
func (w *world) openDevice(d *device) (err error) {
	if d.left, err = d.store.Queue(); err != nil {
		return err
	}
	now := func() time.Time { return w.at(d) }
	d.link, err = link.Open(link.Config{Store: d.store, URL: w.url, App: "rehearse", Now: now, Random: rand.Reader, Log: w.log, Codec: w.codec,
		Dial: w.dialer(d), Boot: w.boot})
	if err != nil {
		return err
	}
	d.outbox = &memo{Device: d.link, last: d.outbox.lastOp()}
	d.holder = w.hold(d)
	d.counter = handover.New(handover.Config{Store: d.store, Outbox: d.outbox, Device: d.ID, Station: d.Station, Channel: op.ByKiosk, Zone: w.zone, Boot: w.boot, Supervisor: true,
		Status: func() handover.Status { return handover.Status{Online: d.link.Status().Online} }})
	d.link.OnRecall(d.counter.GiveUp)
	d.link.OnAnswer(d.counter.Answered)
	return nil
}

// run keeps a device in touch until stop is called.
func (w *world) run(d *device) {
	d.link.SetOnline(d.online) // first, or a device that is to be offline tells what it has
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := d.link.Run(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("device ended", "device", d.ID, "error", err)
		}
	}()
	d.end = func() { cancel(); <-ended }
	d.stop = func() {
		d.end()
		if err := d.store.Close(); err != nil {
			w.log.Warn("close store", "device", d.ID, "error", err)
		}
		if d.store.disk != nil {
			d.store.disk.Close()
		}
	}
}

// phone gives a member's own phone; it is made on first use.
func (w *world) phone(m id.Member) (*device, error) {
	w.mu.Lock()
	d := w.devices[w.phones[m]]
	w.mu.Unlock()
	if d != nil {
		w.wake(d)
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
	err := w.await(d, func(ctx context.Context) error {
		for {
			if err := d.link.Synced(ctx); err != nil {
				return err
			}
			if d.link.Status().Waiting == 0 { // it may have been asked for tickets meanwhile
				return nil
			}
		}
	})
	if err != nil {
		return fmt.Errorf("device %s does not catch up: %w (status %+v)", d.ID, err, d.link.Status())
	}
	return nil
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

// await asks a device's program for something that takes the network, and asks
// again if a fault struck meanwhile.
func (w *world) await(d *device, ask func(ctx context.Context) error) error {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		stop := w.chaos.struck(cancel)
		err := ask(ctx)
		stop()
		cancel()
		if !errors.Is(err, context.Canceled) {
			return err
		}
		if err := w.chaos.heal(); err != nil {
			return err
		}
	}
}

// ask queues an op and, on an online device, waits for its durable result.
func (w *world) ask(d *device, o op.Op) (r op.Result, err error) {
	before, err := d.store.State()
	if err != nil {
		return r, err
	}
	if o.At == 0 {
		o.At = w.at(d).UnixMilli()
	}
	seq, err := d.counter.Ask(o)
	for errors.Is(err, errCrashed) {
		if err = w.chaos.heal(); err != nil {
			return r, err
		}
		var done bool
		if seq, done = d.stored(o, before.Last); !done {
			seq, err = d.counter.Ask(o) // the op went with the process: the person presses again
		}
	}
	if err != nil || !d.online {
		return op.Result{Outcome: op.Pending}, err
	}
	return w.answer(d, seq, o)
}

// answer waits for the result of an op, with the process that asked or a later one.
func (w *world) answer(d *device, seq uint64, o op.Op) (r op.Result, err error) {
	err = w.await(d, func(ctx context.Context) (err error) {
		r, err = d.link.Wait(ctx, seq)
		return err
	})
	if !errors.Is(err, link.ErrResultGone) {
		return r, err
	}
	// The process that was told is gone, and the op has left the outbox: ask the server.
	raw, err := op.Encode(&o)
	if err != nil {
		return r, err
	}
	return w.resend(d, raw, d.store.chain[seq-1], seq)
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
