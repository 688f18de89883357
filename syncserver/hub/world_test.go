package hub_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/disk"
	"yizhan/core/local/sqlite"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/station"
	"yizhan/core/wire"
	"yizhan/syncserver/hub"
	"yizhan/syncserver/server"
	"yizhan/syncserver/session"
)

const patience = time.Minute

var shanghai = time.FixedZone("CST", 8*60*60)

// tickets is how many are bound to the hub's station.
const tickets = 200

const activity = `{"id":"a","title":"甲","pools":[{"id":"p","total":300}],"limits":[{"per":"member","max":2}],"pickup":{"stations":["S","T"],"bind":true}}`

// site is a server, a hub and its scanners, over real sockets.
type site struct {
	*server.Server
	mu       sync.Mutex   // guards Server while it is exchanged
	kept     int          // hub.Config.Kept
	asked    atomic.Int64 // requests for attachments at the server
	t        *testing.T
	dir      string
	url      string
	hub      *hub.Hub
	http     *httptest.Server // of the hub
	addr     string
	disk     *disk.Disk // of the hub
	city     line
	stop     func()
	scanners []*scanner
	codes    []string // of the tickets
}

// line is the hub's line to the city.
type line struct {
	mu   sync.Mutex
	down bool
	open []net.Conn
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, errors.New("the line is down")
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, network, addr)
	if err == nil {
		l.open = append(l.open, c)
	}
	return c, err
}

func (l *line) set(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
	for _, c := range l.open {
		c.Close()
	}
	l.open = nil
}

// scanner is a staff device at the station.
type scanner struct {
	*link.Device
	store   local.Store
	counter *handover.Counter
}

func newSite(t *testing.T) *site {
	s := &site{t: t}
	s.dir = filepath.Join(t.TempDir(), "server")
	s.startCity()
	mux := http.NewServeMux()
	mux.HandleFunc(session.Path, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		h := s.Handler()
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	})
	mux.HandleFunc(wire.BlobPath, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		h := s.Blobs()
		s.mu.Unlock()
		s.asked.Add(1)
		h.ServeHTTP(w, r)
	})
	web := httptest.NewServer(mux)
	s.url = "ws" + web.URL[len("http"):] + session.Path
	t.Cleanup(func() {
		web.Close()
		s.ok(s.Server.Close(context.Background()))
	})
	s.fill()
	var err error
	s.disk, err = disk.New()
	s.ok(err)
	t.Cleanup(s.disk.Close)
	s.startHub(s.offer(op.Enrolment{Role: op.Hub, Station: "S", Device: "hub-1"}))
	t.Cleanup(func() { s.crashHub() })
	s.until("the hub is online", func() bool { return s.hub.Status().Online })
	for i := range 3 {
		s.scanners = append(s.scanners, s.scanner(id.Device(fmt.Sprintf("scanner-%d", i))))
	}
	return s
}

var quiet = slog.New(slog.DiscardHandler)

func (s *site) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) offer(e op.Enrolment) string {
	s.t.Helper()
	o, err := s.Offer(context.Background(), e, time.Hour)
	s.ok(err)
	return o.Code
}

// fill makes people, each with a ticket bound to the hub's station.
func (s *site) fill() {
	s.t.Helper()
	ctx := context.Background()
	_, err := s.ImportOrgs(ctx, []member.Org{{ID: "C"}})
	s.ok(err)
	var people []member.Person
	var lines []op.Line
	for i := range tickets + 10 {
		people = append(people, member.Person{ID: id.Member(fmt.Sprint("m", i)), Org: "C"})
		if i < tickets {
			lines = append(lines, op.Line{Member: people[i].ID, Seats: 1})
		}
	}
	s.ok(s.PutPeople(ctx, people))
	_, err = s.ImportStations(ctx, []station.Station{{ID: "S", Name: "站", Datum: "WGS84"}, {ID: "T", Name: "他站", Datum: "WGS84"}})
	s.ok(err)
	_, err = s.Publish(ctx, []byte(activity))
	s.ok(err)
	desk := s.device(s.url, "desk", op.Enrolment{Role: op.Staff, Org: "C", Device: "desk"})
	r := s.ask(desk, op.Op{Kind: op.GroupClaim, Org: "C", Activity: "a", Station: "S", Lines: lines, Channel: op.ByStaff})
	if r.Granted != tickets {
		s.t.Fatalf("%+v", r)
	}
	books, err := s.Ledger(ctx)
	s.ok(err)
	claims, err := books.ActivityClaims("a")
	s.ok(err)
	for _, c := range claims {
		code, err := s.Code(wire.ClaimRow{Ticket: c.Ticket, Activity: "a", Pool: "p", Seats: 1, Station: "S", Epoch: c.Epoch})
		s.ok(err)
		s.codes = append(s.codes, code)
	}
}

// device enrols a device at a server or hub and keeps it in touch.
func (s *site) device(url, name string, e op.Enrolment) *link.Device {
	s.t.Helper()
	return s.open(url, s.file(name), s.offer(e)).Device
}

func (s *site) file(name string) local.Store {
	s.t.Helper()
	store, err := sqlite.Open(filepath.Join(s.t.TempDir(), name+".db"))
	s.ok(err)
	s.t.Cleanup(func() { store.Close() })
	return store
}

func (s *site) open(url string, store local.Store, code string) *scanner {
	s.t.Helper()
	d := s.link(url, store, code)
	s.run(d.Run)
	return &scanner{Device: d, store: store}
}

