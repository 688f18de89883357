package stations

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/station"
)

// Row is one place of the list.
type Row struct {
	Station id.Station
	Name    string
	Kind    say.Text
	Key     string    // of its kind; empty for one that is not in the table
	Tone    flow.Tone // of Word
	Word    say.Text  // whether it is open
	Away    say.Text  // how far; empty where nobody knows
	Note    say.Text  // landmark or address
	Here    bool      // the asker stands in it
	Stale   bool      // what is said of it may be out of date
	At      geo.Point // WGS84
	Placed  bool      // At is known
}

// found is a place with how far it is.
type found struct {
	station.Found
	at     geo.Point
	placed bool
	metres float64 // straight; negative where nobody knows
	walk   Walk
	walked bool
}

// Rows are the places to show, and how many more there are.
func (s State) Rows() (rows []Row, more int) {
	all := s.find()
	n := min(len(all), page+s.more)
	for _, f := range all[:n] {
		rows = append(rows, s.row(f))
	}
	return rows, len(all) - n
}

// find gives all that fit: those that fit best, and of these the nearest first.
func (s State) find() []found {
	var all []found
	for _, f := range s.index.Find(station.Filter{Text: s.Query(), Kinds: s.kinds, Facilities: s.facilities, Open: s.Open}, s.Now, s.calendar) {
		all = append(all, s.away(f))
	}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.Rank/coarse, a.Rank/coarse), cmp.Compare(s.order(a), s.order(b)), cmp.Compare(a.far(), b.far()), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// coarse is how much better a place has to fit to stand before a nearer one.
const coarse = 200

// away says how far a place is.
func (s State) away(f station.Found) found {
	one := found{Found: f, metres: -1}
	if one.at, one.placed = f.At(); one.placed && s.Asker.Placed {
		one.metres = geo.Distance(s.Asker.At, one.at)
	}
	one.walk, one.walked = s.walks[f.ID]
	return one
}

// order puts the asker's own place first, then those that can be reached, then those
// of which nobody knows how to.
func (s State) order(f found) int {
	switch {
	case f.ID == s.Asker.Here && f.ID != "":
		return 0
	case s.Walked() && f.walked && f.walk.Reachable, !s.Walked() && f.metres >= 0:
		return 1
	case f.metres >= 0:
		return 2
	}
	return 3
}

// far is what places of one order are compared by, in metres.
func (f found) far() float64 {
	switch {
	case f.walked && f.walk.Reachable:
		return float64(f.walk.Metres)
	case f.metres < 0:
		return math.MaxFloat64
	}
	return f.metres
}

func (s State) row(f found) Row {
	r := Row{Station: f.ID, Name: f.Place.Name, Kind: kindOf(f.Station), Away: s.farness(f), At: f.at, Placed: f.placed, Here: f.ID == s.Asker.Here && f.ID != ""}
	r.Tone, r.Word = Word(f.Standing, f.Closure, s.Now)
	_, r.Stale = f.Station.Stale(s.Now)
	if k, ok := station.KindOf(f.Kind); ok {
		r.Key = k.Key
	}
	r.Note = say.Plain(cmp.Or(f.Landmark, f.Address))
	return r
}

// farness is how far a place is, on foot where that is known.
func (s State) farness(f found) say.Text {
	switch {
	case f.ID == s.Asker.Here && f.ID != "":
		return say.T("您在这里")
	case f.walked && !f.walk.Reachable:
		return say.T("走不到，直线 %s", Metres(f.metres))
	case f.walked:
		return say.T("步行 %s，约 %d 分钟", Metres(float64(f.walk.Metres)), max(1, f.walk.Minutes))
	case f.metres < 0:
		return say.Text{}
	}
	return say.T("直线 %s", Metres(f.metres))
}

// Metres writes a distance: to ten metres, from a kilometre on to a hundred.
func Metres(m float64) say.Text {
	if m < 995 {
		return say.T("%d 米", int(m+5)/10*10)
	}
	return say.T("%s 公里", strconv.FormatFloat(m/1000, 'f', 1, 64))
}

func kindOf(s station.Station) say.Text {
	if k, ok := station.KindOf(s.Kind); ok {
		return say.Both(k.Chinese, k.English)
	}
	return say.Plain(s.Kind)
}

