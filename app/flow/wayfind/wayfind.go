// Package wayfind is the map that a person looks at, and the way on foot: where they
// stand, which station they want to go to, how they walk, and which part of the map
// is shown. It drives app/flow/stations, which it tells how far everything is.
package wayfind

import (
	"time"

	"yizhan/app/flow/stations"
	"yizhan/core/geo"
	"yizhan/core/id"
	"yizhan/core/mapdraw"
	"yizhan/core/walk"
)

// Page is what is shown besides the map.
type Page uint8

// Pages.
const (
	List  Page = iota // of stations, the nearest first
	Place             // one of them
	Way               // turn by turn
	Take              // codes and links for the person's own phone
)

// Pace is how somebody walks.
type Pace uint8

// Paces that people choose from.
const (
	Ordinary Pace = iota
	Elderly
	Wheelchair // without steps
)

// Paces lists them.
func Paces() []Pace { return []Pace{Ordinary, Elderly, Wheelchair} }

func (p Pace) profile() walk.Profile {
	return [...]walk.Profile{Ordinary: walk.Ordinary, Elderly: walk.Elderly, Wheelchair: walk.Wheelchair}[p]
}

// Ground is the map that this device holds. The zero value is none.
type Ground struct {
	Hash        string // another one is another map
	Name        string
	Attribution string // always shown with the map
	Box         geo.Box
	Graph       *walk.Graph
}

// Origin is how it is known where the person stands.
type Origin uint8

// Origins.
const (
	Nowhere Origin = iota
	Machine        // the machine's own place
	Pointed        // a tap on the map
	Station        // "I am at this station"
)

// Trouble is why there is no way to show.
type Trouble uint8

// Troubles.
const (
	None      Trouble = iota
	NoMap             // this device holds no map
	NotPlaced         // nobody knows where the station is
	NoOrigin          // nobody knows where the person stands
	OffRoad           // no way within reach of where the person stands
	NoWay             // it cannot be walked to
)

// Camera is the part of the map that is shown; Zoom is that of web maps, for dp.
type Camera struct {
	Center geo.Fix
	Zoom   int
}

// Zooms that can be looked at.
const (
	Farthest = 11
	Nearest  = 18
	usual    = 16
)

// State is the page between two messages. The zero value shows nothing.
type State struct {
	Page    Page
	List    stations.State
	Ground  Ground
	Origin  Origin
	Here    geo.Fix // where Origin is not Nowhere
	Pace    Pace
	Picking bool // the next tap on the map says where the person stands
	Camera  Camera
	Width   float32 // of the map on the screen, in dp; 0 while it is not shown
	Height  float32
	Pins    []Pin
	Goal    id.Station // of Route; empty: none
	Route   *walk.Route
	Trouble Trouble
	App     App // of Take

	home asker // where the person stands unless they say something else
	near Near  // of what the list holds
}

// asker is where somebody stands, and the station that they stand in.
type asker struct {
	origin Origin
	at     geo.Fix
	here   id.Station
}

// Message is one of the types below.
type Message interface{ message() }

type (
	// Mapped brings the map that the device holds, or that it holds none.
	Mapped struct{ Ground }
	// Home says where the machine stands, which is where its visitors stand.
	Home struct {
		At     geo.Point // WGS84
		Placed bool
		Here   id.Station
	}
	// Stations is a message of the list; Show opens a place, with the way to it.
	Stations struct{ stations.Message }
	// Pick lets the next tap on the map say where the person stands, or not any more.
	Pick struct{ On bool }
	// StandAt says that the person stands at a station.
	StandAt struct{ Station id.Station }
	// SetPace says how the person walks.
	SetPace struct{ Pace Pace }
	// Resized says how large the map is on the screen.
	Resized struct{ Width, Height float32 }
	// Pan moves the map with a finger, in dp.
	Pan struct{ DX, DY float32 }
	// Zoom goes nearer, or farther where By is negative; the place at X, Y stays where it is.
	Zoom struct {
		By   int
		X, Y float32
	}
	// Tap is a finger on the map.
	Tap struct{ X, Y float32 }
	// Fit shows the way, or the surroundings of the person.
	Fit struct{}
	// Open goes from a place to its way, or to what can be taken along.
	Open struct{ Page Page }
	// With chooses the app whose code is shown.
	With struct{ App App }
	// Back goes one page back.
	Back struct{}
	// Forget drops all that a person chose.
	Forget struct{}
)

func (Mapped) message()   {}
func (Home) message()     {}
func (Stations) message() {}
func (Pick) message()     {}
func (StandAt) message()  {}
func (SetPace) message()  {}
func (Resized) message()  {}
func (Pan) message()      {}
func (Zoom) message()     {}
func (Tap) message()      {}
func (Fit) message()      {}
func (Open) message()     {}
func (With) message()     {}
func (Back) message()     {}
func (Forget) message()   {}

// Pin is a station on the map.
type Pin struct {
	Station id.Station
	Name    string
	At      geo.Fix
	Kind    string // key of station.Kinds, or ""
	Open    Openness
}

// Openness is whether a station is open now.
type Openness uint8

// Opennesses.
const (
	Unknown Openness = iota
	IsOpen
	IsClosed
)

// View is the part of the map that is shown, in dp.
func (s State) View() mapdraw.View {
	return mapdraw.View{Center: s.Camera.Center, Zoom: float64(s.Camera.Zoom), Width: int(s.Width), Height: int(s.Height)}
}

// Still is the state without what moves under a finger: where it differs, the page
// has to be drawn anew.
func (s State) Still() State {
	s.Camera, s.Width, s.Height = Camera{}, 0, 0
	s.List.Now = s.List.Now.Truncate(time.Minute)
	return s
}
