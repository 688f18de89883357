package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/lookup"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/syncserver/ledger"
	"yizhan/syncserver/roster"
	"yizhan/syncserver/snapshot"
	"yizhan/syncserver/vault"
)

// together is how many people's sealed fields are read at once.
const together = 4096

// maxFound bounds one search: whoever needs more should ask more precisely.
const maxFound = 50

// Found is one member as a person at a desk may see them: masked.
type Found struct {
	Member id.Member `json:"member"`
	Name   string    `json:"name"`  // family name and stars
	Phone  string    `json:"phone"` // last four
	Org    string    `json:"org"`
}

// Find looks members up by member id, or as package lookup does: by name, pinyin,
// initials and the last four digits of the phone. Names are opened one by one with each person's key and nowhere stored.
func (s *Server) Find(ctx context.Context, q string) ([]Found, error) {
	q = strings.TrimSpace(q)
	if q == "" {
		return nil, fmt.Errorf("find member: give a name, a member id or the last four digits of a phone")
	}
	asked := lookup.Parse(q)
	spoken := !asked.Empty() && (asked.Tail != "" || !strings.ContainsAny(q, "0123456789")) // a digit or two belong to the name
	if _, err := s.Ledger(ctx); err != nil {                                                // who was imported a moment ago is found too
		return nil, fmt.Errorf("find member: %w", err)
	}
	var found []Found
	var keys []vault.Key
	var members []id.Member
	look := func() error {
		sealed, err := s.ledger.Sealed(members)
		for i, m := range members {
			plain, err := unseal(sealed[m], keys[i])
			if err != nil || len(found) == maxFound {
				continue // sealed for another purpose or with a lost key: nobody may be shown
			}
			fits := spoken && strings.HasSuffix(plain.Phone, asked.Tail) && asked.Match(lookup.NewName(plain.Name, nil)) > 0
			if q == string(m) || strings.Contains(plain.Name, q) || fits {
				found = append(found, Found{Member: m, Name: maskName(plain.Name), Phone: lastFour(plain.Phone)})
			}
		}
		members, keys = members[:0], keys[:0]
		return err
	}
	err := s.vault.Each(rosterPurpose, func(m id.Member, key vault.Key) error {
		if members, keys = append(members, m), append(keys, key); len(members) == together {
			return look()
		}
		return nil
	})
	if err == nil {
		err = look()
	}
	if err != nil {
		return nil, fmt.Errorf("find member: %w", err)
	}
	return found, s.seq.View(ctx, func(state *arbiter.State) {
		for i := range found {
			p, _ := state.Person(found[i].Member)
			o, _ := state.Org(p.Org)
			found[i].Org = o.Name
		}
	})
}

// personal is what the server reads of the sealed fields of a person.
type personal struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

func unseal(sealed []byte, key vault.Key) (personal, error) {
	var plain personal
	data, err := key.Open(sealed)
	if err != nil {
		return plain, err
	}
	if plain, ok := readPersonal(data); ok {
		return plain, nil
	}
	return plain, json.Unmarshal(data, &plain)
}

// readPersonal reads the fields as sealPerson writes them, much faster than
// encoding/json; ok is false for what is written otherwise, such as escaped letters.
func readPersonal(data []byte) (plain personal, ok bool) {
	field := func(before string) (value string) {
		if ok = ok && bytes.HasPrefix(data, []byte(before)); ok {
			var v []byte
			v, data, ok = bytes.Cut(data[len(before):], []byte{'"'})
			ok = ok && !bytes.ContainsRune(v, '\\')
			return string(v)
		}
		return ""
	}
	ok = true
	plain.Name = field(`{"name":"`)
	field(`,"id_type":"`)
	field(`,"id_number":"`)
	plain.Phone = field(`,"phone":"`)
	return plain, ok
}

func maskName(name string) string {
	r := []rune(name)
	if len(r) == 0 {
		return ""
	}
	return string(r[0]) + strings.Repeat("*", len(r)-1)
}

func lastFour(s string) string {
	if len(s) < 4 {
		return ""
	}
	return "****" + s[len(s)-4:]
}

