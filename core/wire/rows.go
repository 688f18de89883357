package wire

import (
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/schedule"
	"yizhan/core/station"
)

// Tables of a device. A device keeps rows of tables that it does not know.
const (
	TableActivity = "activity" // id: activity
	TablePool     = "pool"     // id: activity/pool
	TableStation  = "station"  // id: station
	TableCalendar = "calendar" // id: year
	TableMap      = "map"      // id: area; the one map pack that devices carry
	TableKey      = "key"      // id: kid in hex
	TableRevoked  = "revoked"  // id: public key in hex; phones of members that may do nothing any more
	TableClaim    = "claim"    // id: ticket number; the member's own
	TableMessage  = "message"  // id: Seq; the member's own
	TableMe       = "me"       // id: member; the member's own
	TableTicket   = "ticket"   // id: ticket number; tickets bound to this station
	TableDoor     = "door"     // id: ticket number; everybody with a claim for a session
	TableGuest    = "guest"    // id: ticket number; of the scope guests: who the rows of door are about
	TableTask     = "task"     // id: Seq; staff
	TableIncident = "incident" // id: Seq; staff

	// Tables of the scope lease/<device>.
	TableLease  = "lease"  // id: lease number
	TablePerson = "person" // id: member; whom the leases may serve
	TableOrg    = "org"    // id: organisation; those of the persons and all above
	TableHeld   = "held"   // id: ticket number; what counts against the limits of leased activities
	TableVoid   = "void"   // id: lease number; everywhere: tickets that are void or in doubt

	TableScanner = "scanner" // id: device; of the scope hub/<device>: who talks to this hub

	TableGrant = "grant" // made by the device itself; id: ticket number it granted from a lease
	TableUsed  = "used"  // made by the device itself; id: ticket number when it hands over, "door/" before it at a check-in, "given/" when it gave it up, "lease/" and its number when a lease was given back
)

// ActivityRow is a published activity. Spec is its JSON (core/activity).
type ActivityRow struct {
	ID       id.Activity `cbor:"1,keyasint"`
	Number   uint32      `cbor:"2,keyasint"`
	Revision int         `cbor:"3,keyasint"`
	Spec     []byte      `cbor:"4,keyasint"`
}

// PoolRow says roughly how a pool stands; exact counts are gauges.
type PoolRow struct {
	Activity id.Activity `cbor:"1,keyasint"`
	Pool     id.Pool     `cbor:"2,keyasint"`
	Full     bool        `cbor:"3,keyasint"` // nothing is free for everybody
}

// StationRow is a place. Authority is the device that hands over tickets bound to it.
type StationRow struct {
	ID         id.Station `cbor:"1,keyasint"`
	Number     uint32     `cbor:"2,keyasint"`
	Name       string     `cbor:"3,keyasint"`
	Lat        float64    `cbor:"4,keyasint"`
	Lon        float64    `cbor:"5,keyasint"`
	Datum      string     `cbor:"6,keyasint"`
	Address    string     `cbor:"7,keyasint,omitempty"`
	Hours      string     `cbor:"8,keyasint,omitempty"`
	Phone      string     `cbor:"9,keyasint,omitempty"`
	Facilities []string   `cbor:"10,keyasint,omitempty"`
	Kind       string     `cbor:"11,keyasint,omitempty"`
	Status     string     `cbor:"12,keyasint,omitempty"`
	Authority  id.Device  `cbor:"13,keyasint,omitempty"`
	Checked    string     `cbor:"14,keyasint,omitempty"` // date of the last check on site
	Landmark   string     `cbor:"15,keyasint,omitempty"`
	Photo      string     `cbor:"16,keyasint,omitempty"` // attachment (§13)

	Closure *station.Closure `cbor:"17,keyasint,omitempty"`
}

// Place is what the row says of a station.
func (r StationRow) Place() station.Station {
	return station.Station{ID: r.ID, Name: r.Name, Lat: r.Lat, Lon: r.Lon, Datum: r.Datum, Kind: r.Kind, Address: r.Address, Hours: r.Hours, Phone: r.Phone,
		Facilities: r.Facilities, Status: r.Status, Checked: r.Checked, Landmark: r.Landmark, Photo: r.Photo, Closure: r.Closure}
}

