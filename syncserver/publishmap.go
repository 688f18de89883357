package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"yizhan/core/mappack"
	"yizhan/syncserver/control"
	"yizhan/syncserver/server"
)

// mapPublish hands a pack to the running server, which checks it as devices will.
func mapPublish(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	sure := fs.Bool("yes", false, "confirm: publish it although it is older than the published one, or of another area")
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	p, err := mappack.Open(rest[0], "")
	if refused := (*mappack.Refusal)(nil); errors.As(err, &refused) {
		return fmt.Errorf("%w\n%s", err, refused.Sentence())
	} else if err != nil {
		return err
	}
	if err := p.Close(); err != nil {
		return err
	}
	pack, err := os.ReadFile(rest[0])
	if err != nil {
		return err
	}
	m, err := control.Call[server.MapPublished](context.Background(), control.Dial(*data), "publish-map", control.MapRequest{Pack: pack, Anyway: *sure})
	switch {
	case err != nil && !*sure:
		return fmt.Errorf("%w; devices keep the map that they have (-yes publishes an older one, or one of another area)", err)
	case err != nil:
		return err
	case !m.New:
		fmt.Println("nothing changed: this map is published already")
		return nil
	}
	fmt.Printf("published the map of %s (%s), made on %s, %d KB: devices fetch it one by one\n", m.Name, m.Area, m.Made, m.Bytes/1000)
	return nil
}
