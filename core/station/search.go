package station

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"yizhan/core/id"
	"yizhan/core/lookup"
	"yizhan/core/schedule"
)

// Filter narrows a search. The zero value takes every place that is not shut for good.
type Filter struct {
	Text       string   // words, each of which has to fit: Chinese, pinyin, initials; of name, kind, facility, landmark, address
	Kinds      []string // keys, any of them
	Facilities []string // keys, all of them
	Open       bool     // only where one may go in now
	Shut       bool     // also places that are shut for good; otherwise only where Text is in their name
}

// Found is a place that fits.
type Found struct {
	Place
	Standing
	Rank lookup.Rank // of Filter.Text
}

// Index is places ready to be searched. The zero value holds none.
type Index struct {
	places []Place
	texts  []text
}

// text is what can be looked for in a place.
type text struct {
	plain    string // everything, folded
	name     lookup.Name
	kind     []lookup.Name // of its kind and facilities, by all their words
	landmark lookup.Name
}

// NewIndex reads the hours and the sounds of places. Those without a name are left out.
func NewIndex(stations []Station) *Index {
	x := &Index{}
	for _, s := range stations {
		if s.Name == "" {
			continue
		}
		p := Read(s)
		x.places = append(x.places, p)
		x.texts = append(x.texts, textOf(s))
	}
	return x
}

func textOf(s Station) text {
	t := text{name: lookup.NewName(s.Name, nil), landmark: lookup.NewName(s.Landmark, nil)}
	words := []string{s.Name, s.Address, s.Landmark, s.Kind, string(s.ID)}
	if k, ok := KindOf(s.Kind); ok {
		words = append(append(words, k.Chinese, k.English), k.words...)
		t.kind = append(t.kind, lookup.NewName(k.Chinese, nil))
	}
	for _, f := range s.Facilities {
		known, ok := FacilityOf(f)
		if !ok {
			words = append(words, f)
			t.kind = append(t.kind, lookup.NewName(f, nil))
			continue
		}
		words = append(append(words, known.Chinese, known.English), known.words...)
		t.kind = append(t.kind, lookup.NewName(known.Chinese, nil))
		for _, w := range known.words {
			t.kind = append(t.kind, lookup.NewName(w, nil))
		}
	}
	t.plain = fold(strings.Join(words, "\n"))
	return t
}

// fold writes letters small and full-width signs as plain ones.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if '！' <= r && r <= '～' {
			r -= '！' - '!'
		}
		return unicode.ToLower(r)
	}, s)
}

// Places are all that the index holds, in the order of NewIndex.
func (x *Index) Places() []Place {
	if x == nil {
		return nil
	}
	return x.places
}

// Get finds a place by its id.
func (x *Index) Get(wanted id.Station) (Place, bool) {
	for _, p := range x.Places() {
		if p.ID == wanted {
			return p, true
		}
	}
	return Place{}, false
}

// most is how many words of a query count.
const most = 6

// Find gives the places that fit, those that fit best first and otherwise in the
// order of the index. Places that are shut for good are found by their name only.
func (x *Index) Find(f Filter, now time.Time, c schedule.Calendar) (found []Found) {
	words := strings.FieldsFunc(fold(f.Text), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",，、;；。", r) })
	words = words[:min(len(words), most)]
	for i, p := range x.Places() {
		rank, byName, ok := x.texts[i].match(words)
		if !ok || !f.takes(p.Station) {
			continue
		}
		at := p.Standing(now, c)
		if f.Open && !at.Open() || at.State == Shut && !byName && !f.Shut {
			continue
		}
		found = append(found, Found{p, at, rank})
	}
	slices.SortStableFunc(found, func(a, b Found) int { return cmp.Compare(b.Rank, a.Rank) })
	return found
}

func (f Filter) takes(s Station) bool {
	kind := s.Kind
	if k, ok := KindOf(kind); ok {
		kind = k.Key
	}
	if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, kind) {
		return false
	}
	for _, key := range f.Facilities {
		if !s.Has(key) {
			return false
		}
	}
	return true
}

// What a word is worth by where it was found; the name counts most.
const (
	inName     lookup.Rank = 1000
	inKind     lookup.Rank = 300
	inLandmark lookup.Rank = 200
	inText     lookup.Rank = 100
)

// match ranks the words, each by the best place that it is found in; byName says that
// all stand in the name.
func (t text) match(words []string) (all lookup.Rank, byName, ok bool) {
	byName = len(words) > 0
	for _, w := range words {
		rank := t.word(w)
		if rank == 0 {
			return 0, false, false
		}
		all, byName = all+rank, byName && rank > inName
	}
	return all, byName, true
}

// word ranks one word; with a digit in it it is no pinyin.
func (t text) word(w string) (best lookup.Rank) {
	if q := lookup.Parse(w); q.Named() && !strings.ContainsAny(w, "0123456789") {
		if r := q.Within(t.name); r > 0 {
			return inName + r
		}
		for _, n := range t.kind {
			if r := q.Match(n); r > 0 {
				best = max(best, inKind+r)
			}
		}
		if r := q.Within(t.landmark); best == 0 && r > 0 && q.Letters() > 1 {
			best = inLandmark + r
		}
	}
	if best == 0 && strings.Contains(t.plain, w) {
		best = inText
	}
	return best
}
