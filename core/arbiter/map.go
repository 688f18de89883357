package arbiter

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"time"

	"yizhan/core/op"
)

// maxName bounds the name of an area, in bytes.
const maxName = 120

// putMap makes a map pack the one that devices carry. An older one, or one of another
// area, is taken only with Override: it is what a wrong file looks like.
func (r *run) putMap(o *op.Op) error {
	n, old := o.Map, r.s.carried
	if n == nil {
		return refusal("no map is named")
	}
	if err := named("area", n.Area); err != nil {
		return err
	}
	_, err := time.Parse(time.DateOnly, n.Made)
	switch {
	case n.Name == "" || len(n.Name) > maxName:
		return refusal("the map's name has %d bytes, 1 to %d are allowed", len(n.Name), maxName)
	case err != nil:
		return refusal("the map was made on %q, which is no day like 2026-01-31", n.Made)
	case len(n.Blob) != sha256.Size || n.Bytes <= 0:
		return refusal("the map's file is not named by a hash of %d bytes and a length", sha256.Size)
	case bytes.Equal(n.Blob, old.Blob):
		return nil
	case old.Area != "" && n.Area != old.Area && !o.Override:
		return refusal("this is a map of %s (%s), and the devices carry that of %s (%s)", n.Name, n.Area, old.Name, old.Area)
	case n.Area == old.Area && n.Made < old.Made && !o.Override:
		return refusal("this map was made on %s, and the devices carry one of %s", n.Made, old.Made)
	}
	r.finish(op.Entry{Kind: op.MapPut, Map: n})
	return nil
}

func (s *State) applyMap(e *op.Entry) error {
	if e.Map == nil {
		return fmt.Errorf("it names no map")
	}
	s.carried = *e.Map
	return nil
}

// Map is the one that devices carry; its Area is empty where there is none.
func (s *State) Map() op.Map { return s.carried }
