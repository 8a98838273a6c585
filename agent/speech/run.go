package speech

import (
	"context"
	"errors"
	"time"
)

// slack is how much longer than the sound its playing may take.
const slack = 5 * time.Second

// Run speaks until ctx is done; then all is silent and no child runs. It is
// called once. What cannot be said is logged when the trouble changes, shown by
// Trouble, and left out.
func (s *Speaker) Run(ctx context.Context) error {
	for {
		said, u, ok := s.next(ctx)
		if !ok {
			select {
			case <-ctx.Done():
				return nil
			case <-s.poke:
				continue
			}
		}
		err := s.speak(said, u.Utterance)
		s.finished(said, u, err)
		u.stop()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// next takes what is to be said next, with a context that an interruption ends.
func (s *Speaker) next(ctx context.Context) (context.Context, *speaking, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &speaking{}
	switch {
	case !s.headset || ctx.Err() != nil:
		return nil, nil, false
	case len(s.queue) > 0:
		u.Utterance, s.queue = s.queue[0], s.queue[1:]
	case s.summary != nil:
		u.Utterance, u.summary, s.summary = *s.summary, true, nil
	default:
		return nil, nil, false
	}
	said, stop := context.WithCancel(ctx)
	u.stop = stop
	s.now = u
	return said, u, true
}

// speak says one utterance to its end, or until ctx is done.
func (s *Speaker) speak(ctx context.Context, u Utterance) error {
	sound, err := s.cfg.synthesise(ctx, u)
	if err != nil || len(sound.pcm) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sound.length()+slack)
	defer cancel()
	return s.cfg.Sink.Play(ctx, &amplified{pcm: sound.pcm, gain: s.gain}, sound.format)
}

// finished notes how an utterance ended. An interrupted one tells nothing.
func (s *Speaker) finished(ctx context.Context, u *speaking, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == u {
		s.now = nil
	}
	if ctx.Err() != nil {
		return
	}
	voice, _ := s.cfg.voice(u.Utterance)
	if err == nil {
		delete(s.trouble, "")
		delete(s.trouble, voice)
		return
	}
	var no noVoice
	if !errors.As(err, &no) {
		voice = "" // not this voice's trouble
	}
	if last := s.trouble[voice]; last == nil || last.Error() != err.Error() {
		s.log.Error("the headset is silent", "err", err)
	}
	if len(s.trouble) < MaxList {
		s.trouble[voice] = err
	}
}
