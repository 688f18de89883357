package behalf

import (
	"time"

	"yizhan/app/flow/slip"
	"yizhan/app/paper"
	"yizhan/app/say"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Slip is what is printed of the decision; ok is false where nothing is. here is the
// station of this device, now server time in the zone of the deployment.
func (s State) Slip(stations func(Place) wire.StationRow, here wire.StationRow, now time.Time) (p paper.Slip, ok bool) {
	o, known := s.Offer()
	if s.Page != Result || s.Action != SignUp || !known {
		return p, false
	}
	r := s.Decided.Result
	m := slip.Matter{Title: o.Title, Rules: o.Rules, Pool: s.Pool, Seats: r.Seats, Ticket: r.Ticket, Code: s.Decided.Code,
		Unconfirmed: s.Decided.Policy == op.VoidUnreported, Here: here, Holder: s.Person.Name}
	for _, at := range o.Stations {
		if at.ID == s.Station {
			m.Collect = stations(at)
		}
	}
	switch r.Outcome {
	case op.Granted:
		return slip.Ticket(m, now), true
	case op.Waitlisted:
		return slip.Provisional(m, say.T("您排在候补第 %d 位。有人退回时按次序递补，现在还没有名额。", r.Place), now), true
	case op.Entered:
		return slip.Provisional(m, say.T("报名已收到，要等抽签或审核。"), now), true
	case op.Refused:
		m.Seats = s.Seats
		return slip.Refusal(m, r.Code, now), true
	}
	m.Seats = s.Seats
	return slip.Pending(m, now), true
}
