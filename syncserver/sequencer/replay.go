package sequencer

import (
	"errors"
	"fmt"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
)

// waiting is how many batches may be read ahead of what was applied.
const waiting = 4

// read is a batch that was read and decoded.
type read struct {
	number  uint64
	entries []op.Entry
}

// errStopped ends reading when nobody applies any more.
var errStopped = errors.New("replay was given up")

// Replay builds the state that a journal describes, from its first entry.
func Replay(j journal.Journal, zone *time.Location) (*arbiter.State, error) {
	state := arbiter.New(zone)
	return state, replay(state, j, 1)
}

// replay applies the batches from a number on. One is applied while later ones are
// read, checked and decoded.
func replay(state *arbiter.State, j journal.Journal, from uint64) error {
	batches, used, stop := make(chan read, waiting), make(chan []op.Entry, waiting+2), make(chan struct{})
	var readErr error // of the reader, until batches is closed
	go func() {
		defer close(batches)
		readErr = readAhead(j, from, batches, used, stop)
	}()
	var err error
	for b := range batches {
		if err == nil {
			if err = applyAll(state, b.entries); err != nil {
				err = fmt.Errorf("batch %d: %w", b.number, err)
				close(stop)
			}
		}
		used <- b.entries
	}
	if err == nil {
		err = readErr
	}
	if err != nil {
		return fmt.Errorf("replay journal: %w", err)
	}
	return nil
}

func readAhead(j journal.Journal, from uint64, batches chan<- read, used <-chan []op.Entry, stop <-chan struct{}) error {
	decoder := op.NewDecoder()
	return j.Read(from, func(b journal.Batch) error {
		var room []op.Entry
		select {
		case room = <-used:
		case <-stop:
			return errStopped
		default:
		}
		entries, err := decoder.Batch(room[:0], b.First, b.Body)
		if err != nil {
			return fmt.Errorf("batch %d: %w", b.Number, err)
		}
		batches <- read{b.Number, entries}
		return nil
	})
}

func applyAll(state *arbiter.State, entries []op.Entry) error {
	var devices []id.Device
	for i := range entries {
		if i%ahead == 0 {
			devices = devices[:0]
			for k := i; k < min(i+ahead, len(entries)); k++ {
				devices = append(devices, entries[k].Device)
			}
			state.Expect(devices)
		}
		if err := state.Apply(&entries[i]); err != nil {
			return err
		}
	}
	return nil
}
