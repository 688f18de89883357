package sequencer

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
)

var city = flag.String("city", "", "data directory that syncserver load bigcity has built")

// BenchmarkCity is BenchmarkGrant1000 in a small city, and then in one with a past.
func BenchmarkCity(b *testing.B) {
	if *city == "" {
		b.Skip("no -city: build one with syncserver load bigcity -data DIR")
	}
	var small float64
	b.Run("small", func(b *testing.B) {
		benchmarkGrant(b, 1000)
		small = rate
	})
	dir := b.TempDir()
	if err := copyFile(filepath.Join(dir, "journal.db"), filepath.Join(*city, "journal.db")); err != nil {
		b.Fatal(err)
	}
	spent := cpu()
	s := start(b, dir)
	spent = cpu() - spent
	var heap runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&heap)
	var people []id.Member
	if err := s.View(context.Background(), func(state *arbiter.State) {
		state.People(func(p member.Person) {
			if n, _ := state.Sizes(); len(people) < 1000 && len(people) < n/2 {
				people = append(people, p.ID)
			}
		})
	}); err != nil {
		b.Fatal(err)
	}
	if _, err := s.Do(context.Background(), op.Op{Kind: op.Publish, Spec: []byte(strings.ReplaceAll(plenty, "PARK", "CITY"))}); err != nil {
		b.Fatal(err)
	}
	phones := make([]press, len(people))
	for i, m := range people {
		phones[i] = newPress(b, i, m, "gift")
	}
	enrol(b, s, phones)
	b.Run("big", func(b *testing.B) {
		grant(b, s, phones)
		b.ReportMetric(rate/small, "big/small")
		b.ReportMetric(spent.Seconds(), "start-cpu-s")
		b.ReportMetric(float64(heap.HeapAlloc)/(1<<20), "heap-MiB")
	})
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
