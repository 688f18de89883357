package main

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"yizhan/core/geo"
	"yizhan/core/mappack"
	"yizhan/core/walk"
	"yizhan/syncserver/osmimport"
	"yizhan/syncserver/roster"
)

// importMemory is what an import tries to stay below.
const importMemory = 350 << 20

func importMap(fs *flag.FlagSet, args []string) error {
	box := fs.String("bbox", "", "take only this part: SOUTH,WEST,NORTH,EAST in degrees")
	area := fs.String("area", "", "id of the area; devices take only maps of their own (default: the file's name)")
	name := fs.String("name", "", "what people call the area (default: its id)")
	by := fs.String("by", osmimport.Attribution, "whose data it is: always shown with the map")
	out := fs.String("o", "", "where to write the pack (default: beside the file, name.map)")
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	base := filepath.Base(rest[0])
	for _, end := range []string{".gz", ".pbf", ".osm"} {
		base = strings.TrimSuffix(base, end)
	}
	if *area == "" {
		*area = base
	}
	if *name == "" {
		*name = *area
	}
	if *out == "" {
		*out = filepath.Join(filepath.Dir(rest[0]), base+".map")
	}
	opt := osmimport.Options{Box: geo.NoBox(), About: mappack.About{Area: *area, Name: *name, Attribution: *by, Made: time.Now().Format(time.DateOnly)}}
	if *box != "" {
		v, err := degrees(*box, 4)
		if err != nil || v[0] >= v[2] || v[1] >= v[3] {
			return fmt.Errorf("%w: -bbox %q is not SOUTH,WEST,NORTH,EAST in degrees", errUsage, *box)
		}
		opt.Box = geo.Box{Min: geo.Point{Lat: v[0], Lon: v[1]}.Fix(), Max: geo.Point{Lat: v[2], Lon: v[3]}.Fix()}
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(importMemory))
	result, err := osmimport.Import(context.Background(), rest[0], *out, opt)
	if err != nil {
		return err
	}
	p, err := mappack.Open(*out, *area)
	if err != nil {
		return err
	}
	defer p.Close()
	fmt.Printf("地图 %s：%d 个图形，%.1f 公里可步行，%.1f 平方公里，%d KB\n%s\n", *out, result.Features, result.Metres/1000, p.Box.Area()/1e6, p.Size/1000, p.Attribution)
	if result.Missing+result.Broken > 0 {
		fmt.Fprintf(os.Stderr, "文件边缘不完整：缺少 %d 个点，%d 个区域没有闭合，已略去\n", result.Missing, result.Broken)
	}
	return nil
}

// degrees reads numbers with commas between them.
func degrees(s string, n int) ([]float64, error) {
	parts := strings.Split(s, ",")
	v := make([]float64, len(parts))
	for i, p := range parts {
		var err error
		if v[i], err = strconv.ParseFloat(strings.TrimSpace(p), 64); err != nil {
			return nil, err
		}
		if most := 90.0 + 90*float64(i%2); !(math.Abs(v[i]) <= most) {
			return nil, fmt.Errorf("%v is more than %v degrees", v[i], most)
		}
	}
	if len(v) != n {
		return nil, fmt.Errorf("%d numbers", len(v))
	}
	return v, nil
}

// place reads LAT,LON in WGS84.
func place(s string) (geo.Fix, error) {
	v, err := degrees(s, 2)
	if err != nil {
		return geo.Fix{}, fmt.Errorf("%w: %q is not LAT,LON in degrees (WGS84), such as 24.4798,118.0894", errUsage, s)
	}
	return geo.Point{Lat: v[0], Lon: v[1]}.Fix(), nil
}

// profiles are the ways to walk that -pace names.
var profiles = map[string]walk.Profile{"ordinary": walk.Ordinary, "elderly": walk.Elderly, "wheelchair": walk.Wheelchair}

func paceFlag(fs *flag.FlagSet) func() (walk.Profile, error) {
	name := fs.String("pace", "ordinary", "who walks: ordinary, elderly, wheelchair (no steps)")
	return func() (walk.Profile, error) {
		who, ok := profiles[*name]
		if !ok {
			return who, fmt.Errorf("%w: -pace %q is none of ordinary, elderly, wheelchair", errUsage, *name)
		}
		return who, nil
	}
}

