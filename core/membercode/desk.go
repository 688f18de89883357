package membercode

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"yizhan/core/local"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Desk reads member codes at one device. It is safe for concurrent use.
type Desk struct {
	store local.Store
	mu    sync.Mutex
	last  map[string]int64 // newest step read of each phone, while its copies could still be read
}

// NewDesk makes a desk. It reads nothing yet.
func NewDesk(store local.Store) *Desk {
	return &Desk{store: store, last: map[string]int64{}}
}

// Read is Open with what this device was told, which adds three errors: ErrNoKeys,
// ErrRevoked, and ErrRepeat for a rotating code that was read here already, or is
// older than one that was. What it remembers for that goes after two minutes, and
// with the program: a code that a crash lets in twice still says whose it is.
func (d *Desk) Read(code string, now time.Time) (Shown, error) {
	rows, err := d.store.Rows(wire.TableKey)
	if err != nil {
		return Shown{}, fmt.Errorf("read keys: %w", err)
	}
	rings, err := ticket.ReadRings(rows)
	if err != nil {
		return Shown{}, err
	}
	if len(rings) == 0 {
		return Shown{}, ErrNoKeys
	}
	s, err := Open(rings, code, now)
	if err != nil || s.Strength != Strong {
		return s, err
	}
	_, gone, err := d.store.Get(wire.TableRevoked, s.Phone)
	switch {
	case err != nil:
		return Shown{}, fmt.Errorf("read revoked phones: %w", err)
	case gone:
		return s, ErrRevoked
	case !d.first(s, stepOf(now)):
		return s, ErrRepeat
	}
	return s, nil
}

// first notes a code, and reports whether it is newer than all of its phone before.
func (d *Desk) first(s Shown, here int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.last, func(_ string, step int64) bool { return step < here-Tolerance })
	if last, read := d.last[s.Phone]; read && s.Step <= last {
		return false
	}
	d.last[s.Phone] = s.Step
	return true
}

// Own is the code that this phone shows at now, and when its next one follows; a
// phone whose server gave it no pass yet has ErrNoPass.
func Own(store local.Store, now time.Time) (code string, next time.Time, err error) {
	signed, err := store.Meta(replica.MetaPass)
	if err == nil && signed == nil {
		err = ErrNoPass
	}
	var file []byte
	if err == nil {
		file, err = store.Meta(replica.MetaKey)
	}
	var key seal.Private
	if err == nil {
		key, err = seal.ParsePrivate(file)
	}
	if err == nil {
		code, err = Make(key, signed, now)
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("make member code: %w", err)
	}
	return code, now.Truncate(Step).Add(Step), nil
}
