package quota

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"yizhan/core/id"
)

// DrawOrder puts the entrants in the order that anyone can recompute: ascending
// SHA-256(seed ‖ 0x00 ‖ member id). The digest is SHA-256, in hex, of the ids in
// that order joined by LF.
func DrawOrder(seed string, entrants []id.Member) (order []id.Member, digest string) {
	keys := make(map[id.Member][sha256.Size]byte, len(entrants))
	for _, m := range entrants {
		keys[m] = sha256.Sum256([]byte(seed + "\x00" + string(m)))
	}
	order = slices.Clone(entrants)
	slices.SortFunc(order, func(a, b id.Member) int {
		ka, kb := keys[a], keys[b]
		return bytes.Compare(ka[:], kb[:])
	})
	ids := make([]string, len(order))
	for i, m := range order {
		ids[i] = string(m)
	}
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return order, hex.EncodeToString(sum[:])
}
