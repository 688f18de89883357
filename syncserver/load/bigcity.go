package load

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/station"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/sqlite"
	"yizhan/syncserver/ledger"
	"yizhan/syncserver/server"
)

// BigCity is the start of a server that has a whole city's past.
type BigCity struct {
	Config
	Data    string // folder that is built, or was built before, and stays; "" is one in Dir
	Members int
	Entries int  // in the journal
	Bare    bool // the folder has no ledger, which takes longer than all else; the server makes it after its start
}

const (
	cityOrgs  = 12_000 // companies, in districts of 500
	cityTotal = 4_000  // seats of each activity
	cityPress = 10_000 // presses for each activity
)

// Run builds the data folder, unless an earlier run has, starts the server on it, and
// measures until it serves.
func (c BigCity) Run(ctx context.Context) (*Report, error) {
	dir := cmp.Or(c.Data, filepath.Join(c.Dir, "city"))
	if _, err := os.Stat(filepath.Join(dir, server.JournalFile)); errors.Is(err, os.ErrNotExist) {
		if err := c.build(ctx, dir); err != nil {
			return nil, fmt.Errorf("build city: %w", errors.Join(err, os.RemoveAll(dir)))
		}
	}
	// No server has left a snapshot of what was built, nor does one of an older program count: the first start replays.
	first, err := c.start(ctx, dir)
	if err != nil {
		return nil, err
	}
	next, err := c.start(ctx, dir)
	if err != nil {
		return nil, err
	}
	r := NewReport(fmt.Sprintf("BigCity/members=%d", c.Members), fmt.Sprintf("load bigcity -members %d -entries %d", c.Members, c.Entries))
	r.AddMost("until the server serves", next.ready.Seconds(), "ready-s", 5)
	r.Add("CPU until then", next.CPU.Seconds(), "ready-cpu-s")
	r.AddMost("resident at most then", float64(next.Peak)/(1<<20), "MiB", 1536)
	r.Add("until the first start serves", first.ready.Seconds(), "first-ready-s")
	r.Add("CPU until then", first.CPU.Seconds(), "first-ready-cpu-s")
	r.Add("resident at most then", float64(first.Peak)/(1<<20), "first-MiB")
	r.Add("until a stopped server has left its snapshot", first.stopped.Seconds(), "stop-s")
	r.Note("%d members, %d entries in %s; decisions there: go test ./syncserver/sequencer -bench City -city %s", c.Members, c.Entries, dir, dir)
	return r, nil
}

// begun is how a start went.
type begun struct {
	Usage
	ready, stopped time.Duration
}

// start starts the server, and stops it once it serves.
func (c BigCity) start(ctx context.Context, dir string) (b begun, err error) {
	at := time.Now()
	p, err := Serve(ctx, c.Program, dir, "127.0.0.1:0")
	if err != nil {
		return b, err
	}
	b.ready = time.Since(at)
	b.Usage, err = p.Usage()
	at = time.Now()
	err = errors.Join(err, p.Stop())
	b.stopped = time.Since(at)
	return b, err
}

// build decides the past of a city with the real rules, and stores it as a server would.
func (c BigCity) build(ctx context.Context, dir string) error {
	began := time.Now()
	config := server.Config{Dir: dir, Zone: time.UTC, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler), Fatal: func(error) {}}
	s, err := server.Open(config) // makes keys and vault
	if err != nil {
		return err
	}
	if err := s.Close(ctx); err != nil {
		return err
	}
	p := &past{state: arbiter.New(time.UTC), at: time.Now().Add(-365 * 24 * time.Hour).UnixMilli(), random: mathrand.New(mathrand.NewPCG(1, 0)), head: journal.Empty}
	if p.journal, err = sqlite.Open(filepath.Join(dir, server.JournalFile)); err != nil {
		return err
	}
	if !c.Bare {
		if p.ledger, err = ledger.Open(filepath.Join(dir, server.LedgerFile)); err != nil {
			return errors.Join(err, p.journal.Close())
		}
	}
	p.populate(c.Members)
	c.Say("%d members in %.0f s", c.Members, time.Since(began).Seconds())
	p.enrol(max(1, c.Members/6))
	for n := 0; p.err == nil && int(p.state.Seq()) < c.Entries; n++ {
		p.activity(n, c.Entries)
		if n%50 == 49 {
			c.Say("%d entries in %.0f s", p.state.Seq(), time.Since(began).Seconds())
		}
	}
	p.write()
	if p.ledger != nil {
		p.err = errors.Join(p.err, p.ledger.Close())
	}
	return errors.Join(p.err, p.journal.Close())
}

// past is a city whose entries are being decided and stored. After an error it does nothing more.
type past struct {
	state   *arbiter.State
	journal journal.Journal
	ledger  *ledger.Ledger // nil: none is made
	head    journal.Head
	at      int64
	random  *mathrand.Rand
	phones  []op.Origin
	staff   op.Origin
	entries []op.Entry // decided and not stored
	body    bytes.Buffer
	err     error
}

