package server

import (
	"cmp"
	"context"
	"slices"
	"time"

	"yizhan/core/id"
	"yizhan/core/op"
)

// Matter is a task or an incident that staff have to look at.
type Matter struct {
	Number      uint64      `json:"number"` // journal place, what Settle is given
	At          time.Time   `json:"at"`
	What        string      `json:"what"`
	Org         id.Org      `json:"org,omitempty"`      // of a task
	Activity    id.Activity `json:"activity,omitempty"` // of a task
	Ticket      id.Ticket   `json:"ticket,omitempty"`
	Device      id.Device   `json:"device,omitempty"`
	By          string      `json:"by,omitempty"`
	Reason      string      `json:"reason,omitempty"`       // of an override
	FirstDevice id.Device   `json:"first_device,omitempty"` // of the scan before it
	FirstAt     *time.Time  `json:"first_at,omitempty"`
	Settled     *time.Time  `json:"settled,omitempty"` // nil: nobody has looked
	SettledBy   string      `json:"settled_by,omitempty"`
	Note        string      `json:"note,omitempty"`
	Handled     bool        `json:"handled"`
}

// Matters lists tasks and incidents, those that are dealt with too, oldest first.
func (s *Server) Matters(ctx context.Context) ([]Matter, error) {
	books, err := s.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	tasks, incidents, err := books.Matters()
	all := make([]Matter, 0, len(tasks)+len(incidents))
	for _, t := range tasks {
		all = append(all, Matter{Number: t.Seq, At: s.wall(t.At), What: t.Kind, Org: t.Org, Activity: t.Activity, Settled: s.when(t.SettledAt), SettledBy: t.SettledBy, Note: t.Note, Handled: t.Handled})
	}
	for _, i := range incidents {
		all = append(all, Matter{Number: i.Seq, At: s.wall(i.At), What: i.Word, Ticket: i.Ticket, Device: i.Device, By: i.By, Reason: i.Reason,
			FirstDevice: i.FirstDevice, FirstAt: s.when(i.FirstAt), Settled: s.when(i.SettledAt), SettledBy: i.SettledBy, Note: i.Note, Handled: i.Handled})
	}
	slices.SortFunc(all, func(a, b Matter) int { return cmp.Compare(a.Number, b.Number) })
	return all, err
}

func (s *Server) when(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	at := s.wall(ms)
	return &at
}

// Settle notes that somebody dealt with the task or incident at a journal place.
// The result is refused where there is none.
func (s *Server) Settle(ctx context.Context, about uint64, by, note string) (op.Result, error) {
	return s.result(ctx, op.Op{Kind: op.Settle, About: about, Handled: true, EnteredBy: by, Reason: note, Channel: op.ByConsole})
}
