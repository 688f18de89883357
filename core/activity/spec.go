// Package activity is what a union publishes: its text and all its rules, as
// data. The JSON form is the one of scenario files (docs/SCENARIOS.md).
package activity

import (
	"yizhan/core/id"
)

// Spec is one activity as staff write it. Times are wall-clock in the
// deployment's zone, "2006-01-02T15:04:05".
type Spec struct {
	ID          id.Activity `json:"id"`
	Title       string      `json:"title"`
	Audience    string      `json:"audience,omitempty"`     // CEL over m; empty is everybody
	AudienceWhy Text        `json:"audience_why,omitzero"`  // what a refused person reads
	Pools       []Pool      `json:"pools,omitempty"`        // either Pools or Sessions
	Sessions    []Session   `json:"sessions,omitempty"`     // each session is a pool
	Limits      []Limit     `json:"limits,omitempty"`       //
	SetAsides   []SetAside  `json:"set_asides,omitempty"`   //
	Guests      *Guests     `json:"guests,omitempty"`       //
	Windows     Windows     `json:"windows,omitzero"`       //
	PickupHours []string    `json:"pickup_hours,omitempty"` // ["09:00","16:00"] on each day of the pickup window
	Horizon     *Horizon    `json:"horizon,omitempty"`      //
	Method      string      `json:"method,omitempty"`       // first_come (default), draw, staff
	WhenFull    string      `json:"when_full,omitempty"`    // refuse (default), waitlist
	WhenShort   string      `json:"when_short,omitempty"`   // refuse (default), trim
	Unclaimed   string      `json:"unclaimed,omitempty"`    // lapse (default), return
	Pickup      *Pickup     `json:"pickup,omitempty"`       //
	Reminder    *Reminder   `json:"reminder,omitempty"`     // default: the day before at 09:00
	CheckIn     *CheckIn    `json:"check_in,omitempty"`     // default: opens 2h before, closes when the session ends
	Thresholds  []Threshold `json:"thresholds,omitempty"`   //
}

// Text is a sentence in the reader's language. JSON: a string (Chinese) or {"zh": …, "en": …}.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en,omitempty"`
}

// Pool is a countable scarce thing.
type Pool struct {
	ID    id.Pool `json:"id"`
	Total int     `json:"total"`
}

// Session is a pool with a time.
type Session struct {
	ID     id.Pool `json:"id"`
	Starts string  `json:"starts"`
	Ends   string  `json:"ends"`
	Total  int     `json:"total"`
}

// Limit caps the seats that one party may hold, enter or wait for.
type Limit struct {
	Per          string `json:"per"` // member or org
	Max          int    `json:"max"`
	MaxWithChild int    `json:"max_with_child,omitempty"`
	Series       string `json:"series,omitempty"` // counts over all activities of the series
}

// SetAside keeps seats for one audience.
type SetAside struct {
	ID       string `json:"id"`
	Count    int    `json:"count"`
	Audience string `json:"audience"`
}

// Guests is a ceiling on the share of one audience.
type Guests struct {
	Percent  int    `json:"percent"`
	Audience string `json:"audience"`
}

// Windows are [from, to): from counts, to does not.
type Windows struct {
	Claim  []string `json:"claim,omitempty"`
	Pickup []string `json:"pickup,omitempty"`
	Use    []string `json:"use,omitempty"`
}

// Horizon allows sessions from today+FromDays to today+ToDays, both included.
type Horizon struct {
	FromDays int      `json:"from_days"`
	ToDays   int      `json:"to_days"`
	Closed   []string `json:"closed,omitempty"`
}

// Pickup names the places of hand-over.
type Pickup struct {
	Stations []id.Station `json:"stations"`
	Bind     bool         `json:"bind,omitempty"`
}

// Reminder is the message before each session.
type Reminder struct {
	DaysBefore int    `json:"days_before"`
	At         string `json:"at"`
}

// CheckIn is when a session's door is open: Opens before it starts, Closes before it ends.
type CheckIn struct {
	Opens   string `json:"opens"`
	Closes  string `json:"closes"`
	ReEntry string `json:"re_entry,omitempty"` // allow (default): whoever went out may come back; forbid
}

// Words of CheckIn.ReEntry.
const (
	AllowReEntry  = "allow"
	ForbidReEntry = "forbid"
)

// Threshold makes a task for staff when more than PersonsOver members of one
// organisation have a claim that is not refused.
type Threshold struct {
	Per         string `json:"per"`
	PersonsOver int    `json:"persons_over"`
	Task        string `json:"task"`
}
