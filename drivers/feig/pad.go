package feig

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/wire"
)

const (
	// quiet is PSST at its default: how long the line must be silent after an
	// answer before the reader listens again.
	quiet = 5 * time.Millisecond

	configLength = 14 // bytes in a configuration block (p. 44)

	// In configuration block 5, byte 11, bit 0 is ONT: inventory reports
	// only tags that are new in the field (p. 31). The factory sets it on
	// MR/PR/PRH101. The vendor's own tables for MR101 and for the CPR family
	// name the same byte and bit ("Filter.ResponseMode").
	ontByte = 11
	ontBit  = 0x01
)

// Options are what the reader was configured to; the zero value is what the
// factory configures.
type Options struct {
	// Response is the reader's TR-RESPONSE-TIME (CFG1): an answer comes within
	// it. 0 is 1 s, which is the factory's 10 x 100 ms.
	Response time.Duration
	// Gap is the reader's PSST (CFG1): the pause it wants after an answer.
	// 0 is 5 ms, a negative Gap is none.
	Gap time.Duration
}

// NewOnly tells whether the reader reports only new tags (ONT).
type NewOnly int

// What the reader's configuration said.
const (
	NewOnlyUnknown NewOnly = iota // it did not say, so it is taken for on
	NewOnlyOff
	NewOnlyOn
)

func (n NewOnly) String() string {
	return [...]string{"unknown", "off", "on"}[n]
}

// Pad is a FEIG reader. One goroutine uses it.
type Pad struct {
	conn *wire.Conn
	id   Identity
}

var _ drivers.Pad = (*Pad)(nil)

// Open finds the reader on port, asks it who it is, and learns whether it
// reports only new tags. It owns port from here on and closes it if it fails.
// drivers.ErrSilent and drivers.ErrGarbled mean that there is no such reader, or that the line's
// speed or parity is not the reader's.
func Open(ctx context.Context, port wire.Port, o Options) (*Pad, error) {
	if o.Gap == 0 {
		o.Gap = quiet
	}
	p := &Pad{conn: wire.New(port, wire.Options{
		Split:    Split,
		Match:    names,
		Response: o.Response,
		Gap:      max(o.Gap, 0),
		Resync:   [][]byte{request(opDetect), request(opVersion)},
	})}
	if err := p.meet(ctx); err != nil {
		return nil, errors.Join(err, p.conn.Close())
	}
	return p, nil
}

// meet is the opening sequence.
func (p *Pad) meet(ctx context.Context) error {
	r, err := p.ask(ctx, opDetect)
	if err == nil {
		err = r.err()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", opDetect.command().name, err)
	}
	if r, err = p.ask(ctx, opVersion); err != nil {
		return fmt.Errorf("%s: %w", opVersion.command().name, err)
	}
	p.id = identity(r)
	r, err = p.ask(ctx, opConfig)
	if err != nil && !errors.Is(err, drivers.ErrSilent) {
		return fmt.Errorf("%s: %w", opConfig.command().name, err)
	}
	p.id.NewOnly = newOnly(r)
	return nil
}

// newOnly reads ONT out of configuration block 5. Anything but a whole block,
// or silence, is no answer.
func newOnly(r reply) NewOnly {
	switch {
	case r.status != statusOK || len(r.data) != configLength:
		return NewOnlyUnknown
	case r.data[ontByte]&ontBit != 0:
		return NewOnlyOn
	}
	return NewOnlyOff
}

// Identity tells what the reader said about itself when it was opened.
func (p *Pad) Identity() Identity { return p.id }

// String is one line for a technician.
func (p *Pad) String() string { return "FEIG " + p.id.String() }

// Info asks one tag what it is.
func (p *Pad) Info(ctx context.Context, uid drivers.UID) (drivers.TagInfo, error) {
	r, err := p.askTag(ctx, opInfo, uid)
	if err != nil {
		return drivers.TagInfo{}, err
	}
	info, err := parseInfo(r.data)
	if err == nil && info.UID != uid {
		err = fmt.Errorf("%w: it names %v", drivers.ErrNonsense, info.UID)
	}
	if err != nil {
		return drivers.TagInfo{}, fmt.Errorf("%s, %v: %w", opInfo.command().name, uid, err)
	}
	return info, nil
}

// WriteAFI sets one tag's AFI.
func (p *Pad) WriteAFI(ctx context.Context, uid drivers.UID, afi drivers.AFI) error {
	_, err := p.askTag(ctx, opWriteAFI, uid, byte(afi))
	return err
}

// Close closes the line.
func (p *Pad) Close() error { return p.conn.Close() }

// ask sends a command and takes the answer's frame off.
func (p *Pad) ask(ctx context.Context, o op, args ...byte) (reply, error) {
	b, err := p.conn.Do(ctx, request(o, args...))
	if err != nil {
		return reply{}, err
	}
	return parseReply(b)
}

// parseReply takes an answer's frame off; it has a status at least.
func parseReply(b []byte) (reply, error) {
	f, err := parse(b)
	if err != nil || len(f.body) == 0 {
		return reply{}, fmt.Errorf("%w: %s", drivers.ErrGarbled, wire.Hex(b))
	}
	return reply{f.body[0], f.body[1:]}, nil
}

// askTag sends a command that names a tag, and puts what went wrong in words.
func (p *Pad) askTag(ctx context.Context, o op, uid drivers.UID, args ...byte) (reply, error) {
	r, err := p.ask(ctx, o, to(uid, args...)...)
	if err == nil {
		err = r.tagErr()
	}
	if err != nil {
		return reply{}, fmt.Errorf("%s, %v: %w", o.command().name, uid, err)
	}
	return r, nil
}
