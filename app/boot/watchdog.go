package boot

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// watch tells systemd that the UI goroutine still turns, three times within its
// patience; where it hangs, systemd starts the kiosk again. Without systemd it does nothing.
func watch(ctx context.Context, onUI func(func()), log *slog.Logger) {
	patience, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("nobody watches over this program", "why", fmt.Errorf("read WATCHDOG_USEC: %w", err))
	}
	tell := func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			log.Warn("systemd does not listen", "why", err)
		}
	}
	go onUI(func() { tell(daemon.SdNotifyReady) })
	if patience <= 0 {
		return
	}
	go func() {
		ticker := time.NewTicker(patience / 3)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				onUI(func() { tell(daemon.SdNotifyWatchdog) })
			case <-ctx.Done():
				tell(daemon.SdNotifyStopping)
				return
			}
		}
	}()
}
