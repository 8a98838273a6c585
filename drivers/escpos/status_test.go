package escpos_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/escpos"
)

// well answers as a printer that lacks nothing: 12 to any DLE EOT, 00 to GS r.
func well(written []byte) (answer []byte) {
	answer = bytes.Repeat([]byte{0x12}, bytes.Count(written, []byte{0x10, 0x04}))
	return append(answer, make([]byte, bytes.Count(written, []byte{0x1D, 'r', 1}))...)
}

// says answers DLE EOT 1 to 4 with these bytes, 0 with silence, and GS r 1 too.
func says(status [4]byte) func([]byte) []byte {
	return func(written []byte) []byte {
		for n := range status {
			if bytes.Equal(written, []byte{0x10, 0x04, byte(n + 1)}) && status[n] != 0 {
				return []byte{status[n]}
			}
		}
		return make([]byte, bytes.Count(written, []byte{0x1D, 'r', 1}))
	}
}

func TestStatusOfVectors(t *testing.T) {
	want := map[string]drivers.PrinterStatus{
		"status1-12": {Online: true},
		"status1-1A": {},
		"status2-12": {Online: true},
		"status2-16": {Online: true, CoverOpen: true},
		"status2-32": {Online: true, PaperOut: true},
		"status2-52": {Online: true}, // some error; the next answer says which
		"status3-12": {Online: true},
		"status3-1A": {Online: true, CutterFault: true},
		"status3-32": {Online: true},
		"status3-52": {Online: true},
		"status4-1E": {Online: true, PaperLow: true},
		"status4-7E": {Online: true, PaperOut: true, PaperLow: true},
	}
	seen := 0
	for _, v := range vectors(t) {
		if v.Response == "" {
			continue
		}
		seen++
		status := [4]byte{0x12, 0x12, 0x12, 0x12}
		status[unhex(t, v.Request)[2]-1] = unhex(t, v.Response)[0]
		p := escpos.New(&port{answer: says(status)}, escpos.Options{})
		got, err := p.Status(t.Context())
		if w := want[strings.TrimPrefix(v.ID, "escpos/")]; got != w || err != nil {
			t.Errorf("%s: got %+v and %v, want %+v", v.ID, got, err, w)
		}
	}
	if seen != len(want) {
		t.Errorf("got %d answers, want %d", seen, len(want))
	}
}

// What a printer sends beside its answer is not the answer: XON and XOFF, the four
// bytes of the automatic status, the response to DLE DC4 8, noise.
func TestStatusAmongOtherBytes(t *testing.T) {
	for name, before := range map[string]string{
		"XOFF and XON":       "\x13\x11",
		"automatic status":   "\x18\x00\x00\x00",
		"the Clear response": "\x37\x25\x00",
		"a block with a 12":  "\x37\x5F\x12\x00",
		"noise":              "\xFF\x00\xEE",
		"an answer to GS r":  "\x00\x0F",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := escpos.New(&port{answer: func(b []byte) []byte { return append([]byte(before), well(b)...) }}, escpos.Options{})
				if got, err := p.Status(t.Context()); !got.Online || got.PaperOut || err != nil {
					t.Errorf("got %+v and %v, want a printer that is well", got, err)
				}
			})
		})
	}
}

func TestStatusOfPrintersThatAnswerLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := escpos.New(&port{answer: says([4]byte{0x12, 0, 0, 0x7E})}, escpos.Options{AnswerIn: time.Second})
		want := drivers.PrinterStatus{Online: true, PaperOut: true, PaperLow: true}
		for i := range 2 {
			from := time.Now()
			if got, err := p.Status(t.Context()); got != want || err != nil {
				t.Errorf("got %+v and %v, want %+v", got, err, want)
			}
			if took := time.Since(from); i == 1 && took > 2*time.Second {
				t.Errorf("the second time took %v: the printer was asked again what it never answers", took)
			}
		}
	})
}

func TestStatusOfSilentPrinters(t *testing.T) {
	for name, o := range map[string]escpos.Options{"one way": {OneWay: true}, "asked": {AnswerIn: time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := escpos.New(&port{}, o)
				from := time.Now()
				if _, err := p.Status(t.Context()); !errors.Is(err, drivers.ErrSilent) {
					t.Errorf("got %v, want %v", err, drivers.ErrSilent)
				}
				if took := time.Since(from); took > 1100*time.Millisecond {
					t.Errorf("it took %v, want AnswerIn", took)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				if _, err := p.Status(ctx); !o.OneWay && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
				}
			})
		})
	}
}

// An answer that comes after its time is not taken for the next question's.
func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := &port{}
		p := escpos.New(line, escpos.Options{AnswerIn: time.Second})
		if _, err := p.Status(t.Context()); !errors.Is(err, drivers.ErrSilent) {
			t.Fatalf("got %v, want %v", err, drivers.ErrSilent)
		}
		line.in = []byte{0x1A} // offline, a moment ago
		line.answer = well
		if got, err := p.Status(t.Context()); !got.Online || err != nil {
			t.Errorf("got %+v and %v, want online", got, err)
		}
	})
}

// Whatever a printer says, asking it ends in time, and what is believed is an
// answer by its fixed bits.
func FuzzStatus(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.Response), false)
	}
	f.Add([]byte("\x37\x25\x00\x12"), true)
	f.Add(bytes.Repeat([]byte{0x37}, 200), false)
	f.Fuzz(func(t *testing.T, said []byte, repeat bool) {
		if len(said) > 1000 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			line := &port{}
			rest := said
			line.answer = func([]byte) []byte {
				b := rest
				if !repeat {
					rest = nil
				}
				return b
			}
			p := escpos.New(line, escpos.Options{AnswerIn: 200 * time.Millisecond, PrintIn: time.Second})
			from := time.Now()
			_, err := p.Status(t.Context())
			if took := time.Since(from); took > 3*time.Second {
				t.Errorf("asking took %v", took)
			}
			some := false
			for _, b := range said {
				some = some || b&0x93 == 0x12
			}
			if err == nil && !some {
				t.Errorf("%x was believed", said)
			}
			if err := p.Print(t.Context(), rows("x")); err == nil && len(line.sent.Bytes()) == 0 {
				t.Error("printed without sending anything")
			}
			if took := time.Since(from); took > 30*time.Second {
				t.Errorf("printing took %v", took)
			}
		})
	})
}
