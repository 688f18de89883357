// Package democity invents 云鹭市: organisations, people, stations and
// activities from one number, in the files that a union would bring. Nothing in
// it is real: ID numbers begin with 999 and phones with 100, which are issued to
// nobody, and organisation codes have region 999000.
package democity

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/syncserver/democity/cityplan"
	"yizhan/syncserver/roster"
)

// Tiers of size.
const (
	Small = "S"    // 2,000 people: the demo
	Park  = "park" // 43,000 people in 1,200 company unions
)

// Names of the files that Write makes; activities are ActivityDir/<id>.json.
const (
	RosterFile  = "会员花名册.xlsx"
	FaultyFile  = "会员花名册(有错).xlsx" // only with Options.Plant
	StationFile = "服务站点.xlsx"
	MapFile     = "city.osm.gz"
	ActivityDir = "activities"
)

// Options say which city. The same options give the same city.
type Options struct {
	Seed int64
	Tier string    // Small where empty
	Now  time.Time // in the deployment's zone; the activities are open at this moment
	// Plant also writes a copy of the roster with these faults in it.
	Plant Plant
}

// Sample is a member whose phone a demo may enrol.
type Sample struct {
	Name     string
	IDNumber string
	Phone    string
	Org      id.Org
	OrgName  string
	Why      string // what the sample is good for, Chinese
}

// City is the whole invented world. People and Stations hold what the sheets
// say; Row and Sheet are empty.
type City struct {
	Orgs       []roster.Org
	People     []roster.Person
	Stations   []roster.Station
	Partners   []roster.Station // shops, hospitals and halls, in the same sheet
	Activities []activity.Spec
	Plan       *cityplan.Plan // its map
	Park       id.Org         // audience of the film
	Kiosk      id.Station     // where the demo kiosk stands
	Near       id.Station     // 96 m from it
	Samples    []Sample

	seed int64
}

// New invents a city.
func New(o Options) (*City, error) {
	r := rand.New(rand.NewPCG(uint64(o.Seed), 0x79756e6c75)) // "yunlu"
	c := &City{seed: o.Seed, Plan: cityplan.New(o.Seed)}
	var people, companies int
	switch o.Tier {
	case "", Small:
		people, companies = 2_000, 60
	case Park:
		people, companies = 43_000, 1_200
	default:
		return nil, fmt.Errorf("invent demo city: tier %q is unknown; use %q or %q", o.Tier, Small, Park)
	}
	c.tree()
	sizes := c.companies(r, companies, people)
	c.populate(r, sizes, o.Now)
	c.places(r, o.Now)
	c.Activities = c.activities(o.Now)
	c.Samples = c.samples()
	return c, nil
}

// Write invents a city and writes its files into dir, which it makes if needed.
func Write(dir string, o Options) (*City, error) {
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, ActivityDir), 0o755); err != nil {
		return nil, fmt.Errorf("write demo city: %w", err)
	}
	if _, err := c.WriteRoster(filepath.Join(dir, RosterFile), Plain, Plant{}); err != nil {
		return nil, err
	}
	if o.Plant != (Plant{}) {
		if _, err := c.WriteRoster(filepath.Join(dir, FaultyFile), Titled, o.Plant); err != nil {
			return nil, err
		}
	}
	if err := c.WriteStations(filepath.Join(dir, StationFile)); err != nil {
		return nil, err
	}
	if err := c.WriteMap(filepath.Join(dir, MapFile)); err != nil {
		return nil, err
	}
	if err := c.writePhotos(filepath.Join(dir, PhotoDir)); err != nil {
		return nil, err
	}
	calendar, err := json.MarshalIndent(Holidays(), "", " ")
	if err != nil {
		return nil, fmt.Errorf("write demo calendar: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, CalendarFile), append(calendar, '\n'), 0o644); err != nil {
		return nil, fmt.Errorf("write demo calendar: %w", err)
	}
	for _, a := range c.Activities {
		b, err := json.MarshalIndent(a, "", " ")
		if err != nil {
			return nil, fmt.Errorf("write demo activity %s: %w", a.ID, err)
		}
		if err := os.WriteFile(filepath.Join(dir, ActivityDir, string(a.ID)+".json"), append(b, '\n'), 0o644); err != nil {
			return nil, fmt.Errorf("write demo activity %s: %w", a.ID, err)
		}
	}
	return c, nil
}

// WriteMap writes the city's map as an OpenStreetMap file, packed by gzip.
func (c *City) WriteMap(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write demo map: %w", err)
	}
	z := gzip.NewWriter(f)
	if err := errors.Join(c.Plan.WriteOSM(z), z.Close(), f.Close()); err != nil {
		return fmt.Errorf("write demo map: %w", err)
	}
	return nil
}

// samples picks members for the tour: two of the park who may have a film
// ticket (one with a child), and one from outside who may not.
func (c *City) samples() []Sample {
	parent := map[id.Org]id.Org{}
	for _, o := range c.Orgs {
		parent[o.ID] = o.Parent
	}
	wants := []struct {
		why string
		is  func(p roster.Person) bool
	}{
		{"园区会员,没有孩子:可领 1 张电影票", func(p roster.Person) bool { return parent[p.Org] == c.Park && p.Children == 0 }},
		{"园区会员,有孩子:可领 2 张电影票", func(p roster.Person) bool { return parent[p.Org] == c.Park && p.Children > 0 }},
		{"园区女会员:可领理疗套餐", func(p roster.Person) bool { return parent[p.Org] == c.Park && p.Sex == "F" }},
		{"一线职工:可用预留名额", func(p roster.Person) bool { return len(p.Tags) > 0 && p.Sex == "F" }},
		{"不在园区:抢电影票会被拒绝", func(p roster.Person) bool { return parent[p.Org] != c.Park }},
	}
	var out []Sample
	taken := map[string]bool{}
	for _, w := range wants {
		for _, p := range c.People {
			if !taken[p.IDNumber] && w.is(p) {
				taken[p.IDNumber] = true
				out = append(out, Sample{p.Name, p.IDNumber, p.Phone, p.Org, p.OrgName, w.why})
				break
			}
		}
	}
	return out
}
