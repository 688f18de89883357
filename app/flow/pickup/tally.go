package pickup

import (
	"cmp"
	"strconv"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/schedule"
	"yizhan/core/wire"
)

// Tally is what this device has handed over today.
type Tally struct {
	Tickets int
	ByTitle map[string]int // tickets of each activity that is known here
}

// Today counts the marks that hand-overs leave on the device; now is its own clock
// in the zone of the deployment.
func Today(s local.Store, now time.Time) (Tally, error) {
	t := Tally{ByTitle: map[string]int{}}
	titles, err := flow.Titles(s)
	var handed []id.Ticket
	err = cmp.Or(err, flow.Each(s, wire.TableUsed, func(u wire.UsedRow) {
		if u.Kind == op.Redeem && u.By == "" && schedule.Days(now, time.UnixMilli(u.At).In(now.Location())) == 0 {
			handed = append(handed, u.Ticket)
		}
	}))
	if err != nil {
		return t, err
	}
	for _, n := range handed {
		t.Tickets++
		var held wire.TicketRow
		row, ok, err := s.Get(wire.TableTicket, strconv.FormatUint(uint64(n), 10))
		if err != nil {
			return t, err
		}
		if ok && wire.DecodeRow(row.Body, &held) == nil && titles[held.Activity] != "" {
			t.ByTitle[titles[held.Activity]]++
		}
	}
	return t, nil
}

// Words writes the count, and that of the activity whose ticket was scanned last.
func (t Tally) Words(title string) say.Text {
	all := say.T("今天已发 %d 份", t.Tickets)
	if n := t.ByTitle[title]; n > 0 && n < t.Tickets {
		return say.Join(" · ", all, say.T("这项活动 %d 份", n))
	}
	return all
}
