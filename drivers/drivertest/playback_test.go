package drivertest

import (
	"bytes"
	"strings"
	"testing"

	"nightdesk/drivers/wire"
)

// talk writes and reads what is asked, and gives what was read.
func talk(t *testing.T, p wire.Port, send ...string) string {
	t.Helper()
	var got []byte
	for _, s := range send {
		if _, err := p.Write([]byte(s)); err != nil {
			t.Fatalf("write %q: %v", s, err)
		}
		for {
			b := make([]byte, 3)
			n, err := p.Read(b)
			if err != nil {
				t.Fatalf("read: %v", err)
			}
			if n == 0 {
				break
			}
			got = append(got, b[:n]...)
		}
	}
	return string(got)
}

const recording = `
# a greeting
> 68 69
< 68 65 6C 6C 6F
> 6279 65
`

func TestPlaybackAnswersAsRecorded(t *testing.T) {
	p, err := Play(recording)
	if err != nil {
		t.Fatal(err)
	}
	if got := talk(t, p, "hi", "bye"); got != "hello" {
		t.Errorf("got %q, want hello", got)
	}
	if err := p.Close(); err != nil {
		t.Errorf("close: got %v, want no error", err)
	}
	if _, err := p.Write([]byte("hi")); err == nil {
		t.Error("write after close: got no error, want one")
	}
}

func TestPlaybackTellsWhatDiffers(t *testing.T) {
	p, err := Play(recording)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Write([]byte("ho"))
	if want := "recording line 3: got 68 6F sent, want > 68 69"; err == nil || err.Error() != want {
		t.Errorf("another command: got %v, want %s", err, want)
	}
	talk(t, p, "hi")
	if err := p.Close(); err == nil || !strings.Contains(err.Error(), "line 5: > 62 79 65 was not used") {
		t.Errorf("close: got %v, want line 5 not used", err)
	}
	p, err = Play("> 01")
	if err != nil {
		t.Fatal(err)
	}
	talk(t, p, "\x01")
	if _, err := p.Write([]byte{2}); err == nil || !strings.Contains(err.Error(), "the recording is over") {
		t.Errorf("one command more: got %v, want the recording over", err)
	}
}

func TestPlayRefusesWhatIsNoRecording(t *testing.T) {
	for _, text := range []string{"68 69", "> 6", ">", "< zz", "* 00"} {
		if _, err := Play(text); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: got %v, want an error about line 1", text, err)
		}
	}
}

func TestRecordIsPlayedBack(t *testing.T) {
	p, err := Play(recording)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	r := Record(p, &text)
	talk(t, r, "hi", "bye")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Play(text.String())
	if err != nil {
		t.Fatal(err)
	}
	if got := talk(t, again, "hi", "bye"); got != "hello" {
		t.Errorf("got %q from %q, want hello", got, text.String())
	}
}

func FuzzPlay(f *testing.F) {
	f.Add(recording)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Play(text)
		if err != nil {
			return
		}
		for _, s := range p.steps {
			if len(s.data) == 0 || s.line < 1 {
				t.Errorf("got step %+v, want bytes and a line", s)
			}
		}
	})
}
