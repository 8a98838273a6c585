// Package speech says to the headset, and to nothing else, what is on the
// screen. It refuses to make a sound while no headset is plugged in, and it has
// no way to speak a PIN: it knows only the texts it is given, and whoever draws
// a PIN gives none but "one digit entered".
package speech

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
)

// Utterance is a piece of text in one language. A title in another language
// than the sentence around it is an utterance of its own, for speech is in the
// language of its text (EN 301 549, 5.1.3.14).
type Utterance struct {
	Text  string // plain text; nothing in it is a command or markup
	Lang  string // BCP 47: "en-GB", "pa-Guru"
	Voice string // espeak-ng's name of the voice; "" is the language's
}

// Limits. What is longer is cut, what is more is left out: a screen has less.
const (
	MaxList = 64   // utterances of one Say
	MaxText = 1000 // characters of one utterance, a good minute
)

// Volume steps of 3 dB. At the default a technician sets the sound card so
// that the headset gives 65 dBA (EN 301 549, 5.1.3.13).
const (
	Softest  = -4
	AsUsual  = 0
	Loudest  = 4
	stepDB   = 3
	headroom = Loudest * stepDB // dB kept free, so that louder is not distorted
)

// Config is what New needs. Only Sink has no default.
type Config struct {
	Command string            // "" is espeak-ng
	Sink    Sink              // where the headset is
	Rate    int               // words a minute; 0 is 160
	Voices  map[string]string // voices by language, instead of the usual ones
	Log     *slog.Logger      // nil: nothing is logged
}

// Speaker says one utterance after the other. Its methods may be called by any
// goroutine and never wait for the sound.
type Speaker struct {
	cfg  Config
	log  *slog.Logger
	poke chan struct{} // there may be something to say

	mu      sync.Mutex
	headset bool
	volume  int
	screen  []Utterance // what the screen says: for Repeat, and for a headset that comes later
	queue   []Utterance // of it, what is still to be said
	summary *Utterance  // to be said behind the queue
	now     *speaking   // nil in silence
	trouble map[string]error
}

// speaking is the utterance that is being said.
type speaking struct {
	Utterance
	summary bool
	stop    context.CancelFunc
}

// New makes a silent Speaker without a headset. Run lets it speak.
func New(cfg Config) *Speaker {
	s := &Speaker{cfg: cfg, log: cfg.Log, poke: make(chan struct{}, 1), trouble: map[string]error{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Say says a screen, instead of what is being said: heading, body, "button 1 of
// 3". An empty list is a screen with nothing to say.
func (s *Speaker) Say(list []Utterance) {
	list = slices.Clone(list[:min(len(list), MaxList)])
	s.change(func() {
		s.interrupt()
		s.screen = list
		s.queue = nil
		if s.headset {
			s.queue = slices.Clone(list)
		}
	})
}

// Add says u once all of the screen has been said. One such summary can wait:
// a newer one takes its place, so it must tell all ("3 items read"). Without
// a headset it is forgotten, as the screen shows it.
func (s *Speaker) Add(u Utterance) {
	s.change(func() {
		if s.headset {
			s.summary = &u
		}
	})
}

// Stop is silence, until something new is said.
func (s *Speaker) Stop() {
	s.change(s.silence)
}

// Repeat says the screen again from its beginning.
func (s *Speaker) Repeat() {
	s.change(func() {
		s.interrupt()
		if s.headset {
			s.queue = slices.Clone(s.screen)
		}
	})
}

// Headset tells whether a headset is plugged in. Pulling it out is silence
// and nothing is kept waiting; plugging it in says what is on the screen.
func (s *Speaker) Headset(in bool) {
	s.change(func() {
		if in == s.headset {
			return
		}
		s.headset = in
		s.silence()
		if in {
			s.queue = slices.Clone(s.screen)
		}
	})
}

// SetVolume sets the volume, from Softest to Loudest, also of what is being said.
func (s *Speaker) SetVolume(step int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.volume = min(max(step, Softest), Loudest)
}

// Volume is the step that the volume is at.
func (s *Speaker) Volume() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.volume
}

// gain is what samples are multiplied with.
func (s *Speaker) gain() float64 {
	return math.Pow(10, float64(s.Volume()*stepDB-headroom)/20)
}

// Reset is the end of a visit: silence, the usual volume, and nothing that the
// next borrower could have repeated.
func (s *Speaker) Reset() {
	s.change(func() {
		s.silence()
		s.screen = nil
		s.volume = AsUsual
	})
}

// Trouble is why the last utterance, or the last in some voice, could not be
// said; nil when all is well. It never holds the text.
func (s *Speaker) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]error, 0, len(s.trouble))
	for _, voice := range slices.Sorted(maps.Keys(s.trouble)) {
		all = append(all, s.trouble[voice])
	}
	return errors.Join(all...)
}

// change changes what is to be said and wakes Run.
func (s *Speaker) change(do func()) {
	s.mu.Lock()
	do()
	s.mu.Unlock()
	select {
	case s.poke <- struct{}{}:
	default: // it is about to look anyway
	}
}

// silence ends and forgets all that is being said or waits. The lock is held.
func (s *Speaker) silence() {
	s.interrupt()
	s.queue, s.summary = nil, nil
}

// interrupt ends what is being said. A summary that is cut short for another
// screen waits again, if no newer one does: it is news. The lock is held.
func (s *Speaker) interrupt() {
	if s.now == nil {
		return
	}
	s.now.stop()
	if s.now.summary && s.summary == nil {
		s.summary = &s.now.Utterance
	}
	s.now = nil
}
