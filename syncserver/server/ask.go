package server

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"yizhan/core/arbiter"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/lookup"
	"yizhan/core/member"
	"yizhan/core/membercode"
	"yizhan/core/op"
	"yizhan/core/scope"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

// Limits of what one kiosk may ask: nobody stands there and tries out names or numbers.
const (
	askWindow   = time.Minute
	askMost     = 20 // questions of one kiosk in askWindow
	missWindow  = time.Hour
	missMost    = 30               // names and digits of one kiosk that fit nobody: 10,000 endings take two weeks
	phoneMost   = 3                // codes for a new phone of one member in a day
	phoneLife   = 10 * time.Minute // of such a code: the phone is in the person's hand
	witnessLife = 10 * time.Minute // of a member code that a question carries: a visit
	askPeople   = 8                // namesakes with the same four digits
)

// questions counts questions. It is forgotten at a restart, which does no harm: nobody restarts a server by asking.
type questions struct {
	mu     sync.Mutex // guards all below
	kiosks map[id.Device][]time.Time
	phones map[id.Member][]time.Time
	misses map[id.Device][]time.Time
}

// may notes one more, and reports whether it is within the limit.
func may[K comparable](seen map[K][]time.Time, key K, now time.Time, window time.Duration, most int) bool {
	recent := since(seen[key], now, window)
	ok := len(recent) < most
	if ok {
		recent = append(recent, now)
	}
	seen[key] = recent
	return ok
}

// since gives the times that are less than a window ago.
func since(all []time.Time, now time.Time, window time.Duration) []time.Time {
	return slices.DeleteFunc(slices.Clone(all), func(at time.Time) bool { return now.Sub(at) >= window })
}

// Ask implements session.Arbiter: what a kiosk may know about the person who stands
// there. Nothing is told about anybody who was not named by four digits of a phone
// number and a name, or who was not there with their own phone or with staff.
func (s *Server) Ask(ctx context.Context, from op.Enrolment, m wire.Ask) wire.Told {
	told := wire.Told{N: m.N}
	s.questions.mu.Lock()
	known := from.Role == op.Kiosk || from.Role == op.Staff && from.Supervisor && m.Kind == wire.AskPerson // staff see for themselves who it is
	allowed := known && may(s.questions.kiosks, from.Device, s.cfg.Now(), askWindow, askMost)
	s.questions.mu.Unlock()
	var err error
	switch {
	case !known:
		told.Code = fault.NotAuthorised
	case !allowed:
		told.Kind = fault.Busy
	case m.Kind == wire.AskPerson:
		err = s.who(ctx, from, m, &told)
	case m.Kind == wire.AskTickets, m.Kind == wire.AskPhone:
		err = s.vouched(ctx, from, m, &told)
	default:
		told.Code = fault.Invalid // from a newer app
	}
	if err != nil {
		f := fault.Errorf(fault.Internal, "the server could not do it; its log says why")
		if !errors.As(err, &f) {
			s.cfg.Log.Error("answer kiosk", "kiosk", from.Device, "error", err)
		}
		return wire.Told{N: m.N, Kind: f.Kind}
	}
	return told
}

// who finds a person by the last four digits of the phone with a name, or with the
// member id of a card.
func (s *Server) who(ctx context.Context, from op.Enrolment, m wire.Ask, told *wire.Told) error {
	name := lookup.Parse(m.Name)
	if len(m.Phone) != 4 || name.Letters() < 2 && m.Member == "" {
		told.Code = fault.Invalid
		return nil
	}
	s.questions.mu.Lock()
	guessing := len(since(s.questions.misses[from.Device], s.cfg.Now(), missWindow)) >= missMost
	s.questions.mu.Unlock()
	if guessing {
		s.cfg.Log.Warn("kiosk asks for too many people who are not there", "kiosk", from.Device)
		told.Kind = fault.Busy
		return nil
	}
	found, err := s.find(ctx, name, m.Phone, m.Member)
	for _, one := range found {
		told.People = append(told.People, wire.Masked{Member: one.who, Name: maskName(one.name()), Phone: lastFour(one.digits())})
	}
	if err == nil && len(found) == 0 {
		s.questions.mu.Lock()
		may(s.questions.misses, from.Device, s.cfg.Now(), missWindow, missMost)
		s.questions.mu.Unlock()
	}
	if len(told.People) == 0 || len(told.People) > askPeople {
		told.People, told.Code = nil, fault.UnknownMember
	}
	if err == nil && told.People != nil {
		err = s.seq.View(ctx, func(state *arbiter.State) {
			for i := range told.People {
				p, _ := state.Person(told.People[i].Member)
				o, _ := state.Org(p.Org)
				told.People[i].Org = o.Name
			}
		})
	}
	return err
}