// openMap opens a pack and its walking graph.
func openMap(path string) (*mappack.Pack, *walk.Graph, error) {
	p, err := mappack.Open(path, "")
	if refused := (*mappack.Refusal)(nil); errors.As(err, &refused) {
		return nil, nil, fmt.Errorf("%w\n%s", err, refused.Sentence())
	} else if err != nil {
		return nil, nil, err
	}
	body, err := p.Graph()
	if err == nil {
		var g *walk.Graph
		if g, err = walk.Decode(body); err == nil {
			return p, g, nil
		}
	}
	p.Close()
	return nil, nil, err
}

// stand finds the way beside a place.
func stand(g *walk.Graph, at geo.Fix, who walk.Profile, arg string) (walk.Spot, error) {
	spot, ok := g.Snap(at, who)
	if !ok {
		return spot, fmt.Errorf("no way on foot is within 250 m of %s on this map", arg)
	}
	return spot, nil
}

type routeOut struct {
	Metres   float64      `json:"metres"`
	Minutes  float64      `json:"minutes"`
	Polyline [][2]float64 `json:"polyline"` // latitude, longitude
	Steps    []stepOut    `json:"steps"`
	By       string       `json:"attribution"`
}

type stepOut struct {
	Metres float64 `json:"metres"`
	Name   string  `json:"name,omitempty"`
	Zh     string  `json:"zh"`
	En     string  `json:"en"`
}

func mapRoute(fs *flag.FlagSet, args []string) error {
	pace := paceFlag(fs)
	rest, err := parse(fs, args, 3, 3)
	if err != nil {
		return err
	}
	who, err := pace()
	if err != nil {
		return err
	}
	var ends [2]geo.Fix
	for i := range ends {
		if ends[i], err = place(rest[i+1]); err != nil {
			return err
		}
	}
	p, g, err := openMap(rest[0])
	if err != nil {
		return err
	}
	defer p.Close()
	var spots [2]walk.Spot
	for i := range ends {
		if spots[i], err = stand(g, ends[i], who, rest[i+1]); err != nil {
			return err
		}
	}
	r, ok := g.Route(spots[0], spots[1], who)
	if !ok {
		return fmt.Errorf("no way on foot leads from %s to %s on this map", rest[1], rest[2])
	}
	out := routeOut{Metres: round(r.Metres), Minutes: round(r.Minutes), By: p.Attribution}
	for _, f := range r.Points {
		q := f.Point()
		out.Polyline = append(out.Polyline, [2]float64{q.Lat, q.Lon})
	}
	zh, en := r.Chinese(), r.English()
	for i, s := range r.Steps {
		out.Steps = append(out.Steps, stepOut{round(s.Metres), s.Name, zh[i], en[i]})
	}
	return printJSON(out)
}

func round(v float64) float64 { return math.Round(v*10) / 10 }

// stationAt is a line of a list of stations.
type stationAt struct {
	Name string
	at   geo.Fix
}

// readStations reads a union's sheet, or name,lat,lon,datum from a .csv file; the datum has to be said.
func readStations(path string) ([]stationAt, error) {
	if book, err := roster.Read(path); err == nil {
		return sheetStations(path, book.Check(roster.Options{Demo: true}))
	} else if strings.HasPrefix(strings.ToLower(filepath.Ext(path)), ".xls") {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read stations %s: %w", path, err)
	}
	var list []stationAt
	for i, row := range rows {
		if i == 0 && len(row) > 1 && strings.TrimSpace(row[1]) == "lat" {
			continue
		}
		if len(row) != 4 {
			return nil, fmt.Errorf("read stations %s: line %d has %d columns; wanted are name,lat,lon,datum", path, i+1, len(row))
		}
		v, err := degrees(row[1]+","+row[2], 2)
		if err != nil {
			return nil, fmt.Errorf("read stations %s: line %d: %s,%s is no place in degrees", path, i+1, row[1], row[2])
		}
		at, err := geo.Point{Lat: v[0], Lon: v[1]}.To(geo.WGS84, geo.Datum(strings.TrimSpace(row[3])))
		if err != nil {
			return nil, fmt.Errorf("read stations %s: line %d: %w", path, i+1, err)
		}
		list = append(list, stationAt{row[0], at.Fix()})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("read stations %s: it has no line name,lat,lon,datum", path)
	}
	return list, nil
}

