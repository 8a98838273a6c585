package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"nightdesk/drivers"
)

const (
	// limit bounds what is kept of an answer, in bytes. The longest answer
	// that any of our readers gives is below 300.
	limit = 4096
	// flood bounds what is thrown away while waiting for a quiet line.
	flood = 64 << 10
	// slack is what an answer may take beyond the reader's response time: the
	// command on its way, the bytes of the answer, and a USB adapter that
	// collects them for 16 ms.
	slack = 100 * time.Millisecond
	// tries bounds how often one Do looks for the reader's voice.
	tries = 3
)

// Options say how a reader speaks.
type Options struct {
	Split Split // required

	// Match tells whether reply answers cmd. A reader's answer names the
	// command; one that does not match is dropped and waiting goes on. Nil
	// takes any frame.
	Match func(cmd, reply []byte) bool

	// Response is the longest that the reader takes before it answers, by
	// its own setting. 0 is one second.
	Response time.Duration

	// Gap is how long the line must be quiet after an answer before the
	// reader listens again. 0 is none.
	Gap time.Duration

	// Resync are harmless commands, best two with different codes. After a failure
	// one that was not asked since is asked, so that an answer that comes too
	// late cannot be taken for the next command's; when all have been asked, the
	// reader has to prove that it is in step. None leaves only the waiting.
	Resync [][]byte
}

// Conn asks a reader questions, one at a time. One goroutine owns it.
type Conn struct {
	port Port
	o    Options

	buf   []byte    // what has come and is no frame yet; below limit
	last  []byte    // the command sent last
	sent  time.Time // when its last byte went out; zero before the first
	heard time.Time // when the last byte came in
	doubt bool      // an answer may still be under way
	spent []bool    // of Options.Resync, those asked since there was no doubt: an answer to one may be an old one's
	alone bool      // an answer to another command is no answer that is dropped, but a failure
	tests int       // proofs that were wanted
	dead  error     // why there will be no further answer
}

// New makes a Conn that owns port. It sends nothing.
func New(port Port, o Options) *Conn {
	if o.Response == 0 {
		o.Response = time.Second
	}
	return &Conn{port: port, o: o, spent: make([]bool, len(o.Resync))}
}

