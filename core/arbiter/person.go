package arbiter

import (
	"crypto/sha256"
	"encoding/json"
	"slices"

	"yizhan/core/id"
	"yizhan/core/member"
)

// rest is what is known of few people.
type rest struct {
	sex     string // that is none of sexes
	livesIn id.Org
	tags    []string
}

// sexes are what a sheet says; whatever else somebody is said to be is in rest.
var sexes = []string{"", "F", "M"}

// facts is what rules read of a person.
func (p *person) facts() member.Person {
	n := member.Person{ID: p.ID, Org: p.Org, Sex: sexes[p.sex], Birth: p.birth, Children: p.children, Barred: p.barred}
	if r := p.rest; r != nil {
		n.Sex, n.LivesIn, n.Tags = n.Sex+r.sex, r.livesIn, r.tags
	}
	return n
}

// put takes what was imported. The sealed fields stay in the journal and the ledger,
// where they are read when somebody is shown.
func (p *person) put(n member.Person) {
	*p = person{recent: p.recent, gone: p.gone, ID: n.ID, Org: n.Org, birth: n.Birth, children: n.Children,
		digest: brief(n.Digest), barred: n.Barred, named: n.Sealed != nil}
	sex := slices.Index(sexes, n.Sex)
	if p.sex = byte(max(sex, 0)); sex < 0 || n.LivesIn != "" || n.Tags != nil {
		p.rest = &rest{livesIn: n.LivesIn, tags: n.Tags}
		if sex < 0 {
			p.rest.sex = n.Sex
		}
	}
}

// is reports whether an import brings nothing new: the keyed digest speaks for the
// sealed fields, which differ at every sealing.
func (p *person) is(n member.Person) bool { return p.digest == brief(n.Digest) && same(p.facts(), n) }

// brief is a keyed digest in 16 bytes, which those of the vault have.
func brief(digest []byte) (b [16]byte) {
	if len(digest) > len(b) {
		sum := sha256.Sum256(digest)
		digest = sum[:len(b)]
	}
	copy(b[:], digest)
	return b
}

// MarshalJSON is for Digest.
func (p *person) MarshalJSON() ([]byte, error) { return json.Marshal(p.facts()) }
