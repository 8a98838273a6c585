package speech_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nightdesk/agent/speech"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// needs says that the test stands on an installed program.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		_, err := exec.LookPath(p)
		if err != nil && os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", p)
		}
		if err != nil {
			t.Skipf("%s is not installed; install it to hear this test", p)
		}
	}
}

// headphones is a headset that a test listens at. In real time, a sound lasts
// as long as it would; otherwise it is over at once.
type headphones struct {
	realTime bool
	began    chan time.Duration // one for each sound: its length
	ended    chan time.Time

	mu     sync.Mutex
	sounds [][]byte
}

func newHeadphones() *headphones {
	return &headphones{began: make(chan time.Duration, 100), ended: make(chan time.Time, 100)}
}

func (h *headphones) Play(ctx context.Context, pcm io.Reader, f speech.Format) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	all, err := io.ReadAll(pcm)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.sounds = append(h.sounds, all)
	h.mu.Unlock()
	length := time.Duration(len(all)) * time.Second / time.Duration(2*f.Rate*f.Channels)
	h.began <- length
	defer func() { h.ended <- time.Now() }()
	if !h.realTime {
		return nil
	}
	select {
	case <-time.After(length):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *headphones) heard() [][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.sounds)
}

// await is the next of a channel, or the end of the test.
func await[V any](t *testing.T, what string, c <-chan V) V {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: nothing within ten seconds", what)
		panic("not reached")
	}
}

// running starts the speaker for the length of the test.
func running(t *testing.T, s *speech.Speaker) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := await(t, "the end of Run", ended); err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

func say(lang string, texts ...string) (list []speech.Utterance) {
	for _, text := range texts {
		list = append(list, speech.Utterance{Text: text, Lang: lang})
	}
	return list
}

// echo is a stand-in for espeak-ng, which "says" the text it was given: its
// bytes are the samples, so that a test can read what was said. A text that
// begins with "slow" takes a minute, one with "once" a minute the first time,
// and then a file lies beside the program.
func echo(t *testing.T) string {
	t.Helper()
	return script(t, `text=$(cat)
case "$text" in slow*) sleep 60;; once*) test -e "$0".once || { touch "$0".once; sleep 60; };; esac
printf 'RIFF\377\377\377\377WAVEfmt \020\000\000\000\001\000\001\000\042\126\000\000\104\254\000\000\002\000\020\000data\377\377\377\177'
printf '%s' "$text" | sed 's/./&_/g'`) // every character with the same high byte
}

// script is a program that does as the lines of shell say.
func script(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// stat is one line of `sox stat` about a file.
func stat(t *testing.T, file, line string) float64 {
	t.Helper()
	out, err := exec.Command("sox", file, "-n", "stat").CombinedOutput()
	if err != nil {
		t.Fatalf("sox %s: %v: %s", file, err, out)
	}
	for l := range strings.Lines(string(out)) {
		if name, value, ok := strings.Cut(l, ":"); ok && name == line {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatalf("sox says no %q:\n%s", line, out)
	return 0
}

// files is what a folder holds, in order.
func files(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.wav"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// nap is the command line of a sleep that no other run of this test knows.
func nap(n int) string { return fmt.Sprintf("sleep %d.%d", 10000+os.Getpid(), n) }

// alive are the processes with exactly that command line.
func alive(t *testing.T, command string) (pids []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		b, err := os.ReadFile(path)
		if err == nil && strings.TrimSuffix(strings.ReplaceAll(string(b), "\x00", " "), " ") == command {
			pids = append(pids, filepath.Base(filepath.Dir(path)))
		}
	}
	return pids
}
