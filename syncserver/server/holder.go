package server

import (
	"errors"
	"fmt"
	"strings"

	"yizhan/core/arbiter"
	"yizhan/core/member"
	"yizhan/core/ticket"
	"yizhan/core/wire"
	"yizhan/syncserver/vault"
)

// Personal implements session.Signer. Somebody who was erased, or never had a
// name here, has no fields.
func (s *Server) Personal(row *wire.TicketRow) error {
	var p member.Person
	err := s.seq.Glance(s.life, func(state *arbiter.State) { p, _ = state.Person(row.Member) })
	if err != nil || len(p.Sealed) == 0 {
		return err
	}
	key, err := s.vault.Key(row.Member, rosterPurpose)
	switch {
	case errors.Is(err, vault.ErrErased), errors.Is(err, vault.ErrNoKey):
		return nil
	case err != nil:
		return err
	}
	plain, err := unseal(p, key)
	if err != nil {
		return fmt.Errorf("read fields of %s: %w", row.Member, err)
	}
	row.Sealed, err = ticket.SealPersonal(ticket.Secret(s.keys.Master, row.Ticket, row.Epoch), ticket.Personal{Name: holder(plain.Name)})
	return err
}

// holder masks a name so that people at a counter recognise each other: 王*明, 王*.
func holder(name string) string {
	r := []rune(name)
	if len(r) < 3 {
		return maskName(name)
	}
	return string(r[0]) + strings.Repeat("*", len(r)-2) + string(r[len(r)-1])
}
