package server

import (
	"strings"

	"yizhan/core/id"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Personals implements session.Signer. Somebody who was erased, or never had a
// name here, has no fields.
func (s *Server) Personals(rows []*wire.TicketRow) error {
	members := make([]id.Member, len(rows))
	for i, row := range rows {
		members[i] = row.Member
	}
	s.names.mu.Lock()
	err := s.named(members)
	masked := make([]string, len(rows))
	for i, m := range members {
		if one := s.names.people[m]; one != nil {
			masked[i] = holder(one.name())
		}
	}
	s.names.mu.Unlock()
	for i, row := range rows {
		if err == nil && masked[i] != "" {
			row.Sealed, err = ticket.SealPersonal(ticket.Secret(s.keys.Master, row.Ticket, row.Epoch), ticket.Personal{Name: masked[i]})
		}
	}
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
