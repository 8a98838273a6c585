package speech_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/speech"
)

// conversation is a speaker with a stand-in for espeak-ng, whose sounds can be read.
type conversation struct {
	*speech.Speaker
	*headphones
	t    *testing.T
	echo string // the program
}

func converse(t *testing.T) conversation {
	h := newHeadphones()
	command := echo(t)
	s := speech.New(speech.Config{Command: command, Sink: h})
	s.SetVolume(speech.Loudest) // samples go through as they are
	running(t, s)
	return conversation{s, h, t, command}
}

// hears waits for these texts, in this order, and for no others between them.
func (c conversation) hears(texts ...string) {
	c.t.Helper()
	for _, want := range texts {
		await(c.t, want, c.began)
		await(c.t, "the end of "+want, c.ended)
	}
	heard := c.heard()
	for i, want := range texts {
		if got := read(heard[len(heard)-len(texts)+i]); got != want {
			c.t.Fatalf("heard %q, want %q", got, want)
		}
	}
}

// read is the text in the sound of echo.
func read(pcm []byte) string {
	var b strings.Builder
	for s := range slices.Chunk(pcm, 2) {
		b.WriteByte(s[0])
	}
	return b.String()
}

func (c conversation) silent() {
	c.t.Helper()
	select {
	case <-c.began:
		heard := c.heard()
		c.t.Fatalf("heard %q, want silence", read(heard[len(heard)-1]))
	case <-time.After(100 * time.Millisecond):
	}
}

func TestHeadingThenBodyThenButtons(t *testing.T) {
	c := converse(t)
	c.Headset(true)
	c.Say(say("en-GB", "Put your items on the shelf", "button 1 of 2: Borrow", "button 2 of 2: Help"))
	c.hears("Put your items on the shelf", "button 1 of 2: Borrow", "button 2 of 2: Help")
	c.Repeat()
	c.hears("Put your items on the shelf", "button 1 of 2: Borrow", "button 2 of 2: Help")
	c.silent()
}

func TestAHeadsetThatComesLaterHearsTheScreen(t *testing.T) {
	c := converse(t)
	c.Say(say("en-GB", "Welcome"))
	c.Add(speech.Utterance{Text: "1 item read", Lang: "en-GB"})
	c.Repeat()
	c.silent()
	c.Headset(true)
	c.hears("Welcome")
	c.Headset(true) // the same again is no news
	c.silent()
	c.Headset(false)
	c.Say(say("en-GB", "Goodbye"))
	c.silent()
}

func TestNewsWaitsAndIsSummedUp(t *testing.T) {
	c := converse(t)
	c.Headset(true)
	c.Say(say("en-GB", "slow text", "that takes a minute"))
	c.Add(speech.Utterance{Text: "1 item read", Lang: "en-GB"})
	c.Add(speech.Utterance{Text: "2 items read", Lang: "en-GB"})
	c.Add(speech.Utterance{Text: "3 items read", Lang: "en-GB"})
	c.silent() // the slow one is still being made
	c.Say(say("en-GB", "Your list"))
	c.hears("Your list", "3 items read")
	c.silent()
}

func TestNewsCutShortIsToldAgain(t *testing.T) {
	c := converse(t)
	c.Headset(true)
	c.Add(speech.Utterance{Text: "once: 3 items read", Lang: "en-GB"})
	until(t, func() bool { _, err := os.Stat(c.echo + ".once"); return err == nil })
	c.Say(say("en-GB", "Your list"))
	c.hears("Your list", "once: 3 items read")
	c.silent()
}

func TestStopForgetsWhatWaits(t *testing.T) {
	c := converse(t)
	c.Headset(true)
	c.Say(say("en-GB", "slow text", "more"))
	c.Add(speech.Utterance{Text: "1 item read", Lang: "en-GB"})
	c.Stop()
	c.silent()
	c.Say(nil)
	c.Repeat()
	c.silent()
}

func TestTheEndOfAVisitForgetsTheBorrower(t *testing.T) {
	c := converse(t)
	c.Headset(true)
	c.Say(say("en-GB", "You have 3 items at home"))
	c.hears("You have 3 items at home")
	c.Reset()
	if got := c.Volume(); got != speech.AsUsual {
		t.Errorf("volume: got step %d, want %d", got, speech.AsUsual)
	}
	c.Repeat()
	c.Headset(false)
	c.Headset(true)
	c.silent()
}

func TestVolumeStaysWithinItsSteps(t *testing.T) {
	s := speech.New(speech.Config{})
	for step, want := range map[int]int{0: 0, 3: 3, 99: speech.Loudest, -99: speech.Softest} {
		if s.SetVolume(step); s.Volume() != want {
			t.Errorf("step %d: got %d, want %d", step, s.Volume(), want)
		}
	}
}

func TestTooMuchIsCut(t *testing.T) {
	c := converse(t)
	c.Headset(true)
	c.Say(say("en-GB", strings.Repeat("a", 3*speech.MaxText)))
	c.hears(strings.Repeat("a", speech.MaxText))
	list := say("en-GB", slices.Repeat([]string{"b"}, 2*speech.MaxList)...)
	c.Say(list)
	c.hears(slices.Repeat([]string{"b"}, speech.MaxList)...)
	c.silent()
}

