package session_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"testing"

	"yizhan/core/fault"
	"yizhan/core/link"
	"yizhan/core/local/memory"
)

// TestRelayedTLS has a middleman whom the device's machine trusts, as a company
// proxy with a certificate of its own is, relay every byte of a session.
func TestRelayedTLS(t *testing.T) {
	s := newSite(t, func(s *site) { s.tls = true })
	pool := x509.NewCertPool()
	pool.AddCert(s.http.Certificate())
	trust := &tls.Config{RootCAs: pool, ServerName: "example.com"}
	store := memory.New()
	direct := s.open(store, func(c *link.Config) { c.TLS = trust })
	if _, err := direct.Enrol(s.ctx(), "PHONE-CODE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.ctx())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		direct.Run(ctx)
	}()
	if _, err := direct.Wait(s.ctx(), s.do(direct, claim(1))); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-ended

	middle, err := tls.Listen("tcp", "127.0.0.1:0", s.http.TLS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { middle.Close() })
	go func() {
		for {
			from, err := middle.Accept()
			if err != nil {
				return
			}
			to, err := tls.Dial("tcp", s.http.Listener.Addr().String(), trust.Clone())
			if err != nil {
				from.Close()
				return
			}
			go relay(from, to)
			go relay(to, from)
		}
	}()
	relayed := s.open(store, func(c *link.Config) {
		c.TLS = trust
		c.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, middle.Addr().String())
		}
	})
	s.run(relayed)
	s.until(relayed, "refused", func() bool {
		p := relayed.Status().Problem
		return p != nil && p.Kind == fault.Unauthenticated && !relayed.Status().Online
	})
}

func relay(from, to net.Conn) {
	io.Copy(to, from)
	to.Close()
}
