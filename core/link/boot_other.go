//go:build !linux

package link

import (
	"crypto/rand"
	"sync"
	"time"
)

// process stands for the machine where its clock may stop in suspend: the next
// process knows nothing of the time that passed before it.
var process = sync.OnceValues(func() (string, time.Time) { return "process-" + rand.Text(), time.Now() })

// Boot names this run of the program, and says how long it has lasted on a clock
// that nobody can set.
func Boot() (boot string, since time.Duration) {
	boot, began := process()
	return boot, time.Since(began)
}
