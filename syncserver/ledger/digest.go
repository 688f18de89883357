package ledger

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
)

// tables lists every table that is a function of the journal, with its primary key.
var tables = []struct{ name, key string }{
	{"activity", "id"}, {"calendar", "year"}, {"check_in", "seq"}, {"claim", "ticket"}, {"clock", "day"}, {"device", "id"}, {"draw", "seq"}, {"early", "ticket"}, {"enrolment", "code_hash"},
	{"erased", "member"}, {"feed", "scope, tbl, id"}, {"filed", "seq, scope"}, {"incident", "seq"}, {"lease", "id"}, {"map", "area"}, {"org", "id"}, {"person", "id"}, {"pool", "activity, id"},
	{"quarantine", "seq"}, {"redemption", "seq"}, {"refusal", "activity, code"}, {"result", "device, dev_seq"}, {"scan", "seq"}, {"station", "id"}, {"task", "seq"},
	{"wiped", "device"},
}

// Digest gives the SHA-256 of each table, in hex, over all its rows in order of
// primary key. Two ledgers of the same journal, at the same Applied, have the
// same digests however the entries were cut into transactions. applied is the
// Seq at which they were taken; the ledger may have moved on meanwhile.
func (l *Ledger) Digest() (digests map[string]string, applied uint64, err error) {
	digests = make(map[string]string, len(tables))
	err = l.View(func(v *View) error {
		if applied, err = v.Applied(); err != nil {
			return err
		}
		for _, t := range tables {
			rows := t.name
			if rows == "feed" {
				rows = remembered
			}
			sum, err := v.digest(`SELECT * FROM ` + rows + ` ORDER BY ` + t.key)
			if err != nil {
				return fmt.Errorf("digest table %s: %w", t.name, err)
			}
			digests[t.name] = sum
		}
		return nil
	})
	return digests, applied, err
}

func (v *View) digest(text string) (string, error) {
	rows, err := v.tx.Query(text)
	if err != nil {
		return "", err
	}
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	h := sha256.New()
	var buf []byte
	err = each(rows, func(r *sql.Rows) error {
		if err := r.Scan(into...); err != nil {
			return err
		}
		for _, v := range values {
			buf = appendValue(buf[:0], v)
			h.Write(buf)
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// appendValue writes a value so that no two lists of values give the same bytes.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return binary.BigEndian.AppendUint64(append(b, 1), uint64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(b, 2), math.Float64bits(v))
	case string:
		return append(binary.BigEndian.AppendUint64(append(b, 3), uint64(len(v))), v...)
	case []byte:
		return append(binary.BigEndian.AppendUint64(append(b, 4), uint64(len(v))), v...)
	}
	return append(b, 0) // NULL
}
