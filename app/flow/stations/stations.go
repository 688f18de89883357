// Package stations is finding a place: searching, narrowing down, the nearest first,
// and what is known of one of them. Walking distances come from outside (Ranked);
// without them the order is by straight line, and says so.
package stations

import (
	"image"
	"maps"
	"slices"
	"time"

	"yizhan/app/flow"
	"yizhan/app/flow/ime"
	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/schedule"
	"yizhan/core/station"
	"yizhan/core/wire"
)

// page is how many places the list shows at first, and how many more at each press.
const page = 20

// maxText is how many characters are searched for.
const maxText = 30

// State is the page between two messages. The zero value knows no place.
type State struct {
	Now   time.Time  // server time, in the zone of the deployment
	Text  string     // what is searched for
	Open  bool       // only places that are open now
	Shown id.Station // whose page is open; empty: the list
	Asker Asker
	Keys  bool // the keyboard of the screen is open
	Wide  bool // all that narrows the list down is shown

	kinds      []string // keys, any of them
	facilities []string // keys, all of them
	more       int      // places beyond the first page
	data       Data
	index      *station.Index
	calendar   schedule.Calendar
	walks      map[id.Station]Walk
	picture    Pictured // of the place that is shown
	board      ime.State
	ready      bool // board has a dictionary
}

// Asker is where the person is who asks.
type Asker struct {
	At     geo.Point  // WGS84
	Placed bool       // At is known
	Here   id.Station // of the machine that stands there; empty otherwise
}

// Walk is the way to a place on foot.
type Walk struct {
	Metres, Minutes int
	Reachable       bool // false: it cannot be walked to
}

// Data is what the device knows of places.
type Data struct {
	Stations []station.Station // in order of id
	Years    []schedule.Year
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Loaded brings what the store holds now.
	Loaded struct{ Data }
	// Tick is the passing of time.
	Tick struct{ Now time.Time }
	// Locate says where the asker is. Walks from elsewhere are forgotten.
	Locate struct{ Asker }
	// Ranked brings the ways from a place, all at once; those from elsewhere than the
	// asker's are dropped. No walks: nobody knows them.
	Ranked struct {
		From  geo.Point
		Walks map[id.Station]Walk
	}
	// Type changes what is searched for.
	Type struct{ Text string }
	// Keyboard opens and closes the keyboard of the screen.
	Keyboard struct{ Open bool }
	// Words brings the dictionary of the keyboard, and the room for its candidates.
	Words struct {
		Dict *ime.Dict
		Room int
	}
	// Key is a touch of the keyboard.
	Key struct{ ime.Message }
	// Widen shows all that narrows the list down, or only what is asked for most.
	Widen struct{ On bool }
	// OnlyOpen shows only what is open now.
	OnlyOpen struct{ On bool }
	// Kind takes a kind of place in or out, by its key.
	Kind struct{ Key string }
	// Facility takes a facility in or out, by its key.
	Facility struct{ Key string }
	// Clear forgets the search and all that narrows it down.
	Clear struct{}
	// More shows more of a long list.
	More struct{}
	// Show opens a place.
	Show struct{ Station id.Station }
	// Pictured brings the picture of the place that is shown, by the name that the place has for it.
	Pictured struct {
		Photo   string
		Picture image.Image
	}
	// Back goes to the list.
	Back struct{}
)

func (Loaded) message()   {}
func (Tick) message()     {}
func (Locate) message()   {}
func (Ranked) message()   {}
func (Type) message()     {}
func (Keyboard) message() {}
func (Words) message()    {}
func (Key) message()      {}
func (Widen) message()    {}
func (OnlyOpen) message() {}
func (Kind) message()     {}
func (Facility) message() {}
func (Clear) message()    {}
func (More) message()     {}
func (Show) message()     {}
func (Pictured) message() {}
func (Back) message()     {}

// Update gives the next state.
func (s State) Update(m Message) State {
	switch m := m.(type) {
	case Loaded:
		return s.loaded(m.Data)
	case Tick:
		s.Now = m.Now
	case Locate:
		if m.At != s.Asker.At || m.Placed != s.Asker.Placed {
			s.walks = nil
		}
		s.Asker = m.Asker
	case Ranked:
		if m.From == s.Asker.At && s.Asker.Placed {
			s.walks = maps.Clone(m.Walks)
		}
	case Type, Keyboard, Words, Key:
		return s.typing(m)
	case Widen:
		s.Wide = m.On
	case OnlyOpen:
		s.Open, s.more = m.On, 0
	case Kind:
		s.kinds, s.more = toggled(s.kinds, m.Key), 0
	case Facility:
		s.facilities, s.more = toggled(s.facilities, m.Key), 0
	case Clear:
		s.Text, s.Open, s.kinds, s.facilities, s.more, s.Keys, s.Wide = "", false, nil, nil, 0, false, false
		s.board, _ = s.board.Update(ime.Reset{})
	case Pictured:
		if p := s.Chosen().Photo; p != "" && p == m.Photo {
			s.picture = m
		}
	case More:
		s.more += page
	case Show:
		if _, ok := s.index.Get(m.Station); ok {
			s = s.typing(Keyboard{})
			s.Shown = m.Station
		}
	case Back:
		s.Shown, s.picture = "", Pictured{}
	}
	return s
}

// loaded takes other data; what is the same is not read anew.
func (s State) loaded(d Data) State {
	if s.index == nil || !slices.EqualFunc(d.Stations, s.data.Stations, station.Station.Equal) {
		s.index = station.NewIndex(d.Stations)
	}
	if !slices.EqualFunc(d.Years, s.data.Years, schedule.Year.Equal) {
		s.calendar = schedule.NewCalendar(d.Years...)
	}
	s.data = d
	if _, ok := s.index.Get(s.Shown); !ok {
		s.Shown = "" // it is there no longer
	}
	return s
}

// toggled takes a key in, or out where it is in already; the list is a new one.
func toggled(keys []string, key string) []string {
	if i := slices.Index(keys, key); i >= 0 {
		return slices.Delete(slices.Clone(keys), i, i+1)
	}
	return append(slices.Clone(keys), key)
}

// Narrow reports whether something narrows the list down.
func (s State) Narrow() bool {
	return s.Query() != "" || s.Open || len(s.kinds) > 0 || len(s.facilities) > 0
}

// Walked reports whether the list is in order of walking distance, not of straight lines.
func (s State) Walked() bool { return s.walks != nil }

// Read gives what a store knows of places.
func Read(store local.Store) (d Data, err error) {
	err = flow.Each(store, wire.TableStation, func(row wire.StationRow) { d.Stations = append(d.Stations, row.Place()) })
	if err == nil {
		err = flow.Each(store, wire.TableCalendar, func(row wire.CalendarRow) { d.Years = append(d.Years, schedule.Year(row)) })
	}
	return d, err
}
