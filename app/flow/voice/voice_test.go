package voice

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"yizhan/app/device/sound"
	"yizhan/assets"
	"yizhan/core/fault"
)

// Every phrase has its sound where `make voice` has run, and every sound its phrase.
func TestEveryPhraseHasItsSound(t *testing.T) {
	files, err := fs.Glob(assets.Voice, "voice/zh/*.wav")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no voice in this build: run `make voice`, then this test finds phrases without a sound")
	}
	phrases := Phrases()
	for _, p := range phrases {
		name := "voice/" + sound.VoiceFile(sound.Phrase{Language: "zh", Text: p.String()})
		body, err := fs.ReadFile(assets.Voice, name)
		if err != nil {
			t.Errorf("%q has no sound: run `make voice`", p)
			continue
		}
		samples, rate, err := sound.ReadWave(body)
		if err != nil || len(samples) < rate/4 || len(samples) > 20*rate {
			t.Errorf("%q: %d samples at %d, %v", p, len(samples), rate, err)
		}
	}
	if len(files) != len(phrases) {
		t.Errorf("%d sounds for %d phrases: run `make voice`", len(files), len(phrases))
	}
}

// What the counter and a refusal say is among the phrases, and nothing depends on arguments.
func TestPhrases(t *testing.T) {
	all := map[string]bool{}
	for _, p := range Phrases() {
		all[p.String()] = true
		if strings.ContainsAny(p.String(), "%0123456789") {
			t.Errorf("%q has an argument", p)
		}
	}
	for _, want := range []string{fault.SoldOut.Sentence(), fault.SoldOut.Next(), fault.AlreadyRedeemed.Sentence(), "请扫描票面二维码"} {
		if !all[want] {
			t.Errorf("%q cannot be read out", want)
		}
	}
}

// A prompt that no page has any more is not made.
func TestPromptsAreOnPages(t *testing.T) {
	var mine []string
	var others bytes.Buffer
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err != nil {
					return true
				} else if file.Name.Name == "voice" {
					mine = append(mine, text)
				} else {
					others.WriteString(text + "\n")
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range mine {
		if !strings.Contains(text, "/") && !bytes.Contains(others.Bytes(), []byte(text+"\n")) {
			t.Errorf("no page says %q", text)
		}
	}
}
