// Package album finds the pictures that a clerk has of stations, in a folder or a zip
// file, and makes of each what devices carry. Reasons are Chinese sentences for the
// person at the desk.
package album

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"yizhan/core/id"
	"yizhan/core/photo"
)

// most is how many files are looked at: more is somebody's whole disk.
const most = 20_000

// Album is a folder or zip of pictures.
type Album struct {
	pictures []picture
	close    func() error
}

// picture is one file that may be one.
type picture struct {
	name string // below the folder, with slashes
	open func() (io.ReadCloser, error)
}

// Open lists what is in a folder or a zip file; no picture is looked at yet.
func Open(file string) (*Album, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	a := &Album{close: func() error { return nil }}
	if info.IsDir() {
		return a, a.folder(os.DirFS(file), file)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, fmt.Errorf("“%s”既不是文件夹，也不是完好的 zip 压缩包：%w", file, err)
	}
	a.close = z.Close
	for _, f := range z.File {
		name := f.Name
		if f.NonUTF8 { // Windows packs names in the code page of the machine
			if name, err = simplifiedchinese.GB18030.NewDecoder().String(f.Name); err != nil {
				name = f.Name
			}
		}
		if !f.FileInfo().IsDir() {
			a.add(strings.ReplaceAll(name, `\`, "/"), f.Open)
		}
	}
	return a, nil
}

// Close lets go of the zip file.
func (a *Album) Close() error { return a.close() }

func (a *Album) folder(root fs.FS, file string) error {
	return fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && d.IsDir() && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		case len(a.pictures) >= most:
			return fmt.Errorf("“%s”里的文件超过 %d 个；请另建一个只放照片的文件夹", file, most)
		}
		a.add(name, func() (io.ReadCloser, error) { return root.Open(name) })
		return nil
	})
}

// add takes a file, unless a system has put it there by itself.
func (a *Album) add(name string, open func() (io.ReadCloser, error)) {
	base := path.Base(name)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(name, "__MACOSX/") || slices.Contains([]string{"thumbs.db", "desktop.ini"}, strings.ToLower(base)) {
		return
	}
	a.pictures = append(a.pictures, picture{name, open})
}

// Named finds the picture that a sheet calls by that name, with or without its folder and
// its ending.
func (a *Album) Named(cell string) (name string, err error) {
	cell = fold(strings.ReplaceAll(cell, `\`, "/"))
	var found []string
	for _, p := range a.pictures {
		whole := fold(p.name)
		if whole == cell {
			return p.name, nil
		}
		if path.Base(whole) == path.Base(cell) || stem(whole) == path.Base(cell) {
			found = append(found, p.name)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("找不到照片“%s”", cell)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("有 %d 张照片都叫“%s”(%s)", len(found), cell, strings.Join(found, "、"))
}

// Small makes what devices carry of a picture; the error is a sentence without its name.
func (a *Album) Small(name string) ([]byte, error) {
	i := slices.IndexFunc(a.pictures, func(p picture) bool { return p.name == name })
	if i < 0 {
		return nil, fmt.Errorf("找不到照片“%s”", name)
	}
	f, err := a.pictures[i].open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(f)
}

// Read makes what devices carry of a picture; the error is a sentence.
func Read(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, photo.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("读不出来，文件可能损坏：%w", err)
	}
	b, err := photo.Small(body)
	for _, known := range []struct {
		err    error
		reason string
	}{
		{photo.ErrNone, "不是 JPEG 或 PNG 图片"}, {photo.ErrHEIC, "是手机的 HEIC 格式，请先另存为 JPEG"},
		{photo.ErrTooLarge, "太大：照片不能超过 32 MB 或 5000 万像素"}, {photo.ErrTooSmall, "太小：长和宽都不能少于 100 像素"},
		{photo.ErrDamaged, "打不开：文件损坏或者没有传完整"},
	} {
		if errors.Is(err, known.err) {
			return nil, errors.New(known.reason)
		}
	}
	return b, err
}

// Place is a station that a picture may be called by.
type Place struct {
	ID   id.Station
	Name string
}

// Match says which picture shows which place: one called by its number, alone or with
// words behind it, or by its name. Whatever shows none, or not one alone, is a problem,
// but for those that were used already.
func (a *Album) Match(places []Place, used map[string]bool) (of map[id.Station]string, problems []string) {
	byName := map[string][]id.Station{}
	byNumber := map[string]id.Station{}
	for _, s := range places {
		byName[fold(s.Name)] = append(byName[fold(s.Name)], s.ID)
		byNumber[fold(string(s.ID))] = s.ID
	}
	all := map[id.Station][]string{}
	for _, p := range a.pictures {
		if used[p.name] {
			continue
		}
		s, reason := whose(stem(fold(p.name)), byNumber, byName)
		if reason != "" {
			problems = append(problems, fmt.Sprintf("照片“%s”：%s", p.name, reason))
			continue
		}
		all[s] = append(all[s], p.name)
	}
	of = map[id.Station]string{}
	for _, s := range places {
		if names := all[s.ID]; len(names) == 1 {
			of[s.ID] = names[0]
		} else if len(names) > 1 {
			problems = append(problems, fmt.Sprintf("照片“%s”都是站点 %s 的；每个站点请只留一张", strings.Join(names, "”“"), s.ID))
		}
	}
	return of, problems
}

// whose finds the station that a file is called by.
func whose(stem string, byNumber map[string]id.Station, byName map[string][]id.Station) (id.Station, string) {
	number := stem
	if i := strings.IndexAny(stem, " _-(（"); i > 0 {
		number = stem[:i]
	}
	for _, n := range []string{stem, number} {
		if s, ok := byNumber[n]; ok {
			return s, ""
		}
	}
	switch found := byName[stem]; len(found) {
	case 0:
		return "", "没有叫这个编码或名称的站点"
	case 1:
		return found[0], ""
	default:
		return "", fmt.Sprintf("有 %d 个站点叫这个名称；请用站点编码给照片命名", len(found))
	}
}

// fold makes names comparable.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// stem is a file's name without folder and ending.
func stem(name string) string {
	base := path.Base(name)
	return strings.TrimSpace(strings.TrimSuffix(base, path.Ext(base)))
}
