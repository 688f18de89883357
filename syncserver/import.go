package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/station"
	"yizhan/syncserver/control"
	"yizhan/syncserver/roster"
	"yizhan/syncserver/server"
)

// sendChunk is how many rows go to the server at once.
const sendChunk = 4000

func importRoster(fs *flag.FlagSet, args []string) error {
	plain := func(string) roster.Options { return roster.Options{} }
	return importFile(fs, args, []string{roster.Members, roster.Orgs}, plain, func(ctx context.Context, c *control.Client, r *roster.Roster, check bool) error {
		if check {
			return nil
		}
		orgs := make([]member.Org, len(r.Orgs))
		for i, o := range r.Orgs {
			orgs[i] = member.Org{ID: o.ID, Name: o.Name, Parent: o.Parent, Kind: o.Kind}
		}
		if err := send(ctx, c, "orgs", "工会组织", orgs); err != nil {
			return err
		}
		return send(ctx, c, "people", "会员", r.People)
	})
}

func importStations(fs *flag.FlagSet, args []string) error {
	from := fs.String("photos", "", "`folder` or zip file with pictures, called by a station's number or name or as the column 照片 says (default of that column: the file's own folder)")
	pics := &pictures{}
	defer pics.close()
	return importFile(fs, args, []string{roster.Stations}, func(file string) roster.Options {
		pics.from, pics.beside = *from, filepath.Dir(file)
		return roster.Options{Picture: pics.look}
	}, func(ctx context.Context, c *control.Client, r *roster.Roster, check bool) error {
		stations := make([]station.Station, len(r.Stations))
		for i, s := range r.Stations {
			stations[i] = s.Station
		}
		if !check {
			if err := send(ctx, c, "stations", "服务站点", stations); err != nil {
				return err
			}
		}
		return pics.ofSheet(ctx, c, r.Stations, check)
	})
}

// importFile reads and checks the sheets of some kinds in a user's file, brings in the good rows,
// and gives the bad ones back in a copy of the file. with adds to how a file is checked.
func importFile(fs *flag.FlagSet, args, kinds []string, with func(file string) roster.Options, bring func(ctx context.Context, c *control.Client, r *roster.Roster, check bool) error) error {
	data := dataFlag(fs)
	check := fs.Bool("check", false, "only check the file; change nothing")
	out := fs.String("errors", "", "where to write the copy with the column 错误原因 (default: beside the file, name.错误.xlsx)")
	rest, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	ctx, c := context.Background(), control.Dial(*data)
	known, err := control.Call[map[string]id.Org](ctx, c, "known-orgs", struct{}{})
	if err != nil {
		return err
	}
	st, err := control.Call[server.Status](ctx, c, "status", struct{}{})
	if err != nil {
		return err
	}
	book, err := roster.Read(rest[0])
	if err == nil {
		err = book.Only(kinds...)
	}
	if err != nil {
		return err
	}
	o := with(rest[0])
	o.Demo, o.Today = !st.Production, st.Now
	o.Known = func(key string) (id.Org, bool) {
		o, ok := known[key]
		return o, ok
	}
	r := book.Check(o)
	n := r.Count()
	rows := n.Accepted + n.Duplicates + n.Errors
	if rows == 0 {
		return fmt.Errorf("%s 里没有一行%s", book.Name, strings.Join(kinds, "或"))
	}
	fmt.Printf("读到 %d 行：可导入 %d，重复 %d，错误 %d，提醒 %d\n", rows, n.Accepted, n.Duplicates, n.Errors, n.Warnings)
	if err := bring(ctx, c, r, *check); err != nil {
		return err
	}
	if len(r.Problems) == 0 {
		return nil
	}
	if *out == "" {
		*out = strings.TrimSuffix(rest[0], filepath.Ext(rest[0])) + ".错误.xlsx"
	}
	for i, p := range r.Problems {
		if i == 10 {
			fmt.Fprintf(os.Stderr, "…… 还有 %d 处，见 %s\n", len(r.Problems)-i, *out)
			break
		}
		fmt.Fprintln(os.Stderr, p)
	}
	if err := roster.WriteErrors(book, r.Problems, *out); err != nil {
		return err
	}
	fmt.Printf("未导入的行及原因已写入 %s\n", *out)
	return nil
}

// send brings rows to the server in chunks and says what they changed.
func send[T any](ctx context.Context, c *control.Client, what, name string, rows []T) error {
	var sum server.Imported
	for chunk := range slices.Chunk(rows, sendChunk) {
		n, err := control.Call[server.Imported](ctx, c, what, chunk)
		if err != nil {
			return fmt.Errorf("%s：前 %d 行已导入，再次导入同一文件即可继续：%w", name, sum.Read, err)
		}
		sum.Read, sum.Changed = sum.Read+n.Read, sum.Changed+n.Changed
	}
	if len(rows) > 0 {
		fmt.Printf("%s：新增或更新 %d，未变 %d\n", name, sum.Changed, sum.Read-sum.Changed)
	}
	return nil
}
