package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"

	"yizhan/core/id"
	"yizhan/syncserver/album"
	"yizhan/syncserver/control"
	"yizhan/syncserver/roster"
	"yizhan/syncserver/server"
)

// pictures are those that come with a sheet of stations.
type pictures struct {
	from   string // folder or zip file; empty: none was named
	beside string // folder of the sheet
	album  *album.Album
	small  map[string][]byte // what devices carry, by the file's name in the album
	said   map[string]bool   // files that were spoken of
}

// open lists the folder or zip file, once.
func (p *pictures) open() (err error) {
	if p.album != nil {
		return nil
	}
	from := p.from
	if from == "" {
		from = p.beside
	}
	if p.album, err = album.Open(from); err != nil {
		return err
	}
	p.small, p.said = map[string][]byte{}, map[string]bool{}
	return nil
}

func (p *pictures) close() {
	if p.album != nil {
		_ = p.album.Close() // it was only read
	}
}

// look is roster.Options.Picture.
func (p *pictures) look(cell string) (name string, err error) {
	if err := p.open(); err != nil {
		return "", fmt.Errorf("打不开照片所在的文件夹：%w", err)
	}
	if name, err = p.album.Named(cell); err != nil {
		return "", err
	}
	if err := p.make(name); err != nil {
		return "", fmt.Errorf("照片“%s”%w", name, err)
	}
	return name, nil
}

// make makes what devices carry of one file.
func (p *pictures) make(name string) (err error) {
	p.said[name] = true
	if p.small[name] != nil {
		return nil
	}
	if p.small[name], err = p.album.Small(name); err != nil {
		return err
	}
	if n := len(p.small); n%50 == 0 {
		fmt.Fprintf(os.Stderr, "已处理 %d 张照片……\n", n)
	}
	return nil
}

// ofSheet gives the stations of a sheet their pictures: those that the sheet names, and
// with -photos those that are called by the station.
func (p *pictures) ofSheet(ctx context.Context, c *control.Client, rows []roster.Station, check bool) error {
	of := map[id.Station]string{}
	var bare []id.Station
	var rest []album.Place
	for _, r := range rows {
		switch {
		case r.Bare:
			bare = append(bare, r.ID)
		case r.Picture != "":
			of[r.ID] = r.Picture
		default:
			rest = append(rest, album.Place{ID: r.ID, Name: r.Name})
		}
	}
	if p.from != "" {
		if err := p.open(); err != nil {
			return err
		}
		p.match(rest, of)
	}
	if len(of)+len(bare) == 0 {
		return nil
	}
	return p.send(ctx, c, of, bare, check)
}

// match finds the pictures that are called by one of the places, and says which are not.
func (p *pictures) match(places []album.Place, of map[id.Station]string) {
	found, problems := p.album.Match(places, p.said)
	for _, s := range slices.Sorted(maps.Keys(found)) {
		if err := p.make(found[s]); err != nil {
			problems = append(problems, fmt.Sprintf("照片“%s”%v", found[s], err))
			continue
		}
		of[s] = found[s]
	}
	for i, problem := range problems {
		if i == 10 {
			fmt.Fprintf(os.Stderr, "…… 还有 %d 张照片没有用上\n", len(problems)-i)
			break
		}
		fmt.Fprintln(os.Stderr, problem)
	}
}

// send hands pictures to the server, one at a time, and says what they changed.
func (p *pictures) send(ctx context.Context, c *control.Client, of map[id.Station]string, bare []id.Station, check bool) error {
	if check {
		fmt.Printf("站点照片：可用 %d 张\n", len(of))
		return nil
	}
	changed, same := 0, 0
	for _, s := range append(slices.Sorted(maps.Keys(of)), bare...) {
		news, err := control.Call[bool](ctx, c, "photo", control.PhotoRequest{Station: s, Picture: p.small[of[s]]})
		switch {
		case err != nil:
			return fmt.Errorf("站点照片：前 %d 张已导入，再次导入即可继续：%w", changed+same, err)
		case news:
			changed++
		default:
			same++
		}
	}
	fmt.Printf("站点照片：新增、更换或撤下 %d，未变 %d\n", changed, same)
	return nil
}

// importPhotos gives stations that the server knows the pictures that are called by them.
func importPhotos(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	check := fs.Bool("check", false, "only check the pictures; change nothing")
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	ctx, c, p := context.Background(), control.Dial(*data), &pictures{from: rest[0]}
	known, err := control.Call[server.Places](ctx, c, "places", struct{}{})
	if err != nil {
		return err
	}
	if err := p.open(); err != nil {
		return err
	}
	defer p.close()
	var places []album.Place
	for _, s := range known.Stations {
		places = append(places, album.Place{ID: s.ID, Name: s.Name})
	}
	of := map[id.Station]string{}
	p.match(places, of)
	if len(of) == 0 {
		return fmt.Errorf("“%s”里没有可用的站点照片；请用站点编码或名称给照片命名，例如 YL001.jpg", rest[0])
	}
	return p.send(ctx, c, of, nil, *check)
}

// stationPhoto shows one station by a picture, or by none any more.
func stationPhoto(fs *flag.FlagSet, args []string) error {
	data := dataFlag(fs)
	remove := fs.Bool("remove", false, "take the picture away")
	rest, err := parse(fs, args, 1, 2)
	if err != nil {
		return err
	}
	if *remove == (len(rest) == 2) {
		return fmt.Errorf("%w: name a picture, or say -remove", errUsage)
	}
	what := control.PhotoRequest{Station: id.Station(rest[0])}
	if !*remove {
		f, err := os.Open(rest[1])
		if err != nil {
			return err
		}
		defer f.Close()
		if what.Picture, err = album.Read(f); err != nil {
			return fmt.Errorf("照片“%s”%w", rest[1], err)
		}
	}
	changed, err := control.Call[bool](context.Background(), control.Dial(*data), "photo", what)
	switch {
	case err != nil:
		return err
	case !changed:
		fmt.Println("没有变化：已经是这样了")
	case *remove:
		fmt.Println("已撤下照片，各设备联网后不再显示")
	default:
		fmt.Printf("已换上照片(%d KB)，各设备联网后会看到\n", (len(what.Picture)+999)/1000)
	}
	return nil
}
