package house

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Program is one of the three programs through all its lives. Its methods may be
// called from any goroutine.
type Program struct {
	Name  string
	Args  []string // the program first
	Log   string   // path of what it says
	Kills int      // by Kill, for one goroutine

	command  func(*Program) []string     // nil: Args
	core     bool                        // it may leave a core dump
	announce string                      // begins the line on standard output that it is ready with; "": none
	ready    func(context.Context) error // waits beyond that; nil: nothing

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
	wanted bool // guarded by Program.mu: its end was asked for
}

// Start starts a new life and waits until it is ready.
func (c *Program) Start(ctx context.Context) error {
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	l := &life{cmd: c.cmd(), said: make(chan string, 1), ended: make(chan struct{})}
	l.cmd.Stderr = log
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // no child outlives the test
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := l.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.Name, err)
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
		return fmt.Errorf("start %s: %w", c.Name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.life = l
	return nil
}

func (c *Program) await(ctx context.Context, l *life) error {
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
func (c *Program) end() *life {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.life
	if l != nil {
		l.wanted = true
	}
	return l
}

// Kill is SIGKILL; the process is gone when it returns.
func (c *Program) Kill() {
	c.Kills++
	if l := c.end(); l != nil {
		_ = l.cmd.Process.Kill() // an error says that it is gone already
		<-l.ended
	}
}

// Stop is SIGTERM, and an error if the program does not end well and soon.
func (c *Program) Stop(ctx context.Context) error {
	l := c.end()
	if err := l.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", c.Name, err)
	}
	select {
	case <-l.ended:
		if l.err != nil {
			return fmt.Errorf("stop %s: %w", c.Name, l.err)
		}
		return nil
	case <-ctx.Done():
		c.Kill()
		return fmt.Errorf("stop %s: %w", c.Name, ctx.Err())
	}
}

// Fell says that the program ended although nobody wanted it.
func (c *Program) Fell() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil || c.life.wanted {
		return nil
	}
	select {
	case <-c.life.ended:
		return fmt.Errorf("%s ended by itself: %w", c.Name, errors.Join(c.life.err, errors.New(c.LastWords())))
	default:
		return nil
	}
}

// Address is what the present life announced; "" while there is none.
func (c *Program) Address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil || c.life.wanted {
		return ""
	}
	return c.life.url
}

// LastWords is the end of what the program said.
func (c *Program) LastWords() string {
	text, err := os.ReadFile(c.Log)
	if err != nil {
		return err.Error()
	}
	const most = 3000 // bytes
	return c.Name + " said last:\n" + string(text[max(0, len(text)-most):])
}

// Within bounds one wait.
func Within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("waited %s in vain", d))
}

// PID is the present life's process number; 0 while there is none.
func (c *Program) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil || c.life.wanted {
		return 0
	}
	return c.life.cmd.Process.Pid
}

func (c *Program) cmd() *exec.Cmd {
	args := c.Args
	if c.command != nil {
		args = c.command(c)
	}
	cmd := exec.Command(args[0], args[1:]...)
	if c.core {
		cmd.Dir = filepath.Dir(c.Log)
		cmd.Env = append(os.Environ(), "GOTRACEBACK=crash")
	}
	return cmd
}
