package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"yizhan/core/fault"
)

var keptNumber = regexp.MustCompile(`(?m)^(\d+) +\S+ +\d+ +hand-over: valid `)

// TestRevokedKiosk: a kiosk is revoked while it is offline and still hands over.
// When it is heard of, its scans go to the quarantine and it keeps nothing; staff
// have the hand-over recorded.
func TestRevokedKiosk(t *testing.T) {
	d := premiere(t)
	me, _ := d.kiosk.Identity()
	d.kiosk.SetOnline(false)
	until(t, "the kiosk is offline", func() bool { return !d.kiosk.Status().Online })
	d.must("revoke", string(me.Device))
	if out := d.kiosk.redeem(d.code); out.Verdict != fault.Valid {
		t.Fatalf("the kiosk, which has not heard of it: %v", out.Verdict)
	}
	d.kiosk.redeem(flip(d.code))
	d.kiosk.SetOnline(true)
	until(t, "the kiosk erased itself", func() bool { return d.kiosk.Status().Wiped })
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(d.kiosk.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(me.Station)) || bytes.Contains(b, []byte("PRIVATE KEY")) {
			t.Errorf("%s still holds what the kiosk knew", filepath.Base(d.kiosk.path+suffix))
		}
	}
	line := regexp.MustCompile(`(?m)^` + string(me.Device) + ` .* wiped \(revoked\) .* 0$`)
	until(t, "the receipt is recorded", func() bool { return line.MatchString(d.must("devices")) })
	list := d.must("quarantine", "-device", string(me.Device))
	number := keptNumber.FindStringSubmatch(list)
	if number == nil || !strings.Contains(list, "bad_signature") || strings.Count(list, "revoked") != 2 {
		t.Fatalf("the quarantine reads\n%s", list)
	}
	if out := d.must("quarantine", "-device", "nobody"); !strings.Contains(out, "nothing") {
		t.Errorf("of nobody: %s", out)
	}
	if out := d.must("quarantine", "-accept", number[1]); out != "recorded: valid\n" {
		t.Errorf("accepted: %s", out)
	}
	if list := d.must("quarantine"); !strings.Contains(list, "revoked, accepted") {
		t.Errorf("afterwards the quarantine reads\n%s", list)
	}
	d.refuses([]string{"accepted before"}, "quarantine", "-accept", number[1])
	d.must("verify")
	if code := d.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if redeemed, incidents := d.books(t); redeemed != 1 || incidents != 0 {
		t.Errorf("the ledger has %d redeemed and %d incidents, want 1 and 0", redeemed, incidents)
	}
	d.must("verify")
}
