// Package server joins the parts of one deployment: journal, vault, keys,
// ledger, sequencer and sessions. The program and the rehearsal run the same one.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/syncserver/blob"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/sqlite"
	"yizhan/syncserver/ledger"
	"yizhan/syncserver/sequencer"
	"yizhan/syncserver/session"
	"yizhan/syncserver/snapshot"
	"yizhan/syncserver/vault"
	"yizhan/syncserver/wait"
)

// Names of the files in a data directory.
const (
	JournalFile = "journal.db"
	LedgerFile  = "ledger.db"
	VaultFile   = "vault.db"
	KeysFile    = "keys.json"
	BlobsDir    = "blobs"
	// SnapshotFile holds an image of the state, from which a start goes on (package snapshot).
	SnapshotFile = "state.snapshot"
)

// Config is what a server is wired with.
type Config struct {
	Dir        string
	Zone       *time.Location
	Now        func() time.Time
	Random     io.Reader
	Log        *slog.Logger
	Production bool                                       // made-up identities of the demo city are refused
	Fatal      func(error)                                // ends the process: memory and disk may not agree any more
	Journal    func(path string) (journal.Journal, error) // opens the journal; nil: a file of SQLite
	VFS        string                                     // file system of SQLite that ledger and vault lie on; empty is the machine's own
	Clock      func() time.Time                           // to wait by; nil is the machine's own
	Every      uint64                                     // entries between snapshots; see sequencer.Config
}

// Server is one running deployment.
type Server struct {
	cfg      Config
	keys     *keys
	journal  journal.Journal
	ledger   *ledger.Ledger
	vault    *vault.Vault
	seq      *sequencer.Sequencer
	sessions *session.Server
	store    *blob.Store
	blobs    *blob.Handler

	life      context.Context // ends when the server closes
	end       context.CancelFunc
	durable   atomic.Uint64 // newest durable Seq
	followed  uint64        // newest Seq that follow has seen; whoever projects holds it
	waiting   []op.Entry    // room for entries on their way into the ledger, likewise
	recalls   recalls
	recovery  recovery
	stamps    stamps
	questions questions
	names     directory
	people    wait.Turn     // held from the making or destroying of a person's keys to the entry that says so
	photos    sync.Mutex    // held from the keeping of a station's photo to the forgetting of the one that it replaces
	wake      chan struct{} // capacity 1: the journal has grown
	pumped    chan struct{} // closed when the pump has ended
	waits     wait.Way
}

// Open opens or makes the files of a deployment and starts deciding.
func Open(cfg Config) (*Server, error) {
	s := begin(cfg)
	if err := s.open(sequencer.Open); err != nil {
		return nil, err
	}
	go s.pump()
	s.look()
	if err := s.Recover(s.life); err != nil {
		return nil, errors.Join(err, s.Close(s.life))
	}
	return s, nil
}

