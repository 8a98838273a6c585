package paths

import (
	"fmt"
	"hash/maphash"
	"strings"
)

// found is what a search came to.
type found struct {
	states int
	paths  float64
	bad    string
}

// search visits every state that can be reached, once, and counts the paths
// through them. There are no circles: every move uses something up.
type search struct {
	m     model
	seeds [2]maphash.Seed
	paths map[print]float64
	bad   string
}

// print stands for a state: with 128 bits, two among a hundred million states
// are mistaken for each other once in 10^22 searches.
type print [2]uint64

func (m model) search(from state) found {
	x := &search{m: m, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, paths: map[print]float64{}}
	n := x.count(from)
	return found{states: len(x.paths), paths: n, bad: x.bad}
}

func (x *search) print(s *state) print {
	return print{maphash.Comparable(x.seeds[0], *s), maphash.Comparable(x.seeds[1], *s)}
}

func (x *search) count(s state) float64 {
	id := x.print(&s)
	if n, seen := x.paths[id]; seen || x.bad != "" {
		return n
	}
	if x.bad = x.m.wrongAt(&s); x.bad != "" {
		return 0
	}
	total := 0.0
	x.m.each(s, func(_ move, t state) {
		x.m.forget(&t)
		total += x.count(t)
	})
	total = max(total, 1) // a path may end here
	x.paths[id] = total
	return total
}

func (m model) wrongAt(s *state) string {
	if what := m.broken(s); what != "" {
		return what
	}
	return m.unrest(*s)
}

// step is how a state was first reached.
type step struct {
	from state
	by   move
}

// shortest looks for the shortest path to a state that breaks a law.
func (m model) shortest(from state) (story []move, why string) {
	reached := map[state]step{from: {}}
	for row := []state{from}; len(row) > 0; {
		var next []state
		for _, s := range row {
			if why := m.wrongAt(&s); why != "" {
				return trace(reached, from, s), why
			}
			m.each(s, func(mv move, t state) {
				m.forget(&t)
				if _, seen := reached[t]; !seen {
					reached[t] = step{s, mv}
					next = append(next, t)
				}
			})
		}
		row = next
	}
	return nil, ""
}

func trace(reached map[state]step, from, to state) []move {
	var back []move
	for s := to; s != from; s = reached[s].from {
		back = append(back, reached[s].by)
	}
	story := make([]move, 0, len(back))
	for i := range back {
		story = append(story, back[len(back)-1-i])
	}
	return story
}

// tell writes a path as a story.
func tell(story []move) string {
	var b strings.Builder
	for i, mv := range story {
		fmt.Fprintf(&b, "\n  %2d. %s", i+1, mv)
	}
	return b.String()
}