// KnownOrgs gives the organisations by the key under which an import looks them up.
func (s *Server) KnownOrgs(ctx context.Context) (map[string]id.Org, error) {
	known := map[string]id.Org{}
	err := s.seq.View(ctx, func(state *arbiter.State) {
		state.Orgs(func(o member.Org) { known[roster.Key(o.Name)] = o.ID })
	})
	return known, err
}

// Status says how a deployment stands.
type Status struct {
	Deployment string    `json:"deployment"`
	Production bool      `json:"production"`
	Now        time.Time `json:"now"`     // of the server's clock, in the zone of the deployment
	Seq        uint64    `json:"seq"`     // newest decided
	Applied    uint64    `json:"applied"` // newest in the ledger
	People     int       `json:"people"`
	Devices    int       `json:"devices"`
	Connected  int       `json:"connected"`
	Repairs    uint64    `json:"repairs"`       // scopes that were repaired at a device since the start
	Sum        string    `json:"sum"`           // "ok", or what does not add up
	Map        *op.Map   `json:"map,omitempty"` // that devices carry

	Recovery *Recovery `json:"recovery,omitempty"` // while something may be forgotten since a restore
}

// Status looks at the whole state; it takes the loop's time, so it is for people.
func (s *Server) Status(ctx context.Context) (Status, error) {
	st := Status{Deployment: s.keys.Deployment, Production: s.cfg.Production, Now: s.cfg.Now().In(s.cfg.Zone), Connected: s.sessions.Connected(), Repairs: s.sessions.Repairs(), Sum: "ok"}
	err := s.seq.View(ctx, func(state *arbiter.State) {
		st.Seq = state.Seq()
		st.People, st.Devices = state.Sizes()
		st.Map = carried(state)
		if err := state.Check(); err != nil {
			st.Sum = err.Error()
		}
	})
	st.Applied = s.ledger.Applied()
	if err == nil {
		var r Recovery
		if r, err = s.Recovery(ctx); r.Waiting || r.Loss != nil {
			st.Recovery = &r
		}
	}
	return st, err
}

// Snapshot is what verify compares with a replay of the journal.
type Snapshot struct {
	Seq     uint64            `json:"seq"`
	Digest  string            `json:"digest"` // of the arbiter's state at Seq
	Applied uint64            `json:"applied,omitempty"`
	Ledger  map[string]string `json:"ledger,omitempty"` // digest of each table at Applied
}

// Snapshot takes the digests of state and ledger.
func (s *Server) Snapshot(ctx context.Context) (Snapshot, error) {
	var snap Snapshot
	err := s.seq.View(ctx, func(state *arbiter.State) { snap.Seq, snap.Digest = state.Seq(), state.Digest() })
	if err != nil {
		return snap, err
	}
	snap.Ledger, snap.Applied, err = s.ledger.Digest()
	return snap, err
}

// ReadSnapshot takes the digest of the state in the snapshot of a server that does not
// run; snapshot.ErrNone where it left none.
func ReadSnapshot(dir string, zone *time.Location) (snap Snapshot, err error) {
	file := snapshot.File{Path: filepath.Join(dir, SnapshotFile), Zone: zone}
	state, err := file.Peek()
	if err != nil {
		return snap, err
	}
	return Snapshot{Seq: state.Seq(), Digest: state.Digest()}, nil
}

// Ledger gives the ledger once it contains everything that was decided before the call.
func (s *Server) Ledger(ctx context.Context) (*ledger.Ledger, error) {
	var want uint64
	if err := s.seq.View(ctx, func(state *arbiter.State) { want = state.Seq() }); err != nil {
		return nil, err
	}
	if !s.waits.True(ctx, func() bool { return s.ledger.Applied() >= want }) {
		return nil, fmt.Errorf("wait for the ledger: %w", unwaited(ctx))
	}
	return s.ledger, nil
}

// unwaited says why a wait came to nothing.
func unwaited(ctx context.Context) error {
	return cmp.Or[error](ctx.Err(), fault.Errorf(fault.ShuttingDown, "the server has ended"))
}
