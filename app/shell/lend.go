package shell

import (
	"time"

	"fyne.io/fyne/v2"

	"yizhan/core/fault"
	"yizhan/core/lease"
	"yizhan/core/link"
	"yizhan/core/op"
)

// NewHolder makes the part of a kiosk or staff device that grants from its leases.
func NewHolder(env *Env) *lease.Holder {
	return lease.New(lease.Config{Keeps: true, Store: env.Store, Outbox: env.Link, Zone: env.Zone, Boot: link.Boot, Status: func() lease.Status {
		st := env.Link.Status()
		return lease.Status{Online: st.Online, Revoked: st.Problem != nil && st.Problem.Kind == fault.RevokedDevice}
	}})
}

// Claim decides a claim by a lease of this device, or queues it for the server:
// then the result is pending.
func (e *Env) Claim(o op.Op) (op.Result, error) {
	if e.Holder != nil {
		if r, _, handled, err := e.Holder.Claim(o, e.Now()); handled || err != nil {
			return r, err
		}
	}
	_, err := e.Link.Do(o)
	return op.Result{Outcome: op.Pending}, err
}

// KeepLeases renews leases and gives them back in time, until Ctx ends.
func (e *Env) KeepLeases() {
	news := make(chan struct{}, 1)
	stop := e.Link.Notify(func() {
		select {
		case news <- struct{}{}:
		default: // it will look anyway
		}
	})
	go func() {
		defer stop()
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		var failed bool
		for {
			select {
			case <-ticker.C:
			case <-news:
			case <-e.Ctx.Done():
				return
			}
			err := e.Holder.Tick(e.Now())
			if err != nil && !failed { // once is enough for the log; the next second may do better
				fyne.LogError("keep leases", err)
			}
			failed = err != nil
		}
	}()
}
