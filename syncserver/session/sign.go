package session

import (
	"fmt"

	"yizhan/core/op"
	"yizhan/core/wire"
)

// sign fills in what only the server's keys can make: the code of a claim that its
// member may show, the certificate of a lease that its device may grant from, and
// what a counter may show of a ticket's holder.
func (s *Server) sign(rows []wire.RowChange) error {
	for i := range rows {
		r := &rows[i]
		var err error
		switch {
		case r.Gone:
		case r.Table == wire.TableLease:
			err = s.certify(r)
		case r.Table == wire.TableClaim:
			err = s.code(r)
		}
		if err != nil {
			return err
		}
	}
	if err := fill(rows, wire.TableTicket, "seal fields of tickets",
		func(t *wire.TicketRow) bool { return t.State == op.ClaimGranted && t.Member != "" }, s.cfg.Signer.Personals); err != nil {
		return err
	}
	return fill(rows, wire.TableGuest, "name guests", func(g *wire.GuestRow) bool { return g.Member != "" }, s.cfg.Signer.Guests)
}

// fill completes the rows of one table that want it, all at once.
func fill[T any](rows []wire.RowChange, table, what string, wanting func(*T) bool, by func([]*T) error) error {
	var all []*T
	var at []int
	for i := range rows {
		if rows[i].Table != table || rows[i].Gone {
			continue
		}
		one := new(T)
		if err := wire.DecodeRow(rows[i].Body, one); err != nil {
			return fmt.Errorf("%s: %s: %w", what, rows[i].ID, err)
		}
		if wanting(one) {
			all, at = append(all, one), append(at, i)
		}
	}
	if len(all) == 0 {
		return nil
	}
	if err := by(all); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	for n, one := range all {
		body, err := wire.EncodeRow(*one)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", what, rows[at[n]].ID, err)
		}
		rows[at[n]].Body = body
	}
	return nil
}

// code signs a claim that its member may show.
func (s *Server) code(r *wire.RowChange) error {
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
