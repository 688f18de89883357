package session

import (
	"fmt"

	"yizhan/core/op"
	"yizhan/core/wire"
)

// sign fills in what only the server's keys can make: the code of a claim that its
// member may show, the certificate of a lease that its device may grant from, and
// what a counter may show of a ticket's holder.
func (s *Server) sign(r *wire.RowChange) error {
	switch {
	case r.Table == wire.TableLease && !r.Gone:
		return s.certify(r)
	case r.Table == wire.TableTicket && !r.Gone:
		return s.personal(r)
	case r.Table == wire.TableGuest && !r.Gone:
		return s.guest(r)
	case r.Table != wire.TableClaim || r.Gone:
		return nil
	}
	var claim wire.ClaimRow
	if err := wire.DecodeRow(r.Body, &claim); err != nil {
		return fmt.Errorf("read claim %s: %w", r.ID, err)
	}
	if claim.Code != "" || claim.State != op.ClaimGranted && claim.State != op.ClaimRedeemed {
		return nil
	}
	code, err := s.cfg.Signer.Code(claim)
	if err != nil {
		return fmt.Errorf("sign ticket %s: %w", r.ID, err)
	}
	claim.Code = code
	if r.Body, err = wire.EncodeRow(claim); err != nil {
		return fmt.Errorf("write claim %s: %w", r.ID, err)
	}
	return nil
}

func (s *Server) personal(r *wire.RowChange) error {
	var held wire.TicketRow
	err := wire.DecodeRow(r.Body, &held)
	if err == nil && (held.State != op.ClaimGranted || held.Member == "") {
		return nil
	}
	if err == nil {
		err = s.cfg.Signer.Personal(&held)
	}
	if err == nil && held.Sealed != nil {
		r.Body, err = wire.EncodeRow(held)
	}
	if err != nil {
		return fmt.Errorf("seal fields of ticket %s: %w", r.ID, err)
	}
	return nil
}

func (s *Server) guest(r *wire.RowChange) error {
	var guest wire.GuestRow
	err := wire.DecodeRow(r.Body, &guest)
	if err == nil && guest.Member != "" {
		err = s.cfg.Signer.Guest(&guest)
	}
	if err == nil {
		r.Body, err = wire.EncodeRow(guest)
	}
	if err != nil {
		return fmt.Errorf("name guest %s: %w", r.ID, err)
	}
	return nil
}

func (s *Server) certify(r *wire.RowChange) error {
	var lease wire.LeaseRow
	if err := wire.DecodeRow(r.Body, &lease); err != nil {
		return fmt.Errorf("read lease %s: %w", r.ID, err)
	}
	if lease.Over != "" {
		return nil
	}
	err := s.cfg.Signer.Certify(&lease)
	if err == nil {
		r.Body, err = wire.EncodeRow(lease)
	}
	if err != nil {
		return fmt.Errorf("certify lease %s: %w", r.ID, err)
	}
	return nil
}
