// Package earcon makes the four short sounds of the desk by arithmetic, so that
// they need no licence and no file. It refuses to say anything that the screen
// does not say as well: a sound is never the only cue.
package earcon

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// Name is what a sound means.
type Name string

// The sounds. Each is known by its rhythm alone, for ears and rooms in which
// pitch is lost.
const (
	Done    Name = "done"    // short and long, rising: it worked
	Needs   Name = "needs"   // two equal short notes with a gap: look at the screen
	Stopped Name = "stopped" // one long low note: it did not work
	Time    Name = "time"    // three soft ticks: time is running out
)

// How the sounds are written down.
const (
	Rate    = 44100 // samples a second, 16 bits, one channel
	Longest = 400 * time.Millisecond
	peak    = 0.25118864315095801 // -12 dB of full scale, so that the room's volume decides
)

// Names are the sounds there are, in the order of this page.
func Names() []Name { return []Name{Done, Needs, Stopped, Time} }

// note is one tone from its onset to its last sample.
type note struct {
	at, length time.Duration
	hertz      float64
	overtones  []float64     // strength of the octave, the twelfth … to the tone itself
	attack     time.Duration // rise and fall are half cosines: a step would be heard as a click
	release    time.Duration
}

// score is what a sound is made of; no notes for a name that is none.
func score(name Name) []note {
	const ms = time.Millisecond
	// A note of a marimba's kind: the twelfth and the octave let small
	// loudspeakers and dull ears hear a tone that they cannot hear itself.
	bar := func(at, length time.Duration, hertz float64) note {
		return note{at, length, hertz, []float64{0.35, 0.15}, 6 * ms, 40 * ms}
	}
	tick := func(at time.Duration) note { return note{at, 24 * ms, 1000, nil, 4 * ms, 18 * ms} }
	switch name {
	case Done:
		return []note{bar(0, 110*ms, 587.33), bar(120*ms, 230*ms, 880)}
	case Needs:
		return []note{bar(0, 90*ms, 659.26), bar(200*ms, 90*ms, 659.26)}
	case Stopped:
		return []note{{0, 390 * ms, 196, []float64{0.6, 0.4}, 12 * ms, 90 * ms}}
	case Time:
		return []note{tick(0), tick(160 * ms), tick(320 * ms)}
	default:
		return nil
	}
}

// WAV is the sound as a RIFF WAVE file of 16-bit samples at Rate, and the same
// bytes every time; nil for a name that is none.
func WAV(name Name) []byte {
	notes := score(name)
	if len(notes) == 0 {
		return nil
	}
	return riff(level(render(notes)))
}

// render adds the notes up. Samples are floats of no particular level.
func render(notes []note) []float64 {
	last := slices.MaxFunc(notes, func(a, b note) int { return int(a.at + a.length - b.at - b.length) })
	out := make([]float64, samples(last.at+last.length)+1)
	for _, n := range notes {
		first, count := samples(n.at), samples(n.length)
		for i := range count + 1 {
			out[first+i] += n.tone(i) * n.envelope(i, count)
		}
	}
	return out
}

func samples(d time.Duration) int { return int(d * Rate / time.Second) }

// tone is the note without its envelope.
func (n note) tone(i int) float64 {
	phase := 2 * math.Pi * n.hertz * float64(i) / Rate
	sum := math.Sin(phase)
	for k, strength := range n.overtones {
		sum += strength * math.Sin(float64(k+2)*phase)
	}
	return sum
}

// envelope is 0 at both ends of the note and 1 between attack and release.
func (n note) envelope(i, count int) float64 {
	up, down := samples(n.attack), samples(n.release)
	return ramp(float64(i)/float64(up)) * ramp(float64(count-i)/float64(down))
}

// ramp goes from 0 to 1 as x does, with no corner at either end.
func ramp(x float64) float64 {
	if x >= 1 {
		return 1
	}
	return (1 - math.Cos(math.Pi*x)) / 2
}

// level scales the sound to its peak.
func level(sound []float64) []int16 {
	most := 0.0
	for _, v := range sound {
		most = max(most, math.Abs(v))
	}
	out := make([]int16, len(sound))
	for i, v := range sound {
		out[i] = int16(math.Round(v / most * peak * math.MaxInt16))
	}
	return out
}

// riff puts a WAVE header of the PCM kind before the samples.
func riff(sound []int16) []byte {
	const width = 2 // bytes of a sample
	var b bytes.Buffer
	le := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // a Buffer takes all
	b.WriteString("RIFF")
	le(uint32(4 + 8 + 16 + 8 + len(sound)*width))
	b.WriteString("WAVEfmt ")
	le(uint32(16))
	le([]uint16{1, 1}) // PCM, one channel
	le([]uint32{Rate, Rate * width})
	le([]uint16{width, 8 * width})
	b.WriteString("data")
	le(uint32(len(sound) * width))
	le(sound)
	return b.Bytes()
}
