package paths

// desk is what a borrower can do at a kiosk.
func (m model) desk(s state, k int, yield func(move, state)) {
	d := &s.k[k]
	if d.visit != home {
		m.inVisit(s, k, yield)
		return
	}
	if s.visits == 0 {
		return
	}
	s.visits--
	m.signIn(s, k, yield)
	if s.onPad(k) == m.all() {
		m.both(s, k, move{do: bring, k: int8(k)}, func(t *state) { m.visit(t, k, returning); m.record(t, k, giveBack) }, yield)
	}
}

// both makes a move with its commit, and with the power cut on either side of it.
func (m model) both(s state, k int, mv move, do func(*state), yield func(move, state)) {
	t := s
	do(&t)
	yield(mv, t)
	if s.crashes == 0 {
		return
	}
	before, after := s, t
	before.cut(k)
	mv.how = cutBefore
	yield(mv, before)
	after.cut(k)
	mv.how = cutAfter
	yield(mv, after)
}

// visit begins one.
func (m model) visit(s *state, k int, v visitKind) {
	s.k[k].visit, s.k[k].since = v, s.acts
	if m.wrong == unlockFirst && v == borrowing {
		for i := range m.tags {
			if s.at[i] == byte(k+1) {
				s.afi[i] = quiet
			}
		}
	}
}

// signIn shows the card: an unfinished issue comes back, and what lies there is
// recorded unless it is that.
func (m model) signIn(s state, k int, yield func(move, state)) {
	mv := move{do: showCard, k: int8(k)}
	m.visit(&s, k, borrowing)
	back := s
	m.resume(&back, k)
	if back != s && s.crashes > 0 {
		before, after := s, back
		before.cut(k)
		after.cut(k)
		mv.how = resumeLost
		yield(mv, before)
		mv.how = resumeUnheard
		yield(mv, after)
		mv.how = well
	}
	d := &back.k[k]
	whole := back.onPad(k) == m.all()
	if !whole || d.mine && d.lined && d.fresh == 0 {
		yield(mv, back)
		return
	}
	m.both(back, k, mv, func(t *state) { m.record(t, k, issue) }, yield)
}

// inVisit ends a visit, or takes an issue back whose tag does not take.
func (m model) inVisit(s state, k int, yield func(move, state)) {
	d := &s.k[k]
	if m.undoable(&s, k) {
		m.both(s, k, move{do: leaveIt, k: int8(k)}, func(t *state) { m.takeBack(t, k) }, yield)
	}
	end := func(t *state) {
		if t.k[k].mine && t.k[k].lined {
			m.drop(t, k)
		}
		t.goHome(k)
	}
	if d.mine && d.lined {
		m.both(s, k, move{do: finish, k: int8(k)}, end, yield)
		return
	}
	end(&s)
	yield(move{do: finish, k: int8(k)}, s)
}

// undoable says that "leave it here instead" takes the issue back: a tag did
// not take, and the whole set lies there.
func (m model) undoable(s *state, k int) bool {
	d := &s.k[k]
	there := s.onPad(k) == m.all() || m.wrong == undoInPart && d.wish&^s.onPad(k) == 0
	if d.kind != issue || !d.lined || !d.asked || !there {
		return false
	}
	for i := range m.tags {
		if d.wish&(1<<i) != 0 && d.tries[i] >= 3 {
			return true
		}
	}
	return false
}