func begin(cfg Config) *Server {
	s := &Server{cfg: cfg, questions: questions{kiosks: map[id.Device][]time.Time{}, phones: map[id.Member][]time.Time{}, misses: map[id.Device][]time.Time{}}, wake: make(chan struct{}, 1), pumped: make(chan struct{}), people: wait.NewTurn(), waits: wait.Way{Clock: cfg.Clock}}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

func (s *Server) open(start func(sequencer.Config) (*sequencer.Sequencer, error)) (err error) {
	cfg := s.cfg
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if err := s.openFiles(); err != nil {
		return errors.Join(err, s.closeFiles())
	}
	s.seq, err = start(sequencer.Config{Journal: s.journal, Zone: cfg.Zone, Now: cfg.Now, Log: cfg.Log, Durable: s.grown, Fatal: cfg.Fatal, Clock: cfg.Clock,
		Held: s.resumes(), Snapshot: &snapshot.File{Path: s.path(SnapshotFile), Zone: cfg.Zone}, Every: cfg.Every})
	if err != nil {
		return errors.Join(err, s.closeFiles())
	}
	if err = s.openLedger(); err == nil {
		s.sessions, err = s.newSessions()
	}
	if err == nil {
		s.blobs, err = s.newBlobs()
	}
	if err != nil && s.waits.Until == nil {
		err = errors.Join(err, s.seq.Close())
	}
	if err != nil {
		err = errors.Join(err, s.closeFiles())
	}
	return err
}

func (c *Config) openJournal(path string) (journal.Journal, error) {
	if c.Journal != nil {
		return c.Journal(path)
	}
	return sqlite.Open(path)
}

// base is the name of a database: another file system has no folders.
func (s *Server) base(name string) string {
	if s.cfg.VFS != "" {
		return name
	}
	return s.path(name)
}

func (s *Server) path(name string) string { return filepath.Join(s.cfg.Dir, name) }

func (s *Server) openFiles() (err error) {
	// The journal is locked first: a second server on the same files goes no further.
	if s.journal, err = s.cfg.openJournal(s.path(JournalFile)); err != nil {
		s.journal = nil
		return err
	}
	if err := s.complete(); err != nil {
		return err
	}
	if s.keys, err = loadKeys(s.path(KeysFile), s.cfg.Random); err != nil {
		return err
	}
	s.vault, err = vault.OpenOn(s.cfg.VFS, s.base(VaultFile), s.cfg.Random)
	return err
}

// complete refuses to make new keys or a new vault beside an old journal: every
// ticket and every name in it would be worthless.
func (s *Server) complete() error {
	head, err := s.journal.Head()
	if err != nil || head.Number == 0 {
		return err
	}
	files := []string{KeysFile, VaultFile}
	if s.cfg.VFS != "" {
		files = files[:1] // the vault lies where only SQLite can look
	}
	for _, name := range files {
		if _, err := os.Stat(s.path(name)); err != nil {
			return fmt.Errorf("the journal is not empty, but %s is missing: restore it from its backup: %w", name, err)
		}
	}
	return nil
}

// openLedger opens the ledger; one that cannot be read is made again. One that has
// seen more than the journal holds is proof that the end of the journal is lost:
// to go on would give the same seats to others.
func (s *Server) openLedger() (err error) {
	head, err := s.journal.Head()
	if err != nil {
		return err
	}
	s.durable.Store(head.Next - 1)
	if s.ledger, err = ledger.OpenOn(s.cfg.VFS, s.base(LedgerFile)); err == nil && s.ledger.Applied() <= head.Next-1 {
		return nil
	}
	if err == nil {
		return fmt.Errorf("%s ends at entry %d, but %s has seen entries up to %d: the end of the journal is lost; restore %s from its newest backup (run syncserver verify), or, to give those entries up knowingly, move %s away",
			JournalFile, head.Next-1, LedgerFile, s.ledger.Applied(), JournalFile, LedgerFile)
	}
	s.cfg.Log.Warn("the ledger cannot be read and is projected again", "error", err)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.path(LedgerFile) + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove ledger: %w", err)
		}
	}
	s.ledger, err = ledger.OpenOn(s.cfg.VFS, s.base(LedgerFile))
	return err
}

// grown notes how far the journal is durable. It is called by the sequencer.
func (s *Server) grown(seq uint64) {
	s.durable.Store(seq)
	s.look()
}

// look has the pump look at the journal.
func (s *Server) look() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// pump projects what became durable, in transactions as large as the backlog.
func (s *Server) pump() {
	defer close(s.pumped)
	next, crowded := uint64(0), false
	for {
		select {
		case <-s.wake:
		case <-s.life.Done():
			return
		}
		before := s.ledger.Applied()
		if crowded && s.durable.Load()-before < lot {
			select {
			case <-time.After(gather):
			case <-s.life.Done():
				return
			}
		}
		var err error
		if next == 0 {
			next, err = s.unprojected()
		}
		if err == nil {
			next, err = s.project(next)
		}
		crowded = s.ledger.Applied()-before >= storm
		if err != nil && s.life.Err() == nil {
			s.cfg.Log.Error("project journal into ledger; trying again in a second", "error", err)
			select {
			case <-time.After(time.Second):
				s.look()
			case <-s.life.Done():
			}
		}
	}
}

// unprojected gives the number of the first batch that the ledger does not have whole.
func (s *Server) unprojected() (uint64, error) {
	head, err := s.journal.Head()
	if err != nil {
		return 0, err
	}
	if s.ledger.Applied() >= head.Next-1 {
		return head.Number + 1, nil
	}
	b, err := find(s.journal, s.ledger.Applied()+1)
	return b.Number, err
}

// lot is how many entries one transaction of the ledger has at least, where so many wait.
const lot = 2048

// In a storm more entries are let come together: the pages of a table that a transaction
// changes are written once, however many of its entries change them.
const (
	storm  = 256 // entries in the last transaction
	gather = 50 * time.Millisecond
)

