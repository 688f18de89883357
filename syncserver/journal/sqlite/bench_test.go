package sqlite

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkAppend reports what one durable batch costs, at the median and at the
// 99th and 99.9th percentile, where checkpoints would show.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 200 << 10, 512 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			j, err := Open(filepath.Join(b.TempDir(), "journal.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			body := make([]byte, size)
			rand.Read(body)
			measure(b, func() {
				head, _ := j.Head()
				if err := j.Append(head.Number, head.Batch(size/100, body)); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkFsync is the floor: as many bytes written over a file that has its size already, and synced.
func BenchmarkFsync(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 200 << 10, 512 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			f, err := os.Create(filepath.Join(b.TempDir(), "plain"))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			body := make([]byte, size)
			rand.Read(body)
			n := 0
			measure(b, func() {
				if _, err := f.WriteAt(body, int64(n%8)*int64(size)); err != nil {
					b.Fatal(err)
				}
				if err := f.Sync(); err != nil {
					b.Fatal(err)
				}
				n++
			})
			b.SetBytes(int64(size))
		})
	}
}

func measure(b *testing.B, step func()) {
	took := make([]time.Duration, 0, 1024)
	for b.Loop() {
		start := time.Now()
		step()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[int(share*float64(len(took)-1))].Microseconds()) / 1000
	}
	b.ReportMetric(at(.5), "p50-ms")
	b.ReportMetric(at(.99), "p99-ms")
	b.ReportMetric(at(.999), "p99.9-ms")
}
