package main

import (
	"net"
	"os"
	"strconv"
	"time"
)

// notifyFor is the longest that the service manager is waited for.
const notifyFor = time.Second

// systemd is how the service manager wants to be spoken to (sd_notify(3)): with
// datagrams to a socket, of which the environment tells. Nil without one. feed
// is how often it wants to hear that all is well; 0 is never.
func systemd(getenv func(string) string) (notify func(state string), feed time.Duration) {
	name := getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil, 0
	}
	socket, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return nil, 0 // it will think that we never came up, and say so
	}
	notify = func(state string) {
		if socket.SetWriteDeadline(time.Now().Add(notifyFor)) == nil {
			_, _ = socket.Write([]byte(state)) // nobody is there to be told that nobody is told
		}
	}
	pid := getenv("WATCHDOG_PID")
	every, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || every <= 0 || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return notify, 0
	}
	return notify, time.Duration(every) * time.Microsecond
}
