// Package kiosk is a self-service machine: which page is shown, to whom, for how
// long, and what is to be done. Whatever a visitor leaves goes with the visit.
package kiosk

import (
	"time"

	"yizhan/app/flow/checkin"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/identify"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/slip"
	"yizhan/app/flow/stations"
	"yizhan/app/flow/wayfind"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Page is which page is shown. Numbers are stored (Place).
type Page uint8

// Pages.
const (
	Home       Page = iota // nobody is there
	Activities             // what can be had
	Detail                 // one of them
	Who                    // who are you?
	Sure                   // check, and ask for it
	Outcome                // what became of it
	PickUp                 // scan a ticket to be handed its worth
	Door                   // scan to be let in or out
	Which                  // of several that may open the door
	Mine                   // the visitor's tickets
	Ticket                 // one of them
	NewPhone               // a code for the visitor's new phone
	Stations               // where else
	Help                   // how it works
	Call                   // how to reach staff
)

// How long a page stays without a touch, and from when on it says so.
const (
	stay     = 60 * time.Second
	stayGood = 20 * time.Second // of a verdict in green: the next one waits
	warn     = 20 * time.Second
)

// Purpose is what somebody is asked for who they are.
type Purpose uint8

// Purposes. A name and four digits suffice for ToDoor.
const (
	NoPurpose Purpose = iota
	ToClaim
	ToMine
	ToDoor
	ToPhone
)

// State is the machine between two messages.
type State struct {
	Page    Page
	Browse  claim.State // activities; with the visitor's claims while they are known
	Who     identify.State
	Person  identify.Person // zero while nobody is known
	Counter pickup.State
	Out     bool            // the door lets out
	Entries []checkin.Entry // of Which
	Verdict *pickup.Result  // of the door; nil while there is none
	Claim   Claim
	Phone   Phone
	Find    wayfind.State    // stations, and the way to them
	Trouble identify.Trouble // of the page; zero for none
	Busy    bool             // waiting for the store or the server
	Left    int              // seconds until the page goes; 0 while that is far
	Saved   bool             // the program ended in the middle of a visit: what was asked is saved
	Now     time.Time        // server time, in the zone of the deployment
	Online  bool
	Here    wire.StationRow
	Prints  bool   // slips can be printed
	Visit   uint64 // counts visitors: what comes for an earlier one is dropped

	device  id.Device
	purpose Purpose
	back    Page // from Detail
	from    Page // from Call and Help
	touched time.Time
}

// Claim is what became of the visitor's press.
type Claim struct {
	Place       claim.Place
	Stored      bool
	Result      op.Result // Pending until the server has answered
	Seq         uint64    // number of its op
	Code        string    // of the ticket, to be printed
	Unconfirmed bool      // from a lease whose grants count once they are reported
	Unstored    bool      // nothing was asked
	Full        bool      // because the disk is full
}

// Phone is a one-use code on the screen.
type Phone struct {
	Invitation, Typed string
	Expires           int64 // server clock, Unix milliseconds
}

// Do is what is to be done now, by the shell; answers carry Visit.
type Do struct {
	Visit   uint64
	Read    string    // member code to open
	Ask     *wire.Ask // question to the server
	Held    id.Member // whose tickets this machine holds is to be looked up
	Doors   id.Member // whose doors are to be looked up
	Claim   *op.Op    // to be decided or queued
	Counter pickup.Do // hand-over
	CheckIn *CheckIn  //
	Slip    slip.Message
	Forget  bool   // the visitor has gone: clear views, slips, settings
	Keep    *Place // to be stored, so that a restart finds it
}

// CheckIn is a scan at the door: a code, or a ticket of the list.
type CheckIn struct {
	Code   string
	Ticket id.Ticket
	Out    bool
}

// Message is one of the types below, of flow/claim (Pool, Seats, Station), or of
// flow/identify, flow/pickup wrapped in Asked and Counted.
type Message interface{ message() }

type (
	// Loaded brings what the store holds now, and where this machine stands.
	Loaded struct {
		Data   claim.Data
		Places stations.Data
		Here   wire.StationRow
		Device id.Device
		Prints bool // slips can be printed
	}
	// Tick is the passing of time: server time for people, and whether there is a network.
	Tick struct {
		Now    time.Time
		Online bool
	}
	// Gauge is the latest count of the activity on screen; nil for none.
	Gauge struct{ *wire.Gauge }
	// Go opens a page from Home; Call and Help from anywhere.
	Go struct{ Page Page }
	// Back goes one page back.
	Back struct{}
	// Stay keeps the page.
	Stay struct{}
	// Finish clears everything and goes Home.
	Finish struct{}
	// Scanned is a code from any scanner.
	Scanned struct {
		Code string
		At   time.Time
	}
	// Unreadable is a picture without a code.
	Unreadable struct{ At time.Time }
	// Open shows an activity.
	Open struct{ Activity id.Activity }
	// Choose is a choice on the page of an activity.
	Choose struct{ claim.Message }
	// Want begins a claim: who is there?
	Want struct{}
	// Press asks for what is on the page Sure.
	Press struct{}
	// Stored says that the claim survives a power cut; its answer follows.
	Stored struct {
		Visit uint64
		Seq   uint64
	}
	// NotStored says that nothing was asked.
	NotStored struct {
		Visit uint64
		Full  bool
	}
	// Decided is what became of the claim; Pending where nobody could say in time.
	Decided struct {
		Visit       uint64
		Result      op.Result
		Code        string
		Unconfirmed bool
	}
	// Asked is a message of the conversation about who is there.
	Asked struct{ identify.Message }
	// Heard answers Do.Read; Told answers Do.Ask. Both are dropped after the visit.
	Heard struct {
		Visit uint64
		identify.Read
	}
	// Told answers Do.Ask; OK is false where there was no answer.
	Told struct {
		Visit  uint64
		Kind   wire.Question
		Answer wire.Told
		OK     bool
	}
	// Held answers Do.Held.
	Held struct {
		Visit  uint64
		Claims []wire.ClaimRow
	}
	// Doors answers Do.Doors.
	Doors struct {
		Visit   uint64
		Entries []checkin.Entry
	}
	// ByName begins at the door without a code.
	ByName struct{}
	// Leave turns the door round: out instead of in.
	Leave struct{ Out bool }
	// Enter takes one of Entries.
	Enter struct{ Ticket id.Ticket }
	// Checked is a verdict of the door that is stored.
	Checked struct {
		Visit uint64
		checkin.Outcome
	}
	// NotChecked says that it could not be stored: nobody is let in.
	NotChecked struct {
		Visit uint64
		Why   pickup.Why
	}
	// Counted is a message of the counter that hands over.
	Counted struct{ pickup.Message }
	// Show opens a ticket of Mine.
	Show struct{ Ticket id.Ticket }
	// Find is a message of the map and of the list of stations.
	Find struct{ wayfind.Message }
	// Print asks for the slip of the page.
	Print struct{}
)

func (Loaded) message()     {}
func (Tick) message()       {}
func (Gauge) message()      {}
func (Go) message()         {}
func (Back) message()       {}
func (Stay) message()       {}
func (Finish) message()     {}
func (Scanned) message()    {}
func (Unreadable) message() {}
func (Open) message()       {}
func (Choose) message()     {}
func (Want) message()       {}
func (Press) message()      {}
func (Stored) message()     {}
func (NotStored) message()  {}
func (Decided) message()    {}
func (Asked) message()      {}
func (Heard) message()      {}
func (Told) message()       {}
func (Held) message()       {}
func (Doors) message()      {}
func (ByName) message()     {}
func (Leave) message()      {}
func (Enter) message()      {}
func (Checked) message()    {}
func (NotChecked) message() {}
func (Counted) message()    {}
func (Show) message()       {}
func (Find) message()       {}
func (Print) message()      {}
