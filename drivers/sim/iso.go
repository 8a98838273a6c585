package sim

import (
	"slices"

	"nightdesk/drivers"
)

// Commands behind 0xB0 (H60301-3e, 6.1). The locking ones (22, 28, 2A) are
// not played: whoever sends them gets "unknown command", and a test sees it.
const (
	isoInventory  = 0x01
	isoQuiet      = 0x02
	isoRead       = 0x23
	isoWrite      = 0x24
	isoSelect     = 0x25
	isoReady      = 0x26
	isoWriteAFI   = 0x27
	isoWriteDSFID = 0x29
	isoInfo       = 0x2B
	isoSecurity   = 0x2C

	modeMask      = 0x07
	modeAny       = 0
	modeAddressed = 1
	modeSelected  = 2
	modeMore      = 0x80 // of an inventory
	modeNotify    = 0x40
	modePresent   = 0x20

	mostTags = 24  // that fit into a frame of 255 bytes
	mostRead = 128 // bytes of tag memory in one answer
	icRef    = 0x01

	isoNoBlock = 0x10 // ISO/IEC 15693-3, table 12
	isoLocked  = 0x12
	isoTorn    = 0x13 // not programmed
)

// radio is what the tags in the field remember while they have power, and what
// the reader remembers of them.
type radio struct {
	on       bool
	known    map[drivers.UID]uint64 // listed before, and by which placing: a tag laid down again is new
	quiet    map[drivers.UID]uint64
	selected drivers.UID
	since    uint64 // the placing of the selected tag
	pending  []drivers.UID
}

// forget is what a dropped field does.
func (r *radio) forget() {
	*r = radio{on: r.on, known: map[drivers.UID]uint64{}, quiet: map[drivers.UID]uint64{}}
}

// field is what the antenna sees.
func (s *session) field() map[drivers.UID]uint64 {
	if !s.radio.on {
		return nil
	}
	return s.table.field(s.antenna)
}

func (s *session) iso(data []byte, fault string) outcome {
	if len(data) == 0 {
		return outcome{status: statusLength}
	}
	command := data[0]
	run, known := map[byte]func(drivers.UID, []byte) outcome{
		isoInventory: nil,
		isoReady:     nil,
		isoQuiet:     s.stayQuiet,
		isoRead:      s.readBlocks,
		isoWrite:     s.writeBlocks,
		isoSelect:    s.choose,
		isoWriteAFI: func(uid drivers.UID, args []byte) outcome {
			return s.writeAFI(uid, args, fault == TornAFI)
		},
		isoWriteDSFID: s.writeDSFID,
		isoInfo:       s.info,
		isoSecurity:   s.security,
	}[command]
	switch {
	case !known:
		return outcome{status: statusCommand}
	case len(data) < 2:
		return outcome{status: statusLength}
	case command == isoInventory:
		return s.inventory(data[1], data[2:])
	case command == isoReady && data[1]&modeMask == modeAny:
		return s.allReady(data[2:])
	}
	uid, args, refused := s.target(command, data[1]&modeMask, data[2:])
	if refused.status != statusOK {
		return refused
	}
	if command == isoReady {
		return s.ready(uid, args)
	}
	return run(uid, args)
}

// target finds the tag that a command means.
func (s *session) target(command, mode byte, args []byte) (uid drivers.UID, rest []byte, refused outcome) {
	field := s.field()
	switch mode {
	case modeAddressed:
		if len(args) < len(uid) {
			return uid, nil, outcome{status: statusLength}
		}
		uid, args = drivers.UID(args[:len(uid)]), args[len(uid):]
		if _, here := field[uid]; !here {
			return uid, nil, outcome{status: statusNoTag, air: unanswered(12 + len(args))}
		}
		return uid, args, outcome{}
	case modeSelected:
		since, here := field[s.radio.selected]
		if command == isoQuiet || command == isoSelect {
			return uid, nil, outcome{status: statusRange}
		}
		if !here || since != s.radio.since {
			return uid, nil, outcome{status: statusNoTag, air: unanswered(4 + len(args))}
		}
		return s.radio.selected, args, outcome{}
	case modeAny:
		if command == isoQuiet || command == isoSelect {
			return uid, nil, outcome{status: statusRange}
		}
		return s.onlyOne(field, args)
	}
	return uid, nil, outcome{status: statusRange}
}

