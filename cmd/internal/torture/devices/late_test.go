package devices

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/desk"
	"nightdesk/drivers"
	"nightdesk/drivers/feig"
)

// lateness is one way in which a reader is too late.
type lateness struct {
	name string
	make func(r *rand.Rand) func(cmd, answer []byte) []delivery
}

func latenesses() []lateness {
	return []lateness{
		{"every answer after its time limit", after(1, 1101*time.Millisecond, 3*time.Second)},
		{"every second answer after its time limit", after(0.5, 1101*time.Millisecond, 3*time.Second)},
		{"one answer in five around its time limit", after(0.2, 900*time.Millisecond, 1300*time.Millisecond)},
		{"one answer in ten, up to ten seconds late", after(0.1, time.Second, 10*time.Second)},
		{"always one answer behind", behind(1)},
		{"always two answers behind", behind(2)},
		{"always three answers behind", behind(3)},
	}
}

// after delays a share of the answers. What comes later waits behind it.
func after(share float64, least, most time.Duration) func(*rand.Rand) func(_, _ []byte) []delivery {
	return func(r *rand.Rand) func(_, _ []byte) []delivery {
		var last time.Time
		return func(_, answer []byte) []delivery {
			due := time.Now()
			if r.Float64() < share {
				due = due.Add(least + time.Duration(r.Int64N(int64(most-least))))
			}
			if due.Before(last) {
				due = last
			}
			last = due
			return []delivery{{due, answer}}
		}
	}
}

// behind answers each command with the answer to the n-th before it.
func behind(n int) func(*rand.Rand) func(_, _ []byte) []delivery {
	return func(*rand.Rand) func(_, _ []byte) []delivery {
		var held [][]byte
		return func(_, answer []byte) []delivery {
			held = append(held, answer)
			if len(held) <= n {
				return nil
			}
			next := held[0]
			held = held[1:]
			return []delivery{{time.Now(), next}}
		}
	}
}

// A driver that is asked anything of any tag gives what is so, or an error: no
// answer of one command is believed to be another's.
func TestAnAnswerBelongsToItsQuestion(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "a pad whose answers come too late, or one or more questions behind",
		Unit: "questions", Target: "no answer is taken for another question's", Short: 7 * 600, Long: 7 * 20_000})
	believed, refused := 0, 0
	for i, l := range latenesses() {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &quiz{TB: t, r: run.Stream(uint64(i)), open: sold}
				q.run(l, run.Count/len(latenesses()))
				believed, refused = believed+q.believed, refused+q.refused
			})
		})
	}
	run.Reached("%d answers believed, all true; %d refused", believed, refused)
}

// sold is the driver that is sold.
func sold(ctx context.Context, c *cable) (drivers.Pad, error) {
	return feig.Open(ctx, c, feig.Options{})
}

// quiz asks a driver questions of which it knows the answers.
type quiz struct {
	testing.TB
	r                 *rand.Rand
	open              func(context.Context, *cable) (drivers.Pad, error)
	believed, refused int
}

func (q *quiz) run(l lateness, questions int) {
	rd := newReader()
	for n := range uint32(5) {
		rd.field = append(rd.field, book(n))
	}
	c := &cable{reader: rd}
	pad, err := q.open(q.Context(), c)
	if err != nil {
		q.Fatal(err)
	}
	defer pad.Close()
	c.spoil = l.make(q.r)
	for range questions {
		q.ask(pad, rd)
	}
	c.spoil = nil
	for range 20 { // and it comes to itself
		if _, err = pad.Inventory(q.Context()); err == nil {
			return
		}
	}
	q.Errorf("a reader that is in time again is not found again: %v", err)
}

// ask asks one thing. The reader carries it out when it hears it, however late
// it answers; so what the tags are after the question is the truth.
func (q *quiz) ask(pad drivers.Pad, rd *reader) {
	q.Helper()
	ctx, t := q.Context(), rd.field[q.r.IntN(len(rd.field))]
	wrong, err := "", error(nil)
	switch q.r.IntN(4) {
	case 0:
		var found []drivers.UID
		if found, err = pad.Inventory(ctx); err == nil && len(found) != len(rd.field) {
			wrong = fmt.Sprintf("%d tags are listed, of %d", len(found), len(rd.field))
		}
	case 1:
		var i drivers.TagInfo
		if i, err = pad.Info(ctx, t.UID); err == nil && (i.UID != t.UID || i.AFI != t.AFI) {
			wrong = fmt.Sprintf("tag %s is said to be %s and is %s", t.UID, i.AFI, t.AFI)
		}
	case 2:
		var data []byte
		if data, err = pad.Read(ctx, t.UID, 0, 8); err == nil && !bytes.Equal(turned(data), t.Data[:32]) {
			wrong = fmt.Sprintf("tag %s is read as another", t.UID)
		}
	case 3:
		afi := []drivers.AFI{desk.Loud, desk.Quiet}[q.r.IntN(2)]
		if err = pad.WriteAFI(ctx, t.UID, afi); err == nil && t.AFI != afi {
			wrong = fmt.Sprintf("tag %s was written, it is said, and is not", t.UID)
		}
	}
	switch {
	case wrong != "":
		q.Error(wrong)
	case err != nil:
		q.refused++
	default:
		q.believed++
	}
}

// turned is blocks of four bytes as they lie in the tag.
func turned(data []byte) (out []byte) {
	for i := 0; i+4 <= len(data); i += 4 {
		out = append(out, data[i+3], data[i+2], data[i+1], data[i])
	}
	return out
}
