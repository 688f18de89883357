package sqlite

import (
	"path/filepath"
	"testing"

	"yizhan/core/local"
	"yizhan/core/local/localtest"
)

func TestContract(t *testing.T) {
	localtest.Run(t, func(t *testing.T) localtest.Open {
		path := filepath.Join(t.TempDir(), "device ?%41.db")
		return func() (local.Store, error) { return Open(path) }
	})
}
