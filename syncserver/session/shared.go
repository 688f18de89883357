package session

import (
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"yizhan/core/wire"
)

// keepShared is how many checkpoints that many devices are sent are remembered, and
// sharedLife for how long: their time, "data as of", is that of the first.
const (
	keepShared = 4
	sharedLife = time.Second
)

// shared remembers what was written for all. The zero value is ready.
type shared struct {
	mu  sync.Mutex // guards all; held while one is written, so that a crowd waits for it
	all []sharedFrame
}

type sharedFrame struct {
	key    string
	until  int64 // server time, Unix milliseconds
	common *wire.Shared
}

// encode writes a checkpoint, or what is its own of one that others are sent too.
func (s *shared) encode(codec *wire.Codec, c *wire.Checkpoint) ([]byte, error) {
	key, ok := sharedKey(c)
	if !ok {
		return codec.Encode(*c)
	}
	common, err := s.common(codec, c, key)
	if err != nil {
		return nil, err
	}
	return common.Frame(c.From, c.To, c.Acked), nil
}

func (s *shared) common(codec *wire.Codec, c *wire.Checkpoint, key string) (*wire.Shared, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.all {
		if f := &s.all[i]; f.key == key && f.until > c.Time && f.until-sharedLife.Milliseconds() <= c.Time {
			return f.common, nil
		}
	}
	common, err := codec.Share(*c)
	if err != nil {
		return nil, err
	}
	if len(s.all) == keepShared {
		s.all = append(s.all[:0], s.all[1:]...)
	}
	s.all = append(s.all, sharedFrame{key, c.Time + sharedLife.Milliseconds(), common})
	return common, nil
}

// sharedKey names everything of a checkpoint but From and Acked, where it brings news
// of scopes that many devices hold. A row is the same for all under its Seq.
func sharedKey(c *wire.Checkpoint) (key string, ok bool) {
	if !c.Last || c.Reset || c.More || len(c.Take)+len(c.Drop)+len(c.Sums) > 0 {
		return "", false
	}
	if len(c.Rows) == 0 { // a heartbeat
		return "", len(c.Parts) == 0 && len(c.Stamp) == 0
	}
	b := binary.AppendUvarint(make([]byte, 0, 256), c.To)
	for _, p := range c.Parts {
		if strings.Contains(p.Scope, "/") || p.Fresh || len(p.Buckets) > 0 {
			return "", false
		}
		b = append(append(binary.AppendUvarint(b, uint64(p.Rows)), p.Scope...), 0)
	}
	for _, r := range c.Rows {
		b = append(append(binary.AppendUvarint(b, r.Seq), r.Table...), 0)
		b = append(append(b, r.ID...), 0)
	}
	return string(b), len(c.Parts) > 0
}
