package say_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"yizhan/core/fault"
)

// Every text of the app has its English, and English that no text needs is gone.
func TestEnglishIsComplete(t *testing.T) {
	english := map[string]any{}
	files, err := filepath.Glob("../../assets/translations/en/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no translations", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(body, &english); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	said := map[string]string{}
	written(t, said)
	for code := range fault.Code(200) {
		known(said, "core/fault, code "+strconv.Itoa(int(code)), code.Sentence(), code.Next())
	}
	for v := range fault.Verdict(200) {
		known(said, "core/fault, verdict "+strconv.Itoa(int(v)), v.Sentence(), v.Next())
	}
	for k := range fault.Kind(200) {
		known(said, "core/fault, kind "+strconv.Itoa(int(k)), k.Sentence(), k.Next())
	}
	for key, where := range said {
		forms, ok := english[key]
		if !ok {
			t.Errorf("%s: no English for %q: add it to assets/translations/en", where, key)
			continue
		}
		for _, form := range formsOf(forms) {
			if strings.ContainsAny(form, "“”‘’") {
				t.Errorf("%s: the English of %q has curly quotes, which are as wide as a character in the Chinese font: write straight ones", where, key)
			}
			if key == "%[1]s" {
				continue // the key of say.Both, which chooses by language
			}
			if !slices.Equal(verbs(form), verbs(key)) {
				t.Errorf("%s: the English of %q has other arguments: %q", where, key, form)
			}
		}
	}
	for key := range english {
		if _, ok := said[key]; !ok {
			t.Errorf("assets/translations/en: no text of the app reads %q any more", key)
		}
	}
}

// known adds the words of core/fault that have a meaning of their own.
func known(said map[string]string, where string, texts ...string) {
	for _, text := range texts {
		if text != "" && !strings.Contains(texts[0], "看不懂") {
			said[text] = where
		}
	}
}

// written finds the literals that say.T and its like are called with.
func written(t *testing.T, said map[string]string) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			name := ""
			switch fun := call.Fun.(type) {
			case *ast.SelectorExpr:
				if on, ok := fun.X.(*ast.Ident); ok && on.Name == "say" {
					name = fun.Sel.Name
				}
			case *ast.Ident:
				if file.Name.Name == "say" {
					name = fun.Name
				}
			}
			if lit, ok := call.Args[0].(*ast.BasicLit); ok && lit.Kind == token.STRING && (name == "T" || name == "Join") {
				if key, err := strconv.Unquote(lit.Value); err == nil {
					said[key] = files.Position(call.Pos()).String()
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func formsOf(forms any) []string {
	switch forms := forms.(type) {
	case string:
		return []string{forms}
	case map[string]any:
		return []string{forms["one"].(string), forms["other"].(string)}
	}
	return nil
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+ 0-9.]*([a-zA-Z%])`)

// verbs lists which argument is written by which verb, in order of the arguments.
func verbs(form string) []string {
	var all []string
	next := 1
	for _, m := range verb.FindAllStringSubmatch(form, -1) {
		if m[2] == "%" {
			continue
		}
		if n, err := strconv.Atoi(m[1]); err == nil {
			next = n
		}
		all = append(all, strconv.Itoa(next)+m[2])
		next++
	}
	slices.Sort(all)
	return slices.Compact(all)
}
