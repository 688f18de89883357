package link

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yizhan/core/clock"
	"yizhan/core/fault"
	"yizhan/core/local"
	"yizhan/core/replica"
)

// errWiped is the problem of a device that had to erase itself.
var errWiped = fault.Errorf(fault.RevokedDevice, "%v", ErrWiped)

// wipe erases the device, unless somebody pressed a button meanwhile: that op goes
// to the server first. A store may fail after it has erased; then it is erased.
func (s *session) wipe(e replica.Wipe) *replica.Close {
	d := s.d
	d.order.Lock()
	defer d.order.Unlock()
	if d.last != e.Last {
		return nil // the session hears of the op, and asks again
	}
	if err := d.eraseAttachments(); err != nil {
		return &replica.Close{Why: storage(err)}
	}
	if address, err := d.cfg.Store.Meta(replica.MetaAddress); err == nil && address != nil {
		e.Keep[replica.MetaAddress] = address // where the receipt has to go
	}
	err := d.cfg.Store.Wipe(e.Keep)
	identity, readErr := d.cfg.Store.Meta(replica.MetaIdentity)
	if readErr != nil || identity != nil {
		return &replica.Close{Why: storage(errors.Join(err, readErr))}
	}
	if err != nil {
		d.log.Error("the device is erased, but its file may hold old bytes until the next start", "error", err)
	}
	d.log.Warn("the server had this device erased")
	d.forgetAll(e.Keep[replica.MetaReceipt])
	s.erased = true
	return s.do(s.replica.Erased())
}

// forgetAll brings memory to what the store is: nothing. The caller holds d.order.
func (d *Device) forgetAll(receipt []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last, d.hash = 0, local.State{}.Hash
	for _, q := range d.ops {
		if !q.done() {
			q.err = ErrWiped
			close(q.answered)
		}
	}
	d.identity, d.receipt, d.inbox, d.waiting, d.gauge, d.watched = nil, receipt, nil, nil, nil, ""
	d.ops = map[uint64]*question{}
	d.status, d.server = Status{Problem: errWiped, Wiped: true}, clock.Anchor{}
	d.changed()
}

// delivered notes that the server has the receipt.
func (d *Device) delivered(values map[string][]byte) {
	if value, set := values[replica.MetaReceipt]; set && value == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.receipt = nil
	}
}

// turn is one connection: to work, or to hand in the receipt of a wipe that the
// server may not know of yet. A device that is enrolled again does both.
func (d *Device) turn(ctx context.Context) (welcomed bool, end replica.Close) {
	d.mu.Lock()
	receipt, enrolled := d.receipt, d.identity != nil
	d.mu.Unlock()
	if receipt != nil {
		if err := d.leave(ctx, receipt); err != nil {
			d.log.Info("receipt of the wipe is not delivered yet", "error", err)
		}
	}
	if !enrolled {
		return false, replica.Close{}
	}
	return d.session(ctx)
}

// leave tells the server that the device was wiped.
func (d *Device) leave(ctx context.Context, receipt []byte) error {
	leaving, err := replica.NewLeaving(d.cfg.Codec, d.cfg.App, receipt)
	if err != nil {
		return errors.Join(err, d.cfg.Store.SetMeta(map[string][]byte{replica.MetaReceipt: nil}))
	}
	conn, binding, nonce, err := d.connect(ctx, d.address())
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	conn.SetReadDeadline(time.Now().Add(dialTime))
	s := &session{d: d, conn: conn}
	stop := s.do(leaving.Open(nonce, binding))
	for stop == nil {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		stop = s.do(leaving.Frame(frame))
	}
	if !stop.Final && stop.Why != nil {
		return fmt.Errorf("hand in receipt: %w", stop.Why)
	}
	return nil
}
