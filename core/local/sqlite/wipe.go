package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"yizhan/core/local"
)

// metaScrub is there while erased bytes may still lie in the file or its log.
const metaScrub = "local.scrub"

// Wipe implements local.Store. The rows go in one transaction, overwritten with
// zeros; then the file is written anew without its free pages, and the log is
// emptied. A power cut in between is made up for by the next Open.
func (s *Store) Wipe(keep map[string][]byte) error {
	err := s.change("wipe", func(tx *sql.Tx) error {
		if _, err := tx.Exec(`PRAGMA secure_delete = ON`); err != nil {
			return err
		}
		tables, err := names(tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if _, err := tx.Exec(`DELETE FROM "` + table + `"`); err != nil {
				return fmt.Errorf("empty %s: %w", table, err)
			}
		}
		if _, err := tx.Exec(`UPDATE state SET cursor = 0, acked = 0, last = 0, hash = zeroblob(16)`); err != nil {
			return err
		}
		set := tx.Stmt(s.w.setMeta)
		for key, value := range keep {
			if _, err := set.Exec(key, blob(value)); err != nil {
				return fmt.Errorf("keep %s: %w", key, err)
			}
		}
		_, err = set.Exec(metaScrub, []byte{1})
		return err
	})
	if err != nil {
		return err
	}
	return s.scrub()
}

// names gives every table that holds what the device was told or did.
func names(tx *sql.Tx) (tables []string, err error) {
	rows, err := tx.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' AND name <> 'state'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		tables = append(tables, "")
		if err := rows.Scan(&tables[len(tables)-1]); err != nil {
			return nil, err
		}
	}
	return tables, rows.Err()
}

// scrub takes what Wipe erased out of the file and out of its log.
func (s *Store) scrub() error {
	s.turn.Lock()
	defer s.turn.Unlock()
	if _, err := s.write.Exec(`VACUUM`); err != nil {
		return fmt.Errorf("scrub: %w", s.explain(err))
	}
	var busy, frames, moved int
	err := s.write.QueryRow(`PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved)
	if err == nil && busy != 0 {
		err = errors.New("a reader holds the log")
	}
	if err == nil {
		_, err = s.write.Exec(`DELETE FROM meta WHERE key = ?`, metaScrub)
	}
	if err != nil {
		return fmt.Errorf("scrub: %w", s.explain(err))
	}
	return nil
}

// finishWipe scrubs after a power cut in the middle of Wipe.
func (s *Store) finishWipe() error {
	mark, err := s.Meta(metaScrub)
	if err != nil || mark == nil {
		return err
	}
	return s.scrub()
}

var _ local.Store = (*Store)(nil)
