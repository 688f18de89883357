package sim

import (
	"yizhan/core/activity"
	"yizhan/core/local"
	"yizhan/core/local/disk"
	"yizhan/syncserver/journal"
)

// Defect is a bug that is planted to show that it would be found. The zero value,
// and nil, plant nothing.
type Defect struct {
	Name string
}

func (d *Defect) is(name string) bool { return d != nil && d.Name == name }

func (d *Defect) journal(j journal.Journal) journal.Journal { return j }

func (d *Defect) store(s local.Store) local.Store { return s }

func (d *Defect) boot(boot, machine string) string { return boot }

func (d *Defect) send(_ *machine, c *conn, frame []byte) error { return c.toServer(frame) }

func (d *Defect) spec(_ activity.Spec, body []byte) []byte { return body }

func (d *Defect) plan(p disk.Plan) disk.Plan { return p }
