package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// OpenReadOnly opens an existing store for reading, also while its program runs.
// Nothing in the file changes; whatever would is an error.
func OpenReadOnly(path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open device store: %w", err)
	}
	s := &Store{path: path}
	if err := s.openReader(); err != nil {
		return nil, errors.Join(fmt.Errorf("open device store: %w", s.explain(err)), s.Close())
	}
	return s, nil
}

func (s *Store) openReader() (err error) {
	if s.read, err = sql.Open("sqlite3", s.dsn("mode=ro&_query_only=1")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(2)
	if err := inspect(s.read); err != nil {
		return err
	}
	var version int
	if err := s.read.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if version != schema {
		return fmt.Errorf("file has schema %d and this program reads %d: start the program once, or install the newer one", version, schema)
	}
	return s.prepare()
}
