package flow

import (
	"fmt"

	"yizhan/core/local"
	"yizhan/core/wire"
)

// Each decodes the rows of a table and hands them over in order of id. One that
// does not decode is left out, so that it does not hide the others.
func Each[T any](s local.Store, table string, take func(T)) error {
	rows, err := s.Rows(table)
	if err != nil {
		return fmt.Errorf("read table %s: %w", table, err)
	}
	for _, row := range rows {
		var v T
		if wire.DecodeRow(row.Body, &v) == nil {
			take(v)
		}
	}
	return nil
}
