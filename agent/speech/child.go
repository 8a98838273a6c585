package speech

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a child with whatever children it has itself. The end of its
// context kills them all: a sound that is asked to stop must not think it over.
type process struct {
	*exec.Cmd
	says tail
}

func child(ctx context.Context, command string, args ...string) *process {
	p := &process{Cmd: exec.CommandContext(ctx, command, args...)}
	p.Env = append(p.Environ(), "LC_ALL=C.UTF-8") // complaints in a known language
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.Cancel = func() error { return unix.Kill(-p.Process.Pid, unix.SIGKILL) }
	p.WaitDelay = time.Second // should something still hold its output
	p.Stderr = &p.says
	return p
}

// run starts the child and waits for its end.
func (p *process) run(ctx context.Context) error {
	err := p.Start()
	if err == nil {
		err = p.Wait()
	}
	return p.why(ctx, err)
}

// why turns a child's end into one sentence. What it complained of last is
// the cause; the rest of what it said names files and lines of its own source.
func (p *process) why(ctx context.Context, err error) error {
	name := p.Args[0]
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s did not finish in time", name)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%s is not installed", name)
	case p.says.last() != "":
		return fmt.Errorf("%s: %s", name, p.says.last())
	default:
		return fmt.Errorf("%s: %w", name, err)
	}
}

// tail keeps the last of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(b []byte) (int, error) {
	const most = 1024
	t.b = append(t.b, b...)
	t.b = t.b[max(0, len(t.b)-most):]
	return len(b), nil
}

// last is the last line, in printable ASCII.
func (t *tail) last() string {
	lines := bytes.Split(bytes.TrimSpace(t.b), []byte("\n"))
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, string(lines[len(lines)-1]))
}
