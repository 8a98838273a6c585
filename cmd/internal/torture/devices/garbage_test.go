package devices

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/agent/pads"
	"nightdesk/cmd/internal/torture"
	"nightdesk/drivers"
	"nightdesk/drivers/barcode"
	"nightdesk/drivers/escpos"
	"nightdesk/drivers/label"
	"nightdesk/drivers/scanner"
)

// lineSpeed is how many bytes a second a line of 38 400 baud, 8E1, can bring.
const lineSpeed = 38400 / 11

// noise is one way in which a line is bad.
type noise struct {
	name  string
	spoil func(r *rand.Rand, cmd, answer []byte) []byte
	flood bool // it also speaks all the time, as fast as the line can
}

func noises() []noise {
	return []noise{
		{name: "nothing", spoil: func(*rand.Rand, []byte, []byte) []byte { return nil }},
		{name: "random bytes", spoil: func(r *rand.Rand, _, _ []byte) []byte { return random(r, 1+r.IntN(300)) }},
		{name: "cut short", spoil: func(r *rand.Rand, _, a []byte) []byte { return a[:r.IntN(len(a))] }},
		{name: "its beginning is missing", spoil: func(r *rand.Rand, _, a []byte) []byte { return a[1+r.IntN(len(a)-1):] }},
		{name: "one bit wrong", spoil: func(r *rand.Rand, _, a []byte) []byte {
			a[r.IntN(len(a))] ^= 1 << r.IntN(8)
			return a
		}},
		{name: "two bytes changed places", spoil: func(r *rand.Rand, _, a []byte) []byte {
			i := r.IntN(len(a) - 1)
			a[i], a[i+1] = a[i+1], a[i]+1
			return a
		}},
		{name: "the answer to another command", spoil: anothersAnswer},
		{name: "another's answer first", spoil: func(r *rand.Rand, cmd, a []byte) []byte {
			return append(anothersAnswer(r, cmd, a), a...)
		}},
		{name: "the question comes back", spoil: func(_ *rand.Rand, cmd, _ []byte) []byte { return slices.Clone(cmd) }},
		{name: "an endless frame", spoil: func(r *rand.Rand, _, _ []byte) []byte {
			return append([]byte{2, 7, 0xFF}, random(r, 100)...)
		}},
		{name: "a flood", flood: true, spoil: func(_ *rand.Rand, _, a []byte) []byte { return a }},
		{name: "a flood of nothing but zeros", flood: true, spoil: func(*rand.Rand, []byte, []byte) []byte { return nil }},
	}
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// phantom is an item that is nowhere near the pad: what the answers to other
// commands speak of.
var phantom = book(99)

// anothersAnswer is a whole and valid answer that this reader would give to
// any other command than cmd, about a tag that is not there.
func anothersAnswer(r *rand.Rand, cmd, _ []byte) []byte {
	all := map[string][]byte{
		"52": frame(cmdDetect, statusOK), "69": frame(cmdReset, statusOK), "80": frame(cmdConfig, append([]byte{0}, make([]byte, 14)...)...),
		"01": frame(cmdISO, append([]byte{statusOK, 1, 3, 0}, phantom.UID[:]...)...),
		"23": frame(cmdISO, phantom.answerRead(0, 8)...), "27": frame(cmdISO, statusOK), "2B": frame(cmdISO, phantom.answerInfo()...),
	}
	name := func(b byte) string { return string("0123456789ABCDEF"[b>>4]) + string("0123456789ABCDEF"[b&15]) }
	delete(all, name(cmd[2]))
	if cmd[2] == cmdISO {
		delete(all, name(cmd[3]))
		// A bare "done" is the whole answer to a write, and the beginning of no other.
	}
	names := []string{"01", "23", "27", "2B", "52", "69", "80"}
	for {
		if a, ok := all[names[r.IntN(len(names))]]; ok {
			return a
		}
	}
}

// An hour of bad lines, a few seconds of each, with books lying on the pad and
// now and then a borrower: what is believed is true, and at the end, on a good
// line, everything is as before.
func TestGarbageIntoThePad(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "rubbish on the pad's line: random bytes, cut and spoilt frames, other commands' answers, floods",
		Unit: "minutes of the pad's time", Target: "no phantom item, no write without a loan, well again afterwards", Short: 60, Long: 600})
	inABubble(t, options(), func(s *stage) {
		g := &garbage{stage: s, r: run.Rand, kinds: noises()}
		s.k.Saw = g.saw
		s.books(1, 2, 3)
		s.rounds(3, nil)
		s.line.spoil, s.line.speaks = g.spoil, g.speaks
		end := time.Now().Add(time.Duration(run.Count) * time.Minute)
		for visits := 0; time.Now().Before(end); visits++ {
			g.idle(4 * time.Minute)
			s.well(s.dark())
			if visits%2 == 0 {
				s.borrow(ada, 3, 200)
			} else {
				s.bringBack(3, 200)
			}
			s.well(s.dark())
		}
		s.line.spoil, s.line.speaks = nil, nil
		g.afterwards()
		run.Reached("%d spoilt answers, %d bytes unasked; 0 phantoms, pad opened %d times", g.spoilt, g.unasked, s.pad.Opens)
		if g.spoilt < 1000 || s.pad.Bad < 100 {
			s.Errorf("only %d answers were spoilt and %d looks failed: nothing was tested", g.spoilt, s.pad.Bad)
		}
	})
}

