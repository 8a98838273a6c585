package speech

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Format says what a stream of samples is. They are 16 bits wide, signed and
// little-endian.
type Format struct {
	Rate     int // samples a second
	Channels int
}

const sampleBytes = 2

func (f Format) bytesPerSecond() int { return f.Rate * f.Channels * sampleBytes }

var errNoWAV = errors.New("its output is no sound")

// readWAV finds the samples of a RIFF WAVE file. A writer that cannot seek back
// gives a length of some 2 GiB, so a chunk may be longer than what is there.
func readWAV(b []byte) (pcm []byte, f Format, err error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, f, errNoWAV
	}
	for b = b[12:]; len(b) >= 8; {
		id, size := string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:]))
		b = b[8:]
		body := b[:min(int64(len(b)), size)]
		switch id {
		case "fmt ":
			if f, err = readFormat(body); err != nil {
				return nil, f, err
			}
		case "data":
			if f.Rate == 0 {
				return nil, f, errNoWAV
			}
			whole := f.Channels * sampleBytes
			return body[:len(body)/whole*whole], f, nil
		}
		b = b[min(int64(len(b)), size+size%2):]
	}
	return nil, f, errNoWAV
}

// readFormat reads a chunk "fmt ": kind, channels, rate, and the sample's bits at 14.
func readFormat(b []byte) (Format, error) {
	if len(b) < 16 {
		return Format{}, errNoWAV
	}
	le := binary.LittleEndian
	f := Format{Rate: int(le.Uint32(b[4:])), Channels: int(le.Uint16(b[2:]))}
	kind, bits := le.Uint16(b), le.Uint16(b[14:])
	if kind != 1 || bits != 16 || f.Channels < 1 || f.Channels > 2 || f.Rate < 8000 || f.Rate > 192000 {
		return Format{}, fmt.Errorf("its sound is of kind %d with %d bits, %d channels, %d samples a second", kind, bits, f.Channels, f.Rate)
	}
	return f, nil
}

// wavHeader is what goes before n bytes of samples in a file.
func wavHeader(f Format, n int) []byte {
	le := binary.LittleEndian
	b := append([]byte("RIFF"), le.AppendUint32(nil, uint32(36+n))...)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00"...) // 16 bytes follow; PCM
	b = le.AppendUint16(b, uint16(f.Channels))
	b = le.AppendUint32(b, uint32(f.Rate))
	b = le.AppendUint32(b, uint32(f.bytesPerSecond()))
	b = le.AppendUint16(b, uint16(f.Channels*sampleBytes))
	b = le.AppendUint16(b, 8*sampleBytes)
	b = append(b, "data"...)
	return le.AppendUint32(b, uint32(n))
}

// amplified is samples at the volume of the moment in which they are read.
type amplified struct {
	pcm  []byte
	gain func() float64
}

// Read gives some 50 ms at a time, so that a change of the volume is heard soon.
func (a *amplified) Read(b []byte) (int, error) {
	const chunk = 2048
	n := min(len(a.pcm), len(b), chunk) / sampleBytes * sampleBytes
	if n == 0 && len(a.pcm) < sampleBytes {
		return 0, io.EOF
	}
	if n == 0 {
		return 0, io.ErrShortBuffer
	}
	gain := a.gain()
	for i := 0; i < n; i += sampleBytes {
		v := float64(int16(binary.LittleEndian.Uint16(a.pcm[i:]))) * gain
		v = min(max(math.Round(v), math.MinInt16), math.MaxInt16)
		binary.LittleEndian.PutUint16(b[i:], uint16(int16(v)))
	}
	a.pcm = a.pcm[n:]
	return n, nil
}
