package ledger

import (
	"database/sql"

	"yizhan/core/op"
	"yizhan/core/wire"
)

// incidentRow tells staff what happened, and beside it the hand-over or the entry
// that was there before: both scans, operators, places and times.
func (p *projection) incidentRow(e *op.Entry) (wire.IncidentRow, error) {
	row := wire.IncidentRow{Seq: e.Seq, Word: e.Word, Ticket: e.Ticket, Device: e.Device, Verdict: e.Verdict, At: e.At, Member: e.Member,
		Station: e.Station, By: e.By, ScannedAt: e.DeviceAt, Reason: e.Reason}
	var ask string
	switch e.Word {
	case "handed_over_already_redeemed":
		ask = `SELECT device, station, device_at, entered_by FROM redemption WHERE ticket = ? AND seq < ? ORDER BY seq DESC LIMIT 1`
	case "checked_in_twice", "checked_in_again":
		ask = `SELECT device, '', device_at, '' FROM check_in WHERE ticket = ? AND out = 0 AND seq < ? ORDER BY seq DESC LIMIT 1`
	default:
		return row, nil
	}
	if err := p.flush(); err != nil {
		return row, err
	}
	err := p.query(ask, func(r *sql.Rows) error {
		return r.Scan(&row.FirstDevice, &row.FirstStation, &row.FirstAt, &row.FirstBy)
	}, int64(e.Ticket), int64(e.Seq-1)) // the entry that the incident follows is the scan itself
	return row, err
}
