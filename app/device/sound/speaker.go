// Package sound is what is to be heard: a signal for each outcome, and texts that
// are read out.
package sound

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os/exec"
	"path"
	"strings"
	"sync"
	"time"
)

// Phrase is a text to be read out, in the words of its language.
type Phrase struct {
	Language string // zh or en
	Text     string
}

// Speaker makes sounds. No call waits for one; without a sound device nothing is heard, and
// nothing else changes.
type Speaker interface {
	Play(Signal)    // begins a signal, and ends whatever is to be heard
	Say(...Phrase)  // reads out behind a signal that is to be heard, instead of other phrases
	Hush()          // ends phrases
	Trouble() error // why nothing is heard: ErrNoPlayer or ErrNoDevice; nil as far as is known
}

// Errors of a speaker.
var (
	ErrNoPlayer = errors.New("no program that plays sounds: install alsa-utils")
	ErrNoDevice = errors.New("no sound device")
)

// Config is what a speaker needs. Find and Run are exec's where they are nil.
type Config struct {
	Voice fs.FS // fixed phrases: VoiceFile of each, made by `make voice`
	Log   *slog.Logger
	Find  func(program string) (string, error)
	Run   func(ctx context.Context, stdin []byte, program string, args ...string) (stdout []byte, err error)
}

// VoiceFile is the name of the file of a fixed phrase.
func VoiceFile(p Phrase) string {
	sum := sha256.Sum256([]byte(p.Text))
	return path.Join(p.Language, hex.EncodeToString(sum[:8])+".wav")
}

// longest is the time after which a sound is given up: a broken driver may never end.
const longest = time.Minute

// players play a WAV file that they read from stdin; the first that works is taken.
var players = [][]string{{"paplay", "--client-name=yizhan"}, {"aplay", "-q", "-"}}

// Synthesizer is the program that reads out what was not made at build time.
const Synthesizer = "espeak-ng"

// Voice gives Synthesizer's arguments for a language; the text comes to its stdin, where
// nobody else on the machine reads it.
func Voice(language string) []string {
	if language == "en" {
		return []string{"-v", "en-gb", "-s", "150", "--stdout"}
	}
	return []string{"-v", "cmn", "-s", "165", "--stdout"}
}

// Check plays a moment of silence: nil where sounds are heard on this machine.
func Check(ctx context.Context, c Config) error {
	s := find(c)
	s.check(ctx)
	return s.Trouble()
}

// New makes the speaker of this machine, which works until ctx ends.
func New(ctx context.Context, c Config) Speaker {
	s := find(c)
	go s.work(ctx)
	return s
}

// find looks which programs this machine has.
func find(c Config) *speaker {
	if c.Find == nil {
		c.Find = exec.LookPath
	}
	if c.Run == nil {
		c.Run = run
	}
	s := &speaker{Config: c, wake: make(chan struct{}, 1)}
	for _, p := range players {
		if _, err := c.Find(p[0]); err == nil {
			s.players = append(s.players, p)
		}
	}
	_, err := c.Find(Synthesizer)
	s.synth = err == nil
	return s
}

func (s *speaker) check(ctx context.Context) { s.play(ctx, WriteWave(make([]int16, rate/50), rate)) }

func run(ctx context.Context, stdin []byte, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.WaitDelay = time.Second // a driver that hangs must not keep what it was given
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(said.String()))
	}
	return out, nil
}

type speaker struct {
	Config
	players [][]string // used by work alone, once it runs
	synth   bool
	told    bool // the log knows of the trouble; used by work alone
	wake    chan struct{}

	mu      sync.Mutex
	signal  Signal   // to be played next; guarded by mu
	phrases []Phrase // to be read behind it; guarded by mu
	cut     func()   // ends what is to be heard now; guarded by mu
	reading bool     // that is a phrase; guarded by mu
	trouble error    // guarded by mu
}

func (s *speaker) Play(signal Signal) {
	s.change(func() {
		s.signal, s.phrases = signal, nil
		if s.cut != nil {
			s.cut()
		}
	})
}

func (s *speaker) Say(phrases ...Phrase) {
	s.change(func() {
		s.phrases = phrases
		if s.cut != nil && s.reading {
			s.cut()
		}
	})
}

func (s *speaker) Hush() { s.Say() }

func (s *speaker) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

func (s *speaker) change(what func()) {
	s.mu.Lock()
	what()
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func (s *speaker) work(ctx context.Context) {
	s.check(ctx)
	for {
		now, cut, signal, phrase := s.next(ctx)
		switch {
		case now == nil:
			select {
			case <-s.wake:
				continue
			case <-ctx.Done():
				return
			}
		case signal != None:
			s.play(now, signal.wave())
		default:
			if wave, ok := s.speech(now, phrase); ok {
				s.play(now, wave)
			}
		}
		cut()
	}
}

// next takes what is to be heard next; there is none where the context is nil.
func (s *speaker) next(ctx context.Context) (now context.Context, cut func(), signal Signal, phrase Phrase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = nil
	if signal, s.signal = s.signal, None; signal == None {
		if len(s.phrases) == 0 || ctx.Err() != nil {
			return nil, nil, None, Phrase{}
		}
		phrase, s.phrases = s.phrases[0], s.phrases[1:]
	}
	now, cut = context.WithTimeout(ctx, longest)
	s.cut, s.reading = cut, signal == None
	return now, cut, signal, phrase
}

// speech is a phrase as it was made at build time, else as it is made now. Without
// a synthesizer the phrase is not heard.
func (s *speaker) speech(ctx context.Context, p Phrase) ([]byte, bool) {
	stored, err := fs.ReadFile(s.Voice, VoiceFile(p))
	if err != nil {
		if !s.synth {
			return nil, false
		}
		if stored, err = s.Run(ctx, []byte(p.Text), Synthesizer, Voice(p.Language)...); err != nil {
			return nil, false
		}
	}
	samples, rate, err := ReadWave(stored)
	if err != nil {
		s.Log.Warn("a phrase cannot be read out", "why", err)
		return nil, false
	}
	return WriteWave(samples, rate), true
}

func (s *speaker) play(ctx context.Context, wave []byte) {
	trouble := ErrNoPlayer
	for i, p := range s.players {
		_, err := s.Run(ctx, wave, p[0], p[1:]...)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			s.players = append([][]string{p}, append(s.players[:i:i], s.players[i+1:]...)...)
			trouble = nil
			break
		}
		trouble = fmt.Errorf("%w: %w", ErrNoDevice, err)
	}
	s.mu.Lock()
	s.trouble = trouble
	s.mu.Unlock()
	if trouble != nil && !s.told && s.Log != nil {
		s.told = true // once: a machine may well have no sound device
		s.Log.Warn("sounds are not heard", "why", trouble)
	}
}

// Silence is a speaker that says nothing.
type Silence struct{}

// Play implements Speaker.
func (Silence) Play(Signal) {}

// Say implements Speaker.
func (Silence) Say(...Phrase) {}

// Hush implements Speaker.
func (Silence) Hush() {}

// Trouble implements Speaker.
func (Silence) Trouble() error { return nil }

// Ear is the fake: it remembers what would have been heard.
type Ear struct {
	Silence
	Heard []string // "good", "票有效，请按张数发放。"
}

// Play implements Speaker.
func (e *Ear) Play(s Signal) { e.Heard = append(e.Heard, s.String()) }

// Say implements Speaker.
func (e *Ear) Say(phrases ...Phrase) {
	for _, p := range phrases {
		e.Heard = append(e.Heard, p.Text)
	}
}
