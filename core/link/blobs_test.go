package link

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// An attachment waits until every op is answered.
func TestAttachmentsWaitForOps(t *testing.T) {
	d := open(t, enrolled(t))
	if err := d.idle(context.Background()); err != nil {
		t.Errorf("with nothing to send: %v", err)
	}
	seq, err := d.Do(redeem)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.idle(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("with an op that waits: %v", err)
	}
	done := make(chan error)
	go func() { done <- d.idle(context.Background()) }()
	if err := d.store(map[uint64]wire.Answer{seq: {Result: op.Result{Outcome: op.OK}}}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("once it is answered: %v", err)
	}
}

func TestRequestsAreSigned(t *testing.T) {
	store := enrolled(t)
	d := open(t, store)
	header, err := d.signRequest("GET", "/v1/blob/00", "bytes=0-1")
	if err != nil {
		t.Fatal(err)
	}
	a, err := wire.ParseBlobAuth(header)
	if err != nil || a.Device != "d1" || a.Time != 5000 || len(a.Nonce) != 16 {
		t.Fatalf("%+v, %v", a, err)
	}
	file, _ := store.Meta("device.key")
	key, err := seal.ParsePrivate(file)
	if err != nil {
		t.Fatal(err)
	}
	signed, _ := wire.BlobRequest{Deployment: "x", Device: "d1", Method: "GET", Path: "/v1/blob/00", Range: "bytes=0-1", Time: 5000, Nonce: a.Nonce}.Bytes()
	if err := key.Public().VerifyBytes(wire.SignBlob, signed, a.Signature); err != nil {
		t.Error(err)
	}
	if _, err := open(t, memory.New()).signRequest("GET", "/", ""); !errors.Is(err, ErrNotEnrolled) {
		t.Errorf("without an enrolment: %v", err)
	}
	if _, err := d.Attachments(); err == nil {
		t.Error("attachments without a folder")
	}
}

func TestWipeTakesAttachments(t *testing.T) {
	d := open(t, enrolled(t))
	d.cfg.Attachments = filepath.Join(t.TempDir(), "attachments")
	c, err := d.Attachments()
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Add(strings.NewReader("photo"))
	if err == nil {
		err = d.eraseAttachments()
	}
	if err != nil || c.Has(b) {
		t.Errorf("left behind: %v", err)
	}
	if _, err := os.Stat(d.cfg.Attachments); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
}