// What espeak-ng would obey goes no further than this package.
func TestTextIsTextAlone(t *testing.T) {
	for text, want := range map[string]string{
		"-w /tmp/stolen.wav":           "-w /tmp/stolen.wav",
		"--help":                       "--help",
		"[[h@l@U]]":                    "((h@l@U))",
		"a\x01180Sb\x00c\x1b[0m\x7f":   "a180Sbc(0m",
		"two\r\nlines\tand   spaces ":  "two lines and spaces",
		"\u2068The Hobbit\u2069\u200e": "The Hobbit",
		"\xff\xfe":                     "",
		"<break time='5s'/>":           "<break time='5s'/>",
	} {
		c := converse(t)
		c.Headset(true)
		c.Say(say("en-GB", text))
		if want == "" {
			c.silent()
			continue
		}
		c.hears(want)
	}
}

// Five keys in a row, and only the last screen is read.
func TestHurriedKeys(t *testing.T) {
	c := converse(t)
	c.Headset(true)
	for range 4 {
		c.Say(say("en-GB", "slow"))
	}
	c.Say(say("en-GB", "last"))
	c.hears("last")
	c.silent()
}

func TestTroubleIsOnePlainLine(t *testing.T) {
	var log bytes.Buffer
	h := newHeadphones()
	cfg := speech.Config{Command: filepath.Join(t.TempDir(), "espeak-ng"), Sink: h, Log: slog.New(slog.NewTextHandler(&log, nil))}
	s := speech.New(cfg)
	s.Headset(true)
	s.Say(say("en-GB", "one", "two", "three secret words"))
	runUntil(t, s, func() bool { return s.Trouble() != nil })
	if got := s.Trouble(); got == nil || !strings.HasSuffix(got.Error(), "espeak-ng is not installed") {
		t.Errorf("trouble: got %v, want that it is not installed", got)
	}
	if got := strings.Count(log.String(), "\n"); got != 1 || strings.Contains(log.String(), "secret") {
		t.Errorf("log: got %q, want one line without the text", log.String())
	}
	if len(h.heard()) != 0 {
		t.Error("something was heard")
	}
}

// runUntil runs s until a condition holds and the queue is done.
func runUntil(t *testing.T, s *speech.Speaker, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	until(t, done)
	time.Sleep(50 * time.Millisecond) // for what must not come
	cancel()
	if err := await(t, "the end of Run", ended); err != nil {
		t.Error(err)
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing of it within ten seconds")
		}
	}
}

func TestALanguageWithoutAVoiceIsSilentAndOthersAreNot(t *testing.T) {
	c := converse(t)
	c.Headset(true)
	c.Say(append(say("so", "Soo dhawoow"), say("en-GB", "Welcome")...))
	c.hears("Welcome")
	if got := c.Trouble(); got == nil || got.Error() != `espeak-ng has no voice "so"` {
		t.Errorf("trouble: got %v, want that there is no voice for so", got)
	}
}

func TestTroublePasses(t *testing.T) {
	flag := filepath.Join(t.TempDir(), "broken")
	touch(t, flag)
	h := newHeadphones()
	s := speech.New(speech.Config{Sink: h, Command: script(t, "test -e "+flag+" && { echo 'the data is damaged' >&2; exit 3; }; exec "+echo(t))})
	running(t, s)
	s.Headset(true)
	s.Say(say("en-GB", "one"))
	until(t, func() bool { return s.Trouble() != nil })
	if got := s.Trouble().Error(); !strings.HasSuffix(got, ": the data is damaged") {
		t.Errorf("trouble: got %q, want what the program complains of", got)
	}
	remove(t, flag)
	s.Repeat()
	await(t, "the sound", h.began)
	until(t, func() bool { return s.Trouble() == nil })
}

func TestRubbishIsNotPlayed(t *testing.T) {
	for name, lines := range map[string]string{
		"nothing":   "cat >/dev/null",
		"text":      "cat >/dev/null; echo this is no sound at all, is it",
		"no format": `cat >/dev/null; printf 'RIFF\377\377\377\377WAVEdata\004\000\000\000abcd'`,
		"8 bits":    `cat >/dev/null; printf 'RIFF\377\377\377\377WAVEfmt \020\000\000\000\001\000\001\000\042\126\000\000\104\254\000\000\001\000\010\000data\377\377\377\177abcd'`,
		"endless":   "cat >/dev/null; exec cat /dev/zero",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHeadphones()
			s := speech.New(speech.Config{Sink: h, Command: script(t, lines)})
			running(t, s)
			s.Headset(true)
			s.Say(say("en-GB", "one"))
			until(t, func() bool { return s.Trouble() != nil })
			if len(h.heard()) != 0 {
				t.Errorf("%d sounds were played", len(h.heard()))
			}
		})
	}
}
