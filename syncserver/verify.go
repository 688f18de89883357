package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/syncserver/control"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/sqlite"
	"yizhan/syncserver/ledger"
	"yizhan/syncserver/server"
	"yizhan/syncserver/snapshot"
)

// verify re-reads the journal, replays it, and compares with the replay what the
// arbiter and the ledger hold: of the running server, or of the files that a
// stopped one left.
func verify(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	zone := zoneFlag(fs)
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	location, err := zone()
	if err != nil {
		return err
	}
	path := filepath.Join(*data, server.JournalFile)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no journal to verify: %w; name the data directory of the server with -data", err)
	}
	// The state is asked for first: the journal read afterwards reaches at least as far.
	held, running, err := heldState(*data, location)
	if err != nil {
		return err
	}
	report, err := sqlite.Check(path)
	for _, f := range report.Findings {
		fmt.Println(f)
	}
	switch {
	case errors.Is(err, journal.ErrDamaged):
		return fmt.Errorf("%w; %d places in all; stop the server and restore the newest backup", err, max(1, len(report.Findings)))
	case err != nil:
		return err
	}
	fmt.Printf("journal: %d batches, %d entries, hash chain whole\n", report.Head.Number, report.Head.Next-1)
	return compareViews(*data, path, location, held, running)
}

// heldState is what the running server holds, or what a stopped one left on disk: a
// snapshot that cannot be read is none, because the next start replays the journal then.
func heldState(data string, zone *time.Location) (held server.Snapshot, running bool, err error) {
	c := control.Dial(data)
	held, err = control.Call[server.Snapshot](context.Background(), c, "snapshot", struct{}{})
	if err == nil {
		return held, true, nil
	}
	if !errors.Is(err, control.ErrNoServer) { // one that runs holds the truth, not its files
		return held, false, err
	}
	held, err = server.ReadSnapshot(data, zone)
	if err != nil && !errors.Is(err, snapshot.ErrNone) {
		fmt.Printf("snapshot: it is not used: %v\n", err)
	}
	return held, false, nil
}

func compareViews(data, path string, zone *time.Location, held server.Snapshot, running bool) error {
	dir, err := os.MkdirTemp("", "verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if !running {
		l, err := ledger.Open(filepath.Join(data, server.LedgerFile))
		if err != nil {
			return fmt.Errorf("%w; delete the file: it is made again from the journal", err)
		}
		held.Ledger, held.Applied, err = l.Digest()
		if err := errors.Join(err, l.Close()); err != nil {
			return err
		}
	}
	fresh, err := ledger.Open(filepath.Join(dir, "ledger.db"))
	if err != nil {
		return err
	}
	defer fresh.Close()
	r := replay{state: arbiter.New(zone), ledger: fresh, held: held, sealed: map[id.Member][]byte{}}
	if err := r.read(path); err != nil {
		return err
	}
	if err := r.compare(); err != nil {
		return err
	}
	return secrets(data, r.sealed, r.state.Erased())
}

// secrets says whether keys and vault are those of this journal.
func secrets(data string, sealed map[id.Member][]byte, erased []id.Member) error {
	n, err := server.CheckSecrets(data, sealed, erased)
	switch {
	case err != nil:
		return err
	case n.Unreadable > 0:
		return fmt.Errorf("no key in %s opens the names of %d members: it is older than the journal, restore its newest backup", server.VaultFile, n.Unreadable)
	}
	fmt.Printf("keys: of deployment %s\nvault: the names of %d members can be read, %d members were erased\n", n.Deployment, n.Readable, n.Erased)
	return nil
}

// replay builds state and ledger again, and notes the state at the moment that is compared.
type replay struct {
	state  *arbiter.State
	ledger *ledger.Ledger
	held   server.Snapshot
	digest string // at held.Seq
	sealed map[id.Member][]byte
}

func (r *replay) read(path string) error {
	j, err := sqlite.OpenReadOnly(path)
	if err != nil {
		return err
	}
	defer j.Close()
	return j.Read(1, func(b journal.Batch) error {
		entries, err := op.DecodeBatch(b.First, b.Body)
		if err != nil {
			return fmt.Errorf("batch %d: %w", b.Number, err)
		}
		for i := range entries {
			if err := r.state.Apply(&entries[i]); err != nil {
				return fmt.Errorf("batch %d: %w", b.Number, err)
			}
			r.note(&entries[i])
			if r.state.Seq() == r.held.Seq {
				r.digest = r.state.Digest()
			}
		}
		beyond := slices.IndexFunc(entries, func(e op.Entry) bool { return e.Seq > r.held.Applied })
		if beyond >= 0 {
			entries = entries[:beyond]
		}
		if len(entries) == 0 {
			return nil
		}
		return r.ledger.Project(entries)
	})
}

// note remembers the sealed fields of an entry's people.
func (r *replay) note(e *op.Entry) {
	for _, p := range e.People {
		if delete(r.sealed, p.ID); p.Sealed != nil {
			r.sealed[p.ID] = bytes.Clone(p.Sealed)
		}
	}
	if e.Kind == op.Erased {
		delete(r.sealed, e.Member)
	}
}

func (r *replay) compare() error {
	if err := r.state.Check(); err != nil {
		return fmt.Errorf("replayed state does not add up: %w", err)
	}
	switch {
	case r.held.Seq == 0:
		fmt.Println("arbiter: adds up; there is no snapshot to compare")
	case r.state.Seq() < r.held.Seq:
		return fmt.Errorf("the journal ends at entry %d, but the server had answered up to %d: the end of the journal is lost", r.state.Seq(), r.held.Seq)
	case r.digest != r.held.Digest:
		return fmt.Errorf("arbiter state at entry %d differs from the replay", r.held.Seq)
	default:
		fmt.Printf("arbiter: state at entry %d equals the replay, every pool adds up\n", r.held.Seq)
	}
	if r.held.Applied > r.state.Seq() {
		return fmt.Errorf("the journal ends at entry %d, but the ledger has seen %d: the end of the journal is lost", r.state.Seq(), r.held.Applied)
	}
	if r.held.Applied == 0 {
		fmt.Println("ledger: empty; it is projected at the next start")
		return nil
	}
	digests, _, err := r.ledger.Digest()
	if err != nil {
		return err
	}
	for _, table := range slices.Sorted(maps.Keys(digests)) {
		if digests[table] != r.held.Ledger[table] {
			return fmt.Errorf("table %s of the ledger at entry %d differs from the replay; stop the server and delete %s: it is made again from the journal", table, r.held.Applied, server.LedgerFile)
		}
	}
	fmt.Printf("ledger: %d tables at entry %d equal the replay\n", len(digests), r.held.Applied)
	return nil
}
