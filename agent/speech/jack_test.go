package speech_test

import (
	"context"
	"encoding/binary"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"

	"nightdesk/agent/speech"
)

// event is the kernel's struct input_event: a time of two longs, type, code, value.
func event(kind, code uint16, value int32) []byte {
	b := make([]byte, 2*bits.UintSize/8)
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, code)
	return binary.NativeEndian.AppendUint32(b, uint32(value))
}

// What a jack's device sends: the switch, and the mark that ends a report.
var (
	plugged   = append(event(5, 2, 1), event(0, 0, 0)...)
	unplugged = append(event(5, 2, 0), event(0, 0, 0)...)
)

// aJack is a named pipe in place of the device, and what the watcher emits.
func aJack(t *testing.T, ctx context.Context) (write *os.File, emits chan bool, ended chan error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event5")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	write, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = write.Close() })
	emits, ended = make(chan bool, 9), make(chan error, 1)
	go func() { ended <- speech.WatchJack(ctx, path, func(in bool) { emits <- in }) }()
	return write, emits, ended
}

func send(t *testing.T, f *os.File, events ...[]byte) {
	t.Helper()
	for _, e := range events {
		if _, err := f.Write(e); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPlugging(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	device, emits, ended := aJack(t, ctx)
	if await(t, "the first state", emits) {
		t.Error("it begins plugged in, want empty")
	}
	microphone, key := event(5, 4, 1), event(1, 2, 1)
	send(t, device, microphone, key, unplugged, plugged, plugged) // what is no change, or no headphone, is no news
	if !await(t, "plugged in", emits) {
		t.Error("got unplugged, want plugged in")
	}
	send(t, device, unplugged[:5])
	send(t, device, unplugged[5:], plugged, event(0, 3, 0)) // in two pieces; and the kernel dropped something
	for i, want := range []bool{false, true, false} {
		if got := await(t, "a change", emits); got != want {
			t.Errorf("change %d: got %v, want %v", i, got, want)
		}
	}
	cancel()
	if err := await(t, "the end", ended); err != nil {
		t.Errorf("at the end: got %v, want none", err)
	}
	if len(emits) != 0 {
		t.Error("it emitted more than the changes")
	}
}

func TestAJackThatGoesAwayIsEmpty(t *testing.T) {
	device, emits, ended := aJack(t, t.Context())
	await(t, "the first state", emits)
	send(t, device, plugged)
	if !await(t, "plugged in", emits) {
		t.Error("got unplugged, want plugged in")
	}
	if err := device.Close(); err != nil {
		t.Fatal(err)
	}
	if await(t, "the last state", emits) {
		t.Error("got plugged in, want empty")
	}
	if err := await(t, "the end", ended); err == nil || !strings.HasPrefix(err.Error(), "watch the headset's jack: ") {
		t.Errorf("got %v, want an error that says what was done", err)
	}
}

func TestNoSuchJack(t *testing.T) {
	err := speech.WatchJack(t.Context(), filepath.Join(t.TempDir(), "event5"), func(bool) { t.Error("it emitted something") })
	if err == nil {
		t.Error("got no error, want one")
	}
}

func TestJacksByName(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s + "\n")} }
	sys := fstest.MapFS{
		"class/input/event0/device/name":             file("Power Button"),
		"class/input/event0/device/capabilities/sw":  file("0"),
		"class/input/event3/device/name":             file("HDA Intel PCH Mic"),
		"class/input/event3/device/capabilities/sw":  file("10"),
		"class/input/event12/device/name":            file("HDA Intel PCH Headphone"),
		"class/input/event12/device/capabilities/sw": file("4"),
		"class/input/event7/device/name":             file("Kiosk Headset Jack"),
		"class/input/event7/device/capabilities/sw":  file("1 14"), // two longs, the higher first
		"class/input/mouse0/device/name":             file("a mouse"),
	}
	got, err := speech.FindJack(sys, "HDA Intel PCH Headphone")
	if err != nil || got != "/dev/input/event12" {
		t.Errorf("got %q and %v, want /dev/input/event12", got, err)
	}
	_, err = speech.FindJack(sys, "Headphones")
	if want := `no headset jack "Headphones"; there is "HDA Intel PCH Headphone", "Kiosk Headset Jack"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err = speech.FindJack(fstest.MapFS{}, "Headphones"); err == nil || !strings.Contains(err.Error(), "senses none") {
		t.Errorf("got %v, want that there is none", err)
	}
}
