// Package hub lets several scanners of one station act as one authority over a LAN,
// also while the line to the city is down. Upstream a hub is a device with the role
// hub; downstream it is a server for the devices that were enrolled with it as their
// upstream. What is bound to its station it decides at once; it relays every op to
// the server, in the chain of the device that made it.
package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/wire"
	"yizhan/syncserver/session"
	"yizhan/syncserver/wait"
)

// Config is what a hub is wired with. Dial and what follows it may be nil.
type Config struct {
	Store  local.Store // of this hub alone
	URL    string      // of the server: wss://…/v1/sync
	App    string
	Zone   *time.Location
	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	Clock  func() time.Time                          // to wait by; nil is the machine's own
	Boot   func() (boot string, since time.Duration) // as link.Config.Boot
	Codec  *wire.Codec                               // nil: one of its own
	// Attachments is the folder of attachments that are handed on to scanners; "" hands none on.
	Attachments string
	Kept        int // relayed ops of each scanner that stay here for a server that is restored, some 600 bytes each; 0: local.KeptOps
}

// Hub is one running hub.
type Hub struct {
	cfg        Config
	store      *store
	link       *link.Device
	counter    *handover.Counter
	files      *files // nil where none are handed on
	sessions   *session.Server
	self       wire.Enrolled
	deployment string
	wake       chan struct{} // room for one: there may be something to relay
	waits      wait.Way

	mu       sync.Mutex // guards scanners and what is in them, but for their turns
	scanners map[id.Device]*scanner
	accepted uint64        // newest Order
	answered chan struct{} // closed when the server has answered something; nil while nobody waits

	asking wait.Turn // held while something is relayed
}

// Enrol hands in the one-use code of a hub, if the store is not enrolled yet.
func Enrol(ctx context.Context, cfg Config, code string) error {
	d, err := open(cfg, cfg.Store)
	if err != nil {
		return err
	}
	if _, ok := d.Identity(); ok {
		return nil
	}
	_, err = d.Enrol(ctx, code)
	return err
}

func open(cfg Config, s local.Store) (*link.Device, error) {
	return link.Open(link.Config{Store: s, URL: cfg.URL, App: cfg.App, Now: cfg.Now, Random: cfg.Random, Log: cfg.Log, Dial: cfg.Dial, Boot: cfg.Boot, Codec: cfg.Codec, Attachments: cfg.Attachments})
}

// Open reads what an enrolled hub holds. It talks to nobody before Run.
func Open(cfg Config) (*Hub, error) { return begin(cfg, nil) }

func begin(cfg Config, until func(ready func() bool)) (*Hub, error) {
	cfg.Kept = cmp.Or(cfg.Kept, local.KeptOps)
	h := &Hub{cfg: cfg, wake: make(chan struct{}, 1), scanners: map[id.Device]*scanner{}, asking: wait.NewTurn(),
		waits: wait.Way{Until: until, Clock: cfg.Clock}}
	h.store = &store{Store: cfg.Store}
	var err error
	if h.link, err = open(cfg, h.store); err != nil {
		return nil, err
	}
	var ok bool
	if h.self, ok = h.link.Identity(); !ok {
		return nil, fmt.Errorf("open hub: %w; make a code with: syncserver enrol -role hub -station STATION", link.ErrNotEnrolled)
	}
	if h.self.Role != op.Hub || h.self.Station == "" {
		return nil, fmt.Errorf("open hub: this data directory belongs to %s %s, which is no hub", h.self.Role, h.self.Device)
	}
	h.store.feed.scopes = map[string]bool{"public": true, "fleet": true, "scan": true, "door": true, "guests": true, "station/" + string(h.self.Station): true}
	if err := errors.Join(h.readLog(), h.store.open()); err != nil {
		return nil, fmt.Errorf("open hub: %w", err)
	}
	h.counter = handover.New(handover.Config{Store: h.store, Outbox: h.link, Device: h.self.Device, Station: h.self.Station,
		Channel: op.ByStaff, Zone: cfg.Zone, Relaying: h.relaying})
	h.link.OnRecall(h.giveUp)
	if h.sessions, err = h.newSessions(); err == nil && cfg.Attachments != "" {
		h.files, err = h.newFiles()
	}
	return h, err
}

func (h *Hub) newSessions() (*session.Server, error) {
	stored, err := h.store.Meta(replica.MetaKey)
	if err != nil {
		return nil, fmt.Errorf("open hub: %w", err)
	}
	key, err := seal.ParsePrivate(stored)
	if err != nil {
		return nil, fmt.Errorf("open hub: %w", err)
	}
	deployment, err := h.store.Meta(replica.MetaDeployment)
	if err != nil {
		return nil, fmt.Errorf("open hub: %w", err)
	}
	h.deployment = string(deployment)
	return session.New(session.Config{Arbiter: downstream{h}, Feed: feed{h}, Signer: nothing{}, Key: key, Deployment: h.deployment,
		Self: h.self.Device, Now: h.now, Random: h.cfg.Random, Log: h.cfg.Log, Clock: h.cfg.Clock, Codec: h.cfg.Codec})
}

// now is the server's time, as far as this hub knows it.
func (h *Hub) now() time.Time { return h.cfg.Now().Add(h.link.Status().Offset) }

// Handler serves the scanners on /v1/sync.
func (h *Hub) Handler() http.Handler { return h.sessions }

// Status is how the hub stands towards the server.
func (h *Hub) Status() link.Status { return h.link.Status() }

// Kick tries to reach the server at once.
func (h *Hub) Kick() { h.link.Kick() }

// Run keeps in touch with the server and relays, until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	defer h.link.Notify(h.look)()
	var both sync.WaitGroup
	both.Go(func() { h.link.Run(ctx) }) // gives only the context's error
	both.Go(func() { h.relayAll(ctx) })
	both.Go(func() { h.files.keepTidy(ctx) })
	both.Wait()
}

// Close ends the sessions of the scanners and closes the store.
func (h *Hub) Close(ctx context.Context) error {
	h.files.close()
	return errors.Join(h.sessions.Close(ctx), h.store.Close())
}

// look has the relay loop look again.
func (h *Hub) look() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// giveUp answers a recall. A whole station is given up only when the server has
// everything that was handed over there.
func (h *Hub) giveUp(m wire.Recall) error {
	if m.Station != "" && h.Backlog() > 0 {
		h.cfg.Log.Warn("station not given up: the server does not have everything yet", "station", m.Station, "waiting", h.Backlog())
		m.Station = ""
	}
	return h.counter.GiveUp(m)
}

// Backlog is how many ops of scanners the server does not have yet.
func (h *Hub) Backlog() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.scanners {
		n += int(s.last() - s.relayed)
	}
	return n
}

// nothing signs nothing: a hub's scanners hold no claims and no leases of their own.
type nothing struct{}

func (nothing) Code(wire.ClaimRow) (string, error) {
	return "", errors.New("a hub signs no tickets")
}

// Pass implements session.Signer: only the server vouches for a device.
func (nothing) Pass(op.Enrolment, time.Time) ([]byte, error) { return nil, nil }

// Guests implements session.Signer: the server has filled in who they are.
func (nothing) Guests([]*wire.GuestRow) error { return nil }

// Personals implements session.Signer: the server has sealed what its counters may show.
func (nothing) Personals([]*wire.TicketRow) error { return nil }

func (nothing) Certify(*wire.LeaseRow) error { return errors.New("a hub lends nothing") }