// onlyOne is the tag that answers a command which names none; if several do,
// they drown each other.
func (s *session) onlyOne(field map[drivers.UID]uint64, args []byte) (uid drivers.UID, rest []byte, refused outcome) {
	var loud []drivers.UID
	for uid, placed := range field {
		if s.radio.quiet[uid] != placed {
			loud = append(loud, uid)
		}
	}
	switch len(loud) {
	case 0:
		return uid, nil, outcome{status: statusNoTag, air: unanswered(4 + len(args))}
	case 1:
		return loud[0], args, outcome{}
	}
	return uid, nil, outcome{status: statusData, air: SelectAir()}
}

// inventory lists the field, or goes on listing (MORE). Without ONT the reader
// drops its field before it looks, so that every tag answers (H60301-3e, p. 31).
func (s *session) inventory(mode byte, args []byte) outcome {
	switch {
	case len(args) != 0:
		return outcome{status: statusLength}
	case mode&modeNotify != 0:
		return outcome{status: statusRange} // waiting for a tag is not played
	case mode&modeMore != 0:
		return s.page()
	}
	if !s.onlyNew() {
		s.radio.forget()
	}
	field, known := s.field(), map[drivers.UID]uint64{}
	s.radio.pending = nil
	for _, uid := range sorted(field) {
		placed := field[uid]
		old, quiet := s.radio.known[uid] == placed, s.radio.quiet[uid] == placed
		list := !quiet && (!old || mode&modePresent != 0)
		if list {
			s.radio.pending = append(s.radio.pending, uid)
		}
		if list || old {
			known[uid] = placed
		}
	}
	s.radio.known = known
	air := InventoryAir(s.radio.pending)
	o := s.page()
	o.air = air
	return o
}

// page is the next frame of the list.
func (s *session) page() outcome {
	n := min(len(s.radio.pending), s.o.TagsPerFrame)
	if n == 0 {
		return outcome{status: statusNoTag}
	}
	data := []byte{byte(n)}
	for _, uid := range s.radio.pending[:n] {
		var dsfid byte
		s.table.touch(s.antenna, uid, func(it *thing) { dsfid = it.tag.DSFID })
		data = append(data, 0x03, dsfid) // annex A: 03 is an ISO 15693 tag
		data = append(data, uid[:]...)
	}
	s.radio.pending = slices.Delete(s.radio.pending, 0, n)
	if len(s.radio.pending) > 0 {
		return outcome{status: statusMore, data: data}
	}
	return outcome{data: data}
}

// state commands: what a tag remembers while it has power

func (s *session) stayQuiet(uid drivers.UID, args []byte) outcome {
	return s.bare(args, func(placed uint64) { s.radio.quiet[uid] = placed }, uid)
}

func (s *session) choose(uid drivers.UID, args []byte) outcome {
	return s.bare(args, func(placed uint64) { s.radio.selected, s.radio.since = uid, placed }, uid)
}

func (s *session) ready(uid drivers.UID, args []byte) outcome {
	return s.bare(args, func(uint64) { delete(s.radio.quiet, uid) }, uid)
}

func (s *session) allReady(args []byte) outcome {
	if len(args) != 0 {
		return outcome{status: statusLength}
	}
	clear(s.radio.quiet)
	return outcome{air: SelectAir()}
}

// bare is a command without parameters.
func (s *session) bare(args []byte, do func(placed uint64), uid drivers.UID) outcome {
	if len(args) != 0 {
		return outcome{status: statusLength}
	}
	return s.with(uid, func(it *thing) outcome {
		do(it.placed)
		return outcome{air: SelectAir()}
	})
}

// with carries a command out on a tag that may have left since it was found.
func (s *session) with(uid drivers.UID, do func(*thing) outcome) outcome {
	o := outcome{status: statusNoTag, air: unanswered(12)}
	s.table.touch(s.antenna, uid, func(it *thing) { o = do(it) })
	return o
}
