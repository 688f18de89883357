package main_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// finding is one breach of a rule.
type finding struct {
	path    string
	line    int
	rule    string
	instead string
}

// source is the tree as it lies on disk.
type source struct {
	fset  *token.FileSet
	files []*file           // Go files, in order of path
	texts map[string][]byte // every text file by path
	allow map[string]int    // lines allowed by "path" or "path Func"
}

// file is one parsed Go file.
type file struct {
	*ast.File
	path, dir string
	body      []byte
	test, gen bool
}

func load(root fs.FS) (*source, error) {
	s := &source{fset: token.NewFileSet(), texts: map[string][]byte{}, allow: map[string]int{}}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "demo-out", "demo-data", "tour", "yizhan-data"}, name):
			return fs.SkipDir
		case !d.Type().IsRegular(), name == ".git": // of a worktree: a file that names its repository
			return nil
		}
		body, err := fs.ReadFile(root, name)
		if err != nil || !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
			return err
		}
		s.texts[name] = body
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(s.fset, name, body, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s.files = append(s.files, &file{parsed, name, path.Dir(name), body,
			strings.HasSuffix(name, "_test.go"), ast.IsGenerated(parsed)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, s.readAllowed()
}

func (s *source) readAllowed() error {
	for line := range strings.Lines(string(s.texts[allowList])) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		n, err := strconv.Atoi(line[i+1:])
		if err != nil || i < 0 {
			return fmt.Errorf("%s: %q is not \"path [function] lines\"", allowList, line)
		}
		s.allow[line[:i]] = n
	}
	return nil
}

func (s *source) line(n ast.Node) int { return s.fset.Position(n.Pos()).Line }

// under reports whether dir is one of the paths or stands below it.
func under(dir string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		return p == "" || dir == p || strings.HasPrefix(dir, p+"/")
	})
}

func imported(spec *ast.ImportSpec) string {
	name, _ := strconv.Unquote(spec.Path.Value)
	return name
}

func layerFindings(s *source) (found []finding) {
	for _, f := range s.files {
		for _, l := range layers {
			if f.test && !l.tests || !under(f.dir, l.in) || under(f.dir, l.except) {
				continue // a test may read files and draw random numbers
			}
			for _, spec := range f.Imports {
				if name := imported(spec); under(name, l.never) {
					found = append(found, finding{f.path, s.line(spec), "never import " + name + " here", l.instead})
				}
			}
		}
	}
	return found
}

func featureFindings(s *source) (found []finding) {
	for _, f := range s.files {
		name, isCore := strings.CutPrefix(f.dir, "core/")
		allowed, isFeature := features[name]
		if !isCore || !isFeature || f.test {
			continue
		}
		for _, spec := range f.Imports {
			other, ours := strings.CutPrefix(imported(spec), module+"core/")
			if _, known := features[other]; ours && known && !slices.Contains(allowed, other) {
				found = append(found, finding{f.path, s.line(spec), name + " does not import " + other,
					"let core/arbiter bring the two together, or argue the pair in docs/decisions/0001-feature-imports.md"})
			}
		}
	}
	return found
}

func callFindings(s *source) (found []finding) {
	for _, f := range s.files {
		names := map[string]string{} // what the file calls a package → its path
		for _, spec := range f.Imports {
			name := path.Base(imported(spec))
			if spec.Name != nil {
				name = spec.Name.Name
			}
			names[name] = imported(spec)
		}
		for _, b := range banned {
			if f.test && !b.tests || !under(f.dir, b.in) || under(f.dir, b.except) || f.Name.Name == "main" {
				continue
			}
			pattern := regexp.MustCompile("^(" + b.names + ")$")
			ast.Inspect(f.File, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && names[x.Name] == b.pkg && pattern.MatchString(sel.Sel.Name) {
					found = append(found, finding{f.path, s.line(sel), "no " + x.Name + "." + sel.Sel.Name + " here", b.instead})
				}
				return true
			})
		}
	}
	return found
}

func packageFindings(s *source) (found []finding) {
	documented := map[string]bool{}
	for _, f := range s.files {
		documented[f.dir] = documented[f.dir] || f.Doc != nil
		name := strings.TrimSuffix(f.Name.Name, "_test")
		if vague[name] || vague[path.Base(f.dir)] {
			found = append(found, finding{f.path, s.line(f.Name), "package " + name + " says nothing", "name it after what it provides"})
		}
	}
	seen := map[string]bool{}
	for _, f := range s.files {
		if !documented[f.dir] && !seen[f.dir] {
			seen[f.dir] = true
			found = append(found, finding{f.path, s.line(f.Name), "no package doc", "say above one package clause what " + f.dir + " is for"})
		}
	}
	return found
}

// promised gives the method names of every interface, by package folder: the
// interface says what they do.
func promised(s *source) map[string]bool {
	names := map[string]bool{}
	for _, f := range s.files {
		ast.Inspect(f.File, func(n ast.Node) bool {
			if it, ok := n.(*ast.InterfaceType); ok {
				for _, m := range it.Methods.List {
					for _, name := range m.Names {
						names[f.dir+" "+name.Name] = true
					}
				}
			}
			return true
		})
	}
	return names
}

