// Package backup copies the files of a deployment while its server runs, and makes
// a new data directory of such a copy. Journal and secrets go to different places:
// the journal is kept as long as the deployment lasts, while the vault's copies
// must not outlive the keys that are destroyed in it.
package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the engine of the vault

	"yizhan/syncserver/blob"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/sqlite"
	"yizhan/syncserver/server"
)

// Names in a backup.
const (
	SecretDir = "secret" // beside the journals, unless another place is named
	prefix    = "journal-"
	suffix    = ".db"
	stamp     = "20060102T150405.000Z" // UTC; names sort by time
)

// Written says what a backup or a restored directory holds.
type Written struct {
	Journal string // path
	Secrets string // directory
	Head    journal.Head
	At      time.Time
}

// Write copies the files of a data directory to dir, and vault and keys to secrets
// (dir/secret if empty), where they replace older ones. The copy of the journal is
// read again, every byte, before it gets its name.
func Write(data, dir, secrets string, now time.Time) (w Written, err error) {
	if secrets == "" {
		secrets = filepath.Join(dir, SecretDir)
	}
	w = Written{Journal: filepath.Join(dir, prefix+now.UTC().Format(stamp)+suffix), Secrets: secrets, At: now}
	for _, made := range []string{dir, secrets} {
		if err := os.MkdirAll(made, 0o700); err != nil {
			return w, fmt.Errorf("make directory for the backup: %w; choose one that can be written to", err)
		}
	}
	if w.Head, err = copyJournal(filepath.Join(data, server.JournalFile), w.Journal, nil); err != nil {
		return w, err
	}
	// The vault comes after the journal: it has the keys of everybody in it.
	if err := copyVault(filepath.Join(data, server.VaultFile), filepath.Join(secrets, server.VaultFile)); err != nil {
		return w, err
	}
	return w, errors.Join(copyFile(filepath.Join(data, server.KeysFile), filepath.Join(secrets, server.KeysFile)),
		copyBlobs(filepath.Join(data, server.BlobsDir), filepath.Join(dir, server.BlobsDir)))
}

// Restore makes a data directory of a backup: of the newest journal in from, or of
// the one that from names. Its next start begins a new epoch.
func Restore(from, secrets, data string) (w Written, err error) {
	if w.Journal, err = newest(from); err != nil {
		return w, err
	}
	if w.Secrets = secrets; secrets == "" {
		w.Secrets = filepath.Join(filepath.Dir(w.Journal), SecretDir)
	}
	if err := empty(data); err != nil {
		return w, err
	}
	if at, err := time.Parse(prefix+stamp+suffix, filepath.Base(w.Journal)); err == nil {
		w.At = at
	}
	if _, err := sqlite.Check(w.Journal); err != nil {
		return w, fmt.Errorf("%w; take an older backup", err)
	}
	for _, file := range []string{server.VaultFile, server.KeysFile} {
		if _, err := os.Stat(filepath.Join(w.Secrets, file)); err != nil {
			return w, fmt.Errorf("the secrets are not in %s: %w; name the directory that was given to backup -secrets", w.Secrets, err)
		}
	}
	if err := copyVault(filepath.Join(w.Secrets, server.VaultFile), filepath.Join(data, server.VaultFile)); err != nil {
		return w, err
	}
	if err := copyFile(filepath.Join(w.Secrets, server.KeysFile), filepath.Join(data, server.KeysFile)); err != nil {
		return w, err
	}
	if err := copyBlobs(filepath.Join(filepath.Dir(w.Journal), server.BlobsDir), filepath.Join(data, server.BlobsDir)); err != nil {
		return w, err
	}
	w.Head, err = copyJournal(w.Journal, filepath.Join(data, server.JournalFile), func(head journal.Head) error {
		// The mark is there before the journal is: no start may take it for the old one.
		body, err := json.Marshal(server.Marker{Seq: head.Next - 1})
		if err != nil {
			return err
		}
		return write(filepath.Join(data, server.RestoredFile), body)
	})
	return w, err
}

// newest finds the journal to restore.
func newest(from string) (string, error) {
	info, err := os.Stat(from)
	if err != nil {
		return "", fmt.Errorf("find backup: %w", err)
	}
	if !info.IsDir() {
		return from, nil
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return "", fmt.Errorf("find backup: %w", err)
	}
	for _, e := range slices.Backward(entries) {
		if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), suffix) {
			return filepath.Join(from, e.Name()), nil
		}
	}
	return "", fmt.Errorf("find backup: %s holds no file %s…%s; name the directory that was given to backup -o", from, prefix, suffix)
}

// empty makes the directory, and refuses one that holds anything.
func empty(data string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(data)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: restore into a new directory, so that nothing of the old one is lost", data)
	}
	return nil
}

// copyJournal copies and verifies; ready is called before the copy gets its name.
func copyJournal(from, to string, ready func(journal.Head) error) (head journal.Head, err error) {
	partial := to + ".partial"
	for _, name := range []string{partial, partial + "-wal", partial + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return head, err
		}
	}
	if head, err = sqlite.Copy(from, partial); err != nil {
		return head, err
	}
	report, err := sqlite.Check(partial)
	if err == nil && report.Head != head {
		err = fmt.Errorf("it ends with batch %d instead of %d", report.Head.Number, head.Number)
	}
	if err != nil {
		return head, fmt.Errorf("verify the copy of the journal: %w", err)
	}
	for _, rest := range []string{".lock", "-wal", "-shm"} {
		if err := os.Remove(partial + rest); err != nil && !errors.Is(err, os.ErrNotExist) {
			return head, err
		}
	}
	if ready != nil {
		if err := ready(head); err != nil {
			return head, err
		}
	}
	return head, moved(partial, to)
}

// copyVault copies the keys that are in it now: of a destroyed one no byte is left.
func copyVault(from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("copy vault: %w", err)
	}
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: from}).EscapedPath()+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		return fmt.Errorf("copy vault: %w", err)
	}
	defer db.Close()
	partial := to + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("copy vault: %w", err)
	}
	f, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE, 0o600) // SQLite would let everybody read it
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		_, err = db.ExecContext(context.Background(), `VACUUM INTO ?`, partial)
	}
	if err != nil {
		return fmt.Errorf("copy vault %s: %w", from, err)
	}
	return moved(partial, to)
}

// copyBlobs copies the attachments that are not there yet: a whole one never changes.
func copyBlobs(from, to string) error {
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || blob.Partial(path) {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if _, err := os.Stat(target); err == nil {
			return nil
		}
		return errors.Join(os.MkdirAll(filepath.Dir(target), 0o700), copyFile(path, target))
	})
	if errors.Is(err, os.ErrNotExist) { // nobody has attached anything yet
		return nil
	}
	return err
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return write(to, b)
}

func write(path string, b []byte) error {
	if err := os.WriteFile(path+".partial", b, 0o600); err != nil {
		return err
	}
	return moved(path+".partial", path)
}

// moved gives a file its name once it survives a power cut.
func moved(from, to string) error {
	f, err := os.OpenFile(from, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), os.Rename(from, to)); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
