package main_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	mdLink     = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)
	mdFence    = regexp.MustCompile("(?ms)^```.*?^```")
	mdSpan     = regexp.MustCompile("`[^`\n]+`")
	makeTarget = regexp.MustCompile(`\bmake ([a-z-]+)`)
	subcommand = regexp.MustCompile(`\bsyncserver ([a-z-]+)`)
	testName   = regexp.MustCompile("`(Test\\w+)`")
	docsPath   = regexp.MustCompile(`\bdocs/[A-Z]+\.md|\bdocs/decisions/\d{4}`)
)

// TestDocuments looks whether everything that the documents name is there: files
// that they link, targets of make, commands of syncserver, tests, and a line for each decision.
func TestDocuments(t *testing.T) {
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	exists := func(pattern string) bool {
		found, err := filepath.Glob(pattern)
		return err == nil && len(found) > 0
	}
	makefile, commands, index := read("Makefile"), read("syncserver/main.go"), read("docs/decisions/README.md")
	tests := testNames(t)
	n := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md", "assets/*/README.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			n++
			text := read(path)
			for _, m := range mdLink.FindAllStringSubmatch(text, -1) {
				if !exists(filepath.Join(filepath.Dir(path), m[1])) {
					t.Errorf("%s: the link to %s leads nowhere", path, m[1])
				}
			}
			for _, m := range docsPath.FindAllString(text, -1) {
				if !exists(m) && !exists(m+"-*.md") {
					t.Errorf("%s: there is no %s", path, m)
				}
			}
			code := strings.Join(mdFence.FindAllString(text, -1), "\n") + "\n" + strings.Join(mdSpan.FindAllString(mdFence.ReplaceAllString(text, ""), -1), "\n")
			for _, m := range makeTarget.FindAllStringSubmatch(code, -1) {
				if !strings.Contains(makefile, "\n"+m[1]+":") {
					t.Errorf("%s: the Makefile has no target %s", path, m[1])
				}
			}
			for _, m := range subcommand.FindAllStringSubmatch(code, -1) {
				if !strings.Contains(commands, `{"`+m[1]+`"`) && !strings.Contains(commands, `{"`+m[1]+` `) {
					t.Errorf("%s: syncserver has no command %s", path, m[1])
				}
			}
			for _, m := range testName.FindAllStringSubmatch(code, -1) {
				if !tests[m[1]] {
					t.Errorf("%s: there is no test %s", path, m[1])
				}
			}
			if name := filepath.Base(path); pattern == "docs/decisions/*.md" && name != "README.md" && !strings.Contains(index, "("+name+")") {
				t.Errorf("docs/decisions/README.md: add a line for %s", name)
			}
		}
	}
	hacking := read("docs/HACKING.md")
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):.*##`).FindAllStringSubmatch(makefile, -1) {
		if m[1] != "help" && !strings.Contains(hacking, "make "+m[1]) {
			t.Errorf("docs/HACKING.md: make %s is not in the table", m[1])
		}
	}
	if n < 20 {
		t.Errorf("only %d documents found: the test runs in the wrong place", n)
	}
}

// testNames gives every test of the tree.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	tree, err := load(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, f := range tree.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				all[fn.Name.Name] = true
			}
		}
	}
	return all
}
