// Package vault keeps a key for each person and purpose in a file of its own.
// Personal fields in the journal are ciphertext under these keys, so that
// destroying a key erases the person everywhere, backups of the journal included.
package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"

	_ "github.com/mattn/go-sqlite3" // the engine of the file
	"github.com/pressly/goose/v3"

	"yizhan/core/id"
)

//go:embed migrations/*.sql
var migrations embed.FS

// indexSecret is the name of the secret behind MemberID.
const indexSecret = "index"

// hmacSHA256 is the algorithm id in front of every index hash.
const hmacSHA256 = 1

// Errors of Key.
var (
	ErrErased = errors.New("the person was erased, and with the key all that it sealed")
	ErrNoKey  = errors.New("the person never had a key for this purpose")
)

// Vault is an open vault file. It is safe for concurrent use.
type Vault struct {
	db     *sql.DB
	random io.Reader
	index  []byte
}

// Open opens the vault at path, and makes it (mode 0600) where there is none.
func Open(path string, random io.Reader) (*Vault, error) { return OpenOn("", path, random) }

// OpenOn is Open on a file system (VFS) that SQLite knows by that name; empty is the
// machine's own.
func OpenOn(vfs, path string, random io.Reader) (*Vault, error) {
	v := &Vault{random: random}
	if err := v.open(vfs, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open vault %s: %w", path, err), v.Close())
	}
	return v, nil
}

func (v *Vault) open(vfs, path string) (err error) {
	if vfs == "" {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	// secure_delete overwrites what is removed: an erased key leaves no bytes behind.
	options := "?_journal_mode=DELETE&_synchronous=FULL&_secure_delete=true&_busy_timeout=5000&_cache_size=-32000" // KiB: the keys of a check-in list lie anywhere
	if vfs != "" {
		options += "&vfs=" + url.QueryEscape(vfs)
	}
	if v.db, err = sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+options); err != nil {
		return err
	}
	v.db.SetMaxOpenConns(1)
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	steps, err := goose.NewProvider(goose.DialectSQLite3, v.db, files)
	if err != nil {
		return err
	}
	if _, err := steps.Up(context.Background()); err != nil {
		return err
	}
	return v.loadIndex()
}

// loadIndex reads the secret behind MemberID, or makes it on the first start.
func (v *Vault) loadIndex() error {
	err := v.db.QueryRow(`SELECT value FROM secret WHERE name = ?`, indexSecret).Scan(&v.index)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	v.index = make([]byte, 32)
	if _, err := io.ReadFull(v.random, v.index); err != nil {
		return err
	}
	_, err = v.db.Exec(`INSERT INTO secret (name, value) VALUES (?, ?)`, indexSecret, v.index)
	return err
}

// Close ends the handle.
func (v *Vault) Close() error {
	if v.db == nil {
		return nil
	}
	return v.db.Close()
}

// MemberID gives the opaque id of a paper (its kind and number): the same paper
// always the same id, while without the vault's secret nobody can try numbers.
func (v *Vault) MemberID(identity string) id.Member {
	return id.Member("m" + id.Alphabet.EncodeToString(v.mac("yizhan/member", identity)[:10]))
}

// IndexHash gives what is stored of an ID or card number so that it can be found
// again: an algorithm id and an HMAC of 32 bytes under the vault's secret. A plain
// hash would not do, because all ID numbers can be tried in minutes.
func (v *Vault) IndexHash(value string) []byte {
	return append([]byte{hmacSHA256}, v.mac("yizhan/index", value)...)
}

func (v *Vault) mac(use, value string) []byte {
	h := hmac.New(sha256.New, v.index)
	h.Write([]byte(use + "\x00" + value))
	return h.Sum(nil)
}

// Key gives the key of one person, to read with; it makes none. ErrErased: the
// person was erased and has not come back. ErrNoKey: there never was one.
func (v *Vault) Key(m id.Member, purpose string) (Key, error) {
	var key []byte
	err := v.db.QueryRow(`SELECT key FROM person_key WHERE member = ? AND purpose = ?`, string(m), purpose).Scan(&key)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = ErrNoKey
	case err == nil && key == nil:
		err = ErrErased
	}
	if err != nil {
		return nil, fmt.Errorf("read key of %s: %w", m, err)
	}
	return key, nil
}

