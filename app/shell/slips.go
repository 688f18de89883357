package shell

import (
	"cmp"
	"encoding/json"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"yizhan/app/escpos"
	"yizhan/app/flow/slip"
	"yizhan/app/look"
	"yizhan/app/paper"
	slipview "yizhan/app/view/slip"
	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/wire"
)

// Matter gives what this device knows for a slip about an activity: title, rules,
// this station, and the one of the hand-over (of the activity's, where none was
// chosen). The caller adds seats, ticket, code and holder.
func (e *Env) Matter(a id.Activity, collect id.Station) (m slip.Matter, err error) {
	if m.Here, err = e.Station(); err != nil {
		return m, err
	}
	var row wire.ActivityRow
	if err := e.row(wire.TableActivity, string(a), &row); err != nil {
		return m, err
	}
	var spec activity.Spec
	if json.Unmarshal(row.Spec, &spec) == nil { // else of a newer server: a slip shows rules and decides none
		m.Rules, _ = activity.Compile(spec, e.Zone)
	}
	m.Title = cmp.Or(spec.Title, string(a))
	if collect == "" && m.Rules != nil {
		collect, _ = m.Rules.Station("")
	}
	if collect != "" {
		m.Collect.Name = string(collect)
		err = e.row(wire.TableStation, string(collect), &m.Collect)
	}
	return m, err
}

// row reads one row into v, which stays as it is where there is none.
func (e *Env) row(table, key string, v any) error {
	row, ok, err := e.Store.Get(table, key)
	if err != nil {
		return fmt.Errorf("read %s %s: %w", table, key, err)
	}
	if !ok {
		return nil
	}
	return wire.DecodeRow(row.Body, v)
}

// SlipPage gives a page that shows a slip as it will be printed, prints it when
// asked, and says what became of it. close leaves the page; then the slip is forgotten.
func (e *Env) SlipPage(s look.Scale, what paper.Slip, close func()) fyne.CanvasObject {
	page := container.NewStack()
	view := &slipview.View{Scale: s}
	var picture *escpos.Bitmap
	draw := func(state slip.State) {
		page.Objects = []fyne.CanvasObject{view.Draw(slipview.Model{Paper: picture, State: state, Printer: e.Press.Ready()})}
		page.Refresh()
	}
	slips := e.NewSlips(draw)
	view.Print = func() {
		if slips.State().Last == nil {
			slips.Send(slip.Print{Slip: what})
		} else {
			slips.Send(slip.Again{})
		}
	}
	view.Close = func() {
		slips.Send(slip.Forget{})
		close()
	}
	go func() {
		b, err := e.Press.Draw(what)
		e.Do(func() {
			if picture = b; err != nil {
				fyne.LogError("draw slip", err)
			}
			draw(slips.State())
		})
	}()
	draw(slips.State())
	return page
}