// sheetStations takes the good rows of a union's sheet, as its import does.
func sheetStations(path string, sheet *roster.Roster) (list []stationAt, err error) {
	for _, s := range sheet.Stations {
		if at, ok := s.At(); ok {
			list = append(list, stationAt{s.Name, at.Fix()})
		}
	}
	if n := len(sheet.Problems); n > 0 {
		fmt.Fprintf(os.Stderr, "%s：有 %d 处问题，这些行没有算进来；第一处：%s\n", path, n, sheet.Problems[0])
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s 里没有可用的服务站点；需要“服务站点”表，或每行写 name,lat,lon,datum 的 .csv", path)
	}
	return list, nil
}

type nearOut struct {
	Name    string   `json:"name"`
	Metres  *float64 `json:"metres"` // null: cannot be walked to
	Minutes *float64 `json:"minutes"`
	Why     string   `json:"why,omitempty"`
}

func mapNearest(fs *flag.FlagSet, args []string) error {
	pace := paceFlag(fs)
	most := fs.Int("n", 0, "print only the nearest so many (0: all)")
	rest, err := parse(fs, args, 3, 3)
	if err != nil {
		return err
	}
	who, err := pace()
	if err != nil {
		return err
	}
	at, err := place(rest[2])
	if err != nil {
		return err
	}
	list, err := readStations(rest[1])
	if err != nil {
		return err
	}
	p, g, err := openMap(rest[0])
	if err != nil {
		return err
	}
	defer p.Close()
	from, err := stand(g, at, who, rest[2])
	if err != nil {
		return err
	}
	out := rankStations(g, from, list, who)
	if *most > 0 && *most < len(out) {
		out = out[:*most]
	}
	return printJSON(out)
}

// rankStations sorts stations by their way on foot, those without one last.
func rankStations(g *walk.Graph, from walk.Spot, list []stationAt, who walk.Profile) []nearOut {
	var spots []walk.Spot
	var which []int
	out := make([]nearOut, len(list))
	for i, s := range list {
		out[i] = nearOut{Name: s.Name, Why: "站点附近没有可步行的道路"}
		if spot, ok := g.Snap(s.at, who); ok {
			spots, which = append(spots, spot), append(which, i)
			out[i].Why = "没有步行道路通往这里"
		}
	}
	for k, trip := range g.Rank(from, spots, who) {
		if trip.Metres >= 0 {
			m, minutes := round(trip.Metres), round(trip.Minutes)
			o := &out[which[k]]
			o.Metres, o.Minutes, o.Why = &m, &minutes, ""
		}
	}
	slices.SortStableFunc(out, func(a, b nearOut) int {
		switch {
		case a.Metres == nil && b.Metres == nil:
			return 0
		case a.Metres == nil:
			return 1
		case b.Metres == nil || *a.Metres < *b.Metres:
			return -1
		case *a.Metres > *b.Metres:
			return 1
		}
		return 0
	})
	return out
}

func mapInfo(fs *flag.FlagSet, args []string) error {
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	p, g, err := openMap(rest[0])
	if err != nil {
		return err
	}
	defer p.Close()
	sw, ne := p.Box.Min.Point(), p.Box.Max.Point()
	info := map[string]any{"area": p.Area, "name": p.Name, "attribution": p.Attribution, "source": p.Source, "made": p.Made, "sha256": p.Hash, "bytes": p.Size,
		"format": mappack.Version, "bbox": []float64{sw.Lat, sw.Lon, ne.Lat, ne.Lon}, "square_km": round(p.Box.Area() / 1e6),
		"walk": map[string]any{"km": round(g.Metres() / 1000), "pieces": g.Edges(), "junctions": g.Nodes()}}
	zooms := map[string]any{}
	for _, zoom := range []int{12, 14, 16} {
		features, points, err := p.Count(context.Background(), zoom)
		if err != nil {
			return err
		}
		zooms[strconv.Itoa(zoom)] = map[string]int{"features": features, "points": points}
	}
	info["zooms"] = zooms
	return printJSON(info)
}
