package session

import (
	"testing"
	"time"

	"yizhan/core/wire"
	"yizhan/syncserver/stream"
)

// TestBusySessionSleeps: while the arbiter decides, the ledger is not looked at,
// so that a look that fell due meanwhile must not wake the writer over and over.
func TestBusySessionSleeps(t *testing.T) {
	p := newPeer(&Server{}, nil, nil)
	p.started, p.busy = true, true
	now := time.Now()
	st := writer{stream: stream.New(stream.Config{Scopes: []string{"public"}}, wire.Proof{}), want: 1, beatAt: now.Add(time.Hour), pingAt: now.Add(2 * time.Hour), lookAt: now.Add(-time.Second)}
	next, err := p.step(&st)
	if err != nil || !next.Equal(st.beatAt) {
		t.Errorf("looks again in %v, %v; want to wait for the arbiter or the next heartbeat", next.Sub(now), err)
	}
}
