package earcon_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/earcon"
)

// sound is the samples of a name, full scale being 1.
func sound(t *testing.T, name earcon.Name) []float64 {
	t.Helper()
	wav := earcon.WAV(name)
	if len(wav) < 44 {
		t.Fatalf("%s: %d bytes are no sound", name, len(wav))
	}
	raw := make([]int16, (len(wav)-44)/2)
	if err := binary.Read(bytes.NewReader(wav[44:]), binary.LittleEndian, raw); err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(raw))
	for i, v := range raw {
		out[i] = float64(v) / 32768
	}
	return out
}

func seconds(samples int) time.Duration {
	return time.Duration(samples) * time.Second / earcon.Rate
}

func TestEverySoundIsShortAndClean(t *testing.T) {
	for _, name := range earcon.Names() {
		t.Run(string(name), func(t *testing.T) {
			s := sound(t, name)
			if d := seconds(len(s)); d > earcon.Longest || d < 100*time.Millisecond {
				t.Errorf("it lasts %v, want 100 to 400 ms", d)
			}
			most, sum, step := 0.0, 0.0, 0.0
			for i, v := range s {
				most, sum = max(most, math.Abs(v)), sum+v
				if i > 0 {
					step = max(step, math.Abs(v-s[i-1]))
				}
			}
			if db := 20 * math.Log10(most); math.Abs(db+12) > 0.1 {
				t.Errorf("the peak is at %.2f dB, want -12", db)
			}
			if dc := math.Abs(sum / float64(len(s))); dc > 0.001 {
				t.Errorf("it is %.5f off the middle", dc)
			}
			if s[0] != 0 || s[len(s)-1] != 0 {
				t.Errorf("it begins at %v and ends at %v, want silence", s[0], s[len(s)-1])
			}
			if step > 0.06 { // the steepest tone here moves by 0.05 from one sample to the next
				t.Errorf("a step of %.3f is heard as a click", step)
			}
		})
	}
}

// beat is one stretch that is heard.
type beat struct{ at, length time.Duration }

// rhythm is what is left of a sound when its pitch is taken away: the
// stretches in which its level, over 5 ms, is above a quarter of its most.
func rhythm(s []float64) (beats []beat) {
	const window = earcon.Rate / 200
	var levels []float64
	for w := range slices.Chunk(s, window) {
		most := 0.0
		for _, v := range w {
			most = max(most, math.Abs(v))
		}
		levels = append(levels, most)
	}
	loud := slices.Max(levels) / 4
	for i, l := range levels {
		heardBefore := i > 0 && levels[i-1] > loud
		switch {
		case l > loud && heardBefore:
			beats[len(beats)-1].length += seconds(window)
		case l > loud:
			beats = append(beats, beat{seconds(i * window), seconds(window)})
		}
	}
	return beats
}

// shape puts a rhythm into words that a person would use.
func shape(beats []beat) string {
	var words []string
	for _, b := range beats {
		switch {
		case b.length < 50*time.Millisecond:
			words = append(words, "tick")
		case b.length < 130*time.Millisecond:
			words = append(words, "short")
		case b.length < 270*time.Millisecond:
			words = append(words, "longer")
		default:
			words = append(words, "long")
		}
	}
	return strings.Join(words, " ")
}

func TestSoundsDifferWithoutPitch(t *testing.T) {
	want := map[earcon.Name]string{
		earcon.Done:    "short longer",
		earcon.Needs:   "short short",
		earcon.Stopped: "long",
		earcon.Time:    "tick tick tick",
	}
	for _, name := range earcon.Names() {
		if got := shape(rhythm(sound(t, name))); got != want[name] {
			t.Errorf("%s: got %q, want %q", name, got, want[name])
		}
	}
	needs := rhythm(sound(t, earcon.Needs))
	if needs[0].length != needs[1].length {
		t.Errorf("the notes of %q last %v and %v, want the same", earcon.Needs, needs[0].length, needs[1].length)
	}
	if gap := needs[1].at - needs[0].at - needs[0].length; gap < 80*time.Millisecond {
		t.Errorf("the gap of %q is %v, too little to be heard in an echoing room", earcon.Needs, gap)
	}
}

