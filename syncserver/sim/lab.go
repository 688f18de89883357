package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local/disk"
	"yizhan/core/local/sqlite"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/station"
	"yizhan/core/wire"
	"yizhan/syncserver/server"
	"yizhan/syncserver/session"
	"yizhan/syncserver/vault"
)

// dawn is when every world begins.
var dawn = time.Date(2017, 3, 1, 8, 0, 0, 0, zone).UnixMilli()

// people are the members; the first ones have a phone.
const (
	people = 14
	phones = 5
)

// units are the devices of the town.
func units() []unit {
	all := []unit{
		{name: "kiosk-1", role: op.Kiosk, station: "s1"}, {name: "kiosk-2", role: op.Kiosk, station: "s2"},
		{name: "kiosk-3", role: op.Kiosk, station: "s1"}, {name: "desk", role: op.Staff, org: "PARK"},
	}
	for i := range phones {
		all = append(all, unit{name: id.Device(fmt.Sprintf("phone-%d", i)), role: op.Phone, member: memberID(i)})
	}
	return all
}

func memberID(i int) id.Member { return id.Member(fmt.Sprintf("m%d", i)) }

// Lab is what all worlds have in common: a town that was set up once. It is safe
// for concurrent use.
type Lab struct {
	// Restore lets the server lose its disk and go on from a backup in every world, not in
	// one of three only.
	Restore bool

	dir    string // keys of the server
	codec  *wire.Codec
	server *disk.Disk
	venue  *disk.Disk // the server, with a station that has a hub
	stores map[id.Device]*disk.Disk
	keys   map[id.Member]vault.Key // of the people's names
}

// NewLab sets the town up: people, places, and devices that are enrolled. Close it at the end.
func NewLab() (*Lab, error) {
	l := &Lab{stores: map[id.Device]*disk.Disk{}}
	var err error
	if l.dir, err = os.MkdirTemp("", "sim-"); err != nil {
		return nil, err
	}
	if l.codec, err = wire.NewCodec(); err == nil {
		err = l.found()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set the town up: %w", err), l.Close())
	}
	return l, nil
}

// Close lets go of the town.
func (l *Lab) Close() error {
	for _, d := range []*disk.Disk{l.server, l.venue} {
		if d != nil {
			d.Close()
		}
	}
	for _, d := range l.stores {
		d.Close()
	}
	return os.RemoveAll(l.dir)
}

// found runs a server on which nothing goes wrong, until everybody is enrolled.
func (l *Lab) found() error {
	w, err := l.world(0, nil)
	if err != nil {
		return err
	}
	defer w.close()
	w.calm = true
	orgs := []member.Org{{ID: "PARK"}, {ID: "C1", Parent: "PARK"}, {ID: "C2", Parent: "PARK"}}
	var members []member.Person
	for i := range people {
		members = append(members, member.Person{ID: memberID(i), Org: orgs[1+i%2].ID})
	}
	if err := l.names(w.host.disk, members); err != nil {
		return err
	}
	if err := w.host.start(); err != nil {
		return err
	}
	w.settle()
	stations := []station.Station{{ID: "s1", Name: "一号站"}, {ID: "s2", Name: "二号站"}, {ID: "s3", Name: "体育馆"}}
	w.must(func(s *server.Steps) error {
		ctx := context.Background()
		_, err := s.ImportOrgs(ctx, orgs)
		err = errors.Join(err, s.PutPeople(ctx, members))
		_, wrong := s.ImportStations(ctx, stations)
		return errors.Join(err, wrong)
	})
	for _, u := range units() {
		if err := l.enrol(w, u, w.desk); err != nil {
			return fmt.Errorf("enrol %s: %w", u.name, err)
		}
	}
	if l.server, err = w.host.disk.Fork(func() bool { return true }); err != nil {
		return err
	}
	if err := l.foundVenue(w); err != nil {
		return err
	}
	if w.wrong != nil {
		return w.wrong
	}
	if err := w.host.server.Kill(); err != nil {
		return err
	}
	w.host.server = nil
	l.venue, err = w.host.disk.Fork(func() bool { return true })
	return err
}

// foundVenue enrols a hub and, over it, its scanners.
func (l *Lab) foundVenue(w *World) error {
	all := crew()
	if err := l.enrol(w, all[0], w.desk); err != nil {
		return fmt.Errorf("enrol %s: %w", all[0].name, err)
	}
	m := l.machine(w, all[0], 1)
	m.disk, m.net = l.stores[m.name], network{up: true, down: true}
	if err := m.start(); err != nil {
		return err
	}
	m.connect()
	w.until(m.online)
	for _, u := range all[1:] {
		if err := l.enrol(w, u, m.venue.desk); err != nil {
			return fmt.Errorf("enrol %s: %w", u.name, err)
		}
	}
	m.gone = true
	m.down(false)
	w.machines = nil
	return nil
}

// until lets things happen until something is so.
func (w *World) until(is func() bool) {
	for !is() && len(w.agenda) > 0 && w.wrong == nil {
		w.run(w.agenda[0].at)
	}
}

// desk is where devices are enrolled that talk to the server: a session, and what
// carries frames into it.
func (w *World) desk(send func([]byte) error) (s *session.Steps, carry func([]byte)) {
	s = w.host.server.Session(send)
	return s, func(frame []byte) {
		w.must(func(*server.Steps) error { s.Frame(frame); s.Write(); return nil })
	}
}

