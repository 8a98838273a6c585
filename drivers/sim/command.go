package sim

// step carries out the command at the beginning of b and returns its length, 0
// if it is not all there yet.
func (h *head) step(b []byte) int {
	if h.picture.left > 0 {
		return h.raster(b)
	}
	switch b[0] {
	case byteESC, byteGS, byteFS:
		n := commandLength(b)
		if n == 0 || n > len(b) {
			return 0
		}
		h.command(b[:n])
		return n
	case '\n':
		h.moved(h.paper.feedLine())
		return 1
	case '\r', 0x00, 0x18, 0x0C, '\t': // CR and CAN mean nothing here; NUL is no command
		return 1
	}
	if b[0] < ' ' || b[0] == 0x7F {
		h.wrong(b[:1])
		return 1
	}
	h.moved(h.paper.letter(b[0]))
	return 1
}

// commandLength is the length of a command that begins with ESC, GS or FS; that of
// GS v 0 is without its picture. 0 is not known yet.
func commandLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch [2]byte{b[0], b[1]} {
	case [2]byte{byteESC, '@'}, [2]byte{byteESC, '2'}, [2]byte{byteFS, '.'}:
		return 2
	case [2]byte{byteGS, 'v'}:
		return 8
	case [2]byte{byteGS, '('}:
		if len(b) < 5 {
			return 0
		}
		return 5 + int(b[3]) + int(b[4])<<8
	case [2]byte{byteGS, 'V'}:
		if len(b) < 3 {
			return 0
		}
		if b[2] == 65 || b[2] == 66 {
			return 4
		}
	}
	return 3
}

func (h *head) command(c []byte) {
	understood := false
	switch c[0] {
	case byteESC:
		understood = h.escape(c)
	case byteGS:
		understood = h.group(c)
	}
	if !understood {
		h.wrong(c)
	}
}

// escape carries out the commands of ESC, and says whether it knows this one.
func (h *head) escape(c []byte) bool {
	p := h.paper
	switch c[1] {
	case '@':
		p.reset()
	case '2':
		p.spacing = lineDots
	case '3':
		p.spacing = int(c[2])
	case 't':
		p.page = c[2]
	case 'R', 'M', '-':
		return c[2] == 0 // the other settings are not played
	case 'a':
		p.align = c[2] & 3 % 3
	case 'E':
		p.bold = c[2]&1 == 1
	case 'd':
		dots := p.flush()
		for range c[2] {
			dots += p.feed(p.spacing)
		}
		h.moved(dots)
	case 'J':
		h.moved(p.flush() + p.feed(int(c[2])))
	default:
		return false
	}
	return true
}

// group carries out the commands of GS, and says whether it knows this one.
func (h *head) group(c []byte) bool {
	switch c[1] {
	case '!':
		h.paper.wide, h.paper.high = int(c[2]>>4&7)+1, int(c[2]&7)+1
	case 'a':
		return c[2] == 0
	case 'r':
		if c[2] != 1 && c[2] != '1' {
			return false
		}
		// A computer that has gone is noticed by the next read.
		_ = h.say(0x03 * bit(h.has(PaperLow)))
	case 'v':
		return h.begin(c)
	case 'V':
		h.cut()
	default:
		return false
	}
	return true
}

func bit(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// begin begins a picture. One without dots, or of a size that no printer knows, is
// no picture; its data would then be taken for text.
func (h *head) begin(c []byte) bool {
	stride, rows := int(c[4])+int(c[5])<<8, int(c[6])+int(c[7])<<8
	if c[2] != '0' || c[3] != 0 || stride < 1 || stride > 128 || rows < 1 || rows > 4095 {
		return false
	}
	h.moved(h.paper.flush())
	h.picture = picture{left: stride * rows, stride: stride}
	return true
}

// raster takes what has come of a picture, and prints each row that is whole.
func (h *head) raster(b []byte) int {
	n := min(h.picture.stride-len(h.picture.row), h.picture.left, len(b))
	h.picture.row = append(h.picture.row, b[:n]...)
	h.picture.left -= n
	if len(h.picture.row) == h.picture.stride {
		h.moved(h.paper.dots(h.picture.row))
		h.picture.row = h.picture.row[:0]
	}
	return n
}

// cutter is how far the cutter stands from the head: 12 mm.
const cutter = 96

// cut feeds to the cutter, if asked to, and cuts.
func (h *head) cut() {
	h.moved(h.paper.flush() + h.paper.feed(cutter))
	h.swap(CutterStuck, CutterStuck+jammed)
	if h.has(CutterStuck + jammed) {
		return
	}
	if paper, any := h.paper.tear(); any && h.o.OnPaper != nil {
		h.o.OnPaper(paper)
	}
}