// Do sends cmd, a whole frame, and returns the frame that answers it. The
// error is drivers.ErrSilent if nothing came in the reader's response
// time, drivers.ErrGarbled if something else came, drivers.ErrUnplugged from
// then on if the device is gone, ErrClosed after Close, or ctx's. After ErrSilent,
// ErrGarbled and a ctx that ended during the exchange nobody knows whether the reader has carried cmd out.
//
// After a failure the next Do begins with finding the reader again: it waits
// until the reader's response time since the last byte sent has passed, drops
// what has come, and has a different command answered. If that fails, cmd is
// not sent, and a reader that fails more often has to prove more.
func (c *Conn) Do(ctx context.Context, cmd []byte) ([]byte, error) {
	if c.dead != nil {
		return nil, c.dead
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	return c.exchange(ctx, cmd)
}

// Close closes the line. A later Do returns ErrClosed and sends nothing.
func (c *Conn) Close() error {
	if errors.Is(c.dead, ErrClosed) {
		return nil
	}
	c.dead = ErrClosed
	return c.port.Close()
}

// ready returns when the line is quiet and no answer is under way.
func (c *Conn) ready(ctx context.Context) error {
	for range tries {
		if !c.doubt {
			quiet, err := c.rest(ctx)
			if quiet {
				clear(c.spent)
			}
			if quiet || err != nil {
				return err
			}
		}
		if err := c.resync(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: it speaks without being asked", drivers.ErrGarbled)
}

// rest waits out the gap after the last answer and tells whether the line was
// quiet. Before the very first command it looks whether anything lies there.
func (c *Conn) rest(ctx context.Context) (quiet bool, err error) {
	if c.o.Gap == 0 && !c.sent.IsZero() {
		return true, nil
	}
	for {
		n, err := c.read(ctx)
		if err != nil || n > 0 {
			return false, err
		}
		if time.Since(c.heard) >= c.o.Gap {
			return true, nil
		}
	}
}

// resync ends all doubt, or returns an error and leaves it.
func (c *Conn) resync(ctx context.Context) error {
	c.doubt = true
	if err := c.drain(ctx); err != nil {
		return err
	}
	for i, cmd := range c.o.Resync {
		if c.spent[i] || bytes.Equal(cmd, c.last) {
			continue
		}
		_, err := c.exchange(ctx, cmd)
		return err
	}
	if len(c.o.Resync) > 1 {
		return c.prove(ctx)
	}
	c.doubt = false
	return nil
}

// Of a proof: how often the first resync command is asked, at least, and how
// much more often now and then. A reader that is as many questions behind as
// proofs are long must not find the same proof again.
const (
	proof     = 3
	proofMore = 5
)

// prove ends the doubt about a reader that has been asked everything already,
// in vain: each answer that comes now may be an old one's. It asks the first
// resync command several times and then the second. A reader in step gives each
// answer in time and nothing else; one that is behind gives the first's answer
// where the second's is due. It takes no bad reader for that: an adapter that
// was held up delivers late, but in order.
func (c *Conn) prove(ctx context.Context) error {
	c.alone = true
	defer func() { c.alone = false }()
	first := proof + c.tests%proofMore
	c.tests++
	for n := range first + 1 {
		cmd := c.o.Resync[0]
		if n == first {
			cmd = c.o.Resync[1]
		}
		_, err := c.exchange(ctx, cmd)
		more := c.doubt
		c.doubt = true
		if err != nil {
			return err
		}
		quiet, err := c.rest(ctx)
		if err != nil {
			return err
		}
		if more || !quiet {
			return fmt.Errorf("%w: it is behind with its answers", drivers.ErrGarbled)
		}
	}
	c.doubt = false
	return nil
}

// drain drops everything that comes until the reader's response time since
// the last byte sent has passed and the line is quiet.
func (c *Conn) drain(ctx context.Context) error {
	until := c.sent.Add(c.o.Response)
	for dropped := 0; dropped < flood; {
		c.buf = c.buf[:0]
		n, err := c.read(ctx)
		if err != nil {
			return err
		}
		dropped += n
		if n == 0 && !time.Now().Before(until) {
			return nil
		}
	}
	return fmt.Errorf("%w: it does not stop sending", drivers.ErrGarbled)
}

// exchange sends cmd and waits for its answer. Until the answer is there,
// and alone, there is doubt.
func (c *Conn) exchange(ctx context.Context, cmd []byte) ([]byte, error) {
	c.doubt = true
	c.last = append(c.last[:0], cmd...)
	for i, known := range c.o.Resync {
		c.spent[i] = c.spent[i] || bytes.Equal(known, cmd)
	}
	c.buf = c.buf[:0]
	n, err := c.port.Write(cmd)
	c.sent = time.Now()
	if err == nil && n < len(cmd) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return nil, c.failed(err)
	}
	frame, err := c.await(ctx, cmd)
	if err != nil {
		return nil, err
	}
	c.doubt = len(c.buf) > 0
	return frame, nil
}

// await reads until the answer to cmd is there, or time is up. Once
// something has come, each further byte gets a little time of its own.
func (c *Conn) await(ctx context.Context, cmd []byte) ([]byte, error) {
	first := c.sent.Add(c.o.Response + slack)
	final := first.Add(c.o.Response + slack)
	for some := false; ; {
		n, err := c.read(ctx)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			some = true
			if frame, err := c.take(cmd); frame != nil || err != nil {
				return frame, err
			}
		}
		now := time.Now()
		switch {
		case now.Before(first), some && now.Sub(c.heard) < slack && now.Before(final):
		case some:
			return nil, drivers.ErrGarbled
		default:
			return nil, drivers.ErrSilent
		}
	}
}

// take cuts the answer to cmd out of what has come; nil if it is not there
// yet. Frames that answer another command are dropped.
func (c *Conn) take(cmd []byte) ([]byte, error) {
	for len(c.buf) > 0 {
		n, err := c.o.Split(c.buf)
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", drivers.ErrGarbled, err)
		}
		if n <= 0 || n > len(c.buf) {
			break
		}
		frame := slices.Clone(c.buf[:n])
		c.buf = slices.Delete(c.buf, 0, n)
		if c.o.Match == nil || c.o.Match(cmd, frame) {
			return frame, nil
		}
		if c.alone {
			return nil, fmt.Errorf("%w: it answers what was asked before", drivers.ErrGarbled)
		}
	}
	if len(c.buf) >= limit {
		return nil, fmt.Errorf("%w: no frame in %d bytes", drivers.ErrGarbled, len(c.buf))
	}
	return nil, nil
}

// read adds what has come to buf, at most up to limit, and returns how much.
// It ends with ctx, and takes no longer than the port's own short wait.
func (c *Conn) read(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var chunk [512]byte
	room := min(len(chunk), limit-len(c.buf))
	n, err := c.port.Read(chunk[:room])
	if n > 0 {
		c.buf = append(c.buf, chunk[:n]...)
		c.heard = time.Now()
		return n, nil // an error comes again with the next read
	}
	if err != nil {
		return 0, c.failed(err)
	}
	return 0, nil
}

// failed notes an error that ends the line for good. The end of a pipe is what
// an unplugged device looks like where there is no device.
func (c *Conn) failed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
		err = fmt.Errorf("%w (%w)", drivers.ErrUnplugged, err)
	}
	if errors.Is(err, drivers.ErrUnplugged) || errors.Is(err, ErrClosed) {
		c.dead = err
	}
	return err
}
