package shell

import (
	"yizhan/app/device/photos"
	"yizhan/app/flow/stations"
	"yizhan/core/link/blob"
)

// FollowPhotos keeps the pictures of stations at what the rows name, until the shell ends.
// A kiosk fetches all of them, a member's phone the one whose page is opened.
func (e *Env) FollowPhotos(client *blob.Client) {
	e.Photos.Follow(e.Ctx, photos.Source{Source: e.files(client), Named: func() (map[string]bool, error) {
		known, err := stations.Read(e.Store)
		names := map[string]bool{}
		for _, s := range known.Stations {
			if s.Photo != "" {
				names[s.Photo] = true
			}
		}
		return names, err
	}})
}

// Album shows the picture of the station whose page is open, as soon as it is there.
type Album struct {
	env  *Env
	send func(stations.Message)
	open string // what shows the station whose page is open; empty where none does
}

// NewAlbum makes the album of a window; send takes the pictures.
func (e *Env) NewAlbum(send func(stations.Message)) *Album {
	a := &Album{env: e, send: send}
	if e.Photos != nil {
		stop := e.Photos.Notify(func() { e.Do(a.load) })
		go func() { <-e.Ctx.Done(); stop() }()
	}
	return a
}

// Show says which picture the page that is open has room for; empty is none.
func (a *Album) Show(photo string) {
	if photo == a.open || a.env.Photos == nil {
		return
	}
	a.open = photo
	a.env.Photos.Want(photo) // a phone fetches no picture that nobody looks at
	a.load()
}

// load reads the picture in the background.
func (a *Album) load() {
	photo := a.open
	if photo == "" {
		return
	}
	go func() {
		m, ok := a.env.Photos.Get(photo)
		a.env.Do(func() {
			if ok && a.open == photo && a.env.Ctx.Err() == nil {
				a.send(stations.Pictured{Photo: photo, Picture: m})
			}
		})
	}()
}
