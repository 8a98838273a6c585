package paths

// startRound begins a look at the pad, if a tag there is wanted otherwise.
func (m model) startRound(s state, k int, yield func(move, state)) {
	if i := m.nextTag(&s, k, 0); i < m.tags {
		s.k[k].step = i + 1
		m.inRound(s, k, yield)
	}
}

// nextTag is the next tag from i on that this round tries.
func (m model) nextTag(s *state, k int, i byte) byte {
	d := &s.k[k]
	wanted := d.wish & s.onPad(k)
	if d.kind == issue && !d.mine && m.wrong != oldWish {
		wanted = 0
	}
	for ; i < m.tags; i++ {
		if wanted&(1<<i) != 0 && d.tries[i] < mostTries {
			break
		}
	}
	return i
}

// mostTries is how often a tag is written in one placement.
const mostTries = 3

// inRound tries the tag that the round has come to, in every way it can go, or
// crosses off what it has read back.
func (m model) inRound(s state, k int, yield func(move, state)) {
	if i := s.k[k].step - 1; i < m.tags {
		m.tryTag(s, k, i, yield)
		return
	}
	m.both(s, k, move{do: settle, k: int8(k)}, func(t *state) { m.settle(t, k); m.endRound(t, k) }, yield)
}

func (m model) tryTag(s state, k int, i byte, yield func(move, state)) {
	d := &s.k[k]
	want := quiet
	if d.kind != issue {
		want = loud
	}
	asIs := d.known&(1<<i) != 0 && s.afi[i] == want // nothing is written, only read
	for h := well; h <= answerLost; h++ {
		switch {
		case h.cuts(), h != well && s.troubles == 0, asIs && h == tornWrite, s.afi[i] == want && h == notDone:
			continue
		}
		t := s
		m.try(&t, k, i, want, h)
		yield(move{do: write, k: int8(k), tags: i, how: h}, t)
	}
}

func (m model) try(s *state, k int, i byte, want afi, h how) {
	d := &s.k[k]
	bit := byte(1) << i
	switch h {
	case well, answerLost:
		s.set(k, i, want)
	case tornWrite:
		s.set(k, i, torn)
	}
	if h == well {
		d.done |= bit
		d.known |= bit
	} else {
		s.troubles--
		d.known &^= bit
		d.tries[i]++
	}
	d.step = m.nextTag(s, k, i+1) + 1
	if d.step > m.tags && d.done == 0 {
		m.endRound(s, k)
	}
}

// set changes what a tag says. A kiosk that lets one pass the gate although the
// item is nobody's must not have been able to know.
func (s *state) set(k int, i byte, a afi) {
	was := s.afi[i]
	s.afi[i] = a
	if a == loud || was == a || s.truth != 0 {
		return
	}
	if s.k[k].kind != issue || !s.overtaken(k) {
		s.unaware |= 1 << i
	}
}

// endRound is what the desk makes of a tag that does not take: an issue that is
// being taken back is given up.
func (m model) endRound(s *state, k int) {
	d := &s.k[k]
	d.step = 0
	if d.kind != cancel || !d.lined {
		return
	}
	for i := range m.tags {
		if d.wish&(1<<i) != 0 && d.tries[i] >= mostTries {
			m.drop(s, k)
			return
		}
	}
}

// speak is one session with central, or what goes wrong in it. Central answers
// the greeting with what it has, and so an acknowledgement that was lost before
// comes at once.
func (m model) speak(s state, k int, yield func(move, state)) {
	d := &s.k[k]
	mv := move{do: speak, k: int8(k)}
	if d.acked == d.n && d.cache == s.open && d.folded == d.stored {
		return // nobody has anything to say
	}
	if m.wrong == right {
		d.acked = d.stored
	}
	fresh := d.stored < d.n
	stored := s
	if m.wrong != ackBeforeStore {
		stored.take(k)
	}
	acked := stored
	acked.k[k].acked = acked.k[k].n
	heard := acked
	heard.hear(k)
	m.void(&heard, k)
	yield(mv, heard)
	if !fresh {
		return
	}
	if s.crashes > 0 {
		m.cutAs(stored, k, move{do: speak, k: int8(k), how: cutBefore}, yield)
		m.cutAs(acked, k, move{do: speak, k: int8(k), how: cutAfter}, yield)
	}
	if s.troubles > 0 {
		m.loses(s, stored, k, yield)
	}
}

// cutAs is a move that ends with the power gone.
func (m model) cutAs(s state, k int, mv move, yield func(move, state)) {
	s.cut(k)
	yield(mv, s)
}

// loses is what the broker can lose of a session.
func (m model) loses(s, stored state, k int, yield func(move, state)) {
	stored.troubles--
	yield(move{do: speak, k: int8(k), how: ackLost}, stored)
	s.troubles--
	if m.wrong == puback {
		s.k[k].acked = s.k[k].n
	}
	yield(move{do: speak, k: int8(k), how: publishLost}, s)
}
