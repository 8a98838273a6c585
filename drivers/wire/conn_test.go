package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/drivers"
)

// Frames of these tests: a length byte that counts itself, the name of the
// command, the rest. An upper-case name is a question, the lower case its answer.
func testSplit(buf []byte) (int, error) {
	switch {
	case len(buf) == 0:
		return 0, nil
	case buf[0] < 2 || buf[0] > 200:
		return 0, errors.New("no frame has this length")
	case len(buf) < int(buf[0]):
		return 0, nil
	}
	return int(buf[0]), nil
}

func testMatch(cmd, reply []byte) bool { return reply[1] == cmd[1]|0x20 }

func say(text string) []byte { return append([]byte{byte(len(text) + 1)}, text...) }

// delivery is what a line brings, and when after the command.
type delivery struct {
	after time.Duration
	data  []byte
	err   error
}

// line is a Port whose other end is a function of each command.
type line struct {
	answer func(cmd []byte) []delivery
	queue  []delivery // after is counted from zero
	zero   time.Time
	sent   [][]byte
	closed bool
}

func newLine(answer func(cmd []byte) []delivery) *line {
	return &line{answer: answer, zero: time.Now()}
}

func (l *line) Write(b []byte) (int, error) {
	if l.closed {
		panic("write on a closed line")
	}
	l.sent = append(l.sent, slices.Clone(b))
	for _, d := range l.answer(b) {
		d.after += time.Since(l.zero)
		l.queue = append(l.queue, d)
	}
	slices.SortStableFunc(l.queue, func(a, b delivery) int { return int(a.after - b.after) })
	return len(b), nil
}

func (l *line) Read(b []byte) (int, error) {
	if len(l.queue) == 0 || l.queue[0].after > time.Since(l.zero) {
		time.Sleep(poll)
	}
	if len(l.queue) == 0 || l.queue[0].after > time.Since(l.zero) {
		return 0, nil
	}
	d := &l.queue[0]
	n := copy(b, d.data)
	err := d.err
	if d.data = d.data[n:]; len(d.data) == 0 && err == nil {
		l.queue = l.queue[1:]
	}
	return n, err
}

func (l *line) Close() error {
	l.closed = true
	return nil
}

// obedient answers every command with its own name and argument.
func obedient(cmd []byte) []delivery {
	reply := slices.Clone(cmd)
	reply[1] |= 0x20
	return []delivery{{data: reply}}
}

// script answers the n-th command with the n-th answer, and obeys afterwards.
func script(answers ...func(cmd []byte) []delivery) func([]byte) []delivery {
	return func(cmd []byte) []delivery {
		if len(answers) == 0 {
			return obedient(cmd)
		}
		next := answers[0]
		answers = answers[1:]
		return next(cmd)
	}
}

func silent([]byte) []delivery { return nil }

func bring(d ...delivery) func([]byte) []delivery {
	return func([]byte) []delivery { return d }
}

func connect(l *line) *Conn {
	return New(l, Options{
		Split: testSplit, Match: testMatch, Response: time.Second, Gap: 5 * time.Millisecond,
		Resync: [][]byte{say("X"), say("Y")},
	})
}

func sentNames(l *line) string {
	var names []byte
	for _, b := range l.sent {
		names = append(names, b[1])
	}
	return string(names)
}

// do wants one answer.
func do(t *testing.T, c *Conn, cmd, want string) {
	t.Helper()
	got, err := c.Do(t.Context(), say(cmd))
	if err != nil || !bytes.Equal(got, say(want)) {
		t.Errorf("%s: got %q and %v, want %q", cmd, got, err, say(want))
	}
}

// fails wants one error.
func fails(t *testing.T, c *Conn, cmd string, want error) {
	t.Helper()
	if got, err := c.Do(t.Context(), say(cmd)); !errors.Is(err, want) {
		t.Errorf("%s: got %q and %v, want %v", cmd, got, err, want)
	}
}

