package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/link/blob"
)

// attachments opens a client's attachments in a folder of its own.
func (c *client) attachments() *blob.Client {
	c.t.Helper()
	a, err := c.Device.Attachments()
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

// TestAttachments sends one from a device to another through the real server;
// a device that is revoked gets and sends nothing, and keeps nothing.
func TestAttachments(t *testing.T) {
	p, _, c := settled(t)
	kiosk := p.enrolled("kiosk", "-role", "kiosk", "-station", string(c.Kiosk))
	staff := p.enrolled("staff", "-role", "staff", "-station", string(c.Kiosk))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	want := bytes.Repeat([]byte("照片"), 150_000)
	b, err := kiosk.attachments().Add(bytes.NewReader(want))
	if err == nil {
		err = kiosk.attachments().Put(ctx, b)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(p.data, "blobs", b.String()[:2], b.String())); err != nil {
		t.Error(err)
	}
	path, err := staff.attachments().Get(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived, want %d (%v)", len(got), len(want), err)
	}
	other, err := staff.attachments().Add(strings.NewReader("later"))
	if err != nil {
		t.Fatal(err)
	}
	me, _ := staff.Identity()
	staff.halt() // it hears nothing of what follows
	p.must("revoke", string(me.Device))
	var f *fault.Error
	if err := staff.attachments().Put(ctx, other); !errors.As(err, &f) || f.Kind != fault.RevokedDevice {
		t.Errorf("put by a revoked device: %v", err)
	}
	if err := staff.attachments().Remove(b); err != nil {
		t.Fatal(err)
	}
	if _, err := staff.attachments().Get(ctx, b); !errors.As(err, &f) || f.Kind != fault.RevokedDevice {
		t.Errorf("get by a revoked device: %v", err)
	}
	staff.run()
	until(t, "the revoked device has erased its attachments", func() bool {
		_, err := os.Stat(filepath.Dir(filepath.Dir(staff.attachments().Path(other))))
		return staff.Status().Wiped && errors.Is(err, os.ErrNotExist)
	})
}
