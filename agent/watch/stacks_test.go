package watch_test

import (
	"strings"
	"testing"

	"nightdesk/agent/watch"
)

// What the runtime writes of a goroutine that holds a card number and a PIN.
const dump = `goroutine 1 [chan receive, 3 minutes]:
net/http.(*Server).Serve(0xc000100000, {0x1234, 0x5678})
	/usr/lib/go/src/net/http/server.go:33 +0x1d

goroutine 7 [syscall, 1 minutes]:
nightdesk/agent.(*Desk).Handle(0xc0000140a0, {0x20000000000012, 0x1234}, ...)
	/home/somebody/nightdesk/agent/desk.go:85 +0x1d fp=0xc00 sp=0xc00
panic({0x20000000000012?, 0xc000?})
	/usr/lib/go/src/runtime/panic.go:7 +0x2
card 20000000000012 is odd
created by nightdesk/agent.Run.func1 in goroutine 1
	/home/somebody/nightdesk/agent/run.go:7 +0x9
`

func TestADumpNamesPlacesAndNothingElse(t *testing.T) {
	want := `goroutine 7 [syscall, 1 minutes]:
  nightdesk/agent.(*Desk).Handle agent/desk.go:85
  panic runtime/panic.go:7
  created by nightdesk/agent.Run.func1 agent/run.go:7
goroutine 1 [chan receive, 3 minutes]:
  net/http.(*Server).Serve http/server.go:33
`
	if got := watch.Plain(dump); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// waits stands still with a card number in its hands.
func waits(card string, here chan<- struct{}, until <-chan struct{}) int {
	close(here)
	<-until
	return len(card)
}

func TestOurOwnGoroutinesAreInTheDump(t *testing.T) {
	here, until := make(chan struct{}), make(chan struct{})
	defer close(until)
	go waits("20000000000012", here, until)
	<-here
	got := watch.Stacks()
	if !strings.Contains(got, "nightdesk/agent/watch_test.waits watch/stacks_test.go:") {
		t.Errorf("the goroutine that waits is not in it:\n%s", got)
	}
	if strings.Contains(got, "0x") {
		t.Errorf("it holds what nobody can name:\n%s", got)
	}
}

func TestADumpIsBounded(t *testing.T) {
	many := strings.Repeat(dump+"\n", 2000)
	if got := watch.Plain(many); len(got) > 17<<10 || !strings.HasSuffix(got, "… and more\n") {
		t.Errorf("%d bytes, ending in %q", len(got), got[len(got)-20:])
	}
}
