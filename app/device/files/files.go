// Package files says where a device gets the files from that it fetches behind
// everything else, its map and the pictures of stations, and when it tries again.
package files

import (
	"context"
	"time"

	"yizhan/core/wire"
)

// Source is where files come from. All but Thrifty are required.
type Source struct {
	Fetch   func(context.Context, wire.Blob) (path string, err error) // as blob.Client.Get
	Forget  func(wire.Blob) error
	Online  func() bool
	Free    func() int64 // bytes left on the disk; negative if unknown
	Notify  func(fn func()) (stop func())
	Now     func() time.Time
	Thrifty bool // fetch only what Want asks for: a member pays for the line
}

const (
	// Spare is what has to be left on the disk, in bytes, for what must not be lost.
	Spare = 100 << 20
	// Look is how often somebody looks for what nobody tells him of.
	Look = 10 * time.Second
	// Patience is how long to wait after a fetch that failed; a lost network says itself when it is back.
	Patience = time.Minute
	// Later is how long after one that will hardly go better: missing or damaged at the server, or a full disk.
	Later = time.Hour
)

// Room reports whether the disk has room for so many bytes.
func (s Source) Room(bytes int64) bool {
	free := s.Free()
	return free < 0 || free >= bytes+Spare
}
