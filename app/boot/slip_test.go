package boot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yizhan/app/device"
	"yizhan/app/escpos/escpostest"
	"yizhan/core/qr"
)

func TestSlipCommand(t *testing.T) {
	p := &escpostest.Printer{}
	printer := "tcp:" + p.Listen(t)
	for kind := range samples {
		var out, errs strings.Builder
		if code := slip([]string{"-printer", printer, "-paper", "80", "-kind", kind}, &out, &errs); code != 0 || !strings.Contains(out.String(), "[好] 已打印") || errs.Len() > 0 {
			t.Fatalf("%s: exit code %d, %q, %q", kind, code, out.String(), errs.String())
		}
		slips := p.Slips()
		page := slips[len(slips)-1]
		text, err := qr.Read(page)
		if hasCode := kind == "test" || kind == "ticket"; page.Width != 576 || (err == nil) != hasCode || hasCode && !strings.HasPrefix(text, "YIZHAN ") {
			t.Errorf("%s: %d dots wide, the code is read as %q, %v", kind, page.Width, text, err)
		}
	}
	var out, errs strings.Builder
	p = &escpostest.Printer{Paper: 400}
	if code := slip([]string{"-printer", "tcp:" + p.Listen(t)}, &out, &errs); code != 1 || !strings.Contains(out.String(), "缺纸") {
		t.Errorf("without paper: exit code %d, %q, %q", code, out.String(), errs.String())
	}
}

func TestSlipCommandInEnglish(t *testing.T) {
	t.Setenv("LANGUAGE", "") // look.Speak sets these; they are put back after the test
	t.Setenv("LANG", os.Getenv("LANG"))
	t.Cleanup(func() {
		slip([]string{"-lang", "zh", "-printer", "png:" + t.TempDir()}, &strings.Builder{}, &strings.Builder{})
	})
	var out, errs strings.Builder
	dir := t.TempDir()
	if code := slip([]string{"-printer", "png:" + dir, "-lang", "en", "-kind", "ticket"}, &out, &errs); code != 0 || !strings.Contains(out.String(), "Printed") {
		t.Fatalf("exit code %d, %q, %q", code, out.String(), errs.String())
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.png"))
	if len(files) != 1 {
		t.Fatalf("files %q", files)
	}
	if text, _, err := device.ReadPicture(files[0]); err != nil || !strings.HasPrefix(text, "YIZHAN ") {
		t.Errorf("the code is read as %q, %v", text, err)
	}
}

func TestSlipCommandRefuses(t *testing.T) {
	for args, part := range map[string]string{
		"":                             "give -printer",
		"-printer lp0":                 "usb:/dev/usb/lp0",
		"-printer png:x -paper 1":      "-paper",
		"-printer png:x -kind invoice": "invoice",
		"-printer png:x -lang de":      "-lang",
		"-printer png:x more":          "more",
		"-no-such-flag":                "not defined",
	} {
		var out, errs strings.Builder
		if code := slip(strings.Fields(args), &out, &errs); code != 2 || !strings.Contains(errs.String(), part) || out.Len() > 0 {
			t.Errorf("%q: exit code %d, %q", args, code, errs.String())
		}
	}
	if code := slip([]string{"-h"}, &strings.Builder{}, &strings.Builder{}); code != 0 {
		t.Errorf("-h exits with %d", code)
	}
}
