package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/photo"
	"yizhan/core/station"
	"yizhan/core/wire"
)

// leavingFile lists the photos that are taken from a station, from before the entry that
// says so until their files are gone: a power cut in between is made up for.
const leavingFile = "photos-leaving.json"

// errPhoto keeps PutPhoto the only way: it forgets what it replaces.
var errPhoto = errors.New("a photo is handed in, or taken away, with: syncserver station photo")

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
	if i >= 0 && before.Stations[i].Photo != a.Photo {
		if err := s.leaves(before.Stations[i].Photo); err != nil {
			return false, fmt.Errorf("photo of station %s: %w", st, err)
		}
	}
	entries, err := s.seq.Do(ctx, op.Op{Kind: op.AmendStation, Station: st, Amend: &a})
	if err == nil {
		err = s.forgetPhotos(ctx)
	}
	return len(entries) > 0, err
}

// leaves notes a photo that is about to be taken from a station.
func (s *Server) leaves(name string) error {
	if name == "" {
		return nil
	}
	var leaving []string
	if err := s.readFile(leavingFile, &leaving); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return s.writeFile(leavingFile, append(leaving, name))
}

// forgetPhotos removes the pictures that were taken away and show no other station: it may
// be because of what is on them. The caller holds photos.
func (s *Server) forgetPhotos(ctx context.Context) error {
	var leaving []string
	if err := s.readFile(leavingFile, &leaving); errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	now, err := s.Places(ctx)
	if err != nil {
		return err
	}
	var errs []error
	leaving = slices.DeleteFunc(leaving, func(name string) bool {
		b, err := wire.ParseBlob(name)
		if err != nil || slices.ContainsFunc(now.Stations, func(p station.Station) bool { return p.Photo == name }) {
			return true // it names no file, or stays
		}
		err = s.store.Remove(b)
		errs = append(errs, err)
		return err == nil
	})
	if len(leaving) > 0 {
		return errors.Join(append(errs, s.writeFile(leavingFile, leaving))...)
	}
	return s.removeFile(leavingFile)
}

// finishPhotos makes up for a power cut in the middle of PutPhoto. A file that cannot be
// removed keeps nobody from starting: the next photo, or start, tries again.
func (s *Server) finishPhotos(ctx context.Context) {
	s.photos.Lock()
	defer s.photos.Unlock()
	if err := s.forgetPhotos(ctx); err != nil {
		s.cfg.Log.Error("remove the photos that were taken from stations", "error", err)
	}
}
