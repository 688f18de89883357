package sqlite

import (
	"context"
	"errors"
	"fmt"

	"yizhan/syncserver/journal"
)

// copyBatches is how many batches of a copy share one transaction.
const copyBatches = 512

// Copy writes the journal at `from`, as far as it goes now, to a new file at `to`
// and gives its head. A server may run on it meanwhile. The chain is checked on the
// way; a copy that fails is incomplete and not to be used.
func Copy(from, to string) (journal.Head, error) {
	source, err := OpenReadOnly(from)
	if err != nil {
		return journal.Head{}, err
	}
	defer source.Close()
	target, err := Open(to)
	if err != nil {
		return journal.Head{}, err
	}
	head, err := source.copyTo(target)
	if err = errors.Join(err, target.Close()); err != nil {
		return journal.Head{}, fmt.Errorf("copy journal %s to %s: %w", from, to, err)
	}
	return head, nil
}

func (j *Journal) copyTo(target *Journal) (journal.Head, error) {
	ctx, open := context.Background(), 0
	exec := func(text string) error {
		_, err := target.conn.ExecContext(ctx, text)
		return explain(err)
	}
	err := j.Read(1, func(b journal.Batch) error {
		if open == 0 {
			if err := exec(`BEGIN IMMEDIATE`); err != nil {
				return err
			}
		}
		if err := target.Append(b.Number-1, b); err != nil {
			return err
		}
		if open++; open < copyBatches {
			return nil
		}
		open = 0
		return exec(`COMMIT`)
	})
	if err == nil && open > 0 {
		err = exec(`COMMIT`)
	}
	return target.head, err
}
