package sim

// Host commands (H60301-3e, chapters 4 and 5).
const (
	cmdBaud       = 0x52 // p. 48, any answer means the speed is right
	cmdReset      = 0x63 // CPU reset
	cmdVersion    = 0x65 // p. 50
	cmdInfo       = 0x66 // p. 51
	cmdRFReset    = 0x69 // p. 53, the field goes off for 15 ms
	cmdRF         = 0x6A // the field on or off
	cmdRead       = 0x80 // p. 44, configuration
	cmdWrite      = 0x81
	cmdSave       = 0x82
	cmdDefault    = 0x83
	cmdISO        = 0xB0 // chapter 6
	configBlocks  = 16
	configSize    = 14
	configNumber  = 0x3F // of the address byte
	configAll     = 0x40
	configEEPROM  = 0x80
	readerMR101   = 76 // annex K: ID ISC.MR101-A
	transponder15 = 0x08
)

// Status bytes (H60301-3e, annex D).
const (
	statusOK       = 0x00
	statusNoTag    = 0x01
	statusData     = 0x02 // CRC error on the air, as when several tags answer
	statusRange    = 0x11
	statusReserved = 0x15
	statusCommand  = 0x80
	statusLength   = 0x81
	statusMore     = 0x94
	statusISO      = 0x95
)

func (s *session) execute(f frame, fault string) outcome {
	if f.command == cmdISO {
		return s.iso(f.data, fault)
	}
	want, known := map[byte]int{
		cmdBaud: 1, cmdReset: 0, cmdVersion: 0, cmdInfo: 1, cmdRFReset: 0, cmdRF: 1,
		cmdRead: 1, cmdWrite: 1 + configSize, cmdSave: 1, cmdDefault: 1,
	}[f.command]
	if !known {
		return outcome{status: statusCommand}
	}
	if len(f.data) != want {
		return outcome{status: statusLength}
	}
	switch f.command {
	case cmdReset:
		s.powerUp()
	case cmdVersion:
		return outcome{data: version()}
	case cmdInfo:
		return info(f.data[0])
	case cmdRFReset:
		s.radio.forget()
		return outcome{air: fieldDown}
	case cmdRF:
		s.radio.on = f.data[0] != 0
		s.radio.forget()
	case cmdRead, cmdWrite, cmdSave, cmdDefault:
		return s.configure(f.command, f.data[0], f.data[1:])
	}
	return outcome{status: statusOK}
}

// version is firmware 4.05 of an MR101-A that knows ISO 15693 tags.
func version() []byte {
	return []byte{0x04, 0x05, 0x00, 0x00, readerMR101, 0x00, transponder15}
}

// info knows mode 00 only: the version, and buffers of 256 bytes each way.
func info(mode byte) outcome {
	if mode != 0 {
		return outcome{status: statusRange}
	}
	return outcome{data: append(version(), 0x01, 0x00, 0x01, 0x00)}
}

// configure reads and writes the blocks of settings, of which only CFG5 means
// anything here.
func (s *session) configure(command, address byte, data []byte) outcome {
	number := int(address & configNumber)
	first, last := number, number
	if address&configAll != 0 && (command == cmdSave || command == cmdDefault) {
		first, last = 0, configBlocks-1
	}
	if last >= configBlocks {
		return outcome{status: statusReserved}
	}
	permanent := address&configEEPROM != 0
	for i := first; i <= last; i++ {
		switch command {
		case cmdRead:
			block := s.ram[i]
			if permanent {
				block = s.eeprom[i]
			}
			return outcome{data: block[:]}
		case cmdWrite:
			copy(s.ram[i][:], data)
		case cmdSave:
			s.eeprom[i] = s.ram[i]
		case cmdDefault:
			s.ram[i] = factory(i)
		}
		if permanent {
			s.eeprom[i] = s.ram[i]
		}
	}
	return outcome{status: statusOK}
}

// factory is how a reader leaves the factory: with ONT set (H60301-3e, p. 31).
func factory(block int) (b [configSize]byte) {
	if block == ONTBlock {
		b[ONTByte] = 1 << ONTBit
	}
	return b
}

func (s *session) onlyNew() bool { return s.ram[ONTBlock][ONTByte]>>ONTBit&1 == 1 }