func TestAnswers(t *testing.T) {
	bytewise := func(cmd []byte) (out []delivery) {
		for i, b := range obedient(cmd)[0].data {
			out = append(out, delivery{after: time.Duration(i) * 12 * time.Millisecond, data: []byte{b}})
		}
		return out
	}
	for _, test := range []struct {
		name   string
		answer func([]byte) []delivery
	}{
		{"at once", obedient},
		{"in single bytes, as slowly as the manual allows", bytewise},
		{"at the end of the response time", func(cmd []byte) []delivery {
			return []delivery{{after: time.Second, data: obedient(cmd)[0].data}}
		}},
		{"after an answer to something else", func(cmd []byte) []delivery {
			return []delivery{{data: say("z?")}, obedient(cmd)[0]}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLine(script(test.answer, test.answer))
				c := connect(l)
				do(t, c, "A1", "a1")
				do(t, c, "B2", "b2")
				if got := sentNames(l); got != "AB" {
					t.Errorf("sent: got %s, want AB and no resync", got)
				}
			})
		})
	}
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func([]byte) []delivery
		want   error
		took   time.Duration // at most
	}{
		{"nothing", silent, drivers.ErrSilent, 1200 * time.Millisecond},
		{"noise", bring(delivery{data: []byte{0xFF, 0x00}}), drivers.ErrGarbled, 10 * time.Millisecond},
		{"half an answer", bring(delivery{data: []byte{9, 'a'}}), drivers.ErrGarbled, 1200 * time.Millisecond},
		{"another's answer", bring(delivery{data: say("b1")}), drivers.ErrGarbled, 1200 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLine(script(test.answer))
				c := connect(l)
				began := time.Now()
				fails(t, c, "A1", test.want)
				if took := time.Since(began); took > test.took {
					t.Errorf("it took %v, want at most %v", took, test.took)
				}
				do(t, c, "B2", "b2")
				if got := sentNames(l); got != "AXB" {
					t.Errorf("sent: got %s, want AXB", got)
				}
				if waited := time.Since(began); waited < time.Second {
					t.Errorf("the next command went out after %v, want the response time at least", waited)
				}
			})
		})
	}
}

// The late answer has the same name as the next command's, and comes while
// the reader is being found again.
func TestLateAnswerIsNobodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := func(cmd []byte) []delivery { return append([]delivery{{data: say("a1")}}, obedient(cmd)...) }
		c := connect(newLine(script(silent, late)))
		fails(t, c, "A1", drivers.ErrSilent)
		do(t, c, "A2", "a2")
	})
}

// Here it comes between the commands, without any failure before it.
func TestStrayAnswerIsNobodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		twice := func(cmd []byte) []delivery {
			return append(obedient(cmd), delivery{after: 2 * time.Millisecond, data: say("a1")})
		}
		l := newLine(script(twice))
		c := connect(l)
		do(t, c, "A1", "a1")
		do(t, c, "A2", "a2")
		if got := sentNames(l); got != "AXA" {
			t.Errorf("sent: got %s, want AXA", got)
		}
	})
}

func TestTwoFramesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		twice := bring(delivery{data: append(say("a1"), say("a9")...)})
		l := newLine(script(twice))
		c := connect(l)
		do(t, c, "A1", "a1")
		do(t, c, "A2", "a2")
		if got := sentNames(l); got != "AXA" {
			t.Errorf("sent: got %s, want AXA: a reader that says more than asked is out of step", got)
		}
	})
}

func TestWhatLiesOnTheLineBeforeTheFirstCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(obedient)
		l.queue = []delivery{{data: say("a9")}}
		do(t, connect(l), "A1", "a1")
	})
}

func TestResyncIsAnotherCommandThanTheOneThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(script(silent, silent))
		c := connect(l)
		fails(t, c, "X", drivers.ErrSilent)
		fails(t, c, "A1", drivers.ErrSilent) // it was Y that nobody answered
		do(t, c, "A1", "a1")
		if got := sentNames(l); got != "XYXXXYA" {
			t.Errorf("sent: got %s, want XYXXXYA: an answer to X alone could be the first one's", got)
		}
	})
}