// pitch is the strongest of the frequencies from 100 to 1500 Hz.
func pitch(s []float64) float64 {
	best, at := 0.0, 0.0
	for f := 100.0; f < 1500; f += 5 {
		re, im := 0.0, 0.0
		for i, v := range s {
			re += v * math.Cos(2*math.Pi*f*float64(i)/earcon.Rate)
			im += v * math.Sin(2*math.Pi*f*float64(i)/earcon.Rate)
		}
		if p := re*re + im*im; p > best {
			best, at = p, f
		}
	}
	return at
}

func TestDoneRisesAndStoppedIsLow(t *testing.T) {
	s := sound(t, earcon.Done)
	half := len(s) / 3
	if first, second := pitch(s[:half]), pitch(s[half:]); second <= first {
		t.Errorf("done goes from %v to %v Hz, want it to rise", first, second)
	}
	if p := pitch(sound(t, earcon.Stopped)); p > 250 {
		t.Errorf("stopped is at %v Hz, want a low note", p)
	}
}

func TestTheSameBytesEveryTime(t *testing.T) {
	for _, name := range earcon.Names() {
		if !bytes.Equal(earcon.WAV(name), earcon.WAV(name)) {
			t.Errorf("%s: two different sounds", name)
		}
	}
	if got := earcon.WAV("hurrah"); got != nil {
		t.Errorf("a name that is none: got %d bytes, want none", len(got))
	}
}

// sox runs sox and gives what it says; sox is another's eye on the files.
func sox(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("sox")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("sox is not installed")
	}
	if err != nil {
		t.Skip("sox is not installed; install the package to have the sounds measured")
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("sox %v: %v: %s", args, err, out)
	}
	return string(out)
}

func TestSoxReadsThem(t *testing.T) {
	for _, name := range earcon.Names() {
		file := filepath.Join(t.TempDir(), string(name)+".wav")
		if err := os.WriteFile(file, earcon.WAV(name), 0o600); err != nil {
			t.Fatal(err)
		}
		info := sox(t, "--info", file)
		for _, want := range []string{`Channels *: 1`, `Sample Rate *: 44100`, `Precision *: 16-bit`, `Signed Integer PCM`} {
			if !regexp.MustCompile(want).MatchString(info) {
				t.Errorf("%s: sox does not say %q:\n%s", name, want, info)
			}
		}
		stat := sox(t, file, "-n", "stat")
		if strings.Contains(info+stat, "WARN") {
			t.Errorf("%s: sox complains:\n%s%s", name, info, stat)
		}
		if got := number(t, stat, "Length (seconds)"); got <= 0.1 || got > 0.4 {
			t.Errorf("%s: %v s, want at most 0.4", name, got)
		}
		if got := max(number(t, stat, "Maximum amplitude"), -number(t, stat, "Minimum amplitude")); math.Abs(got-0.251) > 0.005 {
			t.Errorf("%s: peak %v, want 0.251", name, got)
		}
		if got := number(t, stat, "Mean    amplitude"); math.Abs(got) > 0.001 {
			t.Errorf("%s: %v off the middle", name, got)
		}
	}
}

// number finds a line of `sox stat`.
func number(t *testing.T, stat, line string) float64 {
	t.Helper()
	for l := range strings.Lines(stat) {
		if name, value, ok := strings.Cut(l, ":"); ok && name == line {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatalf("sox says no %q:\n%s", line, stat)
	return 0
}

func ExampleWAV() {
	for _, name := range earcon.Names() {
		fmt.Println(name, len(earcon.WAV(name))/1024, "KiB")
	}
	// Output:
	// done 30 KiB
	// needs 25 KiB
	// stopped 33 KiB
	// time 29 KiB
}
