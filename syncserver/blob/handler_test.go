package blob

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"yizhan/core/wire"
)

// TestOneDeviceLeavesRoomForOthers: whatever one device does, another is served.
func TestOneDeviceLeavesRoomForOthers(t *testing.T) {
	h := NewHandler(Config{})
	for range maxTransfers {
		h.begin("a")
	}
	if !h.begin("b") {
		t.Error("one device has all transfers")
	}
	for range maxTransfers / share {
		h.end("a")
	}
	if h.end("b"); h.all != 0 || len(h.busy) != 0 {
		t.Errorf("%d transfers are left over: %v", h.all, h.busy)
	}
	now := time.UnixMilli(1790000000000)
	for i := range maxNonces {
		h.once(nonce{"a", fmt.Sprint(i)}, now)
	}
	if no := h.once(nonce{"a", "more"}, now); no == nil || no.status != http.StatusServiceUnavailable {
		t.Errorf("one device more: %v", no)
	}
	if no := h.once(nonce{"b", "1"}, now); no != nil {
		t.Errorf("one device has all nonces; another is told %v", no)
	}
	if no := h.once(nonce{"a", "0"}, now.Add(2*wire.BlobWindow)); no != nil || len(h.used) != 1 || h.mine["a"] != 1 {
		t.Errorf("after the window: %v; %d nonces are remembered", no, len(h.used))
	}
}