// RowOf is the row of a station, without its number and authority.
func RowOf(s station.Station) StationRow {
	return StationRow{ID: s.ID, Name: s.Name, Lat: s.Lat, Lon: s.Lon, Datum: s.Datum, Kind: s.Kind, Address: s.Address, Hours: s.Hours, Phone: s.Phone,
		Facilities: s.Facilities, Status: s.Status, Checked: s.Checked, Landmark: s.Landmark, Photo: s.Photo, Closure: s.Closure}
}

// CalendarRow is what the holiday notice for a year says (core/schedule).
type CalendarRow struct {
	Year int            `cbor:"1,keyasint"`
	Days []schedule.Day `cbor:"2,keyasint,omitempty"`
}

// MapRow is the map pack that devices carry: what they fetch by its hash.
type MapRow op.Map

// KeyRow is a public key that signs tickets.
type KeyRow struct {
	KID       []byte `cbor:"1,keyasint"`
	PublicKey []byte `cbor:"2,keyasint"`
	Algorithm int    `cbor:"3,keyasint"` // COSE algorithm number
	Number    uint32 `cbor:"4,keyasint"` // deployment number inside tickets
}

// RevokedRow is the key of a member's phone that was replaced or lost: its member
// codes say nothing any more.
type RevokedRow struct {
	PublicKey []byte `cbor:"1,keyasint"`
}

// ClaimRow is one claim of a member, as their own phone sees it. Code is the
// signed ticket in Base32 while the state is granted or redeemed.
type ClaimRow struct {
	Ticket   id.Ticket     `cbor:"1,keyasint"`
	Activity id.Activity   `cbor:"2,keyasint"`
	Pool     id.Pool       `cbor:"3,keyasint"`
	Seats    int           `cbor:"4,keyasint"`
	State    op.ClaimState `cbor:"5,keyasint"`
	Place    int           `cbor:"6,keyasint,omitempty"` // place in the line when it was made
	Station  id.Station    `cbor:"7,keyasint,omitempty"`
	Epoch    int           `cbor:"8,keyasint,omitempty"`
	Code     string        `cbor:"9,keyasint,omitempty"`
	At       int64         `cbor:"10,keyasint"`
	Blocked  bool          `cbor:"11,keyasint,omitempty"` // handed over only by override
}

// TicketRow is a ticket bound to the station that holds the row.
type TicketRow struct {
	Ticket   id.Ticket     `cbor:"1,keyasint"`
	Activity id.Activity   `cbor:"2,keyasint"`
	Pool     id.Pool       `cbor:"3,keyasint"`
	Seats    int           `cbor:"4,keyasint"`
	State    op.ClaimState `cbor:"5,keyasint"`
	Epoch    int           `cbor:"6,keyasint,omitempty"`
	Station  id.Station    `cbor:"7,keyasint,omitempty"`
	Member   id.Member     `cbor:"8,keyasint,omitempty"`  // opaque; so that the station can give up what its holder cancels
	Blocked  bool          `cbor:"9,keyasint,omitempty"`  // handed over only by override
	Sealed   []byte        `cbor:"10,keyasint,omitempty"` // ticket.SealPersonal: opens with the scanned code alone
}

// DoorRow is one claim for a session on the check-in list.
type DoorRow struct {
	Ticket   id.Ticket     `cbor:"1,keyasint"`
	Activity id.Activity   `cbor:"2,keyasint"`
	Pool     id.Pool       `cbor:"3,keyasint"`
	Member   id.Member     `cbor:"4,keyasint"`
	Seats    int           `cbor:"5,keyasint"`
	State    op.ClaimState `cbor:"6,keyasint"`
	Inside   bool          `cbor:"7,keyasint,omitempty"`
	Blocked  bool          `cbor:"8,keyasint,omitempty"` // let in only by override
	Came     bool          `cbor:"9,keyasint,omitempty"` // was inside at some time
}

