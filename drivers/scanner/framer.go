package scanner

import "nightdesk/drivers"

// framer cuts a stream of bytes into barcodes. Its memory is bounded whatever
// comes, and what it has refused leaves no trace in what follows.
type framer struct {
	text    []byte // at most Longest
	over    bool   // more than that has come
	control bool   // something unprintable was among it
}

const (
	cr = '\r'
	lf = '\n'
)

// add takes the next byte; done says that it ended a barcode. CR, LF and CR LF
// end one; since nothing is no barcode, the LF of a CR LF ends none.
func (f *framer) add(b byte) (scan drivers.Scan, done bool, err error) {
	switch {
	case b == cr || b == lf:
		return f.end()
	case b < ' ' || b > '~':
		f.control = true
	}
	if len(f.text) == Longest {
		f.over = true
		return scan, false, nil
	}
	f.text = append(f.text, b)
	return scan, false, nil
}

// end is the end of a barcode, if there is one.
func (f *framer) end() (scan drivers.Scan, done bool, err error) {
	text, over, control := string(f.text), f.over, f.control
	*f = framer{text: f.text[:0]}
	switch {
	case over:
		return scan, true, ErrTooLong
	case control:
		return scan, true, ErrControl
	}
	scan = unwrap(text)
	return scan, scan.Text != "", nil
}

// unwrap takes the AIM identifier off, ]cm: the letter of the symbology and a
// modifier (ISO/IEC 15424).
func unwrap(text string) drivers.Scan {
	if len(text) < 3 || text[0] != ']' || !letter(text[1]) || !letter(text[2]) && !digit(text[2]) {
		return drivers.Scan{Text: text}
	}
	return drivers.Scan{Symbology: drivers.Symbology(text[1]), Modifier: text[2], Text: text[3:]}
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func digit(b byte) bool { return b >= '0' && b <= '9' }
