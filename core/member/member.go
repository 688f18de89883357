// Package member is about people and their organisations as decisions see them:
// opaque ids and the few attributes that rules read, never a name or a number.
package member

import "yizhan/core/id"

// Person is what a decision may read about a member. Sealed holds the personal
// fields (name, phone …) encrypted under that person's own key; whoever destroys
// the key has erased the person.
type Person struct {
	ID       id.Member `cbor:"1,keyasint" json:"id"`
	Org      id.Org    `cbor:"2,keyasint" json:"org"`
	Sex      string    `cbor:"3,keyasint,omitempty" json:"sex,omitempty"`   // "F", "M" or "" where unknown
	Birth    string    `cbor:"4,keyasint,omitempty" json:"birth,omitempty"` // YYYY-MM-DD or ""
	Tags     []string  `cbor:"5,keyasint,omitempty" json:"tags,omitempty"`
	Children int       `cbor:"6,keyasint,omitempty" json:"children,omitempty"`
	LivesIn  id.Org    `cbor:"7,keyasint,omitempty" json:"lives_in,omitempty"`
	Barred   bool      `cbor:"8,keyasint,omitempty" json:"barred,omitempty"`
	Digest   []byte    `cbor:"9,keyasint,omitempty" json:"-"`  // keyed digest of the imported row: an equal one means nothing changed
	Sealed   []byte    `cbor:"10,keyasint,omitempty" json:"-"` // personal fields, encrypted
}

// Org is one organisation of the union tree.
type Org struct {
	ID     id.Org `cbor:"1,keyasint" json:"id"`
	Name   string `cbor:"2,keyasint,omitempty" json:"name,omitempty"`
	Parent id.Org `cbor:"3,keyasint,omitempty" json:"parent,omitempty"`
	Kind   string `cbor:"4,keyasint,omitempty" json:"kind,omitempty"`
	Digest []byte `cbor:"5,keyasint,omitempty" json:"-"`
}

// Tree answers whose organisation stands above whose.
type Tree map[id.Org]Org

// Chain gives the organisation and all above it, nearest first. A ring, which an
// import refuses, ends the walk instead of hanging it.
func (t Tree) Chain(o id.Org) []id.Org {
	var chain []id.Org
	for o != "" && len(chain) < 32 {
		chain = append(chain, o)
		o = t[o].Parent
	}
	return chain
}

// Under reports whether o is top or stands below it.
func (t Tree) Under(o, top id.Org) bool {
	for n := 0; o != "" && n < 32; n++ {
		if o == top {
			return true
		}
		o = t[o].Parent
	}
	return false
}
