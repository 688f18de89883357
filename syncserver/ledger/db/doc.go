// Package db holds the ledger's typed queries, which sqlc generates from
// ../queries over the tables of ../migrations ("make generate").
package db

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"

	"yizhan/core/op"
	"yizhan/core/wire"
)

// Serials are the serial numbers that a claim holds, stored as CBOR; no bytes for none.
type Serials []op.Taken

// Scan reads a column.
func (s *Serials) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("serials are stored as %T, want bytes", src)
	}
	if *s = nil; len(b) == 0 {
		return nil
	}
	return wire.DecodeRow(b, s)
}

// Value writes a column.
func (s Serials) Value() (driver.Value, error) {
	if len(s) == 0 {
		return []byte{}, nil
	}
	return wire.EncodeRow(s)
}

// Words are a list of words, stored as JSON, the form in which SQL can look into it.
type Words []string

// Scan reads a column.
func (w *Words) Scan(src any) error {
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("words are stored as %T, want text", src)
	}
	return json.Unmarshal([]byte(s), (*[]string)(w))
}

// Value writes a column.
func (w Words) Value() (driver.Value, error) {
	if len(w) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal([]string(w))
	return string(b), err
}
