package escpos

import "nightdesk/drivers"

// The four questions of DLE EOT n (Epson ESC/POS command reference, DLE EOT:
// transmit real-time status).
const (
	askPrinter = 1 + iota // is it online
	askOffline            // why not
	askFault              // what is broken
	askPaper              // what the sensors of the roll see
)

// Bits of the answers, by question (the same page of the reference).
const (
	offline     = 0x08 // 1, bit 3
	coverOpen   = 0x04 // 2, bit 2
	stoppedEnd  = 0x20 // 2, bit 5: printing is stopped by the paper's end
	cutterFault = 0x08 // 3, bit 3
	nearEnd     = 0x0C // 4, bits 2 and 3
	paperEnd    = 0x60 // 4, bits 5 and 6
)

// realTime tells an answer to DLE EOT from all else that a printer sends: bits 0
// and 7 are off, bits 1 and 4 on. XON, XOFF and the bytes of the automatic
// status never look like that.
func realTime(b byte) bool { return b&0x93 == 0x12 }

// paperSensor tells an answer to GS r 1: bits 4 and 7 are off, and the two bits
// of each sensor are alike (Epson ESC/POS command reference, GS r).
func paperSensor(b byte) bool {
	return b&0x90 == 0 && b>>1&1 == b&1 && b>>3&1 == b>>2&1
}

// answers are the printer's answers to the questions 1 to 4. 0 is none: some
// printers answer the first only.
type answers [askPaper + 1]byte

// status puts the answers together. A printer that did not answer a question is
// believed to have nothing to say there.
func (a answers) status() drivers.PrinterStatus {
	return drivers.PrinterStatus{
		Online:      a[askPrinter]&offline == 0,
		PaperOut:    a[askOffline]&stoppedEnd != 0 || a[askPaper]&paperEnd != 0,
		PaperLow:    a[askPaper]&nearEnd != 0,
		CoverOpen:   a[askOffline]&coverOpen != 0,
		CutterFault: a[askFault]&cutterFault != 0,
	}
}

// prints says whether a printer in this state prints.
func prints(s drivers.PrinterStatus) bool {
	return s.Online && !s.PaperOut && !s.CoverOpen && !s.CutterFault
}

// ear picks single answers out of what a printer sends.
type ear struct {
	block int // bytes left, at most, of a block of answers that is being skipped
}

// Longest block of answers: header, identifier, up to 80 bytes, NUL. The Clear
// response after DLE DC4 8 is 37 25 00 (reference, DLE DC4).
const (
	blockHeader  = 0x37
	longestBlock = 83
)

// single reports whether b is an answer of one byte, and not part of a block.
func (e *ear) single(b byte) bool {
	switch {
	case e.block > 0:
		e.block--
		if b == 0 {
			e.block = 0
		}
		return false
	case b == blockHeader:
		e.block = longestBlock
		return false
	}
	return true
}
