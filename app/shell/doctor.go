package shell

import (
	"net/url"
	"syscall"
	"time"

	"fyne.io/fyne/v2"

	"yizhan/app/device"
	"yizhan/app/flow/doctor"
	"yizhan/core/link"
)

// Standing takes over how the link stands.
func Standing(in *doctor.Input, st link.Status) {
	in.Online, in.Offset, in.AsOf, in.Problem = st.Online, st.Offset, st.AsOf, st.Problem
	in.Last = doctor.Trouble{Kind: st.Last.Kind, At: time.UnixMilli(st.Last.At)}
}

// Free gives the bytes left on the disk of a folder, negative if that cannot be seen.
func Free(dir string) int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return -1
	}
	return int64(st.Bavail) * int64(st.Bsize)
}

// eyes are the states of a camera in the words of the doctor; one that is shut
// although it was to be opened is not there.
var eyes = map[device.Eye]doctor.Camera{device.Shut: doctor.Missing, device.Waking: doctor.Opening, device.Live: doctor.Sees, device.Gone: doctor.Unplugged}

// CameraSeen says how the camera of a page that scans stands.
func (s *Scanning) CameraSeen() doctor.Camera {
	if s.env.Camera == nil {
		return doctor.NotUsed
	}
	return eyes[s.Sight().Eye]
}

// cameraTime is how long a camera may take to give its first picture.
const cameraTime = 5 * time.Second

// CameraState opens a camera for a moment (device.CameraOf names them).
func CameraState(name string) doctor.Camera {
	c := device.CameraOf(name)
	if c == nil {
		return doctor.NotUsed
	}
	seen, over := make(chan doctor.Camera, 8), time.After(cameraTime)
	c.Watch(func() {
		select {
		case seen <- eyes[c.Sight().Eye]:
		default: // it is asked again
		}
	})
	c.Open(func(device.Scan) {})
	defer c.Wait()
	defer c.Close()
	for {
		select {
		case state := <-seen:
			if state != doctor.Opening {
				return state
			}
		case <-over:
			return doctor.Missing
		}
	}
}

// Findings says what waits on this device, since when, why, and what to do: what
// the command doctor prints.
func (e *Env) Findings() []doctor.Finding {
	in, err := doctor.Read(e.Store)
	if err != nil {
		fyne.LogError("examine device", err)
		in.Store = err
	}
	Standing(&in, e.Link.Status())
	in.Now, in.Off, in.Free = e.Now().In(e.Zone), e.Offline, Free(e.Data)
	if u, err := url.Parse(e.Server); err == nil {
		in.Reach.Server = u.Host
	}
	if e.Maps != nil {
		in.Map = MapStands(e.Maps.Status())
	}
	in.Sound = e.speaker().Trouble()
	return doctor.Examine(in)
}
