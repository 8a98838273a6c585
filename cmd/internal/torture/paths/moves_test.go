package paths

import "fmt"

// move is one choice: what is done, where, with which tags, and how it goes.
type move struct {
	do   deed
	k    int8
	tags byte // a mask for put and lift, a number for write
	how  how
}

// deed is what can be done.
type deed byte

const (
	put deed = iota
	lift
	showCard
	bring
	write
	settle
	leaveIt
	finish
	crash
	boot
	speak
	wait
	staffReturns
	staffLends
)

// how is how it goes.
type how byte

const (
	well       how = iota
	cutBefore      // the power goes before the commit
	cutAfter       // the commit is durable and the power goes before anybody hears
	resumeLost     // so the commit that gives a card its unfinished issue back
	resumeUnheard
	notDone    // the tag did not carry the write out
	tornWrite  // the tag says neither
	answerLost // the tag was written, and its answer lost
	publishLost
	ackLost
)

// names are how a story tells of a deed; %s is which tags.
var names = map[deed]string{
	put: "tags %s are put down", lift: "tags %s are lifted", showCard: "the card is shown, and what lies there is to be borrowed",
	bring: "what lies there is to be returned", write: "tag %s is made to agree", settle: "what was read back is crossed off",
	leaveIt: "\"leave it here instead\"", finish: "the visit ends", crash: "the power goes",
	boot: "the power comes back", speak: "it speaks with central", wait: "sixteen minutes pass",
	staffReturns: "staff take the item back at their desk", staffLends: "staff lend the item at their desk",
}

// goes is how it tells of what went wrong.
var goes = map[how]string{
	cutBefore: "the power goes before that is durable", cutAfter: "that is durable and the power goes before anybody hears",
	resumeLost: "the power goes before the card has its unfinished issue back", resumeUnheard: "the power goes as the card has its unfinished issue back",
	notDone: "the tag does not carry it out", tornWrite: "the write is torn", answerLost: "the tag is written and its answer lost",
	publishLost: "the broker acknowledges the events and loses them", ackLost: "central stores the events and its acknowledgement is lost",
}

func (m move) String() string {
	text := names[m.do]
	switch m.do {
	case put, lift:
		list := ""
		for i := range maxTags {
			if m.tags&(1<<i) != 0 {
				list += fmt.Sprint(i + 1)
			}
		}
		text = fmt.Sprintf(text, list)
	case write:
		text = fmt.Sprintf(text, fmt.Sprint(m.tags+1))
	}
	if m.how != well {
		text += ", and " + goes[m.how]
	}
	if m.do >= wait {
		return text
	}
	return []string{"first kiosk: ", "second kiosk: "}[m.k] + text
}

// cuts says that a move ends with the power gone.
func (h how) cuts() bool {
	return h == cutBefore || h == cutAfter || h == resumeLost || h == resumeUnheard
}

// each gives every move that can be made, and what it leads to.
func (m model) each(s state, yield func(move, state)) {
	for k := range m.kiosks() {
		if s.k[k].step > 0 {
			if s.crashes > 0 {
				off := s
				off.cut(k)
				yield(move{do: crash, k: int8(k)}, off)
			}
			m.inRound(s, k, yield)
			return // a round and what others do meanwhile commute: the tags lie on this pad
		}
	}
	for k := range m.kiosks() {
		m.hands(s, k, yield)
		if s.k[k].off {
			on := s
			m.boot(&on, k)
			yield(move{do: boot, k: int8(k)}, on)
			continue
		}
		if s.crashes > 0 {
			off := s
			off.cut(k)
			yield(move{do: crash, k: int8(k)}, off)
		}
		m.desk(s, k, yield)
		m.speak(s, k, yield)
		m.startRound(s, k, yield)
	}
	m.world(s, yield)
}

// world is what happens beside the kiosks.
func (m model) world(s state, yield func(move, state)) {
	if s.waits > 0 {
		t := s
		t.waits--
		m.wait(&t)
		yield(move{do: wait}, t)
	}
	if !m.staff || s.others == 0 || !m.away(&s) {
		return
	}
	back := s
	back.others--
	m.staffTake(&back)
	yield(move{do: staffReturns}, back)
	if s.open == 0 {
		lent := s
		lent.others--
		m.staffLend(&lent)
		yield(move{do: staffLends}, lent)
	}
}

// wait lets more time pass than anything unfinished lives.
func (m model) wait(s *state) {
	for k := range s.k {
		d := &s.k[k]
		if d.off {
			d.aged = d.act != 0
			continue
		}
		if d.act != 0 {
			m.drop(s, k)
		}
		s.goHome(k)
	}
}

// hands puts tags down and lifts them.
func (m model) hands(s state, k int, yield func(move, state)) {
	d := &s.k[k]
	on := s.onPad(k)
	for mask := byte(1); mask <= m.all(); mask++ {
		single := mask&(mask-1) == 0
		if on&mask == mask && s.troubles > 0 && (single || mask == on) {
			t := s
			t.troubles--
			m.lift(&t, k, mask)
			yield(move{do: lift, k: int8(k), tags: mask}, t)
		}
		wanted := d.visit == home || d.lined && mask&^d.wish == 0
		if m.areAway(&s, mask) && wanted && (single || m.away(&s) && mask == m.all()) {
			t := s
			m.put(&t, k, mask)
			yield(move{do: put, k: int8(k), tags: mask}, t)
		}
	}
}

func (m model) areAway(s *state, mask byte) bool { return mask&(s.onPad(0)|s.onPad(1)) == 0 }

func (m model) lift(s *state, k int, mask byte) {
	d := &s.k[k]
	for i := range m.tags {
		if mask&(1<<i) != 0 {
			s.at[i] = 0
			d.tries[i] = 0
		}
	}
	d.known &^= mask
	d.fresh &^= mask
	if d.kind == cancel && d.lined && mask&d.wish != 0 {
		m.drop(s, k) // it cannot be taken back any more
	}
}

func (m model) put(s *state, k int, mask byte) {
	for i := range m.tags {
		if mask&(1<<i) == 0 {
			continue
		}
		s.at[i] = byte(k + 1)
		if !s.k[k].off {
			s.see(k, i)
		}
	}
	if !s.k[k].off && s.k[k].visit == home {
		s.k[k].fresh |= mask
	}
}

// cut takes the power from a kiosk: what was only in its head is gone.
func (s *state) cut(k int) {
	s.crashes--
	d := &s.k[k]
	d.off = true
	d.visit, d.mine, d.lined, d.asked, d.fresh = home, false, false, false, 0
	d.tries, d.known, d.step, d.done, d.told, d.since = [maxTags]byte{}, 0, 0, 0, 0, 0
}

func (m model) boot(s *state, k int) {
	d := &s.k[k]
	d.off = false
	if d.act != 0 && d.boots < 2 {
		d.boots++
	}
	for i := range m.tags {
		if s.at[i] == byte(k+1) {
			s.see(k, i)
		}
	}
}

func (s *state) goHome(k int) {
	d := &s.k[k]
	d.visit, d.mine, d.lined, d.asked, d.fresh, d.told, d.since = home, false, false, false, 0, 0, 0
}
