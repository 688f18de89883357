package arbiter

import (
	"encoding/hex"

	"yizhan/core/id"
	"yizhan/core/op"
)

// clockSlack is how far in the future a code may have been shown, by the clock of
// its phone: core/membercode lets a reader take it a minute early.
const clockSlack = 2 * 60 * 1000

// Vouched reports whether somebody was at the kiosk who may have that member claim:
// the member with their own phone, or staff who have seen who it is. A name and four
// digits of a phone number are no proof: colleagues know both. What is old is good:
// the kiosk may have been offline since.
func (s *State) Vouched(w *op.Witness, m id.Member, at int64) bool {
	if w == nil || w.At > at+clockSlack {
		return false
	}
	if w.Staff == "" {
		phone := s.devices[s.phones[m]]
		return w.Member == m && phone != nil && hex.EncodeToString(phone.PublicKey) == w.Key
	}
	d := s.devices[w.Staff]
	if d == nil || d.gone != "" || d.Role != op.Staff || hex.EncodeToString(d.PublicKey) != w.Key {
		return false
	}
	p := s.people[m]
	return d.Org == "" || p == nil || s.orgs.Under(p.Org, d.Org)
}
