package replica

import (
	"errors"

	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/wire"
)

// Effect is something to be done. Effects are carried out in their order; if one
// fails, those behind it are dropped together with the session.
type Effect interface{ effect() }

// Effects of a session.
type (
	// Send is a message for the server.
	Send struct{ Message wire.Message }
	// Store puts results into the store; only then may anybody see them.
	Store struct{ Results map[uint64]wire.Answer }
	// Apply brings rows into the store, in one transaction.
	Apply struct{ Checkpoint local.Checkpoint }
	// Stage keeps rows out of sight, for an Apply to come.
	Stage struct{ Chunk local.Chunk }
	// Compare asks for Session.Differs with what is Differing in the store, now that everything before it is stored.
	Compare struct{ Sums map[string][]byte }
	// Set writes named values together (local.Store.SetMeta).
	Set struct{ Values map[string][]byte }
	// Welcomed means that the handshake is over and the device is online.
	Welcomed struct{}
	// Enrolled means that the identity is stored.
	Enrolled struct{ Identity wire.Enrolled }
	// Viewed says that some scopes have come into view, and others will.
	Viewed struct{}
	// Heard is the server's clock (Unix milliseconds): of its answer to our last message, or, with
	// Current, of the moment as of which the rows are complete.
	Heard struct {
		Time    int64
		Current bool
	}
	// Show is the latest counts of the watched activity; they are never stored.
	Show struct{ Gauge wire.Gauge }
	// Synced answers Session.Sync.
	Synced struct{ N uint64 }
	// Recalled has the counter of this device give up what it keeps.
	Recalled struct{ Recall wire.Recall }
	// Kept asks for Session.Again with answered ops of the store (local.Store.Kept).
	Kept struct {
		From uint64
		Most int
	}
	// Frozen says why ops wait that the server was sent; nil: they do not any more.
	Frozen struct{ Why *fault.Error }
	// Relayed is the answer to what a hub handed on.
	Relayed struct{ Answer wire.Relayed }
	// Told is the answer to a question.
	Told struct{ Answer wire.Told }
	// Wipe erases everything but the named values (local.Store.Wipe), unless an op was
	// queued behind Last meanwhile; when it is done, call Session.Erased.
	Wipe struct {
		Last uint64
		Keep map[string][]byte
	}
	// Close ends the connection. Final means that connecting again cannot help.
	Close struct {
		Why   *fault.Error
		Final bool
	}
)

func (Send) effect()     {}
func (Kept) effect()     {}
func (Frozen) effect()   {}
func (Store) effect()    {}
func (Apply) effect()    {}
func (Stage) effect()    {}
func (Compare) effect()  {}
func (Set) effect()      {}
func (Welcomed) effect() {}
func (Enrolled) effect() {}
func (Heard) effect()    {}
func (Viewed) effect()   {}
func (Show) effect()     {}
func (Synced) effect()   {}
func (Recalled) effect() {}
func (Relayed) effect()  {}
func (Told) effect()     {}
func (Wipe) effect()     {}
func (Close) effect()    {}

// asFault gives an error of the codec as the fault that it is.
func asFault(err error) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return fault.Errorf(fault.BadFrame, "%v", err)
}
