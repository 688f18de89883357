// Package shell is what the three shells have in common: the parts that boot
// hands them, and the way back onto the UI goroutine.
package shell

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/device"
	"yizhan/app/device/maps"
	"yizhan/app/device/photos"
	"yizhan/app/device/sound"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/status"
	"yizhan/app/look"
	"yizhan/core/handover"
	"yizhan/core/id"
	"yizhan/core/lease"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Link is the part of core/link that shells use.
type Link interface {
	Identity() (wire.Enrolled, bool)
	Enrol(ctx context.Context, code string) (wire.Enrolled, error)
	Do(o op.Op, rows ...local.Row) (seq uint64, err error)
	DoRows(o op.Op, rows func(seq uint64) ([]local.Row, error)) (seq uint64, err error)
	OnRecall(fn func(wire.Recall) error)
	OnAnswer(fn func(map[uint64]op.Result) error)
	Wait(ctx context.Context, seq uint64) (op.Result, error)
	Notify(fn func()) (stop func())
	Status() link.Status
	Watch(a id.Activity)
	Gauge(a id.Activity) (wire.Gauge, bool)
	SetOnline(on bool)
	Ask(ctx context.Context, m wire.Ask) (wire.Told, error) // link.ErrOffline where nobody answers
}

// Counter decides a scanned code. The verdict is stored when it returns; an
// error means that it is not, and that nothing may be handed over.
type Counter interface {
	Redeem(code string, now time.Time) (pickup.Outcome, error)
	Decide(do pickup.Do, now time.Time) (pickup.Outcome, error)                            // Redeem of a code or a short code, or against the verdict
	Pass(what pickup.Subject, o handover.Options, now time.Time) (handover.Outcome, error) // a check-in: of a code, or of a ticket of the list
	TakeBack(t id.Ticket, now time.Time) error                                             // the last hand-over; handover.ErrNoUndo where it is too late
	ConfirmClock() error                                                                   // a person has compared the device's clock with their own
	Ask(o op.Op) (seq uint64, err error)                                                   // queues what is no scan; what it touches is not handed over meanwhile
}

// Env is what boot hands to a shell.
type Env struct {
	Ctx     context.Context // ends when the window closes
	Store   local.Store
	Link    Link
	Counter Counter       // nil on a phone
	Holder  *lease.Holder // nil on a phone
	Press   *Press        // prints slips, or says that no printer is set up
	Theme   *look.Theme
	Taste   *Taste        // never nil
	Speaker sound.Speaker // nil where nothing is to be heard
	App     fyne.App
	Window  fyne.Window
	Zone    *time.Location
	Now     func() time.Time
	Do      func(func())     // runs on the UI goroutine: fyne.Do
	Seconds <-chan time.Time // comes each second; nil: of the system's clock
	Offline bool             // started with the network off
	Server  string
	Data    string         // folder of this device's data
	Camera  *device.Camera // nil where there is none to be used
	Maps    *maps.Store    // never nil outside tests
	Photos  *photos.Store  // of stations; likewise

	scanning *Scanning // of the page that takes codes
}

// Clock is the server's time as far as the device knows it, in the zone of the deployment.
func (e *Env) Clock() time.Time { return e.Now().Add(e.Link.Status().Offset).In(e.Zone) }

// Bar says how fresh the data is.
func (e *Env) Bar() status.Bar {
	st := e.Link.Status()
	return status.Describe(status.Input{Online: st.Online, Off: e.Offline, AsOf: st.AsOf, Waiting: st.Waiting,
		Oldest: st.OldestWaiting, Problem: st.Problem, Offset: st.Offset}, e.Now().In(e.Zone))
}

// Connect tries the network now, also where it was switched off.
func (e *Env) Connect() { e.network(true) }

// Switch turns the network off and on again: for rehearsals, and to show that
// the counter works without it.
func (e *Env) Switch() { e.network(e.Offline) }

func (e *Env) network(on bool) {
	e.Offline = !on
	e.Link.SetOnline(on)
}

// Every calls fn on the UI goroutine each second, and after the link's news, until Ctx ends.
func (e *Env) Every(fn func(news bool)) {
	stop := e.Link.Notify(func() { e.Do(func() { fn(true) }) })
	go func() {
		defer stop()
		seconds := e.Seconds
		if seconds == nil {
			ticker := time.NewTicker(time.Second)
			defer ticker.Stop()
			seconds = ticker.C
		}
		for {
			select {
			case <-seconds:
				e.Do(func() { fn(false) })
			case <-e.Ctx.Done():
				return
			}
		}
	}()
}

// Full reports whether an error says that the disk is full.
func Full(err error) bool { return errors.Is(err, local.ErrFull) }

// Station gives the row of the device's own place, if it is known.
func (e *Env) Station() (wire.StationRow, error) {
	var station wire.StationRow
	who, _ := e.Link.Identity()
	row, ok, err := e.Store.Get(wire.TableStation, string(who.Station))
	if err != nil {
		return station, fmt.Errorf("read station: %w", err)
	}
	if !ok {
		return wire.StationRow{ID: who.Station, Name: string(who.Station)}, nil
	}
	return station, wire.DecodeRow(row.Body, &station)
}
