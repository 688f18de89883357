package sequencer

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
)

var city = flag.String("city", "", "data directory that syncserver load bigcity has built")

// BenchmarkCity is BenchmarkGrant1000 in a city with a past, and in turns in a small one: the
// machine may be slower in one minute than in the next. Both are in one process and share its heap.
func BenchmarkCity(b *testing.B) {
	if *city == "" {
		b.Skip("no -city: build one with syncserver load bigcity -data DIR")
	}
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
	const turns = 5
	b.Run("big", func(b *testing.B) {
		other, few := world(b, 50, 1000, plenty)
		runtime.GC()
		var big, small []round
		b.ResetTimer()
		for range turns {
			big = append(big, pressed(b, s, phones, b.N/turns+1))
			b.StopTimer()
			small = append(small, pressed(b, other, few, b.N/turns+1))
			b.StartTimer()
		}
		b.StopTimer()
		of, beside := median(big), median(small)
		b.ReportMetric(of.rate(), "decisions/s")
		b.ReportMetric(of.rate()/beside.rate(), "big/small")
		b.ReportMetric(float64(of.cpu)/float64(of.n), "cpu-ns/op")
		b.ReportMetric(float64(beside.cpu)/float64(beside.n), "small-cpu-ns/op")
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(spent.Seconds(), "start-cpu-s")
		b.ReportMetric(float64(heap.HeapAlloc)/(1<<20), "heap-MiB")
	})
}

// median gives the round that was neither fast nor slow.
func median(rounds []round) round {
	slices.SortFunc(rounds, func(a, b round) int { return cmp.Compare(a.rate(), b.rate()) })
	return rounds[len(rounds)/2]
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
