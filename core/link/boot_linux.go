package link

import (
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Boot names this run of the machine, and says how long it has lasted, on a clock
// that nobody can set and that goes on in suspend. The name is empty where the
// system does not tell it.
func Boot() (boot string, since time.Duration) {
	var t unix.Timespec
	if bootID() == "" || unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return "", 0
	}
	return bootID(), time.Duration(t.Nano())
}

// bootID is read once: no program outlives the run of its machine.
var bootID = sync.OnceValue(func() string {
	name, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
})
