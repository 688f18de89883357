package load

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what every load command is given.
type Config struct {
	Program string // the server's, which is started as a process
	Dir     string // data directories are made in it
	Devices int
	TLS     bool
	Profile string                           // folder for profiles of the server; "" is none
	Say     func(format string, args ...any) // progress, for people
}

// patience is how long a load may take as a whole before it is given up.
const patience = 5 * time.Minute

// crowd is a server and its connected phones.
type crowd struct {
	world  *World
	server *Process
	flags  []string // of the server
	net    *Net
	phones []*Phone
	ended  sync.WaitGroup
	failed chan error // room for one
}

// gather settles a world, starts its server, and makes its phones.
func gather(ctx context.Context, c Config, name string, quota, each int) (*crowd, error) {
	if most := Sockets(); c.Devices > most {
		return nil, fmt.Errorf("%d devices need as many file descriptors, and a process may have %d here: as root say `ulimit -n %d` first, or take fewer -devices", c.Devices, most, c.Devices+spare)
	}
	dir := filepath.Join(c.Dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	began := time.Now()
	world, err := MakeWorld(ctx, dir, c.Devices, quota, each)
	if err != nil {
		return nil, err
	}
	c.Say("enrolled %d phones in %.1f s", c.Devices, time.Since(began).Seconds())
	g := &crowd{world: world, flags: []string{"-profile", c.Profile}, failed: make(chan error, 1)}
	var trust *x509.CertPool
	if c.TLS {
		if trust, err = g.certify(dir); err != nil {
			return nil, err
		}
	}
	if g.net, err = NewNet(trust); err != nil {
		return nil, err
	}
	if err := g.serve(ctx, c, "127.0.0.1:0"); err != nil {
		return nil, err
	}
	g.phones = make([]*Phone, c.Devices)
	for i, who := range world.Devices {
		if g.phones[i], err = g.net.NewPhone(world, who); err != nil {
			return nil, errors.Join(err, g.leave())
		}
	}
	return g, nil
}

// serve starts the server.
func (g *crowd) serve(ctx context.Context, c Config, addr string) (err error) {
	g.server, err = Serve(ctx, c.Program, g.world.Dir, addr, g.flags...)
	return err
}

// connectors is how many phones shake hands at once: fewer than the server's limit for strangers.
const connectors = 256

// connect brings all phones online, and runs them.
func (g *crowd) connect(ctx context.Context) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range connectors {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(g.phones); i = int(next.Add(1)) - 1 {
				if err := g.phones[i].Connect(ctx, g.server.Addr); err != nil {
					g.fail(fmt.Errorf("phone %d: %w", i, err))
					return
				}
				g.run(g.phones[i])
			}
		})
	}
	wg.Wait()
	return g.wrong()
}

func (g *crowd) run(p *Phone) {
	g.ended.Go(func() {
		if err := p.Run(); err != nil && !p.closing.Load() {
			g.fail(fmt.Errorf("phone %s: %w", p.who.Device, err))
		}
	})
}

func (g *crowd) fail(err error) {
	select {
	case g.failed <- err:
	default: // the first says enough
	}
}

func (g *crowd) wrong() error {
	select {
	case err := <-g.failed:
		return err
	default:
		return nil
	}
}

// each calls fn for every phone, from several goroutines.
func (g *crowd) each(fn func(i int, p *Phone) error) {
	const workers = 4
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(g.phones); i += workers {
				if err := fn(i, g.phones[i]); err != nil {
					g.fail(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// leave hangs up all phones and stops the server.
func (g *crowd) leave() error {
	for _, p := range g.phones {
		if p != nil {
			p.Close()
		}
	}
	g.ended.Wait()
	return g.server.Stop()
}