// project brings the batches from number next on into the ledger, and gives the
// number of the one that follows them.
func (s *Server) project(next uint64) (uint64, error) {
	waiting := s.waiting[:0]
	defer func() {
		if s.waiting = waiting[:0]; cap(waiting) > 4*lot { // one import is no reason to keep room for another
			s.waiting = nil
		}
		clear(s.waiting[:cap(s.waiting)])
	}()
	var last journal.Batch
	flush := func() error {
		if len(waiting) > 0 {
			s.follow(waiting)
			if err := s.names.follow(waiting, s.ledger.Project); err != nil {
				return err
			}
			s.stamps.projected(last)
		}
		clear(waiting)
		next, waiting = last.Number+1, waiting[:0]
		return nil
	}
	var decoder op.Decoder
	err := s.journal.Read(next, func(b journal.Batch) error {
		if s.life.Err() != nil {
			return s.life.Err()
		}
		last = b
		last.Body = nil
		if end(b) <= s.ledger.Applied() {
			return flush()
		}
		more, err := decoder.Batch(waiting, b.First, b.Body)
		if err != nil {
			return err
		}
		if waiting = more; len(waiting) < lot {
			return nil
		}
		return flush()
	})
	if err == nil && len(waiting) > 0 {
		err = flush()
	}
	return next, err
}

// follow does what decisions ask of the sessions: before anybody sees their rows, and
// once, because a ledger that fails has the same entries projected again and again.
func (s *Server) follow(entries []op.Entry) {
	wanted := false
	for i := range entries {
		e := &entries[i]
		if e.Seq <= s.followed {
			continue
		}
		s.followed = e.Seq
		switch {
		case e.Kind == op.DeviceGone:
			s.sessions.Drop(e.Device)
		case e.Kind == op.Restored && s.sessions != nil:
			s.sessions.Part() // their devices have rows from before
		case e.Kind == op.Lapsed && e.Outcome == op.Pending:
			wanted = true
		}
	}
	if wanted {
		s.recallWanted("")
	}
}

// Tick lets the server look at its clock.
func (s *Server) Tick() { s.seq.Poke() }

// Handler serves devices on /v1/sync.
func (s *Server) Handler() http.Handler { return s.sessions }

// Blobs serves attachments on wire.BlobPath.
func (s *Server) Blobs() http.Handler { return s.blobs }

// Close ends the sessions, writes what was decided, and closes the files.
func (s *Server) Close(ctx context.Context) error {
	s.recalls.close()
	err := s.sessions.Close(ctx)
	err = errors.Join(err, s.seq.Close())
	s.end()
	<-s.pumped
	s.seq.Leave() // when nothing else needs the machine
	return errors.Join(err, s.closeFiles())
}

// Abandon ends the server as a kill between two writes would: nobody is told,
// what was decided and not written is forgotten, and no snapshot is left.
// The caller has cut all connections; what closing tidies up in the files must not
// matter to it.
func (s *Server) Abandon() error {
	s.recalls.close()
	cut, cancel := context.WithCancel(context.Background())
	cancel()
	s.sessions.Close(cut) // its error only says that nobody was waited for
	err := s.seq.Abandon()
	s.end()
	<-s.pumped
	return errors.Join(err, s.closeFiles())
}

func (s *Server) closeFiles() error {
	s.recovery.mu.Lock()
	errs := []error{s.recovery.closeNotes()}
	s.recovery.mu.Unlock()
	if s.ledger != nil {
		errs = append(errs, s.ledger.Close())
	}
	if s.vault != nil {
		errs = append(errs, s.vault.Close())
	}
	if s.journal != nil {
		errs = append(errs, s.journal.Close())
	}
	return errors.Join(errs...)
}

func (s *Server) newBlobs() (*blob.Handler, error) {
	store, err := blob.Open(s.path(BlobsDir), s.cfg.Now())
	if err != nil {
		return nil, err
	}
	s.store = store
	return blob.NewHandler(blob.Config{Store: store, Deployment: s.keys.Deployment, Now: s.cfg.Now, Log: s.cfg.Log,
		Device: func(d id.Device) (key []byte, gone, ok bool) {
			info, ok := s.Device(d)
			return info.Enrolment.PublicKey, info.Gone, ok
		}}), nil
}

func (s *Server) newSessions() (*session.Server, error) {
	return session.New(session.Config{Arbiter: s, Feed: feed{s}, Signer: s, Key: s.keys.private, Deployment: s.keys.Deployment,
		Now: s.cfg.Now, Random: s.cfg.Random, Log: s.cfg.Log, Clock: s.cfg.Clock, Stamp: s.stamp})
}
