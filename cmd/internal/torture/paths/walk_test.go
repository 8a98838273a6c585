package paths

import "math/rand/v2"

// longest is more moves than any path has that comes to something.
const longest = 40

// walk is a path by chance. What only takes up room in it, the power, hands and
// lost messages, is taken up less often than it could be.
func (m model) walk(s state, r *rand.Rand) (path []move) {
	for range longest {
		moves, after := m.list(s)
		if len(moves) == 0 {
			break
		}
		i := r.IntN(len(moves))
		if dull(moves[i]) && r.IntN(3) > 0 {
			i = r.IntN(len(moves))
		}
		path, s = append(path, moves[i]), after[i]
	}
	return path
}

func dull(mv move) bool {
	switch mv.do {
	case crash, lift, wait:
		return true
	}
	return mv.how == publishLost || mv.how == ackLost
}

// list is every move with the state that it leads to.
func (m model) list(s state) (moves []move, after []state) {
	m.each(s, func(mv move, t state) {
		m.forget(&t)
		moves, after = append(moves, mv), append(after, t)
	})
	return moves, after
}

// allPaths gives every path to its end, until there are so many.
func (m model) allPaths(s state, most int) (all [][]move) {
	var walk func(state, []move)
	walk = func(s state, path []move) {
		moves, after := m.list(s)
		if len(moves) == 0 && len(all) < most {
			all = append(all, append([]move(nil), path...))
		}
		for i := range moves {
			if len(all) < most {
				walk(after[i], append(path, moves[i]))
			}
		}
	}
	walk(s, nil)
	return all
}

// covering gives, for every move that there is in a place, a shortest path that
// makes it. It looks at so many states at most.
func (m model) covering(from state, most int) (all [][]move) {
	reached := map[state]step{from: {}}
	made := map[move]bool{}
	for row := []state{from}; len(row) > 0 && len(reached) < most; {
		var next []state
		for _, s := range row {
			moves, after := m.list(s)
			for i, mv := range moves {
				if !made[mv] {
					made[mv] = true
					all = append(all, append(trace(reached, from, s), mv))
				}
				if _, seen := reached[after[i]]; !seen {
					reached[after[i]] = step{s, mv}
					next = append(next, after[i])
				}
			}
		}
		row = next
	}
	return all
}
