package ledger

import (
	"errors"

	"yizhan/core/op"
	"yizhan/core/wire"
)

// mapPut writes the one map that devices carry; that of another area goes.
func (p *projection) mapPut(e *op.Entry) error {
	m := e.Map
	if m == nil {
		return errors.New("a map entry names no map")
	}
	if was := p.world.area; was != "" && was != m.Area {
		p.gone(ScopePublic, wire.TableMap, was, e.Seq)
	}
	p.world.area = m.Area
	if err := p.exec(`DELETE FROM map`); err != nil {
		return err
	}
	if err := p.exec(`INSERT INTO map VALUES (?, ?, ?, ?, ?, ?)`, m.Area, m.Name, m.Made, m.Blob, m.Bytes, int64(e.Seq)); err != nil {
		return err
	}
	return p.row(ScopePublic, wire.TableMap, m.Area, e.Seq, wire.MapRow(*m))
}
