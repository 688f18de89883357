package escpos

import "fmt"

// Trouble is why a slip was not printed.
type Trouble uint8

// Troubles: the first four are what the printer says, the others what its line does.
const (
	None      Trouble = iota
	PaperOut          // no paper, perhaps in the middle of a slip
	CoverOpen         //
	Failed            // knife stuck, head too hot or broken
	Offline           // it says so without a reason
	Missing           // no such device file, or nobody at the address: off, or not connected
	Forbidden         // this account may not use the device file
	Taken             // another program holds it
	Unplugged         // the line broke in the middle
	Stuck             // it takes or answers nothing any more
	NoPrinter         // none is set up
	NotDrawn          // the slip could not be made into a picture: no font
)

var troubles = [...]string{"no trouble", "out of paper", "cover open", "printer failure", "offline", "no printer there", "permission denied",
	"in use by another program", "connection broke", "no answer", "no printer set up", "slip not drawn"}

// String is for the log; people read the sentences of app/flow/slip.
func (t Trouble) String() string {
	if int(t) < len(troubles) {
		return troubles[t]
	}
	return fmt.Sprintf("trouble %d", uint8(t))
}

// Error is a slip that was not printed, or not to its end.
type Error struct {
	Trouble Trouble
	Err     error // for the log; nil where the printer itself said it
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return "print: " + e.Trouble.String()
	}
	return "print: " + e.Trouble.String() + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
