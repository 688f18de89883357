package staff

import (
	"fyne.io/fyne/v2"

	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	board "yizhan/app/view/wayfind"
)

// toSeek passes a message of the map, of its pages, or of a finger on them.
func (s *Shell) toSeek(m wayfind.Message) {
	switch m.(type) {
	case wayfind.Mapped, wayfind.Resized: // no finger
	default:
		s.touch()
	}
	before := s.seek.Page
	if s.seek = s.seek.Update(m); s.seek.Page != before {
		s.list = nil
	}
	s.draw()
}

// toStations passes what comes by itself: time, and photos.
func (s *Shell) toStations(m stations.Message) {
	s.seek = s.seek.Update(wayfind.Stations{Message: m})
	s.draw()
}

// readStations takes what the store knows of places, and where this device belongs.
func (s *Shell) readStations() {
	here, err := s.env.Station()
	if err != nil {
		fyne.LogError("read station", err)
	}
	places, err := stations.Read(s.env.Store)
	if err != nil {
		fyne.LogError("read stations", err)
		return
	}
	at, placed := here.Place().At()
	s.seek = s.seek.Update(wayfind.Stations{Message: stations.Tick{Now: s.env.Clock()}})
	s.seek = s.seek.Update(wayfind.Stations{Message: stations.Loaded{Data: places}}).Update(wayfind.Home{At: at, Placed: placed, Here: here.ID})
}

// way is the map of the stations, for showing somebody the way: they scan the code with
// their own phone.
func (s *Shell) way(m model) fyne.CanvasObject {
	b := board.Board{Scale: m.scale, State: m.seek, Send: s.toSeek, Places: s.places}
	if s.env.Press.Ready() {
		b.Print = s.printWay
	}
	back := s.back
	if m.seek.Page != wayfind.List || m.seek.Picking {
		back = func() { s.toSeek(wayfind.Back{}) }
	}
	offset := float32(0)
	if s.list != nil {
		offset = s.list.Offset()
	}
	body, scroll := b.Sheet(s.chart.Map)
	page := s.frame(m, look.Page{Title: look.Say(b.Title()), Back: back, Body: body, Still: true})
	if s.list = scroll; offset > 0 {
		page.Resize(s.root.Size()) // a scroll has no place to go to before it has a size
		scroll.SetOffset(offset)
	}
	return page
}

// drawMap shows the part of the map that a finger has moved to, where the map is shown.
func (s *Shell) drawMap() {
	if s.chart == nil {
		return // not begun
	}
	on := s.at == way && s.slip == nil
	s.chart.Show(on)
	if on {
		s.album.Show(s.seek.List.Chosen().Photo)
		s.chart.Map.Draw(s.seek)
	}
}

// printWay shows the slip of the way, and prints it when asked.
func (s *Shell) printWay() {
	find := s.seek
	here, err := s.env.Station()
	if err != nil {
		fyne.LogError("read station", err)
	}
	go func() {
		what := s.env.WaySlip(find, here)
		s.env.Do(func() {
			if s.at != way || s.seek.Goal != find.Goal {
				return // gone on meanwhile
			}
			s.slip = s.env.SlipPage(s.scale(), what, func() { s.slip, s.last = nil, model{}; s.draw() })
			s.last = model{}
			s.draw()
		})
	}()
}