// A reader that answers each command with the answer to an earlier one, or
// later than it may, is not believed, however often it is asked: its answers
// have the right names now and then, and are another's all the same.
func TestAReaderThatStaysBehindIsNotBelieved(t *testing.T) {
	for behind := range 10 {
		synctest.Test(t, func(t *testing.T) {
			var held [][]byte
			late := func(cmd []byte) []delivery {
				held = append(held, obedient(cmd)[0].data)
				if len(held) <= behind {
					return nil
				}
				next := held[0]
				held = held[1:]
				return []delivery{{data: next}}
			}
			l := newLine(late)
			c := connect(l)
			for n := range 60 {
				cmd := fmt.Sprintf("A%02d", n)
				got, err := c.Do(t.Context(), say(cmd))
				if err == nil && !bytes.Equal(got, say("a"+cmd[1:])) {
					t.Errorf("%d behind: %s was answered by %q", behind, cmd, got)
				}
				if behind == 0 && err != nil {
					t.Errorf("a reader that is never behind: %v", err)
				}
			}
			l.answer = obedient
			for range 20 {
				if _, err := c.Do(t.Context(), say("B1")); err == nil {
					return
				}
			}
			t.Errorf("%d behind: in step again, it is not found again", behind)
		})
	}
}

func TestAReaderThatIsTooLateForLongIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chance := rand.New(rand.NewPCG(1, 2))
		var l *line
		var last time.Duration
		l = newLine(func(cmd []byte) []delivery {
			now := time.Since(l.zero)
			last = max(last, now+1101*time.Millisecond+time.Duration(chance.IntN(2000))*time.Millisecond)
			return []delivery{{after: last - now, data: obedient(cmd)[0].data}}
		})
		c := connect(l)
		for n := range 1000 {
			cmd := fmt.Sprintf("A%03d", n)
			if got, err := c.Do(t.Context(), say(cmd)); err == nil && !bytes.Equal(got, say("a"+cmd[1:])) {
				t.Errorf("%s was answered by %q", cmd, got)
			}
		}
	})
}

func TestFloodIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		half := []byte{200} // the beginning of a frame, for ever
		endless := func([]byte) []delivery {
			return []delivery{{data: bytes.Repeat(half, 1<<20)}}
		}
		l := newLine(script(endless))
		c := New(l, Options{Split: func([]byte) (int, error) { return 0, nil }})
		fails(t, c, "A1", drivers.ErrGarbled)
		if len(c.buf) > limit || cap(c.buf) > 2*limit {
			t.Errorf("kept %d bytes of %d, want at most %d", len(c.buf), cap(c.buf), limit)
		}
		fails(t, c, "A2", drivers.ErrGarbled)
		if got := sentNames(l); got != "A" {
			t.Errorf("sent: got %s, want A: nothing is said into a flood", got)
		}
	})
}

func TestUnpluggedInTheMiddle(t *testing.T) {
	for _, cause := range []error{drivers.ErrUnplugged, io.EOF} {
		synctest.Test(t, func(t *testing.T) {
			l := newLine(script(bring(delivery{data: []byte{9, 'a'}}, delivery{after: time.Millisecond, err: cause})))
			c := connect(l)
			fails(t, c, "A1", drivers.ErrUnplugged)
			l.queue = nil // whatever takes its name meanwhile is another device
			fails(t, c, "A2", drivers.ErrUnplugged)
			if got := sentNames(l); got != "A" {
				t.Errorf("sent: got %s, want A", got)
			}
		})
	}
}

func TestNothingIsSentAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(newLine(obedient)) // its Write panics when closed
		do(t, c, "A1", "a1")
		if err := c.Close(); err != nil {
			t.Errorf("close: got error %v", err)
		}
		fails(t, c, "A2", ErrClosed)
		if err := c.Close(); err != nil {
			t.Errorf("close again: got error %v", err)
		}
	})
}

func TestContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(script(silent))
		c := connect(l)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := c.Do(ctx, say("A1")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(began); took > 60*time.Millisecond {
			t.Errorf("it took %v, want 50 ms and one read", took)
		}
		do(t, c, "B2", "b2")
		if got := sentNames(l); got != "AXB" {
			t.Errorf("sent: got %s, want AXB: the answer was still under way", got)
		}
	})
}

func TestGap(t *testing.T) {
	for gap, least := range map[time.Duration]time.Duration{0: 0, 20 * time.Millisecond: 20 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			c := New(newLine(obedient), Options{Split: testSplit, Gap: gap})
			do(t, c, "A1", "a1")
			began := time.Now()
			do(t, c, "A2", "a2")
			if took := time.Since(began); took < least || took > least+poll {
				t.Errorf("gap %v: got %v between the commands", gap, took)
			}
		})
	}
}
