package link

import (
	"time"

	"yizhan/core/fault"
	"yizhan/core/wire"
)

// metaTrouble names the newest Trouble in a device's store: people ask about it
// after the program was started anew.
const metaTrouble = "link.trouble"

// troubleAgain is how often the same trouble is written again: a device that tries
// every minute must not wear its disk out.
const troubleAgain = time.Hour

// Trouble is why a session ended, and when that was on the device's clock.
type Trouble struct {
	Kind fault.Kind `cbor:"1,keyasint"`
	At   int64      `cbor:"2,keyasint"` // Unix milliseconds
}

func (d *Device) readTrouble() error {
	stored, err := d.cfg.Store.Meta(metaTrouble)
	if err != nil || stored == nil {
		return err
	}
	if wire.DecodeRow(stored, &d.status.Last) != nil {
		d.status.Last = Trouble{} // it is only for people to read
	}
	return nil
}

// keepTrouble notes why a session ended. A store that fails says so elsewhere.
func (d *Device) keepTrouble(why *fault.Error) {
	if why == nil {
		return
	}
	now := Trouble{Kind: why.Kind, At: d.cfg.Now().UnixMilli()}
	d.mu.Lock()
	last := d.status.Last
	write := last.Kind != now.Kind || now.At-last.At >= troubleAgain.Milliseconds() || now.At < last.At
	if write {
		d.status.Last = now
	}
	d.mu.Unlock()
	if !write {
		return
	}
	body, err := wire.EncodeRow(now)
	if err == nil {
		err = d.cfg.Store.SetMeta(map[string][]byte{metaTrouble: body})
	}
	if err != nil {
		d.log.Warn("trouble not kept", "error", err)
	}
}