// garbage is what is wrong with the line at present.
type garbage struct {
	*stage
	r       *rand.Rand
	kinds   []noise
	now     noise
	until   time.Time
	spoke   time.Time // until when the flood's bytes have been given
	spoilt  int
	unasked int
}

func (g *garbage) turn() {
	if time.Now().Before(g.until) {
		return
	}
	g.now, g.spoke = g.kinds[g.r.IntN(len(g.kinds))], time.Now()
	g.until = time.Now().Add(time.Duration(1+g.r.IntN(20)) * time.Second)
	if g.r.IntN(4) == 0 {
		g.now = noise{spoil: func(_ *rand.Rand, _, a []byte) []byte { return a }} // well for a while
	}
}

// spoil spoils most answers: a line that is only ever bad is soon given up.
func (g *garbage) spoil(cmd, answer []byte) []delivery {
	g.turn()
	if g.r.IntN(3) > 0 {
		answer = g.now.spoil(g.r, cmd, answer)
		g.spoilt++
	}
	return []delivery{{time.Now(), answer}}
}

func (g *garbage) speaks() []byte {
	g.turn()
	n := int(time.Since(g.spoke).Seconds() * lineSpeed)
	if !g.now.flood || n == 0 {
		return nil
	}
	g.spoke = time.Now()
	g.unasked += n
	if g.r.IntN(2) == 0 {
		return make([]byte, n)
	}
	return random(g.r, n)
}

// idle lets nobody come for a while.
func (g *garbage) idle(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		g.rounds(1, nil)
		time.Sleep(time.Second)
	}
}

// saw holds what the pad says it saw against what lies there.
func (g *garbage) saw(e pads.Event) {
	p, ok := e.(pads.Placed)
	if !ok {
		return
	}
	real, known := g.all[p.UID]
	switch {
	case !known:
		g.Errorf("a tag %s was seen that is nowhere (line: %s)", p.UID, g.now.name)
	case p.Err == nil && (p.Label.Kind != label.KindItem || p.Label.Item != string(real.item)):
		g.Errorf("tag %s is item %s and was taken for %s %s (line: %s)", p.UID, real.item.Tail(), p.Label.Kind, p.Label.Item, g.now.name)
	}
}

// afterwards is a good line again: what was left open comes to its end, and a
// book can be borrowed and brought back.
func (g *garbage) afterwards() {
	g.Helper()
	g.lift()
	g.rounds(200, nil)
	g.well(g.rest())
	g.works(30)
}

// An hour of rubbish into the scanner: no card and no item comes out of it.
func TestGarbageIntoTheScanner(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "rubbish on the scanner's line: random bytes, spoilt and cut barcodes, floods",
		Unit: "barcodes and bursts", Target: "no card and no item that was not shown whole", Short: 20_000, Long: 500_000})
	synctest.Test(t, func(t *testing.T) {
		c := &cable{reader: newReader()}
		s := scanner.New(c, scanner.Options{})
		rules := library(t)
		phantoms, refused := 0, 0
		for i := range run.Count {
			c.coming = []delivery{{time.Now(), rubbish(run.Rand, i)}}
			for len(c.coming) > 0 {
				ctx, cancel := within(t, time.Second)
				scan, err := s.Scan(ctx)
				cancel()
				v := rules.Judge(scan)
				switch {
				case err != nil:
					refused++
				case v.Kind == barcode.Card || v.Kind == barcode.Item:
					phantoms++
					t.Errorf("%q was taken for %v %s", scan.Text, v.Kind, v.Text)
				}
			}
		}
		c.coming = []delivery{{time.Now(), []byte("\r" + string(ada) + "\r")}}
		if scan, err := next(t, s); err != nil || scan.Text != string(ada) {
			t.Errorf("afterwards a card reads as %q, %v, want it", scan.Text, err)
		}
		run.Reached("%d phantoms, %d refused as no barcode at all", phantoms, refused)
	})
}

