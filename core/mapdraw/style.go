package mapdraw

import (
	"image/color"

	"golang.org/x/image/font"

	"yizhan/core/mappack"
)

// Pen is how a class is drawn.
type Pen struct {
	Fill, Outline color.RGBA // of areas; no outline without alpha
	Line, Casing  color.RGBA // of lines
	Width         float64    // of lines, in pixels at zoom 16
	Text          color.RGBA
	Names         float64 // names from this zoom on
	Rank          int     // of names: the higher is written first
}

// Style is how a map looks.
type Style struct {
	Ground, Halo, Route color.RGBA
	Pens                [mappack.Classes]Pen
	Face                font.Face // of names; nil for none
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

// shade is a class in the three palettes: fill or line, outline or casing.
type shade struct {
	class                mappack.Class
	day, night, contrast uint32
	dayEdge, nightEdge   uint32 // 0 for none
	width                float64
	text, textNight      uint32
	names                float64
	rank                 int
}

var shades = []shade{
	{mappack.Land, 0xf4f2ec, 0x1e2328, 0xffffff, 0, 0, 0, 0x555555, 0xbbbbbb, 13, 3},
	{mappack.Sea, 0xaed2ea, 0x14303f, 0xb8d8ff, 0, 0, 0, 0x2b5d80, 0x8fc0de, 12, 5},
	{mappack.Green, 0xcfe6c2, 0x1f3527, 0xd8f0d0, 0, 0, 0, 0x2f6b2f, 0x9ccf9c, 14, 5},
	{mappack.Campus, 0xefe9dd, 0x262a2c, 0xf4f4f4, 0, 0, 0, 0x6b4f1d, 0xd8c294, 14, 6},
	{mappack.Sand, 0xf3e7c0, 0x3a3627, 0xfff6d0, 0, 0, 0, 0x6b5a1d, 0xd8cf94, 15, 2},
	{mappack.Water, 0xaed2ea, 0x14303f, 0xb8d8ff, 0, 0, 0, 0x2b5d80, 0x8fc0de, 14, 5},
	{mappack.Stream, 0xaed2ea, 0x14303f, 0x80b8ff, 0, 0, 3, 0x2b5d80, 0x8fc0de, 14, 3},
	{mappack.Square, 0xebe6e0, 0x2c3136, 0xeeeeee, 0, 0, 0, 0x555555, 0xbbbbbb, 16, 2},
	{mappack.Pitch, 0xbfe0cb, 0x24402f, 0xc8ecd4, 0, 0, 0, 0x2f6b4a, 0x9ccfb4, 17, 1},
	{mappack.Building, 0xddd5cb, 0x33383d, 0xd0d0d0, 0xc2b7aa, 0x454b52, 0, 0x4a4038, 0xc8c0b6, 16, 2},
	{mappack.Barrier, 0xb9b0a6, 0x4a4f55, 0x666666, 0, 0, 1, 0x555555, 0xbbbbbb, 99, 0},
	{mappack.Subway, 0xb7a6cf, 0x57496b, 0x7040a0, 0, 0, 1.4, 0x5b4580, 0xc3b2e0, 15, 3},
	{mappack.Rail, 0x8a8a8a, 0x6a6f75, 0x000000, 0, 0, 1.8, 0x555555, 0xbbbbbb, 15, 1},
	{mappack.FootPath, 0xc08a62, 0x8a6a4e, 0x7a3c00, 0, 0, 1.4, 0x7a5236, 0xd0ab8c, 16.5, 2},
	{mappack.StepsPath, 0xc0604c, 0xa0604e, 0xa00000, 0, 0, 2.4, 0x7a5236, 0xd0ab8c, 17, 2},
	{mappack.ServiceRoad, 0xffffff, 0x3c4249, 0xffffff, 0xd0cac2, 0x2a2f34, 3, 0x555555, 0xbbbbbb, 16, 3},
	{mappack.SideStreet, 0xffffff, 0x444b53, 0xffffff, 0xcac3ba, 0x2a2f34, 6, 0x444444, 0xcccccc, 15, 4},
	{mappack.Tertiary, 0xffffff, 0x4c545d, 0xffffff, 0xbdb5ab, 0x2a2f34, 8, 0x333333, 0xdddddd, 14, 6},
	{mappack.Secondary, 0xfdf0b4, 0x635c3e, 0xfff0a0, 0xd6c487, 0x33301f, 10, 0x333333, 0xe8e0c0, 13.5, 7},
	{mappack.Primary, 0xfbdc9a, 0x75623a, 0xffd860, 0xd8ae62, 0x3a301c, 11, 0x333333, 0xf0e0b8, 13, 8},
	{mappack.Trunk, 0xf8c68c, 0x7d5a38, 0xffc050, 0xcc9352, 0x3e2d1c, 12, 0x333333, 0xf0d8b8, 13, 8},
	{mappack.Motorway, 0xf0a884, 0x804a36, 0xff9a60, 0xc27a55, 0x40251b, 13, 0x333333, 0xf0cdb8, 13, 8},
	{mappack.City, 0, 0, 0, 0, 0, 0, 0x222222, 0xffffff, 0, 10},
	{mappack.Suburb, 0, 0, 0, 0, 0, 0, 0x333333, 0xeeeeee, 12, 9},
	{mappack.Quarter, 0, 0, 0, 0, 0, 0, 0x444444, 0xdddddd, 14, 6},
	{mappack.Stop, 0, 0, 0, 0, 0, 0, 0x2a4d9c, 0xa8c0f0, 16, 4},
	{mappack.Poi, 0, 0, 0, 0, 0, 0, 0x7a2f6b, 0xe0a8d4, 16, 5},
}

// Day is the style for daylight.
func Day(face font.Face) *Style {
	return style(face, rgb(0xf4f2ec), rgb(0xffffff), rgb(0x1a66d9), func(s shade) (fill, edge, text uint32) { return s.day, s.dayEdge, s.text })
}

// Night is the style for dark screens.
func Night(face font.Face) *Style {
	return style(face, rgb(0x1e2328), rgb(0x101418), rgb(0x5aa0ff), func(s shade) (fill, edge, text uint32) { return s.night, s.nightEdge, s.textNight })
}

// Contrast is the style for people who see little: black names and outlines.
func Contrast(face font.Face) *Style {
	return style(face, rgb(0xffffff), rgb(0xffffff), rgb(0x0030c0), func(s shade) (fill, edge, text uint32) {
		if s.dayEdge != 0 {
			edge = 0x404040
		}
		return s.contrast, edge, 0x010101
	})
}

func style(face font.Face, ground, halo, route color.RGBA, of func(shade) (fill, edge, text uint32)) *Style {
	s := &Style{Ground: ground, Halo: halo, Route: route, Face: face}
	for _, sh := range shades {
		fill, edge, text := of(sh)
		p := Pen{Fill: rgb(fill), Line: rgb(fill), Width: sh.width, Text: rgb(text), Names: sh.names, Rank: sh.rank}
		if edge != 0 {
			p.Outline, p.Casing = rgb(edge), rgb(edge)
		}
		if sh.width == 0 && sh.class >= mappack.City {
			p.Fill, p.Line = color.RGBA{}, color.RGBA{}
		}
		if p.Width == 0 {
			p.Width = 1
		}
		s.Pens[sh.class] = p
	}
	return s
}

// Paper is the style for a printer that knows black and white alone: streets are white
// between two lines, water and rails are lines, and houses are left out.
func Paper(face font.Face) *Style {
	black, white := rgb(0), rgb(0xffffff)
	s := style(face, white, white, black, func(shade) (fill, edge, text uint32) { return 0xffffff, 0, 0x010101 })
	for class := range s.Pens {
		p := &s.Pens[class]
		switch c := mappack.Class(class); c {
		case mappack.Sea, mappack.Water:
			p.Outline, p.Line, p.Width = black, black, 2
		case mappack.Stream, mappack.Rail, mappack.FootPath, mappack.StepsPath:
			p.Line, p.Width = black, 1.6
		case mappack.ServiceRoad, mappack.SideStreet, mappack.Tertiary, mappack.Secondary, mappack.Primary, mappack.Trunk, mappack.Motorway:
			p.Casing = black
		case mappack.Building, mappack.Barrier:
			p.Names = mappack.MaxZoom + 1
		}
	}
	return s
}
