package flow

import (
	"encoding/json"
	"fmt"

	"yizhan/core/activity"
	"yizhan/core/id"
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

// Titles are the names of the activities that this device knows.
func Titles(s local.Store) (map[id.Activity]string, error) {
	titles := map[id.Activity]string{}
	err := Each(s, wire.TableActivity, func(row wire.ActivityRow) {
		var spec activity.Spec
		if json.Unmarshal(row.Spec, &spec) == nil {
			titles[row.ID] = spec.Title
		}
	})
	return titles, err
}