// GuestRow says who a claim on the check-in list is of, to staff of a station. Name
// and what finds it (core/lookup) are filled in on delivery; nobody's are empty.
type GuestRow struct {
	Ticket   id.Ticket `cbor:"1,keyasint"`
	Member   id.Member `cbor:"2,keyasint,omitempty"`
	Name     string    `cbor:"3,keyasint,omitempty"` // masked: 李*华
	Initials []string  `cbor:"4,keyasint,omitempty"` // of the whole name, as it may be read
	Mark     []byte    `cbor:"5,keyasint,omitempty"` // one byte, of the phone's last four digits
}

// MessageRow tells a member something. Kind is one of granted, promoted,
// reminder, lapsed, drawn, not_drawn, moved.
type MessageRow struct {
	Seq      uint64      `cbor:"1,keyasint"`
	Kind     string      `cbor:"2,keyasint"`
	Activity id.Activity `cbor:"3,keyasint"`
	Pool     id.Pool     `cbor:"4,keyasint,omitempty"`
	Ticket   id.Ticket   `cbor:"5,keyasint,omitempty"`
	At       int64       `cbor:"6,keyasint"`
}

// MeRow is what a phone knows about its own member.
type MeRow struct {
	Member id.Member `cbor:"1,keyasint"`
	Org    id.Org    `cbor:"2,keyasint"`
	Name   string    `cbor:"3,keyasint,omitempty"` // organisation's name
}

// TaskRow is something that staff have to decide.
type TaskRow struct {
	Seq      uint64      `cbor:"1,keyasint"`
	Kind     string      `cbor:"2,keyasint"`
	Org      id.Org      `cbor:"3,keyasint"`
	Activity id.Activity `cbor:"4,keyasint"`
	At       int64       `cbor:"5,keyasint"`

	// Staff who looked at it: the newest word, where there was one.
	SettledAt int64  `cbor:"6,keyasint,omitempty"` // server time, Unix milliseconds; 0: nobody has
	SettledBy string `cbor:"7,keyasint,omitempty"`
	Note      string `cbor:"8,keyasint,omitempty"` // what they did about it
	Handled   bool   `cbor:"9,keyasint,omitempty"` // done with; false: only seen
}

// IncidentRow is something that went wrong and that a person has to look at.
type IncidentRow struct {
	Seq     uint64        `cbor:"1,keyasint"`
	Word    string        `cbor:"2,keyasint"`
	Ticket  id.Ticket     `cbor:"3,keyasint,omitempty"`
	Device  id.Device     `cbor:"4,keyasint,omitempty"`
	Verdict fault.Verdict `cbor:"5,keyasint,omitempty"`
	At      int64         `cbor:"6,keyasint"`
	Member  id.Member     `cbor:"7,keyasint,omitempty"` // beside the ticket's own: whom else it was given to

	Station   id.Station `cbor:"8,keyasint,omitempty"`
	By        string     `cbor:"9,keyasint,omitempty"`  // who worked there
	ScannedAt int64      `cbor:"10,keyasint,omitempty"` // device clock, Unix milliseconds
	Reason    string     `cbor:"11,keyasint,omitempty"` // of an override

	// The hand-over or check-in before it, where there was one.
	FirstDevice  id.Device  `cbor:"12,keyasint,omitempty"`
	FirstStation id.Station `cbor:"13,keyasint,omitempty"`
	FirstAt      int64      `cbor:"14,keyasint,omitempty"` // device clock, Unix milliseconds
	FirstBy      string     `cbor:"15,keyasint,omitempty"`

	// Staff who looked at it: the newest word, where there was one.
	SettledAt int64  `cbor:"16,keyasint,omitempty"` // server time, Unix milliseconds; 0: nobody has
	SettledBy string `cbor:"17,keyasint,omitempty"`
	Note      string `cbor:"18,keyasint,omitempty"` // what they did about it
	Handled   bool   `cbor:"19,keyasint,omitempty"` // done with; false: only seen
}

