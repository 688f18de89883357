package shell

import (
	"yizhan/app/flow/slip"
	"yizhan/app/flow/wayfind"
	"yizhan/app/paper"
	"yizhan/core/wire"
)

// WaySlip is the slip of the way that is shown.
func (e *Env) WaySlip(s wayfind.State, here wire.StationRow) paper.Slip {
	return slip.Way(s, here, nil, e.Clock())
}
