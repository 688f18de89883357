package memory_test

import (
	"testing"

	"yizhan/core/local"
	"yizhan/core/local/localtest"
	"yizhan/core/local/memory"
)

func TestContract(t *testing.T) {
	localtest.Run(t, func(*testing.T) localtest.Open {
		s := memory.New()
		return func() (local.Store, error) {
			s = s.Reopen()
			return s, nil
		}
	})
}
