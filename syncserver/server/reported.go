package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"yizhan/core/id"
)

// reported lists who has told what it knows since the server was restored.
type reported struct {
	Epoch   int                    `json:"epoch"`
	Devices map[id.Device]struct{} `json:"devices"`
}

// heard notes that nothing of a device is missing any more. All devices come back in one
// hour, and each waits for the one before it: a note is a line that is not synced.
func (s *Server) heard(d id.Device, epoch int) error {
	r := &s.recovery
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reported.Epoch != epoch {
		begun := reported{Epoch: epoch, Devices: map[id.Device]struct{}{}}
		if err := errors.Join(r.closeNotes(), s.writeFile(reportedFile, begun)); err != nil {
			return err
		}
		r.reported = begun
	}
	if _, known := r.reported.Devices[d]; known {
		return nil
	}
	r.reported.Devices[d] = struct{}{}
	if err := s.note(d); err != nil {
		s.cfg.Log.Warn("after a restart a device will look as if it had not reported since the restore", "device", d, "error", err)
	}
	return nil
}

// note appends a device. Its line begins with the break: half of a line that a power cut
// or a full disk has left costs no other.
func (s *Server) note(d id.Device) (err error) {
	r := &s.recovery
	if r.notes == nil {
		if r.notes, err = os.OpenFile(s.path(reportedFile), os.O_WRONLY|os.O_APPEND, 0); err != nil {
			r.notes = nil
			return err
		}
	}
	line, err := json.Marshal(d)
	if err == nil {
		_, err = r.notes.Write(append([]byte{'\n'}, line...))
	}
	return err
}

// closeNotes makes the notes durable.
func (r *recovery) closeNotes() error {
	if r.notes == nil {
		return nil
	}
	err := errors.Join(r.notes.Sync(), r.notes.Close())
	r.notes = nil
	return err
}

// readReported takes up who has reported: a line that is not whole is as if it had not been written.
func (s *Server) readReported() error {
	r := &s.recovery.reported
	r.Devices = map[id.Device]struct{}{}
	data, err := os.ReadFile(s.path(reportedFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	first, notes, _ := bytes.Cut(data, []byte{'\n'})
	if err := json.Unmarshal(first, r); err != nil {
		return fmt.Errorf("read %s: %w", s.path(reportedFile), err)
	}
	for line := range bytes.Lines(notes) {
		var d id.Device
		if json.Unmarshal(line, &d) == nil {
			r.Devices[d] = struct{}{}
		}
	}
	return nil
}
