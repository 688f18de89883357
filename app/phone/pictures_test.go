package phone

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"

	"yizhan/app/flow/claim"
	"yizhan/app/flow/settings"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/app/look"
	"yizhan/app/shell/shelltest"
)

// places is a message of the list of stations.
func places(m stations.Message) claim.Message {
	return claim.Sought{Message: wayfind.Stations{Message: m}}
}

func album(s *Shell) shelltest.Album { return shelltest.Album{Env: s.env, Name: "phone", Width: 270} }

// Every page can be drawn on a small phone in every size, palette and language.
func TestPages(t *testing.T) {
	for _, taste := range []struct {
		name  string
		print settings.Print
		pal   string
		lang  string
	}{{"zh", settings.Standard, settings.Light, settings.Chinese}, {"large", settings.Largest, settings.Contrast, settings.Chinese}, {"en", settings.Standard, settings.Night, settings.English}} {
		for name, open := range map[string][]claim.Message{
			"1-list":     nil,
			"2-detail":   {claim.Open{Activity: shelltest.Picking}, claim.WithChild{Yes: true}},
			"3-mine":     {claim.Go{Page: claim.Mine}},
			"4-ticket":   {claim.ShowTicket{Ticket: 1024}},
			"5-cancel":   {claim.ShowTicket{Ticket: 1024}, claim.AskChange{Change: claim.GiveBack}},
			"6-move":     {claim.ShowTicket{Ticket: 1024}, claim.AskChange{Change: claim.Move}},
			"7-code":     {claim.Go{Page: claim.Code}, claim.Shown{Code: strings.Repeat("A2B3C4D5", 49), Next: shelltest.Now.Add(12 * time.Second)}},
			"8-me":       {claim.Go{Page: claim.Me}},
			"9-inbox":    {claim.Go{Page: claim.Inbox}},
			"a-stations": {claim.Go{Page: claim.Places}},
			"b-nothing":  {claim.Go{Page: claim.Places}, places(stations.Type{Text: "擦鞋机"})},
			"c-filters":  {claim.Go{Page: claim.Places}, places(stations.Widen{On: true})},
			"d-place":    {claim.Go{Page: claim.Places}, places(stations.Show{Station: shelltest.There})},
			"e-take":     {claim.Go{Page: claim.Places}, places(stations.Show{Station: shelltest.There}), claim.Sought{Message: wayfind.Open{Page: wayfind.Take}}},
		} {
			t.Run(taste.name+"/"+name, func(t *testing.T) {
				s, _, _ := start(t)
				defer s.env.Keep(settings.SetLanguage{Name: settings.Chinese})
				s.env.Keep(settings.SetPrint{Print: taste.print})
				s.env.Keep(settings.SetPalette{Name: taste.pal})
				s.env.Keep(settings.SetLanguage{Name: taste.lang})
				for _, m := range open {
					s.send(m)
				}
				c := software.NewCanvas()
				c.SetPadded(false)
				c.SetContent(s.env.Window.Canvas().Content())
				c.Resize(fyne.NewSize(360, 780))
				img := c.Capture()
				shelltest.Targets(t, name, c.Content(), s.env.Scale(look.PhoneSizes))
				if img.Bounds().Dx() < 360 {
					t.Errorf("drawn %v", img.Bounds())
				}
				elsewhere := name < "5" || name == "a-stations" || name == "c-filters" || name == "d-place" // TestScreens', and TestStationsOnAPhone's with a map
				if taste.name == "zh" && !elsewhere {
					c.Content().Resize(s.env.Window.Canvas().Size()) // back from the small phone
					album(s).Take(t, name[2:])
				}
			})
		}
	}
}
