package devices

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"nightdesk/drivers"
)

// gullible is a driver as it must not be: the next frame that comes is the
// answer, whatever it is the answer to, and the tag that it speaks of is the one
// that was asked. No checksum is looked at and no late answer is waited for.
type gullible struct {
	line *cable
	buf  []byte
}

var _ drivers.Pad = (*gullible)(nil)

// ask gives status and data of the next frame.
func (g *gullible) ask(code byte, data ...byte) (byte, []byte, error) {
	if _, err := g.line.Write(frame0(code, data...)); err != nil {
		return 0, nil, err
	}
	for end := time.Now().Add(1100 * time.Millisecond); time.Now().Before(end); {
		var chunk [512]byte
		n, err := g.line.Read(chunk[:])
		if err != nil {
			return 0, nil, err
		}
		g.buf = append(g.buf, chunk[:n]...)
		if len(g.buf) > 0 && int(g.buf[0]) <= len(g.buf) {
			n := max(int(g.buf[0]), 1)
			frame := g.buf[:n]
			g.buf = g.buf[n:]
			if n < 6 {
				return 0, nil, drivers.ErrGarbled
			}
			if frame[3] == statusNoTag {
				return 0, nil, drivers.ErrGone
			}
			return frame[3], frame[4 : n-2], nil
		}
	}
	return 0, nil, drivers.ErrSilent
}

// frame0 is a question to any reader.
func frame0(code byte, data ...byte) []byte {
	b := append([]byte{byte(5 + len(data)), 0xFF, code}, data...)
	sum := checksum(b)
	return append(b, byte(sum), byte(sum>>8))
}

func (g *gullible) Inventory(context.Context) (found []drivers.UID, err error) {
	_, data, err := g.ask(cmdISO, isoInventory, 0)
	if err != nil {
		if err == drivers.ErrGone {
			err = nil
		}
		return nil, err
	}
	for len(data) > 10 {
		found = append(found, drivers.UID(data[3:11]))
		data = data[10:]
	}
	return found, nil
}

func (g *gullible) Info(_ context.Context, uid drivers.UID) (drivers.TagInfo, error) {
	_, data, err := g.ask(cmdISO, append([]byte{isoInfo, 1}, uid[:]...)...)
	if err == nil && len(data) < 13 {
		err = drivers.ErrGarbled
	}
	if err != nil {
		return drivers.TagInfo{}, err
	}
	return drivers.TagInfo{UID: uid, AFI: drivers.AFI(data[9]), BlockSize: 4, Blocks: 28}, nil
}

func (g *gullible) Read(_ context.Context, uid drivers.UID, first, n int) ([]byte, error) {
	_, data, err := g.ask(cmdISO, append(append([]byte{isoRead, 1}, uid[:]...), byte(first), byte(n))...)
	if err != nil {
		return nil, err
	}
	var out []byte
	for data = data[min(2, len(data)):]; len(data) >= 5; data = data[5:] {
		out = append(out, data[1:5]...)
	}
	return out, nil
}

func (g *gullible) WriteAFI(_ context.Context, uid drivers.UID, afi drivers.AFI) error {
	_, _, err := g.ask(cmdISO, append(append([]byte{isoWriteAFI, 1}, uid[:]...), byte(afi))...)
	return err
}

func (g *gullible) Close() error { return nil }

// recorder notes what a check says instead of failing.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}
func (r *recorder) Error(args ...any) { r.said = append(r.said, fmt.Sprint(args...)) }

// always is chance that is the same each time: a control must always find.
func always() *rand.Rand { return rand.New(rand.NewPCG(1, 1)) }