// Word says in a few words whether a place is open, and how that is to be taken.
func Word(at station.Standing, closure *station.Closure, now time.Time) (flow.Tone, say.Text) {
	switch at.State {
	case station.Open:
		if at.Until.IsZero() {
			return flow.Good, say.T("24 小时开放")
		}
		return flow.Good, say.T("开放中，到 %s", until(at.Until, now))
	case station.Closing:
		return flow.Wait, say.T("开放中，%d 分钟后关门", max(1, at.Left(now)))
	case station.Closed:
		if at.Next.IsZero() {
			return flow.Bad, say.T("现在不开放")
		}
		return flow.Bad, say.T("已关门，%s 开", moment(at.Next, now))
	case station.Paused:
		if closure == nil || closure.Until == "" {
			return flow.Bad, say.T("暂停开放")
		}
		return flow.Bad, say.T("暂停开放，到 %s", date(closure.Until, now))
	case station.Shut:
		return flow.Bad, say.T("已停用")
	}
	return flow.Plain, say.T("开放时间以电话为准")
}

func moment(t, now time.Time) say.Text { return flow.Moment(t.UnixMilli(), now) }

// until is a moment that is nearly always today.
func until(t, now time.Time) say.Text {
	if y, m, d := now.Date(); t.Equal(time.Date(y, m, d+1, 0, 0, 0, 0, now.Location())) {
		return say.Plain("24:00")
	}
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return say.Plain(t.Format("15:04"))
	}
	return moment(t, now)
}

// date writes a date of the data as people say it.
func date(text string, now time.Time) say.Text {
	t, err := time.ParseInLocation(time.DateOnly, text, now.Location())
	if err != nil {
		return say.Plain(text)
	}
	return flow.Day(t.UnixMilli(), now)
}

// Summary says what the list holds and in which order.
func (s State) Summary() (text, order say.Text) {
	n := len(s.find())
	switch {
	case n == 0:
		return say.Text{}, say.Text{}
	case s.Narrow():
		text = say.T("找到 %d 个", n)
	default:
		text = say.T("共 %d 个站点", n)
	}
	switch {
	case s.Walked():
		order = say.T("按步行距离，由近到远")
	case s.Asker.Placed:
		order = say.T("按直线距离，由近到远；实际要走的路更长")
	default:
		order = say.T("不知道您在哪里，没有按远近排")
	}
	return text, order
}

// Empty is what to read where the list holds nothing.
type Empty struct{ Word, Sentence, Next say.Text }

// Nothing says why the list holds nothing, and what to do.
func (s State) Nothing() Empty {
	switch {
	case len(s.index.Places()) == 0:
		return Empty{say.T("还没有站点资料"), say.T("联网以后，附近的站点会列在这里。"), say.Text{}}
	case s.Open:
		other := s
		other.Open = false
		if n := len(other.find()); n > 0 {
			return Empty{say.T("现在都没有开门"), say.T("按您找的，有 %d 个站点，现在都关着。", n), say.T("去掉“现在开放”，可以看到它们几点开。")}
		}
	}
	return Empty{say.T("没有找到站点"), say.T("没有站点符合您要的。"), say.T("换个说法，或去掉几个条件再找。")}
}

// Chip is a word that narrows the list down.
type Chip struct {
	Text   say.Text
	Chosen bool
	Tap    Message
}

// Chips are the ways to narrow the list down: what is open, then kinds, then facilities.
// A kind or facility that no place has is left out.
func (s State) Chips() (open Chip, kinds, facilities []Chip) {
	open = Chip{say.T("现在开放"), s.Open, OnlyOpen{!s.Open}}
	hasKind, hasFacility := map[string]bool{}, map[string]bool{}
	for _, p := range s.index.Places() {
		if k, ok := station.KindOf(p.Kind); ok {
			hasKind[k.Key] = true
		}
		for _, w := range p.Facilities {
			if f, ok := station.FacilityOf(w); ok {
				hasFacility[f.Key] = true
			}
		}
	}
	for _, k := range station.Kinds {
		if hasKind[k.Key] {
			kinds = append(kinds, Chip{say.Both(k.Chinese, k.English), slices.Contains(s.kinds, k.Key), Kind{k.Key}})
		}
	}
	for _, f := range station.Facilities {
		if hasFacility[f.Key] {
			facilities = append(facilities, Chip{say.Both(f.Chinese, f.English), slices.Contains(s.facilities, f.Key), Facility{f.Key}})
		}
	}
	return open, kinds, facilities
}

// usual is how many chips stand above the list before somebody asks for all.
const usual = 4

// Usual are the chips that stand above the list at first: what is open, what is chosen,
// and the facilities that are asked for most.
func (s State) Usual() []Chip {
	open, kinds, facilities := s.Chips()
	all := []Chip{open}
	for _, c := range append(kinds, facilities...) {
		if c.Chosen {
			all = append(all, c)
		}
	}
	for _, c := range facilities {
		if !c.Chosen && len(all) < usual {
			all = append(all, c)
		}
	}
	return all
}
