package agent

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/speech"
	"nightdesk/agent/visit"
)

// spoken starts a voice that speaks into a folder.
func spoken(t *testing.T) (*voice, *screen.Screen, func() int) {
	t.Helper()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s, err := screen.New(screen.Config{Listen: "127.0.0.1:0"}, func(visit.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	v := &voice{speaker: speech.New(speech.Config{Sink: &speech.Folder{Dir: dir, Keep: 100}}), house: "en-GB"}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); v.speaker.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return v, s, func() int {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestNothingIsSpokenWithoutAHeadset(t *testing.T) {
	v, s, files := spoken(t)
	works := visit.Devices{Scanner: true}
	v.show(visit.State{Devices: works, Screen: visit.CardAsk}, circ.Moment{}, s)
	v.show(visit.State{Devices: works, Screen: visit.CardAsk, Note: visit.NoteISBN}, circ.Moment{}, s)
	works.Headset = true // it is in, and the borrower has switched speech off
	v.show(visit.State{Devices: works, Screen: visit.PIN}, circ.Moment{}, s)
	if n := files(); n > 0 {
		t.Fatalf("%d sounds were made, want silence", n)
	}
	v.show(visit.State{Devices: works, Screen: visit.CardAsk, Ease: visit.Ease{Speech: true}}, circ.Moment{}, s)
	await(t, "the screen is spoken", func() bool { return files() > 0 })
}

func TestTheLoudnessIsTheHousesAgainForTheNextVisit(t *testing.T) {
	v, s, _ := spoken(t)
	state := visit.State{Devices: visit.Devices{Scanner: true, Headset: true}, Ease: visit.Ease{Speech: true, Volume: 2}}
	v.show(state, circ.Moment{}, s)
	if got := v.speaker.Volume(); got != 2 {
		t.Fatalf("the volume is %d, want 2", got)
	}
	ended, _ := state.Next(circ.Moment{Mono: 10 * visit.QuietFor}, visit.Tick{})
	v.show(ended, circ.Moment{}, s)
	if got := v.speaker.Volume(); got != speech.AsUsual {
		t.Errorf("the next visit finds volume %d", got)
	}
}
