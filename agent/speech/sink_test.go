package speech_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"nightdesk/agent/speech"
)

var usual = speech.Format{Rate: 22050, Channels: 1}

func TestNamesThatMayBeTheLoudspeaker(t *testing.T) {
	for _, device := range []string{"", "default", "Default", "sysdefault", "plug:default", "plug:'default'", "plug:dmix", "default:0", "hw",
		"plughw", "front", "pulse", "pipewire", "hdmi", "jack", ":", "-D", "hw:0\n", "hw:0\x00", "kopfhörer"} {
		if _, err := speech.NewALSA(device); err == nil {
			t.Errorf("%q: got no error, want a refusal", device)
		}
	}
	for _, device := range []string{"plughw:CARD=Headset,DEV=0", "hw:1,0", "plughw:2", "headset", "sysdefault:CARD=Device", "null", "file:'/tmp/x.wav',wav"} {
		if _, err := speech.NewALSA(device); err != nil {
			t.Errorf("%q: got %v, want none", device, err)
		}
	}
}

// alsa is the headset of a computer without one: ALSA's own file device.
func alsa(t *testing.T, file string) *speech.ALSA {
	t.Helper()
	needs(t, "aplay", "sox")
	a, err := speech.NewALSA("file:'" + file + "',wav")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestFromTextToTheSoundDevice(t *testing.T) {
	needs(t, "espeak-ng")
	file := filepath.Join(t.TempDir(), "heard.wav")
	sink := &counted{Sink: alsa(t, file), ended: make(chan struct{}, 9)}
	s := speech.New(speech.Config{Sink: sink})
	running(t, s)
	s.Headset(true)
	s.Say(say("en-GB", "Bring it back by the first of March."))
	await(t, "the end of the sound", sink.ended)
	if got := stat(t, file, "Length (seconds)"); got < 1 || got > 5 {
		t.Errorf("a sentence takes %v s", got)
	}
	if got := stat(t, file, "RMS     amplitude"); got < 0.005 {
		t.Errorf("the level is %v, want sound", got)
	}
	if err := s.Trouble(); err != nil {
		t.Error(err)
	}
}

// counted tells when a sound has ended.
type counted struct {
	speech.Sink
	ended chan struct{}
}

func (c *counted) Play(ctx context.Context, pcm io.Reader, f speech.Format) error {
	defer func() { c.ended <- struct{}{} }()
	return c.Sink.Play(ctx, pcm, f)
}

func TestEverySampleReachesTheDevice(t *testing.T) {
	file := filepath.Join(t.TempDir(), "heard.wav")
	pcm := make([]byte, 2*22050)
	for i := range pcm {
		pcm[i] = byte(i % 100)
	}
	if err := alsa(t, file).Play(t.Context(), bytes.NewReader(pcm), usual); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, f, err := speech.ReadWAV(b)
	if err != nil || f != usual || !bytes.HasPrefix(got, pcm) {
		t.Errorf("got %d bytes of %v and %v, want the %d that were played", len(got), f, err, len(pcm))
	}
}

func TestTheDeviceIsNotThere(t *testing.T) {
	needs(t, "aplay")
	a, err := speech.NewALSA("plughw:CARD=Nothing")
	if err != nil {
		t.Fatal(err)
	}
	err = a.Play(t.Context(), strings.NewReader("abcd"), usual)
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "plughw:CARD=Nothing") ||
		!strings.Contains(err.Error(), "No such") {
		t.Errorf("got %v, want one line that names the device and why", err)
	}
	err = a.With("/nowhere/aplay").Play(t.Context(), strings.NewReader("abcd"), usual)
	if err == nil || !strings.HasSuffix(err.Error(), "aplay is not installed") {
		t.Errorf("got %v, want that aplay is not installed", err)
	}
}

func standIn(t *testing.T, lines string) *speech.ALSA {
	t.Helper()
	a, err := speech.NewALSA("headset")
	if err != nil {
		t.Fatal(err)
	}
	return a.With(script(t, lines))
}

func TestAplayEndsBeforeTheSound(t *testing.T) {
	a := standIn(t, "head -c 100 >/dev/null; echo 'aplay: the plug was pulled' >&2; exit 1")
	err := a.Play(t.Context(), bytes.NewReader(make([]byte, 1<<20)), usual)
	if err == nil || !strings.HasSuffix(err.Error(), "the plug was pulled") {
		t.Errorf("got %v, want what aplay complains of", err)
	}
	a = standIn(t, "head -c 100 >/dev/null")
	if err = a.Play(t.Context(), bytes.NewReader(make([]byte, 1<<20)), usual); err == nil {
		t.Error("a sound that was not played to its end: got no error")
	}
}

func TestAplayIsKilledWithItsChildren(t *testing.T) {
	a := standIn(t, nap(2)+" & exec "+nap(2))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- a.Play(ctx, bytes.NewReader(make([]byte, 1<<20)), usual) }()
	until(t, func() bool { return len(alive(t, nap(2))) == 2 })
	asked := time.Now()
	cancel()
	if err := await(t, "the end", ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if took := time.Since(asked); took > silence {
		t.Errorf("silence after %v, want %v", took, silence)
	}
	until(t, func() bool { return len(alive(t, nap(2))) == 0 })
	if err := a.Play(ctx, strings.NewReader("abcd"), usual); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: got %v, want the context's error", err)
	}
}

func TestADeviceThatTakesNothing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := standIn(t, "exec "+nap(3)).Play(ctx, bytes.NewReader(make([]byte, 1<<20)), usual)
	if err == nil || !strings.HasSuffix(err.Error(), "did not finish in time") {
		t.Errorf("got %v, want that it did not finish in time", err)
	}
}

func TestWAVLaw(t *testing.T) {
	pcm := []byte("abcdefgh")
	for _, f := range []speech.Format{{22050, 1}, {48000, 2}, {8000, 1}} {
		got, format, err := speech.ReadWAV(append(speech.WAVHeader(f, len(pcm)), pcm...))
		if err != nil || format != f || !bytes.Equal(got, pcm) {
			t.Errorf("%v: got %q, %v and %v", f, got, format, err)
		}
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(append(speech.WAVHeader(usual, 4), "abcd"...))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00abc\x00fmt \x10\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, format, err := speech.ReadWAV(b)
		if err != nil {
			return
		}
		again, same, err := speech.ReadWAV(append(speech.WAVHeader(format, len(pcm)), pcm...))
		if err != nil || same != format || !bytes.Equal(again, pcm) {
			t.Errorf("written and read again: %d bytes of %v and %v, want %d of %v", len(again), same, err, len(pcm), format)
		}
	})
}

// Whatever a title holds, nothing is left of it that espeak-ng would obey.
func FuzzPlain(f *testing.F) {
	f.Add("-v pl [[h@l@U]] \x01180S \x00 \u2068x\u2069")
	f.Fuzz(func(t *testing.T, text string) {
		got := speech.Plain(text)
		if strings.ContainsAny(got, "[]") || strings.ContainsFunc(got, unicode.IsControl) || !utf8.ValidString(got) {
			t.Errorf("%q became %q", text, got)
		}
		if n := utf8.RuneCountInString(got); n > speech.MaxText {
			t.Errorf("%d characters are left", n)
		}
		if again := speech.Plain(got); again != strings.TrimSpace(got) {
			t.Errorf("%q became %q and then %q", text, got, again)
		}
	})
}