// vouched answers what only the member may know, or staff who have seen who it is.
func (s *Server) vouched(ctx context.Context, from op.Enrolment, m wire.Ask, told *wire.Told) error {
	w := s.attested(m.Proof)
	now := s.cfg.Now()
	if w == nil || now.Sub(time.UnixMilli(w.At)) > witnessLife {
		told.Code = fault.NotAuthorised
		return nil
	}
	known, vouched := false, false
	var org string
	err := s.seq.View(ctx, func(state *arbiter.State) {
		var p member.Person
		p, known = state.Person(m.Member)
		vouched = state.Vouched(w, m.Member, now.UnixMilli())
		o, _ := state.Org(p.Org)
		org = o.Name
	})
	switch {
	case err != nil:
		return err
	case !vouched:
		told.Code = fault.NotAuthorised
		return nil
	case !known:
		told.Code = fault.UnknownMember
		return nil
	case m.Kind == wire.AskPhone:
		return s.newPhone(ctx, from, m.Member, w, told)
	}
	told.People = []wire.Masked{{Member: m.Member, Org: org}}
	told.Claims, err = s.claims(m.Member)
	return err
}

// claims gives a member's claims as their own phone has them.
func (s *Server) claims(m id.Member) (all []wire.ClaimRow, err error) {
	err = s.ledger.View(func(v *ledger.View) error {
		return v.Delta(ledger.MemberScope(m), scope.Position{}, func(r wire.RowChange) error {
			if r.Table != wire.TableClaim || r.Gone {
				return nil
			}
			var c wire.ClaimRow
			if err := wire.DecodeRow(r.Body, &c); err != nil {
				return err
			}
			all = append(all, c)
			return nil
		})
	})
	for i := range all {
		c := &all[i]
		if err == nil && c.Code == "" && (c.State == op.ClaimGranted || c.State == op.ClaimRedeemed) {
			c.Code, err = s.Code(*c)
		}
	}
	return all, err
}

// newPhone makes a one-use code for a phone of a member. The phone that they have
// now goes out of use when the new one hands the code in.
func (s *Server) newPhone(ctx context.Context, from op.Enrolment, m id.Member, w *op.Witness, told *wire.Told) error {
	s.questions.mu.Lock()
	allowed := may(s.questions.phones, m, s.cfg.Now(), 24*time.Hour, phoneMost)
	s.questions.mu.Unlock()
	if !allowed {
		told.Code = fault.MemberCap
		return nil
	}
	by := "kiosk " + string(from.Device)
	if w.Staff != "" {
		by = "staff " + string(w.Staff)
	}
	o, err := s.offer(ctx, op.Enrolment{Role: op.Phone, Member: m}, phoneLife, "", by)
	if err != nil {
		return err
	}
	told.People = []wire.Masked{{Member: m}}
	told.Invitation, told.Typed, told.Expires = o.QR, o.Code, o.Expires.UnixMilli()
	return nil
}

// attested says who was there when a code was shown; nil where it does not prove that.
// How old it is, is for whoever asks to judge.
func (s *Server) attested(proof []byte) *op.Witness {
	if len(proof) == 0 {
		return nil
	}
	public := s.keys.private.Public()
	rings := ticket.Rings{s.keys.Number: seal.Ring(public)}
	shown, err := membercode.Open(rings, id.Alphabet.EncodeToString(proof), s.cfg.Now())
	switch {
	case errors.Is(err, membercode.ErrOld), errors.Is(err, membercode.ErrEarly), err == nil:
	default:
		return nil
	}
	if shown.Strength != membercode.Strong {
		return nil
	}
	return &op.Witness{Member: shown.Member, Staff: shown.Staff, Key: shown.Phone, At: shown.Step * membercode.Step.Milliseconds()}
}
