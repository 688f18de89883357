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
	"syscall"
	"time"

	"yizhan/core/local/sqlite"
	"yizhan/core/wire"
	"yizhan/syncserver/hub"
	"yizhan/syncserver/session"
)

// hubFile is the hub's store in its data directory.
const hubFile = "hub.db"

func runHub(fs *flag.FlagSet, args []string) error {
	data := fs.String("data", "yizhan-hub", "data directory of the hub")
	server := fs.String("server", "ws://127.0.0.1:8640"+session.Path, "address of the server: wss://host:port/v1/sync")
	addr := fs.String("listen", ":8641", "address for the scanners of this station")
	code := fs.String("enrol", "", "one-use code of this hub, from: syncserver enrol -role hub -station STATION")
	cert := fs.String("tls-cert", "", "certificate file; with -tls-key scanners connect by wss://")
	key := fs.String("tls-key", "", "key file of -tls-cert")
	zone := fs.String("zone", "Asia/Shanghai", "zone of all wall-clock times of this deployment")
	asJSON := fs.Bool("log-json", false, "write the log as JSON")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	if (*cert == "") != (*key == "") {
		return fmt.Errorf("%w: -tls-cert and -tls-key belong together", errUsage)
	}
	location, err := time.LoadLocation(*zone)
	if err != nil {
		return fmt.Errorf("%w: -zone: %w", errUsage, err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if *asJSON {
		log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	if err := os.MkdirAll(*data, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	store, err := sqlite.Open(filepath.Join(*data, hubFile))
	if err != nil {
		return err
	}
	h, err := openHub(hub.Config{Store: store, URL: *server, App: "syncserver hub", Attachments: filepath.Join(*data, "attachments"), Zone: location, Now: time.Now, Random: rand.Reader, Log: log}, *code)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	err = serveHub(h, *addr, *cert, *key, log)
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return errors.Join(err, h.Close(ctx))
}

func openHub(cfg hub.Config, code string) (*hub.Hub, error) {
	if code != "" {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := hub.Enrol(ctx, cfg, code); err != nil {
			return nil, err
		}
	}
	return hub.Open(cfg)
}

// serveHub serves scanners until a signal or a failure.
func serveHub(h *hub.Hub, addr, cert, key string, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	scanners, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for scanners: %w; another program may use the address, choose one with -listen", err)
	}
	mux := http.NewServeMux()
	mux.Handle(session.Path, h.Handler())
	mux.Handle(wire.BlobPath, h.Blobs())
	public := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	failed := make(chan error, 1)
	go func() {
		if cert != "" {
			failed <- public.ServeTLS(scanners, cert, key)
			return
		}
		failed <- public.Serve(scanners)
	}()
	ran := make(chan struct{})
	go func() { h.Run(ctx); close(ran) }()
	log.Info("serving", "devices", scanners.Addr().String()+session.Path, "tls", cert != "")
	select {
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		log.Info("stopping")
		err = public.Close()
	}
	stop()
	<-ran
	return err
}
