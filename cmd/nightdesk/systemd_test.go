package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// environment is what a service manager sets.
func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestTheServiceManagerIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	notify, feed := systemd(environment(map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": strconv.Itoa(os.Getpid())}))
	if feed != 30*time.Second {
		t.Errorf("it is fed every %s, want 30s", feed)
	}
	notify("READY=1")
	buf := make([]byte, 100)
	if err := l.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := l.Read(buf)
	if err != nil || string(buf[:n]) != "READY=1" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
	l.Close()
	notify("STOPPING=1") // to nobody: nothing happens
}

func TestWithoutAServiceManagerNobodyIsTold(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	for name, vars := range map[string]map[string]string{
		"no socket":           {"WATCHDOG_USEC": "30000000"},
		"nobody listens":      {"NOTIFY_SOCKET": gone},
		"nothing is set":      {},
		"an abstract address": {"NOTIFY_SOCKET": "@nightdesk-nobody-listens-here"},
	} {
		if notify, feed := systemd(environment(vars)); notify != nil || feed != 0 {
			t.Errorf("%s: somebody is told", name)
		}
	}
}

func TestAWatchdogThatIsMeantForAnotherIsNotFed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, vars := range []map[string]string{
		{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"},
		{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "soon"},
		{"NOTIFY_SOCKET": path},
	} {
		if notify, feed := systemd(environment(vars)); notify == nil || feed != 0 {
			t.Errorf("%v: fed every %s", vars, feed)
		}
	}
}