// link opens a device, and enrols it if there is a code.
func (s *site) link(url string, store local.Store, code string) *link.Device {
	s.t.Helper()
	d, err := link.Open(link.Config{Store: store, URL: url, App: "test", Now: time.Now, Random: rand.Reader, Log: quiet, Attachments: s.t.TempDir()})
	s.ok(err)
	if code == "" {
		return d
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = d.Enrol(ctx, code)
	s.ok(err)
	return d
}

func (s *site) run(fn func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { fn(ctx); close(ended) }()
	s.t.Cleanup(func() { cancel(); <-ended })
}

func (s *site) scanner(name id.Device) *scanner {
	s.t.Helper()
	d := s.open("ws://"+s.addr+session.Path, s.file(string(name)), s.offer(op.Enrolment{Role: op.Staff, Station: "S", Device: name, Upstream: "hub-1", Supervisor: true}))
	me, _ := d.Identity()
	d.counter = handover.New(handover.Config{Store: d.store, Outbox: d.Device, Device: me.Device, Station: me.Station, Upstream: me.Upstream, Supervisor: me.Supervisor, Channel: op.ByStaff, Zone: shanghai,
		Status: func() handover.Status { return handover.Status{Online: d.Status().Online} }})
	d.OnAnswer(d.counter.Answered)
	s.synced(d.Device)
	return d
}

func (s *site) synced(d *link.Device) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := d.Synced(ctx); err != nil {
		s.t.Fatalf("%v (status %+v)", err, d.Status())
	}
}

func (s *site) ask(d *link.Device, o op.Op) op.Result {
	s.t.Helper()
	seq, err := d.Do(o)
	s.ok(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := d.Wait(ctx, seq)
	s.ok(err)
	return r
}

// startHub opens the hub on what its disk holds.
func (s *site) startHub(code string) {
	s.t.Helper()
	store, err := sqlite.OpenOn(s.disk.VFS(), "hub.db")
	s.ok(err)
	cfg := hub.Config{Store: store, URL: s.url, App: "hub", Zone: shanghai, Now: time.Now, Random: rand.Reader, Log: quiet, Dial: s.city.dial, Kept: s.kept,
		Attachments: filepath.Join(s.dir, "hub attachments")}
	ctx, cancel := context.WithCancel(context.Background())
	if code != "" {
		s.ok(hub.Enrol(ctx, cfg, code))
	}
	s.hub, err = hub.Open(cfg)
	s.ok(err)
	mux := http.NewServeMux()
	mux.Handle(session.Path, s.hub.Handler())
	mux.Handle(wire.BlobPath, s.hub.Blobs())
	s.http = httptest.NewUnstartedServer(mux)
	if s.addr != "" {
		s.http.Listener.Close()
		s.http.Listener, err = net.Listen("tcp", s.addr)
		s.ok(err)
	}
	s.addr = s.http.Listener.Addr().String()
	s.http.Start()
	ended, h := make(chan struct{}), s.hub
	go func() { h.Run(ctx); close(ended) }()
	s.stop = func() { cancel(); <-ended }
}

// crashHub ends the hub with the power off: what was not synced is lost or not.
func (s *site) crashHub() {
	s.disk.Restart(func() bool { return mrand.IntN(2) == 0 })
	s.stop()
	s.http.Listener.Close()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	s.hub.Close(gone) // it can do nothing any more; its errors say so
	s.http.Close()
}

// cityDown cuts the line to the city and waits until the hub has noticed.
func (s *site) cityDown() {
	s.t.Helper()
	s.city.set(true)
	s.until("the hub is cut off", func() bool { return !s.hub.Status().Online })
}

func (s *site) cityBack() {
	s.t.Helper()
	s.city.set(false)
	s.until("the server has everything", func() bool {
		s.hub.Kick()
		return s.hub.Status().Online && s.hub.Backlog() == 0
	})
}

func (s *site) until(what string, is func() bool) {
	s.t.Helper()
	look, late := time.NewTicker(2*time.Millisecond), time.After(patience)
	defer look.Stop()
	for !is() {
		select {
		case <-look.C:
		case <-late:
			s.t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func (d *scanner) redeem(code string) (handover.Outcome, error) {
	return d.counter.Redeem(code, time.Now(), handover.Options{})
}

// scan is what a person at a counter does: scan, wait for the hub's word, and look
// at the colour. It scans again while there is no word.
func (d *scanner) scan(code string) (fault.Verdict, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for ctx.Err() == nil {
		o, err := d.redeem(code)
		if err != nil {
			return fault.NoVerdict, err
		}
		if o.Verdict == fault.Provisional { // the hub is away: nothing is handed over
			d.Kick()
			wait, stop := context.WithTimeout(ctx, 5*time.Millisecond)
			<-wait.Done()
			stop()
			continue
		}
		if !o.Final {
			r, err := d.Wait(ctx, o.Seq)
			if err != nil {
				return fault.NoVerdict, fmt.Errorf("%w (status %+v)", err, d.Status())
			}
			o, err = d.counter.Confirm(o, r.Verdict)
			if err != nil {
				return fault.NoVerdict, err
			}
		}
		return o.Verdict, nil
	}
	return fault.NoVerdict, ctx.Err()
}

func (s *site) counts() (n arbiter.Counts) {
	s.t.Helper()
	s.ok(s.View(context.Background(), func(state *arbiter.State) {
		s.ok(state.Check())
		n, _ = state.Count("a", "")
	}))
	return n
}
