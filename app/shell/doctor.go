package shell

import (
	"net/url"
	"syscall"
	"time"

	"fyne.io/fyne/v2"

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
	in.Sound = e.speaker().Trouble()
	return doctor.Examine(in)
}
