package table

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// Power is the kiosk's power switch: the kiosk is a child process, and a
// power cut is SIGKILL. Its methods may be called from any goroutine.
type Power struct {
	program []string  // the child's arguments, the program first
	log     io.Writer // what the child says on its standard error

	switching sync.Mutex // one switch at a time

	mu  sync.Mutex // guards run
	run *run       // nil while the power is off
}

// run is one life of the child.
type run struct {
	cmd    *exec.Cmd
	stdin  io.Closer // the child ends when it is closed, so that no child outlives this program
	url    string    // of the screen
	ready  chan struct{}
	ended  chan struct{}
	reason error // why it ended; read after ended is closed
}

// announcement begins the line by which a kiosk says where its screen is.
const announcement = "screen "

// NewPower is a switch that is off.
func NewPower(program []string, log io.Writer) *Power { return &Power{program: program, log: log} }

// On starts the kiosk and waits until it says where its screen is. It does
// nothing if the power is on.
func (p *Power) On(ctx context.Context) error {
	p.switching.Lock()
	defer p.switching.Unlock()
	if p.Lit() {
		return nil
	}
	r, err := p.start()
	if err != nil {
		return fmt.Errorf("start the kiosk: %w", err)
	}
	select {
	case <-r.ready:
	case <-r.ended:
		return fmt.Errorf("the kiosk ended as soon as it was started: %w", r.reason)
	case <-ctx.Done():
		r.kill()
		return fmt.Errorf("start the kiosk: %w", ctx.Err())
	}
	p.mu.Lock()
	p.run = r
	p.mu.Unlock()
	return nil
}

func (p *Power) start() (*run, error) {
	r := &run{cmd: exec.Command(p.program[0], p.program[1:]...), ready: make(chan struct{}), ended: make(chan struct{})}
	r.cmd.Stderr = p.log
	var err error
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	// Not StdoutPipe: Wait would close it before everything has been read.
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	r.cmd.Stdout = in
	err = r.cmd.Start()
	_ = in.Close()
	if err != nil {
		_ = out.Close()
		return nil, err
	}
	go r.attend(out)
	return r, nil
}

// attend reads what the child says until it ends, and then its exit status.
func (r *run) attend(out *os.File) {
	defer close(r.ended)
	defer out.Close()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), announcement); ok && r.url == "" {
			r.url = url
			close(r.ready)
		}
	}
	if r.reason = r.cmd.Wait(); r.reason == nil {
		r.reason = errors.New("it ended by itself")
	}
}

// kill ends the child at once and waits until it is gone.
func (r *run) kill() {
	_ = r.cmd.Process.Kill() // an error says that it is gone already
	<-r.ended
}

// Announce is the line by which a child says where its screen is.
func Announce(w io.Writer, url string) error {
	_, err := fmt.Fprintln(w, announcement+url)
	return err
}

// Cut cuts the power: nothing of the kiosk runs any more when it returns. It
// does nothing if the power is off.
func (p *Power) Cut() {
	if r := p.take(); r != nil {
		r.kill()
	}
}

// Off lets the kiosk end by itself, as a technician would.
func (p *Power) Off(ctx context.Context) error {
	r := p.take()
	if r == nil {
		return nil
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		<-r.ended
		return nil
	}
	select {
	case <-r.ended:
	case <-ctx.Done():
		r.kill()
		return fmt.Errorf("stop the kiosk: %w", ctx.Err())
	}
	var status *exec.ExitError
	if errors.As(r.reason, &status) {
		return fmt.Errorf("stop the kiosk: %w", r.reason)
	}
	return nil
}

func (p *Power) take() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.run
	p.run = nil
	return r
}

// Lit says whether the kiosk runs.
func (p *Power) Lit() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == nil {
		return false
	}
	select {
	case <-p.run.ended:
		return false
	default:
		return true
	}
}

// Screen is where the kiosk's screen starts, with this boot's token; "" while
// the power is off.
func (p *Power) Screen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == nil {
		return ""
	}
	return p.run.url
}
