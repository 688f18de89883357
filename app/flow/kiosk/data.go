package kiosk

import (
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"yizhan/app/flow"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/pickup"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Place is what a restart finds again: which public page was shown, and whether a
// visitor had asked for something. It holds nothing about anybody.
type Place struct {
	_        struct{} `cbor:",toarray"`
	Page     Page
	Activity id.Activity
	Claimed  bool
	At       int64 // server clock, Unix milliseconds
}

const metaPlace = "kiosk.place"

// fresh is how long after it a restart goes on at the same place.
const fresh = 2 * time.Minute

// place is where the machine is; At is not filled in.
func (s State) place() Place {
	p := Place{Page: s.Page, Claimed: s.Claim.Stored}
	switch s.Page {
	case Activities, PickUp, Door, Stations, Help:
	case Detail:
		p.Activity = s.Browse.Watching()
	default:
		p.Page = Home // the rest belongs to a person
	}
	if s.Counter.Page != pickup.Idle {
		p.Page = Home
	}
	return p
}

// Keep stores a place.
func Keep(s local.Store, p Place) error {
	body, err := cbor.Marshal(p)
	if err == nil {
		err = s.SetMeta(map[string][]byte{metaPlace: body})
	}
	if err != nil {
		return fmt.Errorf("keep place: %w", err)
	}
	return nil
}

// Begin is the machine after a start: where it was, if that is not long ago. Call it
// after Loaded and Tick have been taken.
func (s State) Begin(store local.Store) State {
	var p Place
	body, err := store.Meta(metaPlace)
	if err != nil || body == nil || cbor.Unmarshal(body, &p) != nil {
		return s
	}
	if age := s.Now.Sub(time.UnixMilli(p.At)); age < 0 || age > fresh {
		return s
	}
	s.touched = s.Now
	switch p.Page {
	case Activities, PickUp, Door, Stations, Help:
		s.Page, s.back = p.Page, Home
	case Detail:
		s, _ = s.claiming(Open{p.Activity})
		if s.Browse.Watching() == "" {
			s.Page = Home // it is there no longer
		}
	}
	s.Saved = p.Claimed && s.Page == Home
	return s
}

// Read gives what this machine knows of a member's tickets without a network: those
// bound to its station, and those that it granted itself.
func Read(s local.Store, m id.Member) (all []wire.ClaimRow, err error) {
	seen := map[id.Ticket]bool{}
	err = flow.Each(s, wire.TableGrant, func(g wire.GrantRow) {
		if g.Member == m {
			seen[g.Ticket] = true
			all = append(all, wire.ClaimRow{Ticket: g.Ticket, Activity: g.Activity, Pool: g.Pool, Seats: g.Seats, State: op.ClaimGranted,
				Station: g.Station, Code: g.Code, At: g.At})
		}
	})
	if err != nil {
		return nil, err
	}
	err = flow.Each(s, wire.TableTicket, func(t wire.TicketRow) {
		if t.Member == m && !seen[t.Ticket] {
			all = append(all, wire.ClaimRow{Ticket: t.Ticket, Activity: t.Activity, Pool: t.Pool, Seats: t.Seats, State: t.State,
				Station: t.Station, Epoch: t.Epoch, Blocked: t.Blocked})
		}
	})
	return all, err
}

// Reader reads the public part of what the machine shows.
type Reader = claim.Reader
