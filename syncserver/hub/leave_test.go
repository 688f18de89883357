package hub_test

import (
	"context"
	"testing"
)

// TestScannerLeaves: a scanner that is revoked hands in what it has, erases itself, and
// the city has its receipt, however late the line to it is back.
func TestScannerLeaves(t *testing.T) {
	s := newSite(t)
	d := s.scanners[0]
	me, _ := d.Identity()
	if _, err := d.scan(s.codes[0]); err != nil {
		t.Fatal(err)
	}
	wiped := func() bool {
		all, err := s.Devices(context.Background())
		s.ok(err)
		for _, x := range all {
			if x.Device == me.Device {
				return x.State == "wiped"
			}
		}
		return false
	}
	_, err := s.Revoke(context.Background(), me.Device)
	s.ok(err)
	s.until("the scanner has erased itself", func() bool { return d.Status().Wiped })
	s.until("the city has its receipt", wiped)
	if rows, err := d.store.Rows("used"); err != nil || len(rows) != 0 {
		t.Errorf("it kept %d marks, %v", len(rows), err)
	}
}
