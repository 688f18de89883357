package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"yizhan/core/id"
	"yizhan/core/qr"
	"yizhan/syncserver/control"
)

// cardPixels is how large a module of a card's picture is: 49 of them and the
// border give 456 pixels, 19 mm at 600 dots an inch.
const cardPixels = 8

// memberCard gives the code that a member's card or letter carries.
func memberCard(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	file := fs.String("png", "", "write the code as a picture to this `file`")
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	code, err := control.Call[string](context.Background(), control.Dial(*data), "card", id.Member(rest[0]))
	if err != nil {
		return err
	}
	if *file == "" {
		picture, err := qr.Terminal(code)
		if err != nil {
			return err
		}
		fmt.Printf("%s\n%s\n", picture, code)
		return nil
	}
	png, err := qr.PNG(code, cardPixels)
	if err != nil {
		return err
	}
	return os.WriteFile(*file, png, 0o600)
}
