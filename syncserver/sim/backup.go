package sim

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"yizhan/core/id"
	"yizhan/core/local/disk"
	"yizhan/core/op"
	"yizhan/syncserver/server"
)

// backup is what the server's disk was once.
type backup struct {
	disk *disk.Disk
	head uint64
}

// save takes a backup while the server runs, and forgets the one before.
func (h *host) save() {
	if h.server == nil || h.server.Writing() {
		return
	}
	d, err := h.disk.Fork(func() bool { return true })
	if err != nil {
		h.w.fail("take a backup: %v", err)
		return
	}
	if h.kept != nil {
		h.kept.disk.Close()
	}
	h.kept = &backup{d, h.server.Head()}
	h.w.note("backup of the server at %d", h.kept.head)
}

// restore loses the server's disk. Staff put the backup into its place and say so;
// or nobody says anything, as when a machine is rolled back to a snapshot.
func (h *host) restore(quiet bool) {
	if h.kept == nil || h.server == nil || h.server.Head() == h.kept.head {
		return
	}
	if quiet {
		if h.unlend() != nil {
			return // its disk has failed, and it is about to find out
		}
		h.w.stats.fault("server rolled back")
	} else {
		h.w.stats.fault("server restored")
	}
	h.w.note("server goes back from %d to %d, told: %v", h.server.Head(), h.kept.head, !quiet)
	h.w.restored = true
	h.w.forgetUnseen()
	h.down(true)
	h.disk.Close()
	h.disk = h.kept.disk
	if !quiet {
		mark, err := json.Marshal(server.Marker{Seq: h.kept.head})
		if err == nil {
			err = os.WriteFile(filepath.Join(h.dir, server.RestoredFile), mark, 0o600)
		}
		h.w.check(err)
	}
	h.kept = nil
	if quiet && h.w.coin() {
		h.w.unseen()
	}
}

// unlend remembers which leases a server is about to forget that will not know of it:
// their numbers, and the seats that a renewal brought, go to others.
func (h *host) unlend() error {
	h.disk.Plan(nil) // looking is no part of what may go wrong
	return h.server.Entries(func(e *op.Entry) {
		if e.Seq > h.kept.head && (e.Kind == op.Lent || e.Kind == op.Renewed) {
			h.w.unlent[e.Lease.ID] = true
		}
	})
}

// unseen keeps everybody away from a server that does not know that it was rolled back:
// time goes on for it, and decides.
func (w *World) unseen() {
	w.stats.fault("nobody sees that the server was rolled back")
	w.note("the server's line is cut")
	lasts := w.between(20_000, 300_000)
	for _, m := range w.machines {
		if m.hub == nil {
			m.net = network{}
			w.after(lasts, func() { m.net = network{up: true, down: true} })
		}
	}
}

// relapse has the server forget without a word that a lease was renewed, and people
// come to its holder all the same.
func (w *World) relapse() {
	holders := w.holders()
	if len(holders) == 0 {
		return
	}
	m := pick(w, holders)
	w.host.save()
	w.note("%s renews its lease", m.label)
	m.done(m.holder.Renew("kit", "bag", m.clock()))
	w.after(w.between(1_000, 10_000), func() {
		if !w.calm {
			w.host.restore(true)
		}
	})
	for range 8 {
		w.after(w.between(0, 200_000), func() { m.visit() })
	}
}

// recover has staff do what a restored server asks of them: accept what is lost, and
// reopen the pools once nobody is left who could report.
func (h *host) recover() {
	if h.server == nil || !h.w.restored {
		return
	}
	s := h.server
	h.begin(func() {
		r, err := s.Recovery(context.Background())
		if err != nil || h.server != s {
			return
		}
		if r.Loss != nil {
			_, err = s.AcceptLoss(context.Background())
			h.w.note("staff accept the loss: %v", said(err))
			return
		}
		if len(r.Frozen) == 0 && !r.Waiting {
			return
		}
		// What is missing may hang on something that nobody will ever report.
		if h.asked++; h.asked%20 != 0 && slices.ContainsFunc(r.Missing, h.w.expected) {
			h.w.note("staff wait for %v", r.Missing)
			h.w.after(0, func() { h.w.restart(r.Missing) })
			return
		}
		_, err = s.Reopen(context.Background(), "")
		h.w.note("staff reopen the pools: %v", said(err))
	})
}

// restart has people open the app anew where staff still miss a device: it counts as
// heard only in a session that begins with the new epoch.
func (w *World) restart(missing []id.Device) {
	for _, m := range w.machines {
		if slices.Contains(missing, m.name) && m.conn != nil && w.now-m.conn.opened > 20_000 {
			m.hangUp(nil)
		}
	}
}

// forgetUnseen keeps only those answers that have arrived: the others are lost with
// the server, and nobody has seen them.
func (w *World) forgetUnseen() {
	seen := map[place]op.Result{}
	for _, m := range w.machines {
		if !m.on {
			continue // what it has stored is looked at by its audit: it must come back
		}
		all, err := m.store.Kept(1, 10_000)
		if err != nil {
			continue
		}
		for _, q := range all {
			at := place{m.name, q.Seq}
			if r, ok := w.answers[at]; ok {
				seen[at] = r
			}
		}
	}
	w.answers = seen
}

// expected reports whether a device will come again.
func (w *World) expected(d id.Device) bool {
	return slices.ContainsFunc(w.machines, func(m *machine) bool { return m.name == d && !m.gone && !m.closed && !m.naive })
}

// lost reports whether what a device was answered may be lost with a server's disk:
// nobody is there to bring it back.
func (w *World) lost(d id.Device) bool { return w.restored && !w.expected(d) }

// alike compares results. A server that was restored records them at another place.
func (w *World) alike(a, b op.Result) bool {
	if w.restored {
		a.Seq, b.Seq, a.Place, b.Place = 0, 0, 0, 0
	}
	return equal(a, b)
}
