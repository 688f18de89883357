package main

import (
	"encoding/json"
	"testing"

	"yizhan/syncserver/load"
)

// measured runs a load command in its short form and gives its report.
func measured(t *testing.T, args ...string) load.Report {
	t.Helper()
	var r load.Report
	out := must(t, append(append([]string{"load"}, args...), "-dir", t.TempDir(), "-json")...)
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return r
}

// figure gives a report's number by its unit; it has to be there.
func figure(t *testing.T, r load.Report, unit string) float64 {
	t.Helper()
	for _, f := range r.Figures {
		if f.Unit == unit {
			return f.Value
		}
	}
	t.Errorf("%s measured no %s: %+v", r.Command, unit, r)
	return 0
}

// TestLoadStorm: the command itself fails where a press has no answer, or totals differ.
func TestLoadStorm(t *testing.T) {
	for _, batch := range []string{"1", "4"} {
		r := measured(t, "storm", "-devices", "60", "-presses", "8", "-batch", batch)
		if figure(t, r, "answers/s") <= 0 || figure(t, r, "p99-s") <= 0 || figure(t, r, "server-cpu-s/1000") < 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestLoadCrowd(t *testing.T) {
	for _, more := range [][]string{nil, {"-tls"}} {
		r := measured(t, append([]string{"crowd", "-devices", "100", "-quiet", "100ms"}, more...)...)
		if figure(t, r, "empty-MiB") <= 0 || figure(t, r, "resident-MiB") <= 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestLoadFanout(t *testing.T) {
	if r := measured(t, "fanout", "-devices", "100", "-rounds", "2"); figure(t, r, "p99-ms") <= 0 || figure(t, r, "B/frame") <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestLoadHerd(t *testing.T) {
	if r := measured(t, "herd", "-devices", "100"); figure(t, r, "all-s") <= 0 || figure(t, r, "peak-MiB") <= 0 {
		t.Errorf("%+v", r)
	}
}

// TestLoadBigCity builds a village, and starts a server on it twice.
func TestLoadBigCity(t *testing.T) {
	data := t.TempDir() + "/city"
	for range 2 {
		r := measured(t, "bigcity", "-members", "600", "-entries", "4000", "-data", data)
		if figure(t, r, "ready-s") <= 0 || figure(t, r, "MiB") <= 0 {
			t.Errorf("%+v", r)
		}
	}
}
