package server

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/schedule"
	"yizhan/core/seal"
	"yizhan/core/station"
	"yizhan/core/wire"
	"yizhan/syncserver/roster"
	"yizhan/syncserver/vault"
)

// purpose of the key that seals what a roster says about a person.
const rosterPurpose = "roster"

// importRows and importSize keep one import op inside one journal batch, also
// where people have long notes.
const (
	importRows = 400
	importSize = op.MaxBatch / 2
)

// chunks divides rows into ops that one journal batch can hold; as makes the op of some rows.
func chunks[T any](rows []T, as func([]T) op.Op) iter.Seq2[op.Op, error] {
	return func(yield func(op.Op, error) bool) {
		from, size := 0, 0
		for i := range rows {
			one := as(rows[i : i+1])
			b, err := op.Encode(&one)
			if err != nil {
				yield(op.Op{}, err)
				return
			}
			if i > from && (i-from == importRows || size+len(b) > importSize) {
				if !yield(as(rows[from:i]), nil) {
					return
				}
				from, size = i, 0
			}
			size += len(b)
		}
		if from < len(rows) {
			yield(as(rows[from:]), nil)
		}
	}
}

// Imported says what an import changed.
type Imported struct {
	Read    int `json:"read"`
	Changed int `json:"changed"` // new or different
}

// ImportOrgs records organisations; parents come before their children.
func (s *Server) ImportOrgs(ctx context.Context, orgs []member.Org) (Imported, error) {
	n := Imported{Read: len(orgs)}
	for o, err := range chunks(orgs, func(some []member.Org) op.Op { return op.Op{Kind: op.PutOrgs, Orgs: some} }) {
		if err = s.put(ctx, o, err, &n); err != nil {
			return n, fmt.Errorf("import organisations: %w", err)
		}
	}
	return n, nil
}

// ImportStations records places.
func (s *Server) ImportStations(ctx context.Context, stations []station.Station) (Imported, error) {
	n := Imported{Read: len(stations)}
	for _, st := range stations {
		if st.Photo != "" {
			return n, fmt.Errorf("import station %s: %w", st.ID, errPhoto)
		}
	}
	for o, err := range chunks(stations, func(some []station.Station) op.Op { return op.Op{Kind: op.PutStations, Stations: some} }) {
		if err = s.put(ctx, o, err, &n); err != nil {
			return n, fmt.Errorf("import stations: %w", err)
		}
	}
	return n, nil
}

// PutCalendar records what is known of a year's holidays; changed is false where that is known already.
func (s *Server) PutCalendar(ctx context.Context, year schedule.Year) (changed bool, err error) {
	entries, err := s.seq.Do(ctx, op.Op{Kind: op.PutCalendar, Calendar: &year})
	return len(entries) > 0, err
}

// AmendStation records what the union has to say of one place; changed is false where it is known already.
func (s *Server) AmendStation(ctx context.Context, st id.Station, a station.Amend) (changed bool, err error) {
	if a.Photo != "" || a.NoPhoto {
		return false, fmt.Errorf("amend station %s: %w", st, errPhoto)
	}
	entries, err := s.seq.Do(ctx, op.Op{Kind: op.AmendStation, Station: st, Amend: &a})
	return len(entries) > 0, err
}

// Places is what the server knows of stations, and the moment at which it was asked.
type Places struct {
	Stations []station.Station `json:"stations"`
	Years    []schedule.Year   `json:"years"`
	Now      time.Time         `json:"now"` // in the zone of the deployment
}

// Places gives all stations and the calendar.
func (s *Server) Places(ctx context.Context) (p Places, err error) {
	p.Now = s.cfg.Now().In(s.cfg.Zone)
	err = s.seq.View(ctx, func(state *arbiter.State) { p.Stations, p.Years = state.Stations() })
	return p, err
}

// put has one chunk of an import decided, and counts what it changed.
func (s *Server) put(ctx context.Context, o op.Op, err error, n *Imported) error {
	if err != nil {
		return err
	}
	entries, err := s.seq.Do(ctx, o)
	for _, e := range entries {
		n.Changed += len(e.Orgs) + len(e.People) + len(e.Stations)
	}
	return err
}

// ImportPeople seals the personal fields of a roster under each person's own
// key and records the people. The keys are on disk before the entries are.
func (s *Server) ImportPeople(ctx context.Context, people []roster.Person) (Imported, error) {
	n := Imported{Read: len(people)}
	ids := make([]id.Member, len(people))
	for i, p := range people {
		ids[i] = s.vault.MemberID(p.Identity())
	}
	if !s.waits.Take(ctx, s.people) {
		return n, fmt.Errorf("import people: others are being imported or erased: %w", unwaited(ctx))
	}
	defer s.people.Done()
	keys, err := s.vault.Keys(ids, rosterPurpose)
	if err != nil {
		return n, fmt.Errorf("import people: %w", err)
	}
	sealed := make([]member.Person, len(people))
	for i, p := range people {
		if sealed[i], err = s.sealPerson(ids[i], keys[ids[i]], p); err != nil {
			return n, fmt.Errorf("import people: %w", err)
		}
	}
	n.Changed, err = s.putPeople(ctx, sealed)
	return n, err
}

// sealPerson keeps in the open only what rules may read.
func (s *Server) sealPerson(m id.Member, key vault.Key, p roster.Person) (member.Person, error) {
	out := member.Person{ID: m, Org: p.Org, Sex: p.Sex, Birth: p.Birth, Tags: p.Tags, Children: p.Children}
	plain, err := json.Marshal(p)
	if err != nil {
		return out, err
	}
	out.Digest = key.Digest(plain)
	out.Sealed, err = key.Seal(plain, s.cfg.Random)
	return out, err
}

