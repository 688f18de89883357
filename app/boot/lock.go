package boot

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock takes a data folder for this process alone: two processes would number
// ops twice and the server would take the device for a clone. The system frees
// it when the process ends, however it ends.
func lock(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("data folder %s is in use by another yizhan: close it, or name another folder with -data", dir)
	}
	return func() { _ = f.Close() }, nil
}
