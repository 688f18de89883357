// Package station describes the physical places where things are handed over and
// where people find water, shade and help: what they are, what they have, when they
// are open, and how one of them is found by what somebody types.
package station

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"time"

	"yizhan/core/geo"
	"yizhan/core/id"
)

// Station is one place. Coordinates keep their original numbers and the datum
// they were given in; At converts them.
type Station struct {
	ID         id.Station `cbor:"1,keyasint" json:"id"`
	Name       string     `cbor:"2,keyasint" json:"name"`
	Lat        float64    `cbor:"3,keyasint" json:"lat"`
	Lon        float64    `cbor:"4,keyasint" json:"lon"`
	Datum      string     `cbor:"5,keyasint" json:"datum"`                           // geo.Datum of Lat and Lon, which stay as they came
	Kind       string     `cbor:"6,keyasint,omitempty" json:"kind,omitempty"`        // key of Kinds, or what the union calls it
	Address    string     `cbor:"7,keyasint,omitempty" json:"address,omitempty"`     //
	Hours      string     `cbor:"8,keyasint,omitempty" json:"hours,omitempty"`       // as ParseHours reads them; older ones may be any text
	Phone      string     `cbor:"9,keyasint,omitempty" json:"phone,omitempty"`       //
	Facilities []string   `cbor:"10,keyasint,omitempty" json:"facilities,omitempty"` // keys of Facilities, or words that are none
	Status     string     `cbor:"11,keyasint,omitempty" json:"status,omitempty"`     // see Gone
	Checked    string     `cbor:"12,keyasint,omitempty" json:"checked,omitempty"`    // date of the last check on site, YYYY-MM-DD
	Digest     []byte     `cbor:"13,keyasint,omitempty" json:"-"`                    //
	Landmark   string     `cbor:"14,keyasint,omitempty" json:"landmark,omitempty"`   // what to look out for
	Photo      string     `cbor:"15,keyasint,omitempty" json:"photo,omitempty"`      // attachment: SHA-256 in lower-case hex
	Closure    *Closure   `cbor:"16,keyasint,omitempty" json:"closure,omitempty"`    // of a while
}

// Closure is why a place is closed for some days, both of them included.
type Closure struct {
	From  string `cbor:"1,keyasint" json:"from"`                      // YYYY-MM-DD
	Until string `cbor:"2,keyasint,omitempty" json:"until,omitempty"` // YYYY-MM-DD; empty: nobody knows until when
	Why   string `cbor:"3,keyasint,omitempty" json:"why,omitempty"`
}

// On reports whether a date, YYYY-MM-DD, lies in the closure.
func (c *Closure) On(date string) bool {
	return c != nil && c.From <= date && (c.Until == "" || date <= c.Until)
}

// Amend is what somebody at the union has to say of a place between two imports.
type Amend struct {
	Closure *Closure `cbor:"1,keyasint,omitempty" json:"closure,omitempty"`  // it is closed for a while
	Open    bool     `cbor:"2,keyasint,omitempty" json:"open,omitempty"`     // it is not, after all
	Checked string   `cbor:"3,keyasint,omitempty" json:"checked,omitempty"`  // somebody was there on that date
	Photo   string   `cbor:"4,keyasint,omitempty" json:"photo,omitempty"`    // attachment that shows it from now on
	NoPhoto bool     `cbor:"5,keyasint,omitempty" json:"no_photo,omitempty"` // no picture shows it any more
}

// longest is how many bytes a reason may have.
const longest = 300

// Check says what is wrong with a closure.
func (c *Closure) Check() error {
	from, errFrom := time.Parse(time.DateOnly, c.From)
	until, errUntil := time.Parse(time.DateOnly, c.Until)
	switch {
	case errFrom != nil:
		return fmt.Errorf("the closure begins on %q, which is no date like 2026-12-05", c.From)
	case c.Until != "" && errUntil != nil:
		return fmt.Errorf("the closure ends on %q, which is no date like 2026-12-05", c.Until)
	case c.Until != "" && until.Before(from):
		return fmt.Errorf("the closure ends on %s, before it begins on %s", c.Until, c.From)
	case len(c.Why) > longest:
		return fmt.Errorf("the reason has %d bytes, at most %d are allowed", len(c.Why), longest)
	}
	return nil
}

// Amended is the station with what was said of it; an error for what cannot be.
func (s Station) Amended(a *Amend) (Station, error) {
	switch {
	case a == nil || reflect.ValueOf(*a).IsZero():
		return s, fmt.Errorf("station %s: nothing is said of it", s.ID)
	case a.Closure != nil && a.Open:
		return s, fmt.Errorf("station %s: it is said to be open and closed", s.ID)
	case a.Photo != "" && a.NoPhoto:
		return s, fmt.Errorf("station %s: it is said to have a photo and none", s.ID)
	}
	if s.Photo = cmp.Or(a.Photo, s.Photo); a.NoPhoto {
		s.Photo = ""
	}
	if err := s.CheckPhoto(); err != nil {
		return s, err
	}
	if a.Checked != "" {
		if _, err := time.Parse(time.DateOnly, a.Checked); err != nil {
			return s, fmt.Errorf("station %s: it was checked on %q, which is no date like 2026-12-05", s.ID, a.Checked)
		}
		s.Checked = a.Checked
	}
	if a.Open {
		s.Closure = nil
	}
	if a.Closure != nil {
		if err := a.Closure.Check(); err != nil {
			return s, fmt.Errorf("station %s: %w", s.ID, err)
		}
		c := *a.Closure
		s.Closure = &c
	}
	return s, nil
}

// CheckPhoto says what is wrong with the name of the photo.
func (s Station) CheckPhoto() error {
	if b, err := hex.DecodeString(s.Photo); s.Photo != "" && (err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != s.Photo) {
		return fmt.Errorf("station %s: its photo is called %q, which is no SHA-256 in lower-case hex", s.ID, s.Photo)
	}
	return nil
}

// Over is what an import makes of an older record: it keeps a closure and a photo that the
// sheet does not speak of, and the newer of two dates on which it was checked.
func (s Station) Over(old Station) Station {
	if s.Closure == nil {
		s.Closure = old.Closure
	}
	s.Checked = max(s.Checked, old.Checked)
	s.Photo = cmp.Or(s.Photo, old.Photo)
	return s
}

// At is where the place is in WGS84; ok is false where its numbers are no place.
func (s Station) At() (p geo.Point, ok bool) {
	p, err := geo.Point{Lat: s.Lat, Lon: s.Lon}.To(geo.WGS84, geo.Datum(s.Datum))
	return p, err == nil
}

// Stale reports whether the place was last checked so long ago that what is said of
// it may be wrong (Kind.Stale), or never; days is how long ago, -1 for never.
func (s Station) Stale(now time.Time) (days int, stale bool) {
	at, err := time.Parse(time.DateOnly, s.Checked)
	if err != nil {
		return -1, true
	}
	today, _ := time.Parse(time.DateOnly, now.Format(time.DateOnly)) // cannot fail
	days = int(today.Sub(at) / (24 * time.Hour))
	limit := usualStale
	if k, ok := KindOf(s.Kind); ok {
		limit = k.Stale
	}
	return days, days > limit
}

// Equal reports whether two records say the same.
func (s Station) Equal(o Station) bool { return reflect.DeepEqual(s, o) }
