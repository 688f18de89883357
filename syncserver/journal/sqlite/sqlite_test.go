package sqlite

import (
	"path/filepath"
	"testing"

	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/journaltest"
)

func TestContract(t *testing.T) {
	journaltest.Run(t, func(t testing.TB) journaltest.Open {
		path := filepath.Join(t.TempDir(), "journal.db")
		return func() (journal.Journal, error) { return Open(path) }
	})
}
