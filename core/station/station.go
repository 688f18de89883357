// Package station describes the physical places where things are handed over.
package station

import "yizhan/core/id"

// Station is one place. Coordinates keep their original numbers and the datum
// they were given in; converting them is the map's work.
type Station struct {
	ID         id.Station `cbor:"1,keyasint" json:"id"`
	Name       string     `cbor:"2,keyasint" json:"name"`
	Lat        float64    `cbor:"3,keyasint" json:"lat"`
	Lon        float64    `cbor:"4,keyasint" json:"lon"`
	Datum      string     `cbor:"5,keyasint" json:"datum"` // geo.Datum of Lat and Lon, which stay as they came
	Kind       string     `cbor:"6,keyasint,omitempty" json:"kind,omitempty"`
	Address    string     `cbor:"7,keyasint,omitempty" json:"address,omitempty"`
	Hours      string     `cbor:"8,keyasint,omitempty" json:"hours,omitempty"`
	Phone      string     `cbor:"9,keyasint,omitempty" json:"phone,omitempty"`
	Facilities []string   `cbor:"10,keyasint,omitempty" json:"facilities,omitempty"`
	Status     string     `cbor:"11,keyasint,omitempty" json:"status,omitempty"`
	Checked    string     `cbor:"12,keyasint,omitempty" json:"checked,omitempty"` // date of the last check on site
	Digest     []byte     `cbor:"13,keyasint,omitempty" json:"-"`
}
