package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// pageSize is SQLite's own, which no ledger ever asked to change.
const pageSize = 4096

// What SQLite's write-ahead log looks like (sqlite.org/fileformat2.html#walformat).
const (
	logHeader   = 32
	frameHeader = 24
	frameSize   = frameHeader + pageSize
	logMagic    = 0x377f0682 // the lowest bit: checksums read their words big-endian
)

// frame is one page in the log.
type frame struct {
	page   uint32
	commit bool
	fits   bool // behind the frame before it, as that one says of itself
	body   []byte
}

// log is the frames of a log's present life, whether their checksums fit or not.
type log struct {
	frames []frame
	past   []frame // of earlier lives: the log is written over from its beginning
	good   int     // how many SQLite would believe: those up to the first that does not fit
	head   bool    // its own header fits; otherwise it is believed not at all
}

// readLog reads a log. If its header does not fit, the life of most frames is
// taken for the present one.
func readLog(path string) (log, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return log{head: true}, nil
	}
	if err != nil || len(text) < logHeader {
		return log{head: true}, err
	}
	head, text := text[:logHeader], text[logHeader:]
	order, sum, whole := checkLogHeader(head)
	l := log{head: whole}
	life := string(head[16:24])
	if !whole {
		life = mostFrames(text)
	}
	for ; len(text) >= frameSize; text = text[frameSize:] {
		f := text[:frameSize]
		says := [2]uint32{binary.BigEndian.Uint32(f[16:]), binary.BigEndian.Uint32(f[20:])}
		mine := string(f[8:16]) == life
		fits := mine && checksum(order, checksum(order, sum, f[:8]), f[frameHeader:]) == says
		if whole = whole && fits; whole {
			l.good++
		}
		sum = says
		l.past = append(l.past, frame{page: binary.BigEndian.Uint32(f), commit: binary.BigEndian.Uint32(f[4:]) != 0, fits: fits, body: f[frameHeader:]})
		if mine { // and so is what stands before it, whatever it says
			l.frames, l.past = append(l.frames, l.past...), nil
		}
	}
	return l, nil
}

func checkLogHeader(head []byte) (order binary.ByteOrder, sum [2]uint32, whole bool) {
	order = binary.ByteOrder(binary.LittleEndian)
	magic := binary.BigEndian.Uint32(head)
	if magic&1 == 1 {
		order = binary.BigEndian
	}
	sum = checksum(order, sum, head[:24])
	whole = magic&^1 == logMagic && sum == [2]uint32{binary.BigEndian.Uint32(head[24:]), binary.BigEndian.Uint32(head[28:])}
	return order, sum, whole
}

func mostFrames(text []byte) (life string) {
	count := map[string]int{}
	for ; len(text) >= frameSize; text = text[frameSize:] {
		this := string(text[8:16])
		if count[this]++; count[this] > count[life] {
			life = this
		}
	}
	return life
}

func checksum(order binary.ByteOrder, s [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}

// committed leaves out what was never finished.
func committed(frames []frame) []frame {
	for len(frames) > 0 && !frames[len(frames)-1].commit {
		frames = frames[:len(frames)-1]
	}
	return frames
}

// checkLog tells a damaged log from one that a power cut has torn. A cut leaves
// at most one unfinished transaction at the end, in any mixture with what stood
// there in an earlier life; a frame that does not fit in front of others that
// were committed is damage, and SQLite would pass over them in silence.
func checkLog(path string) error {
	l, err := readLog(path)
	if err != nil {
		return fmt.Errorf("look at the log: %w", err)
	}
	behind := 0
	for _, f := range l.frames[l.good:] {
		if f.commit && f.fits {
			behind++
		}
	}
	if behind > 1 || !l.head && behind > 0 {
		return fmt.Errorf("%w: its log does not fit its checksums, and %d transactions stand behind that", ErrDamaged, behind)
	}
	return nil
}
