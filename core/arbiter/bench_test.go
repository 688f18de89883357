package arbiter

import (
	"testing"

	"yizhan/core/fault"
	"yizhan/core/op"
)

// BenchmarkClaim decides and applies one press, without encoding or journal.
func BenchmarkClaim(b *testing.B) {
	for name, c := range map[string]struct {
		spec string
		want fault.Code
	}{
		"granted": {show(10_000_000, `"audience":"under(m, \"PARK\")"`, `"limits":[{"per":"member","max":10000000},{"per":"org","max":10000000},{"per":"member","series":"x","max":10000000}]`, `"thresholds":[{"per":"org","persons_over":100,"task":"bus"}]`), fault.None},
		"refused": {show(1, `"audience":"under(m, \"TOWN\")"`), fault.NotEligible},
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			w.publish(c.spec)
			o := op.Op{Kind: op.Claim, Activity: "show", Member: "a1", Seats: 1}
			from := op.Origin{Device: "phone"}
			var entries []op.Entry
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				from.Seq, from.Previous = from.Seq+1, from.Hash
				from.Hash[0]++
				if standing, _ := w.s.Admit(from); standing != NextOp {
					b.Fatalf("standing %d", standing)
				}
				var err error
				if entries, err = w.s.Append(entries[:0], &o, from, w.now); err != nil || entries[0].Code != c.want {
					b.Fatalf("%v, %v", entries[0].Code, err)
				}
			}
		})
	}
}