// wellKnown are methods that their interface in the standard library documents.
var wellKnown = regexp.MustCompile(`^(String|Error|Unwrap|Is|Len|Less|Swap|Read|Write|Close|Marshal\w+|Unmarshal\w+)$`)

func docFindings(s *source) (found []finding) {
	said := promised(s)
	for _, f := range s.files {
		if f.test || f.gen || !under(f.dir, []string{"core"}) {
			continue
		}
		missing := func(name *ast.Ident) {
			found = append(found, finding{f.path, s.line(name), name.Name + " has no doc comment", "say what it is, its shape, units and errors"})
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				explained := d.Doc != nil || d.Recv != nil && (wellKnown.MatchString(name) || said[f.dir+" "+name])
				if !explained && d.Name.IsExported() && exportedReceiver(d) {
					missing(d.Name)
				}
			case *ast.GenDecl:
				for _, name := range undocumented(d) {
					missing(name)
				}
			}
		}
	}
	return found
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		name, ok := n.(*ast.Ident)
		exported = exported || ok && name.IsExported()
		return !ok
	})
	return exported
}

// undocumented gives the exported names of a declaration without a comment
// above it, above its group, or on its line.
func undocumented(d *ast.GenDecl) (names []*ast.Ident) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				names = append(names, spec.Name)
			}
		case *ast.ValueSpec:
			if d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				names = append(names, spec.Names...)
			}
		}
	}
	return slices.DeleteFunc(names, func(n *ast.Ident) bool { return !n.IsExported() })
}

func skipFindings(s *source) (found []finding) {
	for _, f := range s.files {
		ast.Inspect(f.File, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && f.test && len(call.Args) == 0 {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Skip" || sel.Sel.Name == "SkipNow") {
					found = append(found, finding{f.path, s.line(call), "a test is skipped without a reason", "use Skip(\"why, and how to run it\")"})
				}
			}
			return true
		})
	}
	return found
}

func formatFindings(s *source) (found []finding) {
	for _, f := range s.files {
		if tidy, err := format.Source(f.body); err != nil || !bytes.Equal(tidy, f.body) {
			found = append(found, finding{f.path, 1, "not formatted", "run gofmt -w " + f.path})
		}
	}
	return found
}

func lengthFindings(s *source) (found []finding) {
	used := map[string]bool{}
	measure := func(f *file, key string, line, lines, limit int) {
		allowed, listed := s.allow[key]
		used[key] = listed
		switch {
		case listed && lines < allowed:
			found = append(found, finding{f.path, line, fmt.Sprintf("has %d lines, the allow-list says %d", lines, allowed),
				"lower or remove its line in " + allowList})
		case lines > max(limit, allowed):
			found = append(found, finding{f.path, line, fmt.Sprintf("has %d lines, at most %d are allowed", lines, max(limit, allowed)),
				"split it where its idea changes"})
		}
	}
	for _, f := range s.files {
		if f.gen {
			continue
		}
		measure(f, f.path, 1, bytes.Count(f.body, []byte("\n")), maxFile)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && !f.test {
				measure(f, f.path+" "+fn.Name.Name, s.line(fn), s.fset.Position(fn.End()).Line-s.line(fn)+1, maxFunc)
			}
		}
	}
	for key := range s.allow {
		if !used[key] {
			found = append(found, finding{allowList, 1, key + " is not there any more", "remove its line"})
		}
	}
	return found
}

func textFindings(s *source) (found []finding) {
	for name, body := range s.texts {
		if path.Ext(name) == ".sum" {
			continue
		}
		for _, p := range texts {
			for _, at := range p.pattern.FindAllIndex(body, -1) {
				match := string(body[at[0]:at[1]])
				if p.allowed == nil || !p.allowed.MatchString(match) {
					found = append(found, finding{name, 1 + bytes.Count(body[:at[1]], []byte("\n")), p.rule + " " + strings.TrimSpace(match), p.instead})
				}
			}
		}
	}
	return found
}

// chinese finds a literal with Chinese in it.
var chinese = regexp.MustCompile(`\p{Han}`)

// speechFindings finds Chinese that cannot be read in another language: a literal in
// the app that is not the key of a say.Text, nor said to be a name.
func speechFindings(s *source) (found []finding) {
	for _, f := range s.files {
		if f.test || !under(f.dir, []string{"app"}) || under(f.dir, mute) || slices.Contains(mute, f.path) {
			continue
		}
		said := map[ast.Node]bool{}
		ast.Inspect(f.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 {
					if on, ok := sel.X.(*ast.Ident); ok && on.Name == "say" && (sel.Sel.Name == "T" || sel.Sel.Name == "Join" || sel.Sel.Name == "Plain") {
						said[n.Args[0]] = true
					}
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING && !said[n] && chinese.MatchString(n.Value) {
					found = append(found, finding{f.path, s.line(n), "Chinese " + n.Value + " is not a text to translate", "make it the key of say.T, and give its English"})
				}
			}
			return true
		})
	}
	return found
}
