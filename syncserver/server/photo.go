package server

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"yizhan/core/id"
	"yizhan/core/photo"
	"yizhan/core/station"
	"yizhan/core/wire"
)

// PutPhoto shows a station by a picture that photo.Small made, or by none any more where
// there are no bytes. What nobody is shown any more is forgotten; changed is false where
// everything is so already.
func (s *Server) PutPhoto(ctx context.Context, st id.Station, picture []byte) (changed bool, err error) {
	s.photos.Lock()
	defer s.photos.Unlock()
	before, err := s.Places(ctx)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(before.Stations, func(p station.Station) bool { return p.ID == st })
	a := station.Amend{NoPhoto: true}
	if len(picture) > 0 {
		if err := photo.Check(picture); err != nil {
			return false, fmt.Errorf("photo of station %s: %w", st, err)
		}
		if i < 0 {
			return false, fmt.Errorf("there is no station %q; look it up with: syncserver station find", st)
		}
		// The file is there before anybody is told of it.
		b, err := s.store.Add(bytes.NewReader(picture))
		if err != nil {
			return false, fmt.Errorf("photo of station %s: %w", st, err)
		}
		a = station.Amend{Photo: b.String()}
	}
	if changed, err = s.AmendStation(ctx, st, a); err != nil || !changed || i < 0 {
		return changed, err
	}
	return changed, s.forgetPhoto(ctx, before.Stations[i].Photo)
}

// forgetPhoto removes a picture that shows no station any more: it may have been taken
// away because of what is on it.
func (s *Server) forgetPhoto(ctx context.Context, old string) error {
	now, err := s.Places(ctx)
	if err != nil || old == "" || slices.ContainsFunc(now.Stations, func(p station.Station) bool { return p.Photo == old }) {
		return err
	}
	b, err := wire.ParseBlob(old)
	if err != nil {
		return nil // it names no file
	}
	return s.store.Remove(b)
}

// holdsPhoto refuses a photo that devices could not fetch.
func (s *Server) holdsPhoto(name string) error {
	if name == "" {
		return nil
	}
	b, err := wire.ParseBlob(name)
	if err != nil {
		return err
	}
	f, err := s.store.Get(b)
	if err != nil {
		return fmt.Errorf("its photo is not among the attachments; hand the picture in with: syncserver station photo")
	}
	return f.Close()
}
