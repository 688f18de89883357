package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/local/disk"
	"yizhan/core/member"
	"yizhan/core/wire"
	"yizhan/syncserver/roster"
	"yizhan/syncserver/server"
	"yizhan/syncserver/vault"
)

// families are the family names of the town, one for each of its people.
const families = "赵钱孙李周吴郑王冯陈褚卫蒋沈"

// named are the tables of devices whose rows could tell who somebody is.
var named = []string{wire.TableTicket, wire.TableDoor, wire.TableGuest, wire.TablePerson, wire.TableHeld, wire.TableClaim, wire.TableMe, wire.TableMessage,
	wire.TableIncident, wire.TableGrant, wire.TableLease}

// nameOf is what a member is called, and what others are shown of it.
func nameOf(m id.Member) (name, masked string) {
	var n int
	fmt.Sscanf(string(m), "m%d", &n)
	family := string([]rune(families)[n])
	return family + "小驿", family + "*驿"
}

// names gives people names, sealed as an import seals them, under keys that the lab knows.
func (l *Lab) names(d *disk.Disk, people []member.Person) error {
	v, err := vault.OpenOn(d.VFS(), server.VaultFile, source(0, 7))
	if err != nil {
		return err
	}
	defer v.Close()
	ids := make([]id.Member, len(people))
	for i, p := range people {
		ids[i] = p.ID
	}
	if l.keys, err = v.Keys(ids, "roster"); err != nil {
		return err
	}
	for i := range people {
		p, key := &people[i], l.keys[people[i].ID]
		name, _ := nameOf(p.ID)
		plain, err := json.Marshal(roster.Person{Name: name, Phone: fmt.Sprintf("+861000000%04d", i), Org: p.Org})
		if err != nil {
			return err
		}
		p.Digest = key.Digest(plain)
		if p.Sealed, err = key.Seal(plain, source(uint64(i), 8)); err != nil {
			return err
		}
	}
	return nil
}

// farewell has somebody ask to be forgotten, in every third world.
func (w *World) farewell() {
	if w.side.IntN(3) == 0 {
		m := memberID(w.side.IntN(people))
		w.after(60_000+w.side.Int64N(trouble-60_000), func() { w.erase(m) })
	}
}

// erase has staff forget a person; what a restored server has forgotten of that, they do again.
func (w *World) erase(m id.Member) {
	if m == "" || w.host.server == nil || !w.knows(m) {
		return
	}
	if w.erased == "" {
		w.stats.fault("person erased")
	}
	w.erased = m
	w.host.do("erase "+string(m), func(s *server.Steps) error { return s.Erase(context.Background(), m) })
}

// knows reports whether the server has a person.
func (w *World) knows(m id.Member) (known bool) {
	w.host.server.Look(func(s *arbiter.State) { _, known = s.Person(m) })
	return known
}

// erased wants that nobody can read the name of who was erased: the key is gone from
// the server's disk, and no row of a device names the person.
func (a *audit) erased() {
	w := a.w
	if w.erased == "" {
		return
	}
	name, masked := nameOf(w.erased)
	answered := false
	w.host.begin(func() {
		for _, asked := range []string{name, string(w.erased)} {
			if found, err := w.host.server.Find(context.Background(), asked); err != nil || len(found) > 0 {
				w.fail("%s was erased and is found as %v: %v", w.erased, found, err)
			}
		}
		answered = true
	})
	for end := w.now + 10_000; !answered && w.now < end; { // it may have to wait for the ledger
		w.host.turn() // no session does any more
		w.run(w.now + 100)
	}
	if !answered {
		w.fail("nobody can be found: the ledger stands still")
	}
	a.nowhere("the server", w.host.disk, w.lab.keys[w.erased], []byte(name))
	for _, m := range w.machines {
		a.nowhere(m.label, m.disk, []byte(name))
		if !m.on || !m.online() || w.twin(m) {
			continue
		}
		for _, table := range named {
			rows, err := m.store.Rows(table)
			if err != nil {
				w.fail("read rows of %s: %v", m.label, err)
			}
			for _, r := range rows {
				var t wire.TicketRow
				of := table == wire.TableTicket && wire.DecodeRow(r.Body, &t) == nil && a.claims[t.Ticket] != nil && a.claims[t.Ticket].member == w.erased
				if bytes.Contains(r.Body, []byte(masked)) || of && (t.Member != "" || t.Sealed != nil) {
					w.fail("%s was erased, and row %s %s of %s names them", w.erased, table, r.ID, m.label)
				}
			}
		}
	}
}

// nowhere wants that bytes are in no file of a disk.
func (a *audit) nowhere(whose string, d *disk.Disk, secrets ...[]byte) {
	files := d.Files()
	for _, file := range slices.Sorted(maps.Keys(files)) {
		for _, s := range secrets {
			if bytes.Contains(files[file], s) {
				a.w.fail("%s was erased, and %s of %s holds %x", a.w.erased, file, whose, s)
			}
		}
	}
}