// do decides one op, of a device that continues its chain or of the console.
func (p *past) do(o op.Op, from *op.Origin) *op.Entry {
	if p.err != nil {
		return &op.Entry{}
	}
	if from == nil {
		from = &op.Origin{}
	} else {
		from.Seq, from.Previous = from.Seq+1, from.Hash
		from.Hash = op.Chain(from.Previous, []byte{byte(from.Seq)})
	}
	before := len(p.entries)
	p.at++
	if p.entries, p.err = p.state.Append(p.entries, &o, *from, p.at); p.err != nil {
		return &op.Entry{}
	}
	for i := range p.entries[before:] {
		p.err = errors.Join(p.err, op.EncodeEntry(&p.body, &p.entries[before+i]))
	}
	first := op.Entry{}
	if len(p.entries) > before {
		first = p.entries[before]
	}
	if p.body.Len() > op.MaxBatch/2 {
		p.write()
	}
	return &first
}

// write stores what was decided, as one batch.
func (p *past) write() {
	if p.err != nil || len(p.entries) == 0 {
		return
	}
	b := p.head.Batch(len(p.entries), p.body.Bytes())
	if p.err = p.journal.Append(p.head.Number, b); p.err == nil && p.ledger != nil {
		p.err = p.ledger.Project(p.entries)
	}
	p.head = journal.Behind(b)
	p.entries, p.body = p.entries[:0], bytes.Buffer{}
}

// populate brings organisations, a station and people, whose sealed fields nobody can open.
func (p *past) populate(members int) {
	orgs := []member.Org{{ID: "CITY", Name: "云鹭市总工会"}}
	for i := range cityOrgs {
		district := id.Org(fmt.Sprintf("D%02d", i/500))
		if i%500 == 0 {
			orgs = append(orgs, member.Org{ID: district, Parent: "CITY", Name: "区总工会"})
		}
		orgs = append(orgs, member.Org{ID: cityOrg(i), Parent: district, Name: "企业工会"})
	}
	for from := 0; from < len(orgs); from += 2000 {
		p.do(op.Op{Kind: op.PutOrgs, Orgs: orgs[from:min(from+2000, len(orgs))]}, nil)
	}
	p.do(op.Op{Kind: op.PutStations, Stations: []station.Station{{ID: "ST", Name: "云鹭驿站", Lat: 31.25, Lon: 120.6, Datum: "GCJ02"}}}, nil)
	secret := make([]byte, 16+120)
	for from := 0; from < members; from += 500 {
		people := make([]member.Person, min(500, members-from))
		for i := range people {
			rand.Read(secret)
			n := from + i
			people[i] = member.Person{ID: cityMember(n), Org: cityOrg(n % cityOrgs), Sex: string("FM"[n%2]), Birth: fmt.Sprintf("%d-%02d-%02d", 1960+n%45, 1+n%12, 1+n%28),
				Children: n % 3 / 2, Digest: bytes.Clone(secret[:16]), Sealed: bytes.Clone(secret[16:])}
		}
		p.do(op.Op{Kind: op.PutPeople, People: people}, nil)
	}
}

func cityOrg(i int) id.Org       { return id.Org(fmt.Sprintf("C%05d", i)) }
func cityMember(i int) id.Member { return id.Member(fmt.Sprintf("mABCDEFGH%07d", i)) }

// enrol gives phones to the first members, and a device to staff.
func (p *past) enrol(phones int) {
	key := make([]byte, 32)
	for i := range phones + 1 {
		e := op.Enrolment{CodeHash: make([]byte, 32), Device: id.Device(fmt.Sprintf("device-%08d", i)), Role: op.Phone, Member: cityMember(i)}
		if i == phones {
			e.Role, e.Member, e.Station = op.Staff, "", "ST"
		}
		rand.Read(e.CodeHash)
		rand.Read(key)
		p.do(op.Op{Kind: op.Offer, Enrolment: &e}, nil)
		p.do(op.Op{Kind: op.Enrol, Enrolment: &op.Enrolment{CodeHash: e.CodeHash, PublicKey: bytes.Clone(key)}}, nil)
		p.phones = append(p.phones, op.Origin{Device: e.Device})
	}
	p.staff, p.phones = p.phones[phones], p.phones[:phones]
}

// activity is published, pressed for by random phones until it is sold out and after,
// and a third of its tickets are handed over.
func (p *past) activity(n, entries int) {
	name := id.Activity(fmt.Sprintf("act-%04d", n))
	p.do(op.Op{Kind: op.Publish, Spec: fmt.Appendf(nil, `{"id":%q,"title":"第%d期活动","audience":"under(m, \"CITY\")","audience_why":"仅限本市会员",
		"pools":[{"id":"seats","total":%d}],"limits":[{"per":"member","max":1},{"per":"org","max":200}],"pickup":{"stations":["ST"]}}`, name, n, cityTotal)}, nil)
	for i := 0; i < cityPress && p.err == nil && int(p.state.Seq()) < entries; i++ {
		who := p.random.IntN(len(p.phones))
		e := p.do(op.Op{Kind: op.Claim, Activity: name, Member: cityMember(who), Seats: 1, Channel: op.ByPhone, At: p.at}, &p.phones[who])
		if e.Outcome == op.Granted && i%3 == 0 {
			p.do(op.Op{Kind: op.Redeem, Ticket: op.TicketOf(e), Verdict: fault.Valid, Station: "ST", At: p.at, EnteredBy: "s-1", Channel: op.ByStaff}, &p.staff)
		}
	}
}
