package sound

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// machine is a computer whose programs are the test. Each sound that begins is sent
// to heard, and goes on until the test sends to end, or the speaker cuts it.
type machine struct {
	Speaker
	Config
	programs []string
	fail     map[string]error
	heard    chan string
	end      chan struct{}
	log      strings.Builder
}

func newMachine(t *testing.T, voice fs.FS, programs ...string) *machine {
	t.Helper()
	m := broken(t, nil, voice, programs...)
	m.expect(t, programs[0]+" silence")
	m.end <- struct{}{}
	return m
}

// broken is a machine whose programs fail in these ways.
func broken(t *testing.T, fail map[string]error, voice fs.FS, programs ...string) *machine {
	m := &machine{programs: programs, fail: fail, heard: make(chan string, 20), end: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	m.Config = Config{Voice: voice, Log: slog.New(slog.NewTextHandler(&m.log, nil)), Run: m.run, Find: func(program string) (string, error) {
		if slices.Contains(m.programs, program) {
			return program, nil
		}
		return "", errors.New("not found")
	}}
	m.Speaker = New(ctx, m.Config)
	return m
}

func (m *machine) run(ctx context.Context, stdin []byte, program string, args ...string) ([]byte, error) {
	if program == Synthesizer {
		return WriteWave([]int16{int16(len(stdin)), 7}, 22050), nil
	}
	if err := m.fail[program]; err != nil {
		return nil, err
	}
	samples, _, err := ReadWave(stdin)
	if err != nil {
		return nil, err
	}
	m.heard <- name(program, samples)
	select {
	case <-m.end:
		return nil, nil
	case <-ctx.Done():
		m.heard <- "cut"
		return nil, ctx.Err()
	}
}

func name(program string, samples []int16) string {
	for _, s := range []Signal{Good, Wait, Bad} {
		if slices.Equal(s.Samples(), samples) {
			return program + " " + s.String()
		}
	}
	if samples[0] == 0 {
		return program + " silence"
	}
	if samples[1] == 7 {
		return program + " made now"
	}
	return program + " from the build"
}

func (m *machine) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := <-m.heard; got != w {
			t.Fatalf("heard %q, want %q", got, w)
		}
	}
}

var fixed = Phrase{"zh", "票有效。"}

func voice() fs.FS {
	return fstest.MapFS{VoiceFile(fixed): {Data: WriteULaw([]int16{1000, 2000}, 22050)}}
}

func TestSignalThenPhrases(t *testing.T) {
	m := newMachine(t, voice(), "aplay", Synthesizer)
	m.Play(Good)
	m.expect(t, "aplay good")
	m.Say(fixed, Phrase{"zh", "请张三到窗口。"})
	m.end <- struct{}{}
	m.expect(t, "aplay from the build")
	m.end <- struct{}{}
	m.expect(t, "aplay made now")
	m.end <- struct{}{}
	if m.Trouble() != nil || m.log.Len() > 0 {
		t.Errorf("trouble %v, log %q", m.Trouble(), m.log.String())
	}
}

// The next person's outcome ends what the last one was told.
func TestASignalEndsWhatIsHeard(t *testing.T) {
	m := newMachine(t, voice(), "aplay")
	m.Say(fixed, fixed)
	m.expect(t, "aplay from the build")
	m.Play(Bad)
	m.expect(t, "cut", "aplay bad")
	m.Say(fixed)
	m.Say(fixed)
	m.end <- struct{}{}
	m.expect(t, "aplay from the build")
	m.Hush()
	m.expect(t, "cut")
	m.Play(Wait)
	m.expect(t, "aplay wait")
	m.Play(Wait)
	m.expect(t, "cut", "aplay wait")
}

// Without a synthesizer only what was made at build time is read.
func TestPhrasesWithoutASynthesizer(t *testing.T) {
	m := newMachine(t, voice(), "aplay")
	m.Say(Phrase{"zh", "没有录过的话。"}, Phrase{"en", fixed.Text}, fixed)
	m.expect(t, "aplay from the build")
}

func TestThePlayerThatWorksIsKept(t *testing.T) {
	m := broken(t, map[string]error{"paplay": errors.New("connection refused")}, voice(), "paplay", "aplay")
	m.expect(t, "aplay silence")
	m.end <- struct{}{}
	m.Play(Good)
	m.expect(t, "aplay good")
	if m.Trouble() != nil {
		t.Errorf("one player works, and the trouble is %v", m.Trouble())
	}
}

// A machine without sound goes on in silence, and its log says so once.
func TestNoSoundDevice(t *testing.T) {
	for want, m := range map[error]*machine{ErrNoPlayer: {programs: []string{"espeak-ng"}},
		ErrNoDevice: {programs: []string{"aplay"}, fail: map[string]error{"aplay": errors.New("audio open error")}}} {
		c := broken(t, m.fail, voice(), m.programs...).Config
		var log strings.Builder
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		if err := Check(context.Background(), c); !errors.Is(err, want) {
			t.Errorf("checked: %v, want %v", err, want)
		}
		log.Reset()
		s := find(c)
		for range 3 {
			s.play(context.Background(), Good.wave())
		}
		if !errors.Is(s.Trouble(), want) || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("trouble %v, log %q", s.Trouble(), log.String())
		}
	}
}

func TestBrokenVoiceFile(t *testing.T) {
	m := newMachine(t, fstest.MapFS{VoiceFile(fixed): {Data: []byte("nonsense")}}, "aplay")
	m.Say(fixed)
	m.Say(fixed)
	m.Play(Good)
	m.expect(t, "aplay good")
}

// The programs of this machine are called in the way that they understand.
func TestRunOfPrograms(t *testing.T) {
	out, err := run(context.Background(), []byte("a text"), "cat")
	if err != nil || string(out) != "a text" {
		t.Errorf("cat gave %q, %v", out, err)
	}
	if _, err := run(context.Background(), nil, "sh", "-c", "echo no card >&2; exit 1"); err == nil || !strings.Contains(err.Error(), "no card") {
		t.Errorf("a failure reads %v", err)
	}
}

func TestEarRemembers(t *testing.T) {
	var e Ear
	e.Play(Bad)
	e.Say(fixed, Phrase{"zh", "请找工作人员。"})
	if got := strings.Join(e.Heard, "|"); got != "bad|票有效。|请找工作人员。" {
		t.Errorf("heard %q", got)
	}
}
