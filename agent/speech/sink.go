package speech

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Sink is where the sound goes.
type Sink interface {
	// Play plays all of pcm and returns when it has been heard, or at once and
	// in silence when ctx is done. Reading pcm does not block.
	Play(ctx context.Context, pcm io.Reader, f Format) error
}

// ALSA plays through aplay, on one named device. NewALSA makes it.
type ALSA struct {
	device  string
	command string
}

// NewALSA is the headset's own sound device, by its ALSA name:
// "plughw:CARD=Headset,DEV=0", as `aplay -L` lists it. A name that means
// whichever card comes first is refused: that may be the loudspeaker.
func NewALSA(device string) (*ALSA, error) {
	if err := CheckDevice(device); err != nil {
		return nil, err
	}
	return &ALSA{device, "aplay"}, nil
}

// CheckDevice says what is wrong with an ALSA name as the name of a headset.
func CheckDevice(device string) error {
	if device == "" || device[0] == '-' || strings.ContainsFunc(device, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("%q is not the name of a sound device; aplay -L lists them", device)
	}
	if strings.Contains(device, "CARD=") {
		return nil
	}
	words := strings.FieldsFunc(strings.ToLower(device), func(r rune) bool { return strings.ContainsRune(":,'\" {}", r) })
	if len(words) == 0 || slices.Contains(words, "default") || slices.Contains(anyCard(), words[len(words)-1]) {
		return fmt.Errorf("%q may be the loudspeaker; name the headset's own card, as in \"plughw:CARD=Headset\"", device)
	}
	return nil
}

// anyCard are the names of alsa.conf and of sound servers that stand for a card
// which nobody has named. They may hide behind a plugin: "plug:dmix".
func anyCard() []string {
	return []string{"default", "sysdefault", "hw", "plughw", "plug", "dmix", "dsnoop", "dshare", "front", "rear", "side",
		"center_lfe", "iec958", "spdif", "hdmi", "surround21", "surround40", "surround41", "surround50", "surround51",
		"surround71", "pulse", "pipewire", "jack", "oss", "upmix", "vdownmix"}
}

// Play lets aplay play pcm.
func (a *ALSA) Play(ctx context.Context, pcm io.Reader, f Format) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("play on %s: %w", a.device, err)
	}
	defer w.Close()
	// What lies in the pipe and in the device is heard at the old volume.
	shorten(w)
	p := child(ctx, a.command, "-q", "-D", a.device, "-t", "raw", "-f", "S16_LE",
		"-r", strconv.Itoa(f.Rate), "-c", strconv.Itoa(f.Channels), "--buffer-time=200000")
	p.Stdin = r
	err = p.Start()
	_ = r.Close()
	if err != nil {
		return fmt.Errorf("play on %s: %w", a.device, p.why(ctx, err))
	}
	end := context.AfterFunc(ctx, func() { _ = w.SetWriteDeadline(time.Unix(1, 0)) })
	defer end()
	_, copied := io.Copy(w, pcm) // fails when aplay has ended, which knows better why
	_ = w.Close()
	err = p.Wait()
	if err == nil {
		err = copied
	}
	if err != nil {
		return fmt.Errorf("play on %s: %w", a.device, p.why(ctx, err))
	}
	return nil
}

// shorten makes a pipe hold no more than a page. It is as good without.
func shorten(pipe *os.File) {
	if raw, err := pipe.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, os.Getpagesize()) })
	}
}

// Folder writes each sound to a file of its own, 0001.wav and so on, for the
// demo and for tests. Used by one goroutine.
type Folder struct {
	Dir  string // must exist
	Keep int    // the newest so many stay; 0 is 100
	n    int
}

// Play writes pcm to the next file.
func (f *Folder) Play(ctx context.Context, pcm io.Reader, format Format) error {
	keep := f.Keep
	if keep == 0 {
		keep = 100
	}
	all, err := io.ReadAll(pcm)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	f.n++
	part := filepath.Join(f.Dir, ".part") // a file is there whole or not at all
	if err := os.WriteFile(part, append(wavHeader(format, len(all)), all...), 0o600); err != nil {
		return fmt.Errorf("write the sound: %w", err)
	}
	if err := os.Rename(part, f.name(f.n)); err != nil {
		return fmt.Errorf("write the sound: %w", err)
	}
	if err := os.Remove(f.name(f.n - keep)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove an old sound: %w", err)
	}
	return nil
}

func (f *Folder) name(n int) string { return filepath.Join(f.Dir, fmt.Sprintf("%04d.wav", n)) }
