package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"

	"yizhan/core/link"
	"yizhan/core/link/blob"
	"yizhan/core/wire"
)

// attachment is a file that one device sends and others fetch, over requests beside
// the session. Its bytes lie in real files: power cuts do not touch them.
type attachment struct {
	name    wire.Blob
	content []byte
	sent    bool       // the server said that it has it
	to      []*machine // who is to have it
}

// attach has somebody send a file, in every third world.
func (w *World) attach() {
	if w.side.IntN(3) > 0 {
		return
	}
	able := slices.DeleteFunc(slices.Clone(w.machines), func(m *machine) bool { return m.venue != nil || m.hub != nil })
	w.side.Shuffle(len(able), func(i, j int) { able[i], able[j] = able[j], able[i] })
	a := &attachment{content: make([]byte, 1+w.side.IntN(3*wire.BlobPiece/2)), to: able[1:3]}
	source(w.seed, 901).Read(a.content) // it never fails
	w.attached = a
	w.after(5_000+w.side.Int64N(60_000), func() { w.send(a, able[0]) })
}

// send has a device keep the file, and try to send it until the server has it.
func (w *World) send(a *attachment, from *machine) {
	switch {
	case from.gone || from.wiped || a.sent:
		return
	case from.on:
		from.transfer(func(c *blob.Client) error {
			b, err := c.Add(bytes.NewReader(a.content))
			if err == nil {
				a.name = b
				err = c.Put(context.Background(), b)
			}
			return err
		}, func() {
			if a.sent {
				return // a try that had to wait came after the next one
			}
			w.note("%s has sent an attachment of %d bytes", from.label, len(a.content))
			a.sent = true
			for _, m := range a.to {
				w.fetch(a, m)
			}
		})
	}
	w.after(2_000+w.side.Int64N(15_000), func() { w.send(a, from) })
}

// fetch has a device try to get the file until it has it.
func (w *World) fetch(a *attachment, m *machine) {
	switch {
	case m.gone || m.wiped:
		return
	case m.on:
		var path string
		m.transfer(func(c *blob.Client) (err error) {
			path, err = c.Get(context.Background(), a.name)
			return err
		}, func() {
			w.note("%s has the attachment", m.label)
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, a.content) {
				w.fail("%s has fetched an attachment of %d bytes that is not what was sent: %v", m.label, len(got), err)
			}
		})
	}
	if !m.on || m.lacks(a) {
		w.after(2_000+w.side.Int64N(15_000), func() { w.fetch(a, m) })
	}
}

// lacks reports whether a device that is to have a file has it not.
func (m *machine) lacks(a *attachment) bool {
	if a == nil || !a.sent || !slices.Contains(a.to, m) || m.gone || m.wiped || !m.on {
		return false
	}
	c, err := m.link.StepAttachments(nil)
	return err != nil || !c.Has(a.name)
}

// transfer tries something with the attachments of a device. It may have to wait in
// the server, which may end meanwhile.
func (m *machine) transfer(try func(*blob.Client) error, done func()) {
	if m.moving == m.boots {
		return // the client is for one call at a time
	}
	c, err := m.link.StepAttachments(&courier{m: m, boots: m.boots})
	if err != nil {
		m.w.fail("open attachments: %v", err)
		return
	}
	m.moving = m.boots
	m.w.host.begin(func() {
		err := try(c)
		m.moving = 0
		switch {
		case err == nil:
			done()
		case !errors.Is(err, link.ErrOpsWait) && !errors.Is(err, errBroken):
			m.w.note("%s: %v", m.label, err)
		}
	})
}

// courier carries requests for attachments to the server and answers back, as far as
// the network lets it.
type courier struct {
	m     *machine
	boots int // the run of the device's program that they are of
}

// RoundTrip implements http.RoundTripper.
func (c *courier) RoundTrip(r *http.Request) (*http.Response, error) {
	m, h := c.m, c.m.w.host
	if !m.on || !m.net.up || !m.net.down || h.server == nil || !h.ready {
		return nil, errBroken
	}
	if n := m.link.Status().Waiting; n > 0 && r.Method != http.MethodHead {
		m.w.fail("%s carries an attachment while %d ops wait", m.label, n)
	}
	up, down := c.fault("attachment cut on its way up"), c.fault("attachment cut on its way down")
	if up && r.Body != nil {
		r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, m.w.side.Int64N(r.ContentLength+1)), broken{}))
	}
	s, answer := h.server, &answer{header: http.Header{}, status: http.StatusOK}
	s.Blobs().ServeHTTP(answer, r)
	if up || h.server != s || !m.on || m.boots != c.boots { // its program has ended while the server answered
		return nil, errBroken
	}
	body := answer.body.Bytes()
	reader := io.Reader(bytes.NewReader(body))
	switch {
	case down && len(body) == 0:
		return nil, errBroken // failed, but done
	case down:
		reader = io.MultiReader(bytes.NewReader(body[:m.w.side.IntN(len(body))]), broken{})
	case len(body) > 0 && r.Method == http.MethodGet && c.fault("attachment damaged on its way"):
		body[m.w.side.IntN(len(body))] ^= 1
	}
	return &http.Response{Status: fmt.Sprint(answer.status), StatusCode: answer.status, Header: answer.header, Body: io.NopCloser(reader),
		ContentLength: int64(len(body)), Request: r}, nil
}

// fault has a request go wrong now and then.
func (c *courier) fault(kind string) bool {
	odds := 8
	if c.m.net.lossy {
		odds = 2
	}
	if c.m.w.calm || c.m.w.side.IntN(odds) > 0 {
		return false
	}
	c.m.w.stats.fault(kind)
	return true
}

// broken is where a stream breaks off.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

// answer takes what the server answers.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
