package paths

import "fmt"

// broken says which law a state breaks; "" none.
func (m model) broken(s *state) string {
	for i := range m.tags {
		if s.afi[i] != loud && s.truth == 0 && s.unaware&(1<<i) == 0 {
			return fmt.Sprintf("tag %d passes the gate and nobody is durably liable for it", i+1)
		}
	}
	for k := range s.k {
		d := &s.k[k]
		if d.acked > d.stored {
			return fmt.Sprintf("the kiosk takes %d events for acknowledged and central has %d", d.acked, d.stored)
		}
		if what := m.toldRightly(s, k); what != "" {
			return what
		}
	}
	return ""
}

// toldRightly wants what the screen calls done to be on the disk and, as long
// as the item lies there, on every tag. What others have done during the visit,
// or without this kiosk being able to know, is not its to answer for.
func (m model) toldRightly(s *state, k int) string {
	d := &s.k[k]
	if d.told == 0 || s.onPad(k) != m.all() {
		return ""
	}
	for id := d.since + 1; id <= s.acts; id++ {
		if s.by[id] != byte(k+1) {
			return ""
		}
	}
	want := quiet
	for _, e := range d.events[:d.n] {
		if e.act == d.told && (e.kind == giveBack || e.kind == cancel) {
			want = loud
		}
	}
	if want == loud && s.truth != 0 {
		return "the screen says returned, and the loan is open"
	}
	for i := range m.tags {
		if s.afi[i] != want && (want == loud || s.truth != 0) {
			return fmt.Sprintf("the screen says done, and tag %d does not", i+1)
		}
	}
	return ""
}

// forget drops what no longer matters, so that equal states are equal.
func (m model) forget(s *state) {
	if s.truth != 0 {
		s.unaware = 0
	}
	for i := range m.tags {
		if s.afi[i] == loud {
			s.unaware &^= 1 << i
		}
	}
}

// rest lets everything come to its end without another hand on it: the power
// comes back, what is unfinished ends, and everybody speaks with central.
func (m model) rest(s state) state {
	for k := range s.k {
		if s.k[k].off {
			m.boot(&s, k)
		}
	}
	m.wait(&s)
	for range 2 {
		for k := range s.k {
			if m.wrong != ackBeforeStore {
				s.take(k)
			}
			s.k[k].acked = s.k[k].n
			s.hear(k)
		}
	}
	return s
}

// unrest says what is not as it must be at rest; "" nothing.
func (m model) unrest(s state) string {
	s = m.rest(s)
	if what := m.broken(&s); what != "" {
		return "at rest: " + what
	}
	for k := range s.k {
		if s.k[k].act != 0 {
			return "at rest: a tag is still wanted otherwise"
		}
	}
	if s.open != s.truth {
		return fmt.Sprintf("at rest: central's record says act %d is open, and by the order of the acts it is %d", s.open, s.truth)
	}
	return ""
}
