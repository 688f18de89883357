package arbiter

import (
	"fmt"
	"io"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/image"
	"yizhan/core/quota"
)

// plan says how a state is written: as its types are, but that rules are compiled anew.
func plan(zone *time.Location) (*image.Plan, error) {
	return image.For[State](
		image.As(func(a *activity.Activity) *activity.Spec { return &a.Spec },
			func(s *activity.Spec) (*activity.Activity, error) { return activity.Compile(*s, zone) }),
		image.Inside[quota.Claim, held](),
		image.Inside[quota.Lease, lease](),
	)
}

// Save writes an image of the state, which must not change meanwhile: Load makes one of
// it that decides everything alike. label and stop are those of image.Plan.Write.
func (s *State) Save(w io.Writer, label []byte, stop func() bool) error {
	p, err := plan(s.zone)
	if err != nil {
		return err
	}
	return p.Write(w, s, label, stop)
}

// Load makes the state of an image that Save wrote. image.ErrOther: by a program with other types.
func Load(m *image.Image, zone *time.Location) (*State, error) {
	p, err := plan(zone)
	if err != nil {
		return nil, err
	}
	root, err := m.Read(p)
	if err != nil {
		return nil, err
	}
	s, ok := root.(*State)
	if !ok {
		return nil, fmt.Errorf("load state: the image is of a %T", root)
	}
	s.zone = zone
	for _, a := range s.activities {
		a.askers = map[id.Member]*asker{}
	}
	return s, nil
}
