package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"math"

	"yizhan/core/id"
	"yizhan/core/op"
)

// Kept is one op in quarantine.
type Kept struct {
	Seq      uint64 // journal place: how people name it
	Device   id.Device
	Number   uint64 // of the op at its device
	Bytes    []byte // as the device sent it
	Word     string // why it is there
	Accepted uint64 // journal place at which it was recorded after all; 0 until then
	At       int64  // server time at which it came, Unix milliseconds
}

func (p *projection) quarantined(e *op.Entry) error {
	if e.Kept == nil {
		return errors.New("an entry of the quarantine keeps nothing")
	}
	if e.Kind == op.Wiped {
		return p.exec(`INSERT OR REPLACE INTO wiped VALUES (?, ?, ?, ?)`, string(e.Device), int64(e.Seq), e.Kept.Bytes, e.At)
	}
	return p.exec(`INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, 0, ?)`, int64(e.Seq), string(e.Device), int64(e.Kept.Seq), e.Kept.Hash,
		append([]byte{}, e.Kept.Bytes...), e.Word, e.At)
}

func (p *projection) accepted(e *op.Entry) error {
	if e.Kept == nil {
		return nil
	}
	return p.exec(`UPDATE quarantine SET accepted = ? WHERE seq = ?`, int64(e.Seq), int64(e.Kept.Seq))
}

const keptColumns = `SELECT seq, device, number, bytes, word, accepted, at FROM quarantine`

// Quarantine calls fn for the ops in quarantine, oldest first: those of one
// device, all for "". An error of fn ends it and is returned.
func (l *Ledger) Quarantine(d id.Device, fn func(Kept) error) error {
	return l.View(func(v *View) error {
		rows, err := v.tx.Query(keptColumns+` WHERE ? IN ('', device) ORDER BY seq`, string(d))
		if err != nil {
			return fmt.Errorf("read quarantine: %w", err)
		}
		return each(rows, func(r *sql.Rows) error {
			k, err := scanKept(r)
			if err != nil {
				return fmt.Errorf("read quarantine: %w", err)
			}
			return fn(k)
		})
	})
}

// Kept gives one op of the quarantine; ok is false where there is none.
func (l *Ledger) Kept(seq uint64) (k Kept, ok bool, err error) {
	if seq > math.MaxInt64 {
		return k, false, nil
	}
	err = l.View(func(v *View) error {
		k, err = scanKept(v.tx.QueryRow(keptColumns+` WHERE seq = ?`, int64(seq)))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return k, false, nil
	}
	return k, err == nil, wrap("read quarantine", err)
}

func scanKept(r interface{ Scan(...any) error }) (k Kept, err error) {
	err = r.Scan(&k.Seq, &k.Device, &k.Number, &k.Bytes, &k.Word, &k.Accepted, &k.At)
	return k, err
}
