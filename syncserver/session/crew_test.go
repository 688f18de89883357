package session

import (
	"crypto/rand"
	"io"
	"log/slog"
	"testing"
	"time"

	"yizhan/core/seal"
	"yizhan/core/wire"
)

// mute is a connection whose other side reads nothing until it is let go.
type mute struct {
	simulated
	let <-chan struct{}
}

func (m mute) Send([][]byte, bool, time.Duration) error {
	<-m.let
	return nil
}

// TestStuckSessionsHoldUpNobody: far more devices than there are goroutines read nothing,
// and one behind them is still sent what it waits for.
func TestStuckSessionsHoldUpNobody(t *testing.T) {
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Arbiter: nobody{key.Public().Marshal()}, Key: key, Deployment: "d", Now: time.Now, Random: rand.Reader,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	let := make(chan struct{})
	defer close(let)
	for range 500 {
		newPeer(s, mute{let: let}, nil).send(wire.Sync{N: 1})
	}
	sent := make(chan struct{})
	newPeer(s, simulated(func([]byte) error {
		close(sent)
		return nil
	}), nil).send(wire.Sync{N: 1})
	select {
	case <-sent:
	case <-time.After(30 * time.Second):
		t.Fatal("who reads is held up by those who do not")
	}
}
