package slip

import (
	"image"
	"time"

	"yizhan/app/flow/wayfind"
	"yizhan/app/paper"
	"yizhan/app/say"
	"yizhan/core/wire"
)

// mostSteps is how many steps a slip has room for; whoever walks farther has the map.
const mostSteps = 14

// Way is the slip of the way to the place that is shown: where it is, when it is open,
// a small map, the steps, and a code for the person's own phone.
func Way(s wayfind.State, here wire.StationRow, chart image.Image, now time.Time) paper.Slip {
	d, to := s.List.Detail(), s.List.Chosen()
	p := paper.Slip{Kind: paper.Way, Deployment: name(), Here: say.Plain(here.Name), Title: say.Plain(d.Name), Map: chart, Printed: printed(now)}
	add := func(label, text say.Text) {
		if !text.Empty() {
			p.Lines = append(p.Lines, paper.Line{Label: label, Text: text})
		}
	}
	add(say.T("多远"), s.Length())
	for _, f := range d.Facts {
		add(f.Label, f.Text)
	}
	add(say.T("今天开放"), d.Today)
	steps := s.Steps()
	for i, step := range steps[:min(len(steps), mostSteps)] {
		p.Notes = append(p.Notes, say.T("%d. %s", i+1, step))
	}
	if len(steps) > mostSteps {
		p.Notes = append(p.Notes, say.T("再往后请看地图。"))
	}
	if chart != nil {
		p.Notes = append(p.Notes, say.T("图上空心圆是出发的地方，实心圆是要去的地方。"))
	}
	if sentence, _ := s.Why(); !sentence.Empty() {
		p.Notes = append(p.Notes, sentence)
	}
	if link := s.App.Link(to, s.Ground.Name); link != "" {
		p.Code = link
		p.Notes = append(p.Notes, say.T("扫上面的码，%s带您走过去。", s.App.Name()))
	}
	return p
}