// desk is World.desk for scanners.
func (v *venue) desk(send func([]byte) error) (s *session.Steps, carry func([]byte)) {
	s = v.hub.Session(send)
	return s, func(frame []byte) {
		done := false
		v.begin(func() { s.Frame(frame); s.Write(); done = true })
		v.stir()
		v.w.until(func() bool { return done })
	}
}

// enrol makes a device that is enrolled and knows nothing else.
func (l *Lab) enrol(w *World, u unit, desk func(func([]byte) error) (*session.Steps, func([]byte))) error {
	d, err := disk.New()
	if err != nil {
		return err
	}
	l.stores[u.name] = d
	store, err := sqlite.OpenOn(d.VFS(), "device.db")
	if err != nil {
		return err
	}
	defer store.Close()
	device, err := link.Open(link.Config{Store: store, App: "sim", Codec: l.codec, Log: quietly, Random: source(uint64(len(l.stores)), 1),
		Now: func() time.Time { return time.UnixMilli(w.now) }, Boot: func() (string, time.Duration) { return "lab", 0 }})
	if err != nil {
		return err
	}
	var offered server.Offered
	w.must(func(s *server.Steps) (err error) {
		offered, err = s.Offer(context.Background(), op.Enrolment{Device: u.name, Role: u.role, Station: u.station, Member: u.member, Org: u.org,
			Upstream: u.upstream, Supervisor: u.name == "scanner-1" || u.role == op.Kiosk && u.station == "s1"}, time.Hour)
		return err
	})
	var down [][]byte
	session, carry := desk(func(frame []byte) error { down = append(down, append([]byte(nil), frame...)); return nil })
	defer session.End()
	_, err = device.StepEnrol(offered.Code, func(frame []byte) error {
		carry(frame)
		return nil
	}, func() ([]byte, error) {
		if len(down) == 0 {
			return nil, errors.New("the server says nothing")
		}
		next := down[0]
		down = down[1:]
		return next, nil
	})
	return err
}

// must has the console do something, and waits for it.
func (w *World) must(fn func(s *server.Steps) error) {
	w.host.begin(func() { w.check(fn(w.host.server)) })
	w.settle()
}

// settle lets a server on which nothing goes wrong do all that it has to do.
func (w *World) settle() {
	for len(w.agenda) > 0 && (len(w.host.tasks) > 0 || w.host.turning || w.host.writing) {
		w.run(w.agenda[0].at)
	}
}

// world makes a world in which nothing has happened yet.
func (l *Lab) world(seed uint64, defect *Defect) (*World, error) {
	w := &World{lab: l, seed: seed, random: rand.New(rand.NewPCG(seed, 0x79697a68616e)), now: dawn, answers: map[place]op.Result{}, unlent: map[uint64]bool{}, defect: defect}
	w.host = newHost(w, l.dir)
	w.side = rand.New(rand.NewPCG(seed, 0x73696465))
	w.restores = l.Restore || rand.New(rand.NewPCG(seed, 0x72657374)).IntN(3) == 0 // from its own source: other worlds stay as they were
	var err error
	if l.server == nil {
		w.host.disk, err = disk.New()
		return w, err
	}
	image, all := l.server, units()
	if w.one(3) {
		image, all = l.venue, append(all, crew()...)
	}
	if w.host.disk, err = image.Fork(w.coin); err != nil {
		return w, err
	}
	if w.host.dir, err = l.keyring(); err != nil {
		return w, err
	}
	for i, u := range all {
		m := l.machine(w, u, uint64(i)+100)
		if m.disk, err = l.stores[u.name].Fork(w.coin); err != nil {
			return w, err
		}
	}
	return w, nil
}

// machine adds a device that has no disk yet.
func (l *Lab) machine(w *World, u unit, part uint64) *machine {
	m := &machine{unit: u, w: w, label: string(u.name), random: source(w.seed, part)}
	if u.role == op.Hub {
		m.venue = newVenue(m)
	}
	for _, o := range w.machines {
		if o.name == u.upstream {
			m.hub = o
		}
	}
	w.machines = append(w.machines, m)
	return m
}

// keyring makes a folder with the keys of the town.
func (l *Lab) keyring() (dir string, err error) {
	if dir, err = os.MkdirTemp(l.dir, ""); err != nil {
		return "", err
	}
	file, err := os.ReadFile(filepath.Join(l.dir, server.KeysFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, server.KeysFile), file, 0o600)
	}
	return dir, err
}

// close lets go of everything that a world has open.
func (w *World) close() {
	if w.host.dir != w.lab.dir {
		_ = os.RemoveAll(w.host.dir)
	}
	if w.host.kept != nil {
		w.host.kept.disk.Close()
	}
	if h := w.host; h.server != nil {
		h.giveUp()
		_ = h.server.Kill()
		h.server = nil
	}
	w.host.rest()
	for _, m := range w.machines {
		if m.venue != nil {
			m.venue.down()
			m.venue.rest()
		}
		if m.on {
			_ = m.store.Close()
		}
		m.disk.Close()
	}
	w.host.disk.Close()
}

// source gives random bytes that follow from a seed.
func source(seed, part uint64) *rand.ChaCha8 {
	var key [32]byte
	for i := range 8 {
		key[i], key[8+i] = byte(seed>>(8*i)), byte(part>>(8*i))
	}
	return rand.NewChaCha8(key)
}
