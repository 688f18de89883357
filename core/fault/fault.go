// Package fault is the closed list of refusals, verdicts and faults that cross
// the wire. Numbers are frozen: a new one goes to the end, none is ever reused.
package fault

import "fmt"

// Code says why a request was refused. A refusal is a result: it is journalled
// and stable under resend.
type Code uint8

// Refusal codes in their frozen order.
const (
	None Code = iota
	SoldOut
	MemberCap
	OrgCap
	SeriesCap
	NotEligible
	WindowNotOpen
	WindowClosed
	OutsideHorizon
	UnknownMember
	UnknownActivity
	Barred
	LeaseExhausted
	LeaseExpired
	DeviceRevoked
	NotAuthorised
	HeldElsewhere
	Invalid
)

var codeNames = []string{"", "sold_out", "member_cap", "org_cap", "series_cap", "not_eligible",
	"window_not_open", "window_closed", "outside_horizon", "unknown_member", "unknown_activity",
	"barred", "lease_exhausted", "lease_expired", "device_revoked", "not_authorised",
	"held_elsewhere", "invalid"}

// precedence decides which code is given where several hold.
var precedence = []Code{DeviceRevoked, Invalid, NotAuthorised, UnknownActivity, UnknownMember, Barred,
	NotEligible, WindowNotOpen, WindowClosed, OutsideHorizon, HeldElsewhere, MemberCap, SeriesCap,
	OrgCap, LeaseExpired, LeaseExhausted, SoldOut}

// First gives the code to report out of those that hold, None if there is none.
func First(codes ...Code) Code {
	for _, p := range precedence {
		for _, c := range codes {
			if c == p {
				return p
			}
		}
	}
	return None
}

func (c Code) String() string { return name(codeNames, int(c), "code") }

// Verdict is the answer to a scan at a counter or a door.
type Verdict uint8

// Verdicts in their frozen order.
const (
	NoVerdict Verdict = iota
	Valid
	AlreadyRedeemed
	Unknown
	BadSignature
	Revoked
	Cancelled
	TooEarly
	TooLate
	WrongStation
	WrongActivity
	NotApproved
	Blocked
	ReEntryRefused
	AnswersRequired
	Ambiguous
	Provisional
	ClockDoubt
	VerdictDeviceRevoked
)

var verdictNames = []string{"", "valid", "already_redeemed", "unknown", "bad_signature", "revoked",
	"cancelled", "too_early", "too_late", "wrong_station", "wrong_activity", "not_approved", "blocked",
	"re_entry_refused", "answers_required", "ambiguous", "provisional", "clock_doubt", "device_revoked"}

func (v Verdict) String() string { return name(verdictNames, int(v), "verdict") }

// Kind is a fault: the request was not decided, and the same bytes may be sent
// again, or the connection cannot go on. A fault is never stored as a result.
type Kind uint8

// Faults in their frozen order.
const (
	NoFault         Kind = iota
	Busy                 // over the rate limit or the queue is full: send again later
	BadFrame             // the frame could not be decoded
	TooLarge             // the frame is over the limit
	Version              // no common protocol version
	Unauthenticated      // the device is unknown or its signature is wrong
	CodeUsed             // the enrolment code was used before
	CodeUnknown          // the enrolment code does not exist or is over its time
	Gap                  // an op number was skipped: send again from the number that comes with it
	Fork                 // the op chain does not continue the one on record: the device is quarantined
	RevokedDevice        // the device was revoked: it may do nothing any more
	Internal             // the server could not do it; the log says why
	StorageFull          // a disk is full
	ShuttingDown         // the server is stopping: connect again
	WrongDeployment      // the device belongs to another union's server
	Frozen               // the server was restored from a backup: seats are given again once staff have reopened them
	WrongServer          // at enrolment: the server is not the one that the code is from; devices find it, servers never send it
	Stranger             // our own server does not know the device, which was enrolled after the backup that it goes on from; devices find it
)

var kindNames = []string{"", "busy", "bad_frame", "too_large", "version", "unauthenticated", "code_used",
	"code_unknown", "gap", "fork", "revoked_device", "internal", "storage_full", "shutting_down", "wrong_deployment", "frozen",
	"wrong_server", "stranger"}

func (k Kind) String() string { return name(kindNames, int(k), "fault") }

// Error is a fault with what it is about; Detail is for the log, Sentence for people.
type Error struct {
	Kind   Kind
	Detail string
}

func (e *Error) Error() string { return e.Kind.String() + ": " + e.Detail }

// Errorf makes a fault.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Detail: fmt.Sprintf(format, args...)}
}

// ParseCode is the reverse of Code.String.
func ParseCode(s string) (Code, bool) {
	i := index(codeNames, s)
	return Code(max(i, 0)), i > 0
}

// ParseVerdict is the reverse of Verdict.String.
func ParseVerdict(s string) (Verdict, bool) {
	i := index(verdictNames, s)
	return Verdict(max(i, 0)), i > 0
}

func index(names []string, s string) int {
	for i, n := range names {
		if n == s {
			return i
		}
	}
	return -1
}

func name(names []string, i int, what string) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s_%d", what, i) // from a newer server: shown, never interpreted
}