// next is the next barcode that is one; an unfinished rest may come before it.
func next(t *testing.T, s *scanner.Scanner) (drivers.Scan, error) {
	ctx, cancel := within(t, 10*time.Second)
	defer cancel()
	for {
		scan, err := s.Scan(ctx)
		if ctx.Err() != nil || err == nil && len(scan.Text) == len(ada) {
			return scan, err
		}
	}
}

// library is what this library's numbers look like.
func library(t *testing.T) barcode.Rules {
	t.Helper()
	card, err := barcode.NewRule(`2\d{13}`, barcode.Luhn14)
	if err != nil {
		t.Fatal(err)
	}
	item, err := barcode.NewRule(`3\d{13}`, barcode.Luhn14)
	if err != nil {
		t.Fatal(err)
	}
	return barcode.Rules{Card: []barcode.Rule{card}, Item: []barcode.Rule{item}}
}

// rubbish is one burst: noise, or a card number with one thing wrong.
func rubbish(r *rand.Rand, i int) []byte {
	number := []byte(ada)
	switch i % 6 {
	case 0:
		return random(r, 1+r.IntN(400))
	case 1: // a flood that is never ended
		b := random(r, 1000)
		for i := range b {
			b[i] = 'A' + b[i]%26
		}
		return append(b, '\r')
	case 2: // one digit misread
		at := 1 + r.IntN(len(number)-1)
		number[at] = '0' + (number[at]-'0'+byte(1+r.IntN(9)))%10
	case 3: // cut short
		number = number[:1+r.IntN(len(number)-1)]
	case 4: // an end that belongs to the one before
		number = number[1+r.IntN(len(number)-1):]
	case 5: // a control byte in the middle
		number[1+r.IntN(12)] = byte(1 + r.IntN(9))
	}
	return append(number, '\r')
}

// An hour of rubbish instead of a printer's status: it is told or refused in
// time, and at the end the printer is believed again.
func TestGarbageFromThePrinter(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "rubbish instead of the printer's status",
		Unit: "questions", Target: "no hang, and believed again afterwards", Short: 1500, Long: 20_000})
	synctest.Test(t, func(t *testing.T) {
		line := &till{r: run.Rand}
		p := escpos.New(line, escpos.Options{})
		silent, garbled, longest := 0, 0, time.Duration(0)
		for range run.Count {
			line.mode = run.Rand.IntN(4)
			began := time.Now()
			_, err := p.Status(t.Context())
			longest = max(longest, time.Since(began))
			silent += count(errors.Is(err, drivers.ErrSilent))
			garbled += count(errors.Is(err, drivers.ErrGarbled))
			time.Sleep(time.Second)
		}
		if longest > time.Minute {
			t.Errorf("one question took %s", longest)
		}
		line.mode = well
		time.Sleep(time.Second)
		if st, err := p.Status(t.Context()); err != nil || !st.Online || st.PaperOut {
			t.Errorf("afterwards: %+v, %v, want a printer that is well", st, err)
		}
		run.Reached("%d unanswered, %d refused as rubbish, the longest took %.1f s", silent, garbled, longest.Seconds())
	})
}

const (
	mute = iota
	babble
	wrongBytes
	well
)

// till is a line to a printer that is well, or not.
type till struct {
	r    *rand.Rand
	mode int
	out  []byte
}

func (l *till) Write(b []byte) (int, error) {
	switch l.mode {
	case wrongBytes:
		l.out = append(l.out, random(l.r, l.r.IntN(40))...)
	case well:
		l.out = append(l.out, 0x12)
	}
	return len(b), nil
}

func (l *till) Read(b []byte) (int, error) {
	time.Sleep(moment)
	if l.mode == babble {
		l.out = random(l.r, lineSpeed*int(moment)/int(time.Second))
	}
	n := copy(b, l.out)
	l.out = l.out[n:]
	return n, nil
}

func (l *till) Close() error { return nil }

func count(so bool) int {
	if so {
		return 1
	}
	return 0
}
