package sim

import (
	"slices"

	"nightdesk/drivers"
)

// refusal is an ISO error, with the number of the block it happened at if the
// command writes blocks (H20800-16e, write multiple blocks).
func refusal(code byte, block ...byte) outcome {
	return outcome{status: statusISO, data: append([]byte{code}, block...), air: SelectAir()}
}

// ordered is a block in the order in which it stands on the line.
func (s *session) ordered(block []byte) []byte {
	block = slices.Clone(block)
	if !s.o.NaturalOrder {
		slices.Reverse(block)
	}
	return block
}

func (it *thing) blocks() int { return len(it.tag.Data) / it.tag.BlockSize }

func (it *thing) block(i int) []byte {
	return it.tag.Data[i*it.tag.BlockSize : (i+1)*it.tag.BlockSize]
}

func (it *thing) security() byte {
	if it.locked {
		return 1
	}
	return 0
}

func (s *session) readBlocks(uid drivers.UID, args []byte) outcome {
	if len(args) != 2 {
		return outcome{status: statusLength}
	}
	first, n := int(args[0]), int(args[1])
	return s.with(uid, func(it *thing) outcome {
		switch {
		case n == 0 || n*it.tag.BlockSize > mostRead:
			return outcome{status: statusRange}
		case first+n > it.blocks():
			return refusal(isoNoBlock)
		}
		data := []byte{byte(n), byte(it.tag.BlockSize)}
		for i := first; i < first+n; i++ {
			// The security byte stands in the answer whether it was asked for or not.
			data = append(data, it.security())
			data = append(data, s.ordered(it.block(i))...)
		}
		return outcome{data: data, air: ReadAir(n)}
	})
}

func (s *session) writeBlocks(uid drivers.UID, args []byte) outcome {
	if len(args) < 3 || len(args) != 3+int(args[1])*int(args[2]) {
		return outcome{status: statusLength}
	}
	first, n, size := int(args[0]), int(args[1]), int(args[2])
	return s.with(uid, func(it *thing) outcome {
		switch {
		case n == 0 || size != it.tag.BlockSize:
			return outcome{status: statusRange}
		case it.locked:
			return refusal(isoLocked, byte(first))
		}
		o := outcome{}
		for i := range n {
			if first+i >= it.blocks() {
				return refusal(isoNoBlock, byte(first+i))
			}
			copy(it.block(first+i), s.ordered(args[3+i*size:3+(i+1)*size]))
			o.air += WriteBlockAir(s.o.WriteTime)
		}
		return o
	})
}

func (s *session) writeAFI(uid drivers.UID, args []byte, torn bool) outcome {
	if len(args) != 1 {
		return outcome{status: statusLength}
	}
	afi := drivers.AFI(args[0])
	o := s.with(uid, func(it *thing) outcome {
		if it.locked {
			return refusal(isoLocked)
		}
		if torn {
			afi = third(it.tag.AFI, afi)
		}
		return outcome{air: WriteAFIAir(s.o.WriteTime)}
	})
	if o.status != statusOK {
		return o
	}
	// Outside the table's lock, for an observer may look at the table.
	s.table.setAFI(s.antenna, uid, afi)
	if torn {
		return refusal(isoTorn)
	}
	return o
}

func (s *session) writeDSFID(uid drivers.UID, args []byte) outcome {
	if len(args) != 1 {
		return outcome{status: statusLength}
	}
	return s.with(uid, func(it *thing) outcome {
		if it.locked {
			return refusal(isoLocked)
		}
		it.tag.DSFID = args[0]
		return outcome{air: WriteAFIAir(s.o.WriteTime)}
	})
}

func (s *session) info(uid drivers.UID, args []byte) outcome {
	if len(args) != 0 {
		return outcome{status: statusLength}
	}
	return s.with(uid, func(it *thing) outcome {
		data := append([]byte{it.tag.DSFID}, uid[:]...)
		data = append(data, byte(it.tag.AFI))
		size, count := byte(it.tag.BlockSize), byte(it.blocks())
		if s.o.LessOne {
			size, count = size-1, count-1
		}
		data = append(data, size, count)
		return outcome{data: append(data, icRef), air: InfoAir()}
	})
}

func (s *session) security(uid drivers.UID, args []byte) outcome {
	if len(args) != 2 {
		return outcome{status: statusLength}
	}
	first, n := int(args[0]), int(args[1])
	return s.with(uid, func(it *thing) outcome {
		if n == 0 || first+n > it.blocks() {
			return refusal(isoNoBlock)
		}
		data := append([]byte{byte(n)}, slices.Repeat([]byte{it.security()}, n)...)
		return outcome{data: data, air: exchange(14, cycles(pauseT1), 3+n)}
	})
}
