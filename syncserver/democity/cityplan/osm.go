package cityplan

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"yizhan/syncserver/democity/mesh"
)

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;")

// WriteOSM writes the city as an OpenStreetMap file.
func (p *Plan) WriteOSM(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintf(b, "<?xml version='1.0' encoding='UTF-8'?>\n<osm version=\"0.6\" generator=\"yizhan democity\">\n")
	const margin = 223  // which the importer closes the sea beyond the bounds
	const offing = 1400 // of open sea in the east, which only the bounds know of
	sw, ne := p.plane.Fix(margin-halfWidth, margin-halfHeight).Point(), p.plane.Fix(halfWidth-margin+offing, halfHeight-margin).Point()
	fmt.Fprintf(b, "<bounds minlat=\"%.7f\" minlon=\"%.7f\" maxlat=\"%.7f\" maxlon=\"%.7f\"/>\n", sw.Lat, sw.Lon, ne.Lat, ne.Lon)
	tags := map[int32][]string{}
	for _, m := range p.marks {
		tags[m.node] = m.tags
	}
	for n, at := range p.mesh.At {
		p.writeNode(b, n, at, tags[int32(n)])
	}
	id := 0
	way := func(nodes []int32, tags []string) {
		id++
		fmt.Fprintf(b, "<way id=\"%d\">", id)
		for _, n := range nodes {
			fmt.Fprintf(b, "<nd ref=\"%d\"/>", n+1)
		}
		writeTags(b, tags)
		b.WriteString("</way>\n")
	}
	var relations []string
	for _, t := range p.things {
		if len(t.holes) == 0 {
			way(t.nodes, t.tags)
			continue
		}
		way(t.nodes, nil)
		r := fmt.Sprintf("<member type=\"way\" ref=\"%d\" role=\"outer\"/>", id)
		for _, h := range t.holes {
			way(h, nil)
			r += fmt.Sprintf("<member type=\"way\" ref=\"%d\" role=\"inner\"/>", id)
		}
		var s strings.Builder
		writeTags(&s, append([]string{"type", "multipolygon"}, t.tags...))
		relations = append(relations, r+s.String())
	}
	for i, r := range relations {
		fmt.Fprintf(b, "<relation id=\"%d\">%s</relation>\n", i+1, r)
	}
	b.WriteString("</osm>\n")
	return b.Flush()
}

func (p *Plan) writeNode(b io.Writer, n int, at mesh.Point, tags []string) {
	f := p.plane.Fix(at.X, at.Y).Point()
	if len(tags) == 0 {
		fmt.Fprintf(b, "<node id=\"%d\" lat=\"%.7f\" lon=\"%.7f\"/>\n", n+1, f.Lat, f.Lon)
		return
	}
	fmt.Fprintf(b, "<node id=\"%d\" lat=\"%.7f\" lon=\"%.7f\">", n+1, f.Lat, f.Lon)
	writeTags(b, tags)
	io.WriteString(b, "</node>\n")
}

func writeTags(b io.Writer, tags []string) {
	for i := 0; i+1 < len(tags); i += 2 {
		fmt.Fprintf(b, `<tag k="%s" v="%s"/>`, tags[i], escape.Replace(tags[i+1]))
	}
}
