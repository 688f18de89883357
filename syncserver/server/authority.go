package server

import (
	"context"
	"errors"

	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Named says what a new authority takes over.
type Named struct {
	Before  id.Device `json:"before,omitempty"`
	InDoubt int       `json:"in_doubt"` // tickets that a lost device may have handed over
}

// SetAuthority names the device that hands over what is bound to a station. One
// that does so already and is in use has to be connected: it gives the station up
// first. The error is arbiter.InUse where it cannot be asked.
func (s *Server) SetAuthority(ctx context.Context, st id.Station, d id.Device) (n Named, err error) {
	o := op.Op{Kind: op.SetAuthority, Station: st, Device: d}
	if err := s.seq.View(ctx, func(state *arbiter.State) { n.Before, _ = state.Authority(st) }); err != nil {
		return n, err
	}
	_, err = s.seq.Do(ctx, o)
	var used arbiter.InUse
	if errors.As(err, &used) && s.recallStation(ctx, used) {
		_, err = s.seq.Do(ctx, o)
	}
	if err != nil {
		return n, err
	}
	err = s.seq.View(ctx, func(state *arbiter.State) { n.InDoubt = state.InDoubt(st) })
	return n, err
}

// recallStation asks a device to give up its station, and reports whether it did.
func (s *Server) recallStation(ctx context.Context, used arbiter.InUse) bool {
	patient, cancel := s.waits.Within(ctx, recallTime)
	defer cancel()
	if !s.sessions.Send(used.Device, wire.Recall{Station: used.Station}, wire.RecallVersion) {
		return false
	}
	for {
		changed, ok := s.recalls.next()
		var now id.Device
		err := s.seq.View(ctx, func(state *arbiter.State) { now, _ = state.Authority(used.Station) })
		if err != nil || now != used.Device {
			return err == nil
		}
		if !ok || !s.waits.Closed(patient, changed) {
			return false
		}
	}
}
