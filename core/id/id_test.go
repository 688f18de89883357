package id

import "testing"

// TestMintedLease holds that numbers of leases fit their tickets in every epoch, and
// that those of the first epochs stay what they were.
func TestMintedLease(t *testing.T) {
	if got := MintedLease(1, 77, 0); got != 1<<32|77 || MintedLease(63, 5, 3) != 63<<32|5 {
		t.Errorf("lease 77 of epoch 1 has number %d", got)
	}
	seen := map[uint64]bool{}
	for epoch := int64(64); epoch < 1<<30; epoch = epoch*5 + 1 {
		for seq := uint64(1); seq < 1<<32; seq = seq*9 + 1 {
			for try := range 3 {
				n := MintedLease(int(epoch), seq, try)
				lease, serial, ok := LeaseTicket(n, 1<<24-1).Lease()
				if !ok || lease != n || serial != 1<<24-1 || seen[n] {
					t.Fatalf("epoch %d, entry %d, try %d: number %d, seen %v", epoch, seq, try, n, seen[n])
				}
				seen[n] = true
			}
		}
	}
	if MintedLease(64, 1, 0) != 0x1df5d6f4c4 {
		t.Errorf("%#x", MintedLease(64, 1, 0))
	}
	if _, _, ok := Ticket(Minted(1<<30-1, 1<<32-1)).Lease(); ok {
		t.Error("a ticket of the last epoch looks like one of a lease")
	}
}
