package link

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Boot names this run of the machine, and says how long it has lasted, on a clock
// that nobody can set and that goes on in suspend. The name is empty where the
// system does not tell it.
func Boot() (boot string, since time.Duration) {
	name, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	var t unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return "", 0
	}
	return strings.TrimSpace(string(name)), time.Duration(t.Nano())
}
