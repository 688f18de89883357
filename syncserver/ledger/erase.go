package ledger

import (
	"context"
	"database/sql"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// erased forgets a person. Devices drop the rows that are theirs; those by which a
// counter or a door knows a ticket stay, because without them the ticket would be
// taken for one that is not known yet, but name nobody.
func (p *projection) erased(e *op.Entry) error {
	if err := p.flush(); err != nil {
		return err
	}
	claims, err := p.queries.ClaimsOfMember(context.Background(), MemberScope(e.Member))
	if err != nil {
		return err
	}
	// What leases know of a person lies in the scopes lease/<device>; "0" follows "/".
	if err := p.query(`SELECT scope, tbl, id FROM feed WHERE scope = ? AND gone = 0 UNION ALL
		SELECT scope, tbl, id FROM feed WHERE scope > 'lease/' AND scope < 'lease0' AND tbl = ? AND id = ? AND gone = 0`, func(r *sql.Rows) error {
		var scope, table, key string
		err := r.Scan(&scope, &table, &key)
		p.gone(scope, table, key, e.Seq)
		return err
	}, MemberScope(e.Member), wire.TablePerson, string(e.Member)); err != nil {
		return err
	}
	p.world.erased[e.Member] = true
	for i := range claims {
		c := &claim{Claim: claims[i]}
		p.claims[c.Ticket] = c
		p.touch(c, e.Seq)
	}
	if err := p.exec(`DELETE FROM person WHERE id = ?`, string(e.Member)); err != nil {
		return err
	}
	return p.exec(`INSERT OR REPLACE INTO erased VALUES (?, ?)`, string(e.Member), int64(e.Seq))
}

// back makes an erased person one of ours again.
func (p *projection) back(m id.Member) error {
	if !p.world.erased[m] {
		return nil
	}
	delete(p.world.erased, m)
	return p.exec(`DELETE FROM erased WHERE member = ?`, string(m))
}

// who names a member in a row of others, unless they were erased.
func (p *projection) who(m id.Member) id.Member {
	if p.world.erased[m] {
		return ""
	}
	return m
}

func (w *world) readErased(r *sql.Rows) error {
	var m id.Member
	err := r.Scan(&m)
	w.erased[m] = true
	return err
}
