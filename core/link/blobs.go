package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"yizhan/core/link/blob"
	"yizhan/core/replica"
	"yizhan/core/wire"
)

// blobTime is how long a server may let a request for an attachment wait before
// it answers.
const blobTime = 30 * time.Second

// Attachments gives the device's attachments, in Config.Attachments. They have a
// connection of their own, and wait while ops wait.
func (d *Device) Attachments() (*blob.Client, error) {
	if d.cfg.Attachments == "" {
		return nil, errors.New("open attachments: no folder is configured for them")
	}
	transport := &http.Transport{DialContext: d.cfg.Dial, Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: 1,
		TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: blobTime, IdleConnTimeout: readTime, DisableCompression: true}
	if d.cfg.TLS != nil {
		transport.TLSClientConfig = d.cfg.TLS.Clone() // the transport changes its own
	}
	return d.attachments(transport, d.idle)
}

func (d *Device) attachments(carry http.RoundTripper, idle func(context.Context) error) (*blob.Client, error) {
	return blob.New(blob.Config{Dir: d.cfg.Attachments, URL: d.address(), Sign: d.signRequest, HTTP: &http.Client{Transport: carry}, Idle: idle, Quiet: d.quiet})
}

// signRequest signs one HTTP request as this device.
func (d *Device) signRequest(method, path, ranged string) (string, error) {
	who, ok := d.Identity()
	if !ok {
		return "", ErrNotEnrolled
	}
	key, err := d.key()
	if err != nil {
		return "", err
	}
	deployment, err := d.cfg.Store.Meta(replica.MetaDeployment)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(d.cfg.Random, nonce); err != nil {
		return "", fmt.Errorf("make nonce: %w", err)
	}
	a := wire.BlobAuth{Device: who.Device, Time: d.cfg.Now().Add(d.Status().Offset).UnixMilli(), Nonce: nonce}
	signed, err := wire.BlobRequest{Deployment: string(deployment), Device: a.Device, Method: method, Path: path, Range: ranged, Time: a.Time, Nonce: nonce}.Bytes()
	if err != nil {
		return "", err
	}
	a.Signature = key.SignBytes(wire.SignBlob, signed)
	return a.Header()
}

// idle waits until every op is answered: an attachment never holds one up.
func (d *Device) idle(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	defer d.Notify(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})()
	for d.Status().Waiting > 0 {
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// quiet gives a context that ends as soon as an op waits for the server.
func (d *Device) quiet(ctx context.Context) (context.Context, context.CancelFunc) {
	quiet, cancel := context.WithCancel(ctx)
	look := func() {
		if d.Status().Waiting > 0 {
			cancel()
		}
	}
	stop := d.Notify(look)
	look()
	return quiet, func() { stop(); cancel() }
}

// eraseAttachments is part of a wipe, and comes first: until the store is erased,
// a device that lost power is wiped again.
func (d *Device) eraseAttachments() error {
	if d.cfg.Attachments == "" {
		return nil
	}
	if err := os.RemoveAll(d.cfg.Attachments); err != nil {
		return fmt.Errorf("erase attachments: %w", err)
	}
	return nil
}

// ErrOpsWait says that an attachment has to wait because ops do.
var ErrOpsWait = errors.New("ops wait for the server; attachments come after them")

// StepAttachments is Attachments over requests that the caller carries, for a simulator:
// where the client would wait for ops it ends with ErrOpsWait.
func (d *Device) StepAttachments(carry http.RoundTripper) (*blob.Client, error) {
	idle := func(ctx context.Context) error {
		if d.Status().Waiting > 0 {
			return ErrOpsWait
		}
		return ctx.Err()
	}
	return d.attachments(carry, idle)
}