// Keys gives the keys of many people, making those that do not exist; they are
// on disk when it returns. An erased person gets a new key.
func (v *Vault) Keys(members []id.Member, purpose string) (keys map[id.Member]Key, err error) {
	tx, err := v.db.Begin()
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	defer tx.Rollback()
	find, err := tx.Prepare(`SELECT key FROM person_key WHERE member = ? AND purpose = ? AND key IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	defer find.Close()
	put, err := tx.Prepare(`INSERT OR REPLACE INTO person_key (member, purpose, key) VALUES (?, ?, ?)`)
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	defer put.Close()
	keys = make(map[id.Member]Key, len(members))
	for _, m := range members {
		var key []byte
		err := find.QueryRow(string(m), purpose).Scan(&key)
		if errors.Is(err, sql.ErrNoRows) {
			key = make([]byte, keyLen)
			if _, err = io.ReadFull(v.random, key); err == nil {
				_, err = put.Exec(string(m), purpose, key)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("make key of %s: %w", m, err)
		}
		keys[m] = key
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("store keys: %w", err)
	}
	return keys, nil
}

// Some gives the keys of those of the members who have one. They come as one text:
// a row for each would cost twice the time.
func (v *Vault) Some(members []id.Member, purpose string) (map[id.Member]Key, error) {
	asked, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	var found sql.NullString // lines of a member and the key, which is empty for those who have none
	if err := v.db.QueryRow(`SELECT group_concat(value || ' ' || hex((SELECT key FROM person_key WHERE member = value AND purpose = ?2)), char(10)) FROM json_each(?1)`, string(asked), purpose).Scan(&found); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	keys := make(map[id.Member]Key, len(members))
	for line := range strings.SplitSeq(found.String, "\n") {
		m, text, _ := strings.Cut(line, " ")
		key, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("read key of %s: %w", m, err)
		}
		if len(key) > 0 {
			keys[id.Member(m)] = key
		}
	}
	return keys, nil
}

// page is how many keys are read at once.
const page = 4096

// Each calls fn with every key of a purpose, in order of member. It reads page by page,
// so that fn may take its time and use the vault; a key may be destroyed meanwhile.
func (v *Vault) Each(purpose string, fn func(id.Member, Key) error) error {
	type owned struct {
		member id.Member
		key    Key
	}
	after := id.Member("")
	for {
		rows, err := v.db.Query(`SELECT member, key FROM person_key WHERE member > ? AND purpose = ? AND key IS NOT NULL ORDER BY member LIMIT ?`, string(after), purpose, page)
		if err != nil {
			return fmt.Errorf("read keys: %w", err)
		}
		var some []owned
		for rows.Next() {
			var o owned
			if err := rows.Scan(&o.member, &o.key); err != nil {
				return errors.Join(fmt.Errorf("read keys: %w", err), rows.Close())
			}
			some = append(some, o)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return fmt.Errorf("read keys: %w", err)
		}
		for _, o := range some {
			if err := fn(o.member, o.key); err != nil {
				return err
			}
		}
		if len(some) < page {
			return nil
		}
		after = some[page-1].member
	}
}

// Erased lists the people who have no key left, in order of id.
func (v *Vault) Erased() (members []id.Member, err error) {
	rows, err := v.db.Query(`SELECT member FROM person_key GROUP BY member HAVING count(key) = 0 ORDER BY member`)
	if err != nil {
		return nil, fmt.Errorf("read erased people: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		members = append(members, "")
		if err := rows.Scan(&members[len(members)-1]); err != nil {
			return nil, fmt.Errorf("read erased people: %w", err)
		}
	}
	return members, rows.Err()
}

// Erase destroys every key of a person, durably.
func (v *Vault) Erase(m id.Member) error {
	if _, err := v.db.Exec(`UPDATE person_key SET key = NULL WHERE member = ? AND key IS NOT NULL`, string(m)); err != nil {
		return fmt.Errorf("erase %s: %w", m, err)
	}
	return nil
}
