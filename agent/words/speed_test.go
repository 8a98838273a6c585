package words

import (
	"strconv"
	"testing"
	"time"
)

// page says as much as a full page does.
func page(w Words, title string) int {
	n := 0
	for range 50 {
		n += len(w.Say("screen.borrow.finish", nil))
	}
	for i := range 25 {
		n += len(w.Count("screen.bye.borrowed", i, nil))
		n += len(w.Say("line.text.missing", Fill{"parts": title}))
	}
	return n
}

// A page is said anew at each change, and the screen has 50 ms for everything:
// its words take 2 ms at most. The best of twenty counts, as others use the
// machine too.
func TestAPageOfWordsIsFast(t *testing.T) {
	for _, tag := range append(tags(), Accented, Mirrored) {
		w := load(t, tag)
		best := time.Hour
		for range 20 {
			start := time.Now()
			if page(w, "Harry Potter and the Philosopher's Stone") == 0 {
				t.Fatal("no words")
			}
			best = min(best, time.Since(start))
		}
		if best > 2*time.Millisecond {
			t.Errorf("%s: a page takes %v", tag, best)
		}
	}
}

func BenchmarkPage(b *testing.B) {
	for _, tag := range []string{English, "pl", "ur"} {
		w := load(b, tag)
		b.Run(tag, func(b *testing.B) {
			for b.Loop() {
				page(w, "Harry Potter and the Philosopher's Stone")
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		for _, tag := range tags() {
			load(b, tag)
		}
	}
}

func BenchmarkOffered(b *testing.B) {
	for b.Loop() {
		Offered([]string{"gu", "pa-Guru", "pl", "ro", "ur"}, true)
	}
}

// One language is used by many screens at once: run with -race.
func TestWordsAreShared(t *testing.T) {
	w := load(t, "pl")
	done := make(chan string)
	for range 4 {
		go func() {
			s := ""
			for n := range 300 {
				s = w.Count("screen.bye.borrowed", n+100, Fill{"n": strconv.Itoa(n)})
			}
			done <- s
		}()
	}
	for range 4 {
		if got := <-done; got != "Wypożyczono 299 pozycji." {
			t.Errorf("says %q", got)
		}
	}
}
