//go:build !linux

package device

import "errors"

// V4L2 is the cameras of Linux; elsewhere a picture or a typed code does.
func V4L2(string) Opener {
	return func() (Frames, error) { return nil, errors.New("open camera: only cameras of Linux are known") }
}
