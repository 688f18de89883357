package load

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Idle is devices that are connected while nothing happens.
type Idle struct {
	Config
	Quiet time.Duration // how long the server is watched; the ping of every device falls into 50 s
}

// Run connects the devices and watches the server, whose memory is its own
// process's: sockets' buffers in the kernel are not in it.
func (i Idle) Run(ctx context.Context) (*Report, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked, most := i.Devices, Sockets()
	i.Devices = min(asked, most)
	g, err := gather(ctx, i.Config, "crowd", i.Devices, 1)
	if err != nil {
		return nil, err
	}
	report, err := i.watch(ctx, g)
	if err = errors.Join(err, g.leave()); err != nil {
		return nil, err
	}
	if asked > most {
		report.Note("a process may have %d file descriptors here, so %d devices were connected; for all: ulimit -n %d, as root", most+spare, i.Devices, asked+spare)
	}
	return report, nil
}

func (i Idle) watch(ctx context.Context, g *crowd) (*Report, error) {
	before, err := g.server.Usage()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := g.connect(ctx); err != nil {
		return nil, err
	}
	if err := g.current(ctx, began); err != nil {
		return nil, err
	}
	connected := time.Since(began)
	i.Say("connected in %.1f s; now nothing happens", connected.Seconds())
	if err := wait(ctx, g, i.Quiet); err != nil { // what the handshakes left behind is tidied up meanwhile
		return nil, err
	}
	idle, err := g.server.Usage()
	if err != nil {
		return nil, err
	}
	own, began := Own(), time.Now()
	if err := wait(ctx, g, i.Quiet); err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	own = Own() - own
	after, err := g.server.Usage()
	if err != nil {
		return nil, err
	}
	name, command, goal := fmt.Sprintf("Crowd/devices=%d", i.Devices), fmt.Sprintf("load crowd -devices %d", i.Devices), 10.0
	if i.TLS {
		name, command, goal = name+"/tls", command+" -tls", 24
	}
	r := NewReport(name, command)
	each := func(bytes int64) float64 { return float64(bytes) / 1024 / float64(i.Devices) }
	r.AddMost("server: resident memory of a device", each(after.Resident-before.Resident), "KiB/device", goal)
	r.AddMost("server: CPU while nothing happens", 100*(after.CPU-idle.CPU).Seconds()/took, "cpu-%", 5)
	r.Add("load program: CPU meanwhile", 100*own.Seconds()/took, "load-cpu-%")
	r.Add("server: resident, of nobody", float64(before.Resident)/(1<<20), "empty-MiB")
	r.Add("server: resident, of all", float64(after.Resident)/(1<<20), "resident-MiB")
	r.Add("server: at most, while they came", float64(after.Peak)/(1<<20), "peak-MiB")
	r.Add("all connected and current in", connected.Seconds(), "connect-s")
	return r, nil
}

// wait lets time pass, unless a phone fails.
func wait(ctx context.Context, g *crowd, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case err := <-g.failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// current waits until every phone has been told that its rows are complete as of a moment after since.
func (g *crowd) current(ctx context.Context, since time.Time) error {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for i := 0; i < len(g.phones); {
		if g.phones[i].device.Status().AsOf.After(since) {
			i++
			continue
		}
		select {
		case <-look.C:
		case err := <-g.failed:
			return err
		case <-ctx.Done():
			return fmt.Errorf("phone %d is not current: %w", i, ctx.Err())
		}
	}
	return nil
}
