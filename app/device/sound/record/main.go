// Command record makes a sound of every fixed phrase with espeak-ng: `make voice`
// runs it. Usage: record FOLDER. Files that are there already stay; others that
// belong to no phrase are removed.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"yizhan/app/device/sound"
	"yizhan/app/flow/voice"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: record FOLDER")
		os.Exit(2)
	}
	made, err := record(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
	if made > 0 {
		fmt.Println("voice: made", made, "phrases in", os.Args[1])
	}
}

func record(folder string) (made int, err error) {
	wanted := map[string]bool{}
	for _, t := range voice.Phrases() {
		p := sound.Phrase{Language: "zh", Text: t.String()}
		file := filepath.Join(folder, filepath.FromSlash(sound.VoiceFile(p)))
		wanted[file] = true
		if _, err := os.Stat(file); err == nil {
			continue
		}
		speech, err := synthesize(p)
		if err != nil {
			return made, fmt.Errorf("read out %q: %w", p.Text, err)
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return made, err
		}
		if err := os.WriteFile(file, speech, 0o644); err != nil {
			return made, err
		}
		made++
	}
	old, err := filepath.Glob(filepath.Join(folder, "*", "*.wav"))
	if err != nil {
		return made, err
	}
	for _, file := range old {
		if !wanted[file] {
			if err := os.Remove(file); err != nil {
				return made, err
			}
		}
	}
	return made, nil
}

func synthesize(p sound.Phrase) ([]byte, error) {
	cmd := exec.Command(sound.Synthesizer, sound.Voice(p.Language)...)
	cmd.Stdin = bytes.NewReader([]byte(p.Text))
	wave, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	samples, rate, err := sound.ReadWave(wave)
	if err != nil {
		return nil, err
	}
	return sound.WriteULaw(trimmed(samples), rate), nil
}

// trimmed is without the silence at both ends.
func trimmed(samples []int16) []int16 {
	loud := func(s int16) bool { return s > 200 || s < -200 }
	from, to := 0, len(samples)
	for from < to && !loud(samples[from]) {
		from++
	}
	for to > from && !loud(samples[to-1]) {
		to--
	}
	return samples[from:to]
}
