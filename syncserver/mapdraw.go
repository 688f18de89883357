package main

import (
	"context"
	"flag"
	"fmt"
	"image/png"
	"os"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"

	"yizhan/assets"
	"yizhan/core/geo"
	"yizhan/core/mapdraw"
	"yizhan/core/walk"
)

// mapDraw draws with the code that the app draws with.
func mapDraw(fs *flag.FlagSet, args []string) error {
	center := fs.String("center", "", "LAT,LON of the picture's middle (default: the map's)")
	zoom := fs.Float64("zoom", 16, "from 0, the world, to 20, a door")
	size := fs.String("size", "1080x1080", "WIDTHxHEIGHT in pixels")
	out := fs.String("o", "map.png", "where to write the picture")
	look := fs.String("palette", "day", "day, night or contrast")
	letters := fs.Float64("text", 17, "height of names in pixels")
	route := fs.String("route", "", "draw the way on foot as well: LAT,LON,LAT,LON")
	pace := paceFlag(fs)
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	who, err := pace()
	if err != nil {
		return err
	}
	v := mapdraw.View{Zoom: *zoom}
	w, h, ok := strings.Cut(*size, "x")
	if v.Width, err = strconv.Atoi(w); err == nil {
		v.Height, err = strconv.Atoi(h)
	}
	if err != nil || !ok {
		return fmt.Errorf("%w: -size %q is not WIDTHxHEIGHT, such as 1080x1080", errUsage, *size)
	}
	style, ok := map[string]func(font.Face) *mapdraw.Style{"day": mapdraw.Day, "night": mapdraw.Night, "contrast": mapdraw.Contrast}[*look]
	if !ok || !(*letters >= 6 && *letters <= 200) {
		return fmt.Errorf("%w: -palette is day, night or contrast, -text 6 to 200", errUsage)
	}
	p, g, err := openMap(rest[0])
	if err != nil {
		return err
	}
	defer p.Close()
	v.Center = geo.Fix{Lat: p.Box.Min.Lat/2 + p.Box.Max.Lat/2, Lon: p.Box.Min.Lon/2 + p.Box.Max.Lon/2}
	if *center != "" {
		if v.Center, err = place(*center); err != nil {
			return err
		}
		if !p.Box.Holds(v.Center) {
			return fmt.Errorf("%w: -center %s lies off the map; `map info %s` says what it covers", errUsage, *center, rest[0])
		}
	}
	var way []geo.Fix
	if *route != "" {
		if way, err = wayAlong(g, *route, who); err != nil {
			return err
		}
	}
	img, err := mapdraw.Draw(context.Background(), p, v, style(mapFace(*letters)), way)
	if err != nil {
		return err
	}
	file, err := os.Create(*out)
	if err != nil {
		return err
	}
	if err := png.Encode(file, img); err != nil {
		file.Close()
		return fmt.Errorf("write %s: %w", *out, err)
	}
	return file.Close()
}

// wayAlong is the line of the way between two places.
func wayAlong(g *walk.Graph, ends string, who walk.Profile) ([]geo.Fix, error) {
	v, err := degrees(ends, 4)
	if err != nil {
		return nil, fmt.Errorf("%w: -route %q is not LAT,LON,LAT,LON", errUsage, ends)
	}
	from, err := stand(g, geo.Point{Lat: v[0], Lon: v[1]}.Fix(), who, "the route's beginning")
	if err != nil {
		return nil, err
	}
	to, err := stand(g, geo.Point{Lat: v[2], Lon: v[3]}.Fix(), who, "the route's end")
	if err != nil {
		return nil, err
	}
	r, ok := g.Route(from, to, who)
	if !ok {
		return nil, fmt.Errorf("no way on foot leads along %s on this map", ends)
	}
	return r.Points, nil
}

// mapFace is the font that names are written in; without one, which `make fonts`
// fetches, a map has none.
func mapFace(size float64) font.Face {
	body, err := assets.Fonts.ReadFile("fonts/NotoSansSC-Regular.otf")
	if err != nil {
		return nil
	}
	f, err := opentype.Parse(body)
	if err != nil {
		return nil
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil
	}
	return face
}