// UsedRow is the device's own memory of a hand-over, or of a lease that it gave
// back: it outlives a crash and refuses the second scan, or the next grant, before
// the server has heard of the first.
type UsedRow struct {
	Ticket id.Ticket `cbor:"1,keyasint"`
	Seq    uint64    `cbor:"2,keyasint"` // op number of the hand-over
	At     int64     `cbor:"3,keyasint"`
	Kind   op.Kind   `cbor:"4,keyasint"` // 0: op Seq took it back
	Out    bool      `cbor:"5,keyasint,omitempty"`
	Epoch  int       `cbor:"6,keyasint,omitempty"` // of the ticket
	Asked  bool      `cbor:"7,keyasint,omitempty"` // the server's answer says whether it was handed over
	By     id.Device `cbor:"8,keyasint,omitempty"` // at a hub: whose op Seq is

	Boot  string `cbor:"9,keyasint,omitempty"`  // of the clock's mark: the run of the machine in which At was read
	Since int64  `cbor:"10,keyasint,omitempty"` // of it that had passed, milliseconds
}

// ScannerRow is a device that has this hub as its upstream.
type ScannerRow struct {
	Device    id.Device  `cbor:"1,keyasint"`
	Role      op.Role    `cbor:"2,keyasint"`
	Station   id.Station `cbor:"3,keyasint,omitempty"`
	Org       id.Org     `cbor:"4,keyasint,omitempty"`
	PublicKey []byte     `cbor:"5,keyasint"`
	Gone      bool       `cbor:"6,keyasint,omitempty"` // it may do nothing any more

	Supervisor bool `cbor:"7,keyasint,omitempty"` // it may hand over against a verdict
}

// LeaseRow is a lease of this device. Certificate is the server's signature over
// it, and Secret what the secrets of its tickets are derived from (core/ticket);
// both are filled in on delivery.
type LeaseRow struct {
	Lease       op.Lease `cbor:"1,keyasint"`
	Over        string   `cbor:"2,keyasint,omitempty"` // how it ended: op.LeaseExpired …
	Certificate []byte   `cbor:"3,keyasint,omitempty"`
	Secret      []byte   `cbor:"4,keyasint,omitempty"` // 16 bytes

	// Elsewhere names people of a shared lease whose right to claim an exclusive one has given to another device.
	Elsewhere []id.Member `cbor:"5,keyasint,omitempty"`
}

// PersonRow is what the rules of leased activities read about one person: no name, no number.
type PersonRow struct {
	Person member.Person `cbor:"1,keyasint"` // without Digest and Sealed
}

// OrgRow is one organisation above a person of a lease.
type OrgRow struct {
	ID     id.Org `cbor:"1,keyasint"`
	Parent id.Org `cbor:"2,keyasint,omitempty"`
}

// HeldRow is one claim that counts against the limits of a leased activity.
type HeldRow struct {
	Ticket   id.Ticket     `cbor:"1,keyasint"`
	Activity id.Activity   `cbor:"2,keyasint"`
	Pool     id.Pool       `cbor:"3,keyasint"`
	Member   id.Member     `cbor:"4,keyasint"`
	Org      id.Org        `cbor:"5,keyasint,omitempty"`
	Seats    int           `cbor:"6,keyasint"`
	State    op.ClaimState `cbor:"7,keyasint"`
}

// VoidRow tells every counter which tickets of a lease are worth nothing, or are
// in doubt until their device has reported.
type VoidRow struct {
	Lease   uint64     `cbor:"1,keyasint"`
	Taken   []op.Taken `cbor:"2,keyasint,omitempty"` // void for good
	InDoubt bool       `cbor:"3,keyasint,omitempty"` // the holder is lost: the rest needs an override
}

// GrantRow is the device's own memory of what it granted from a lease.
type GrantRow struct {
	Ticket   id.Ticket   `cbor:"1,keyasint"`
	Lease    uint64      `cbor:"2,keyasint"`
	Seq      uint64      `cbor:"3,keyasint"` // op number
	Member   id.Member   `cbor:"4,keyasint"`
	Activity id.Activity `cbor:"5,keyasint"`
	Pool     id.Pool     `cbor:"6,keyasint"`
	Seats    int         `cbor:"7,keyasint"`
	Taken    []op.Taken  `cbor:"8,keyasint"`
	Station  id.Station  `cbor:"9,keyasint,omitempty"`
	At       int64       `cbor:"10,keyasint"`
	Code     string      `cbor:"11,keyasint"` // signed by this device
	Org      id.Org      `cbor:"12,keyasint,omitempty"`
}