// PutPeople records people without personal fields: members of a rehearsal.
func (s *Server) PutPeople(ctx context.Context, people []member.Person) error {
	_, err := s.putPeople(ctx, people)
	return err
}

func (s *Server) putPeople(ctx context.Context, people []member.Person) (changed int, err error) {
	var n Imported
	for o, err := range chunks(people, func(some []member.Person) op.Op { return op.Op{Kind: op.PutPeople, People: some} }) {
		if err = s.put(ctx, o, err, &n); err != nil {
			return n.Changed, fmt.Errorf("import people: %w", err)
		}
	}
	return n.Changed, nil
}

// Published says which revision an activity has now; Revision 0 means that
// nothing was changed.
type Published struct {
	Activity id.Activity `json:"activity"`
	Revision int         `json:"revision"`
	Unknown  []id.Org    `json:"unknown,omitempty"` // organisations that its rules name and that do not exist
}

// Publish checks an activity and makes it known. The error is
// jsoncheck.Problems where the activity is wrong.
func (s *Server) Publish(ctx context.Context, spec []byte) (Published, error) {
	entries, err := s.seq.Do(ctx, op.Op{Kind: op.Publish, Spec: spec})
	if err != nil || len(entries) == 0 {
		return Published{}, err
	}
	p := Published{Activity: entries[0].Activity, Revision: entries[0].Revision}
	err = s.seq.View(ctx, func(state *arbiter.State) { p.Unknown = state.Strangers(p.Activity) })
	return p, err
}

// PublicKey is what devices pin when they are enrolled.
func (s *Server) PublicKey() seal.Public { return s.keys.private.Public() }

// Offered is a one-use code for one device.
type Offered struct {
	Code    string    `json:"code"` // XXXX-XXXX-XXXX-XXXX-KKKK-KKKK: 80 bits, and 40 of the server's key
	QR      string    `json:"qr"`   // the same with the whole hash of the key, and the address
	Device  id.Device `json:"device"`
	Expires time.Time `json:"expires"`
	Beside  id.Device `json:"beside,omitempty"` // hands over at that station already: the new device will not
}

// Offer makes a one-use enrolment code. Only its hash is kept.
func (s *Server) Offer(ctx context.Context, e op.Enrolment, valid time.Duration) (Offered, error) {
	return s.OfferAt(ctx, e, valid, "")
}

// OfferAt is Offer with the address under which devices reach this server, as in
// wss://host:port/v1/sync: the QR code holds it.
func (s *Server) OfferAt(ctx context.Context, e op.Enrolment, valid time.Duration, address string) (Offered, error) {
	return s.offer(ctx, e, valid, address, "")
}

// offer makes a code; by says in the journal for whom, where it was not the console.
func (s *Server) offer(ctx context.Context, e op.Enrolment, valid time.Duration, address, by string) (Offered, error) {
	code, err := id.Mint(s.cfg.Random, 10)
	if err != nil {
		return Offered{}, err
	}
	if e.Device == "" {
		name, err := id.Mint(s.cfg.Random, 5)
		if err != nil {
			return Offered{}, err
		}
		e.Device = id.Device(string(e.Role) + "-" + name)
	}
	key := s.keys.private.Public().Marshal()
	if e.Upstream != "" { // the device will talk to its hub, and to nobody else
		if err := s.seq.View(ctx, func(state *arbiter.State) { hub, _ := state.Device(e.Upstream); key = hub.PublicKey }); err != nil {
			return Offered{}, err
		}
	}
	in := wire.Invitation{Code: code, Key: wire.Fingerprint(key), Server: address}
	o := Offered{Code: in.Typed(), QR: in.QR(), Device: e.Device, Expires: s.cfg.Now().Add(valid)}
	if back := wire.ParseInvitation(o.QR); back != in {
		return Offered{}, fmt.Errorf("devices could not read the address %q out of a QR code; it is like wss://host:8640/v1/sync", address)
	}
	e.CodeHash, e.Expires = CodeHash(code), o.Expires.UnixMilli()
	if _, err := s.seq.Do(ctx, op.Op{Kind: op.Offer, Enrolment: &e, EnteredBy: by}); err != nil {
		return Offered{}, err
	}
	err = s.seq.View(ctx, func(state *arbiter.State) { o.Beside, _ = state.Authority(e.Station) })
	return o, err
}

// Revoked says what the end of a device leaves behind.
type Revoked struct {
	Station id.Station `json:"station,omitempty"` // where nobody hands over bound tickets now
}

// Revoke ends a device.
func (s *Server) Revoke(ctx context.Context, d id.Device) (left Revoked, err error) {
	if _, err := s.seq.Do(ctx, op.Op{Kind: op.Revoke, Device: d}); err != nil {
		return left, err
	}
	err = s.seq.View(ctx, func(state *arbiter.State) {
		gone, _ := state.Device(d)
		if at, _ := state.Authority(gone.Station); at == d {
			left.Station = gone.Station
		}
	})
	return left, err
}

// Draw holds the draw of an activity.
func (s *Server) Draw(ctx context.Context, a id.Activity, seed string) (op.Result, error) {
	return s.result(ctx, op.Op{Kind: op.Draw, Activity: a, Seed: seed})
}

// result decides a console op that has one.
func (s *Server) result(ctx context.Context, o op.Op) (op.Result, error) {
	entries, err := s.seq.Do(ctx, o)
	if err != nil {
		return op.Result{}, err
	}
	return op.ResultOf(&entries[len(entries)-1]), nil
}

// View looks at the durable state.
func (s *Server) View(ctx context.Context, fn func(*arbiter.State)) error {
	return s.seq.View(ctx, fn)
}
