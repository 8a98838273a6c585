package killtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child is one of the three programs through all its lives. Its methods may be
// called from any goroutine.
type child struct {
	name     string
	args     []string
	log      string                      // path of what it says
	announce string                      // begins the line on standard output that it is ready with; "": none
	ready    func(context.Context) error // waits beyond that; nil: nothing
	kills    int

	mu   sync.Mutex // guards life
	life *life
}

// life is one process.
type life struct {
	cmd    *exec.Cmd
	said   chan string   // what follows announce; one at most
	ended  chan struct{} // closed when the process is gone
	err    error         // read after ended is closed
	url    string
	wanted bool // guarded by child.mu: its end was asked for
}

// start starts a new life and waits until it is ready.
func (c *child) start(ctx context.Context) error {
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	l := &life{cmd: exec.Command(c.args[0], c.args[1:]...), said: make(chan string, 1), ended: make(chan struct{})}
	l.cmd.Stderr = log
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // no child outlives the test
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := l.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	go func() {
		defer close(l.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if rest, ok := strings.CutPrefix(lines.Text(), c.announce); ok && c.announce != "" && len(l.said) == 0 {
				l.said <- rest
			}
		}
		l.err = l.cmd.Wait()
	}()
	if err := c.await(ctx, l); err != nil {
		_ = l.cmd.Process.Kill()
		<-l.ended
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.life = l
	return nil
}

func (c *child) await(ctx context.Context, l *life) error {
	if c.announce != "" {
		select {
		case l.url = <-l.said:
		case <-l.ended:
			return fmt.Errorf("it ended at once: %w", l.err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if c.ready == nil {
		return nil
	}
	return c.ready(ctx)
}

// end marks that the present life is to end, and gives it.
func (c *child) end() *life {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.life
	if l != nil {
		l.wanted = true
	}
	return l
}

// kill is SIGKILL; the process is gone when it returns.
func (c *child) kill() {
	if l := c.end(); l != nil {
		_ = l.cmd.Process.Kill() // an error says that it is gone already
		<-l.ended
	}
}

// stop is SIGTERM, and an error if the program does not end well and soon.
func (c *child) stop(ctx context.Context) error {
	l := c.end()
	if err := l.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", c.name, err)
	}
	select {
	case <-l.ended:
		if l.err != nil {
			return fmt.Errorf("stop %s: %w", c.name, l.err)
		}
		return nil
	case <-ctx.Done():
		c.kill()
		return fmt.Errorf("stop %s: %w", c.name, ctx.Err())
	}
}

// fell says that the program ended although nobody wanted it.
func (c *child) fell() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil || c.life.wanted {
		return nil
	}
	select {
	case <-c.life.ended:
		return fmt.Errorf("%s ended by itself: %w", c.name, errors.Join(c.life.err, errors.New(c.lastWords())))
	default:
		return nil
	}
}

// address is what the present life announced; "" while there is none.
func (c *child) address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil || c.life.wanted {
		return ""
	}
	return c.life.url
}

// lastWords is the end of what the program said.
func (c *child) lastWords() string {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	const most = 3000 // bytes
	return c.name + " said last:\n" + string(text[max(0, len(text)-most):])
}

// within bounds one wait.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("waited %s in vain", d))
}
