package notice

import (
	"fmt"
	"slices"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// OnDevice gives the messages of the member whose phone the store belongs to,
// oldest first: those that the server sent, and the reminders that are due and
// that it could not send, because the device has been without a network.
func OnDevice(store local.Store, zone *time.Location, now time.Time) ([]wire.MessageRow, error) {
	messages, err := rows[wire.MessageRow](store, wire.TableMessage)
	if err != nil {
		return nil, err
	}
	claims, err := rows[wire.ClaimRow](store, wire.TableClaim)
	if err != nil {
		return nil, err
	}
	for _, c := range claims {
		sent := slices.ContainsFunc(messages, func(m wire.MessageRow) bool {
			return m.Kind == string(Reminder) && m.Activity == c.Activity && m.Pool == c.Pool
		})
		if c.State != op.ClaimGranted || sent {
			continue
		}
		at, err := remindAt(store, c, zone)
		if err != nil {
			return nil, err
		}
		if since := heldSince(c, messages); at != 0 && since < at && at <= now.UnixMilli() {
			messages = append(messages, wire.MessageRow{Kind: string(Reminder), Activity: c.Activity, Pool: c.Pool, Ticket: c.Ticket, At: at})
		}
	}
	slices.SortStableFunc(messages, func(a, b wire.MessageRow) int { return int(a.At - b.At) })
	return messages, nil
}

// heldSince is when the member came to hold the seats of a claim. Whoever got
// them after the moment of the reminder is not reminded by the server either.
func heldSince(c wire.ClaimRow, messages []wire.MessageRow) int64 {
	since := c.At
	for _, m := range messages {
		if m.Ticket == c.Ticket && (m.Kind == string(Promoted) || m.Kind == string(Drawn)) {
			since = m.At
		}
	}
	return since
}

// remindAt is when the holder of a claim is reminded; 0 where nothing says so.
func remindAt(store local.Store, c wire.ClaimRow, zone *time.Location) (int64, error) {
	r, ok, err := store.Get(wire.TableActivity, string(c.Activity))
	if err != nil || !ok {
		return 0, err
	}
	var row wire.ActivityRow
	if err := wire.DecodeRow(r.Body, &row); err != nil {
		return 0, fmt.Errorf("activity %s: %w", c.Activity, err)
	}
	a, err := activity.Parse(row.Spec, zone)
	if err != nil {
		return 0, nil // from a newer server; it will send the reminder itself
	}
	if pool := a.Pool(id.Pool(c.Pool)); pool >= 0 {
		return a.ReminderAt(pool), nil
	}
	return 0, nil
}

func rows[T any](store local.Store, table string) ([]T, error) {
	found, err := store.Rows(table)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(found))
	for i, r := range found {
		if err := wire.DecodeRow(r.Body, &out[i]); err != nil {
			return nil, fmt.Errorf("row %s of %s: %w", r.ID, table, err)
		}
	}
	return out, nil
}
