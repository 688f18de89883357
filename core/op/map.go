package op

// Map names the map pack that the devices of a deployment carry.
type Map struct {
	Area  string `cbor:"1,keyasint" json:"area"` // id that stands in the pack; devices take no other
	Name  string `cbor:"2,keyasint" json:"name"` // for people
	Made  string `cbor:"3,keyasint" json:"made"` // day, YYYY-MM-DD
	Blob  []byte `cbor:"4,keyasint" json:"blob"` // SHA-256 of the file, by which it is fetched
	Bytes int64  `cbor:"5,keyasint" json:"bytes"`
}
