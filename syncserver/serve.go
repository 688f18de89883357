package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"syscall"
	"time"
	_ "time/tzdata" // a kiosk image may have no zone files

	"yizhan/core/wire"
	"yizhan/syncserver/control"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/server"
	"yizhan/syncserver/session"
)

// stopTime is how long a stopping server waits for those it talks to, and for the digest
// of its state, which takes ten seconds where there are a million members and other work.
const stopTime = time.Minute

func serve(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	addr := fs.String("addr", "127.0.0.1:8640", "address for devices; use :8640 to serve the network")
	zone := zoneFlag(fs)
	cert := fs.String("tls-cert", "", "certificate file; with -tls-key devices connect by wss://")
	key := fs.String("tls-key", "", "key file of -tls-cert")
	production := fs.Bool("production", false, "refuse the made-up identities of the demo city (IDs of region 999, phones that begin with 100)")
	asJSON := fs.Bool("log-json", false, "write the log as JSON")
	profiles := fs.String("profile", "", "write cpu.pprof and heap.pprof into this `folder` when the server is stopped, for go tool pprof")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	if (*cert == "") != (*key == "") {
		return fmt.Errorf("%w: -tls-cert and -tls-key belong together", errUsage)
	}
	location, err := zone()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if *asJSON {
		log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	tuneMemory()
	profiled, err := profile(*profiles)
	if err != nil {
		return err
	}
	s, err := server.Open(server.Config{Dir: *data, Zone: location, Now: time.Now, Random: rand.Reader, Log: log, Production: *production,
		Fatal: func(err error) {
			// Memory and disk may not agree any more: only a new start from the journal is honest.
			log.Error("the server ends to protect the journal", "error", err)
			os.Exit(2)
		}})
	if errors.Is(err, journal.ErrDamaged) {
		return fmt.Errorf("%w; see what is left with: syncserver verify -data %s, and restore the newest backup", err, *data)
	}
	if err != nil {
		return err
	}
	return errors.Join(run(s, *data, *addr, *cert, *key, log), profiled(), closeServer(s))
}

// profile begins to write where the server's time and memory go; done writes the rest.
func profile(folder string) (done func() error, err error) {
	if folder == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(filepath.Join(folder, "cpu.pprof"))
	if err != nil {
		return nil, fmt.Errorf("write profile: %w", err)
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(fmt.Errorf("write profile: %w", err), cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(folder, "heap.pprof"))
		if err == nil {
			err = errors.Join(pprof.WriteHeapProfile(heap), heap.Close())
		}
		return errors.Join(err, cpu.Close())
	}, nil
}

// tuneMemory lets garbage collection wait: the state is large and lives long, and
// marking it often would cost more than the memory. Near memoryLimit it stops waiting;
// the state of 1,460,000 members is 1.3 GiB, and has to stay well below.
func tuneMemory() {
	const memoryLimit = 3 << 30
	debug.SetGCPercent(200)
	debug.SetMemoryLimit(memoryLimit)
}

// Times and sizes of tidying up.
const (
	tidyEvery = 10 * time.Second
	quiet     = 16 << 20 // bytes allocated meanwhile: a crowd that only says that it is there
	rubbish   = 64 << 20 // bytes allocated since: worth a collection
)

// tidy gives memory back to the system once nothing happens any more: between two
// collections there may be twice as much rubbish as there is state (tuneMemory).
type tidy struct {
	next       time.Time
	seen, done uint64 // bytes ever allocated, when it was looked at and when it was tidied
}

func (t *tidy) look(now time.Time) {
	if now.Before(t.next) {
		return
	}
	t.next = now.Add(tidyEvery)
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	allocated := sample[0].Value.Uint64()
	if allocated-t.seen < quiet && allocated-t.done > rubbish {
		t.done = allocated
		go debug.FreeOSMemory()
	}
	t.seen = allocated
}

func closeServer(s *server.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return s.Close(ctx)
}

// run serves devices and commands until a signal or a failure.
func run(s *server.Server, data, addr, cert, key string, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	commands, err := control.Listen(data)
	if err != nil {
		return err
	}
	defer os.Remove(filepath.Join(data, control.Socket))
	devices, err := net.Listen("tcp", addr)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for devices: %w; another program may use the address, choose one with -addr", err), commands.Close())
	}
	mux := http.NewServeMux()
	mux.Handle(session.Path, s.Handler())
	mux.Handle(wire.BlobPath, s.Blobs())
	failed := make(chan error, 2)
	public := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	private := &http.Server{Handler: control.Handler(s)}
	go func() {
		if cert != "" {
			failed <- public.ServeTLS(devices, cert, key)
			return
		}
		failed <- public.Serve(devices)
	}()
	go func() { failed <- private.Serve(commands) }()
	log.Info("serving", "devices", devices.Addr().String()+session.Path, "tls", cert != "", "data", data)
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		if err := s.OpenNames(ctx); err != nil && ctx.Err() == nil {
			log.Warn("names of check-in lists are opened when somebody asks for them", "error", err)
		}
	}()
	defer func() { stop(); <-opened }()
	var memory tidy
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			s.Tick()
			memory.look(now)
		case err := <-failed:
			return fmt.Errorf("serve: %w", err)
		case <-ctx.Done():
			log.Info("stopping")
			return errors.Join(public.Close(), private.Close())
		}
	}
}
