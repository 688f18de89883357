package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"yizhan/core/link"
)

// Herd is everybody coming back after the server was restarted.
type Herd struct{ Config }

// Run kills the server of a connected crowd, starts it again, and waits until every
// phone is current. Phones try again as the app does (link.Longer, Device.Jitter).
func (h Herd) Run(ctx context.Context) (*Report, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	g, err := gather(ctx, h.Config, "herd", h.Devices, 1)
	if err != nil {
		return nil, err
	}
	report, err := h.restart(ctx, g)
	if err = errors.Join(err, g.leave()); err != nil {
		return nil, err
	}
	return report, nil
}

func (h Herd) restart(ctx context.Context, g *crowd) (*Report, error) {
	began := time.Now()
	if err := g.connect(ctx); err != nil {
		return nil, err
	}
	if err := g.current(ctx, began); err != nil {
		return nil, err
	}
	h.Say("connected in %.1f s", time.Since(began).Seconds())
	for _, p := range g.phones {
		p.closing.Store(true) // that the connection ends is no failure now
	}
	g.server.Kill()
	g.ended.Wait()
	killed := time.Now()
	back := make([]time.Duration, len(g.phones))
	var coming sync.WaitGroup
	for i, p := range g.phones {
		coming.Go(func() {
			if err := h.comeBack(ctx, g, p, killed); err != nil {
				g.fail(err)
				return
			}
			back[i] = time.Since(killed)
		})
	}
	own := Own()
	if err := g.serve(ctx, h.Config, g.server.Addr); err != nil {
		return nil, err
	}
	up := time.Since(killed)
	coming.Wait()
	if err := g.wrong(); err != nil {
		return nil, err
	}
	own = Own() - own
	after, err := g.server.Usage()
	if err != nil {
		return nil, err
	}
	slices.Sort(back)
	r := NewReport(fmt.Sprintf("Herd/devices=%d", h.Devices), fmt.Sprintf("load herd -devices %d", h.Devices))
	r.AddMost("from the kill to the last phone current", back[len(back)-1].Seconds(), "all-s", 30)
	r.Add("the same, half of the phones", quantile(back, 0.5).Seconds(), "half-s")
	r.Add("from the kill to the server listening", up.Seconds(), "up-s")
	r.Add("server: at most resident", float64(after.Peak)/(1<<20), "peak-MiB")
	r.Add("server: CPU of one phone", 1000*after.CPU.Seconds()/float64(h.Devices), "server-cpu-ms")
	r.Add("load program: CPU of one phone", 1000*own.Seconds()/float64(h.Devices), "load-cpu-ms")
	return r, nil
}

// comeBack connects a phone again, with the app's pauses, and returns once it is current.
func (h Herd) comeBack(ctx context.Context, g *crowd, p *Phone, since time.Time) error {
	pause := time.Duration(0)
	for {
		pause = link.Longer(pause)
		if err := wait(ctx, g, p.device.Jitter(pause)); err != nil {
			return err
		}
		if err := p.Connect(ctx, g.server.Addr); err == nil {
			break
		} else if ctx.Err() != nil {
			return err
		}
	}
	current := make(chan struct{})
	var once sync.Once
	p.mu.Lock()
	p.Changed = func(p *Phone) {
		if p.device.Status().AsOf.After(since) {
			once.Do(func() { close(current) })
		}
	}
	p.closing.Store(false)
	p.mu.Unlock()
	g.run(p)
	select {
	case <-current:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("phone %s is not current: %w", p.who.Device, ctx.Err())
	}
}
