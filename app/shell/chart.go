package shell

import (
	"errors"
	"sync"

	"fyne.io/fyne/v2"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"

	"yizhan/app/device/maps"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	mapview "yizhan/app/view/map"
	"yizhan/core/mappack"
	"yizhan/core/walk"
)

// Chart is the map of a window: it opens the pack that the device holds, and again when
// another takes its place.
type Chart struct {
	Map  *mapview.Map
	env  *Env
	send func(wayfind.Message)
	hash string // of the pack that is open
	on   bool   // the map is on the screen
}

// NewChart makes the map of a window; send takes what fingers do, and the map itself.
func (e *Env) NewChart(s look.Scale, send func(wayfind.Message)) *Chart {
	c := &Chart{Map: mapview.New(s, e.Do), env: e, send: send}
	c.Map.Send, c.Map.Face = send, e.face()
	if e.Maps != nil {
		stop := e.Maps.Notify(func() { e.Do(c.load) })
		go func() { <-e.Ctx.Done(); stop() }()
		c.load()
	}
	return c
}

// face gives the bundled letters in a size of pixels, or none.
func (e *Env) face() func(pixels float64) font.Face {
	parsed := sync.OnceValue(func() *opentype.Font {
		f, err := opentype.Parse(e.Theme.Font(fyne.TextStyle{}).Content())
		if err != nil {
			fyne.LogError("names on the map", err)
		}
		return f
	})
	return func(pixels float64) font.Face {
		f := parsed()
		if f == nil {
			return nil
		}
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: pixels, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return nil
		}
		return face
	}
}

// load opens the pack that is held now, in the background, because all of it is read.
func (c *Chart) load() {
	if held := c.env.Maps.Status().Held.Hash; held == c.hash && held != "" {
		return
	}
	go func() {
		pack, ground, err := open(c.env.Maps)
		c.env.Do(func() {
			switch {
			case c.env.Ctx.Err() != nil:
				if pack != nil {
					_ = pack.Close()
				}
			case errors.Is(err, maps.ErrNone):
			case err != nil:
				fyne.LogError("open map", err)
			default:
				c.hash = ground.Hash
				c.send(wayfind.Mapped{Ground: ground})
				c.Map.SetPack(pack)
			}
		})
	}()
}

func open(m *maps.Store) (*mappack.Pack, wayfind.Ground, error) {
	pack, err := m.Open()
	if err != nil {
		return nil, wayfind.Ground{}, err
	}
	body, err := pack.Graph()
	var graph *walk.Graph
	if err == nil {
		graph, err = walk.Decode(body)
	}
	if err != nil {
		return nil, wayfind.Ground{}, errors.Join(err, pack.Close())
	}
	return pack, wayfind.Ground{Hash: pack.Hash, Name: pack.Name, Attribution: pack.Attribution, Box: pack.Box, Graph: graph}, nil
}

// Show says whether the map is on the screen; where it is not, its pictures are let go.
func (c *Chart) Show(on bool) {
	if c.on && !on {
		c.Map.Rest()
	}
	if on && !c.on && c.env.Maps != nil {
		c.env.Maps.Want() // a phone fetches no map that nobody looks at
	}
	c.on = on
}
