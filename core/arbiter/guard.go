package arbiter

import (
	"unicode/utf8"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/ticket"
)

// Limits of what an op may put into entries. A group is bounded so that its
// entries stay inside one journal batch: half a group that became durable would
// be decided again when the device sends it again.
const (
	maxLines  = 2000
	maxGroup  = op.MaxBatch * 3 / 4
	maxID     = 64  // bytes, as id.Check
	maxBy     = 64  // bytes of EnteredBy and Scanned
	maxProof  = 600 // bytes of Proof
	maxReason = 600 // bytes of Reason: 200 Chinese characters
	maxSpec   = 128 << 10
	maxShown  = ticket.MaxText * 5 / 8 // bytes of the longest code
)

// guard refuses a console op that the journal could not hold or read back, and
// cuts what a device sent to what entries may hold. ok is false for a request
// that no honest device makes.
func guard(o *op.Op, from op.Origin) (clean *op.Op, ok bool, err error) {
	if from.Device == "" {
		return o, true, legible(o)
	}
	ok = len(o.Activity) <= maxID && len(o.Pool) <= maxID && len(o.Member) <= maxID && len(o.Org) <= maxID && len(o.Station) <= maxID
	if ok && len(o.Proof) <= maxProof && len(o.EnteredBy) <= maxBy && len(o.Scanned) <= maxBy && len(o.Reason) <= maxReason && len(o.Shown) <= maxShown {
		return o, o.Kind.FromDevice() && groupFits(o), nil
	}
	c := *o
	c.EnteredBy, c.Scanned, c.Reason = cut(c.EnteredBy, maxBy), cut(c.Scanned, maxBy), cut(c.Reason, maxReason)
	if len(c.Shown) > maxShown {
		c.Shown = nil
	}
	if c.Kind == op.Redeem || c.Kind == op.CheckIn {
		// What happened at a counter is kept, whatever else the op says.
		c.Activity, c.Pool, c.Station, ok = short(c.Activity), short(c.Pool), short(c.Station), true
	}
	return &c, ok && c.Kind.FromDevice() && groupFits(&c), nil
}

// groupFits estimates the entries of a group claim; 64 bytes a line are for what
// every entry has, and an id of the member's organisation may be as long as any.
func groupFits(o *op.Op) bool {
	line := 64 + maxID + len(o.Activity) + len(o.Pool) + len(o.Station) + len(o.EnteredBy)
	size := len(o.Lines) * line
	for _, l := range o.Lines {
		size += len(l.Member)
	}
	return len(o.Lines) <= maxLines && size <= maxGroup
}

// legible reads a console op back as strictly as the journal reads entries: text
// that is not UTF-8 or a list that is too long would be found only at the next start.
func legible(o *op.Op) error {
	if o.Kind == op.Tick {
		return nil
	}
	b, err := op.Encode(o)
	if err != nil {
		return refusal("%v", err)
	}
	if len(b) > maxGroup {
		return refusal("the request has %d bytes, at most %d are allowed; divide it", len(b), maxGroup)
	}
	if _, err := op.Decode(b); err != nil {
		return refusal("%v", err)
	}
	return nil
}

func short[T ~string](s T) T {
	if len(s) > maxID {
		return ""
	}
	return s
}

// cut shortens text to n bytes without dividing a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// named refuses identifiers that an import made up.
func named[T ~string](what string, name T) error {
	if err := id.Check(string(name)); err != nil {
		return refusal("%s: %v", what, err)
	}
	return nil
}
