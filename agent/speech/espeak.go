package speech

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	espeak    = "espeak-ng"
	usualRate = 160 // words a minute; espeak-ng's own 175 is fast for strangers
	synthesis = 10 * time.Second
	maxSound  = 16 << 20 // bytes; MaxText at espeak-ng's slowest rate is half of it
)

// noVoice says that there is no voice of that name, or for that language.
type noVoice string

func (v noVoice) Error() string { return fmt.Sprintf("espeak-ng has no voice %q", string(v)) }

// Voice is espeak-ng's voice for a language, and whether there is one. A
// language without one (Somali) is silent: no other voice reads it right.
func Voice(lang string) (string, bool) {
	switch base := base(lang); base {
	case "en":
		return "en-gb", true
	case "fr":
		return "fr-fr", true
	case "zh":
		return "cmn", true
	case "ar", "bg", "bn", "cmn", "cy", "de", "el", "es", "fa", "ga", "gd", "gu", "hi", "hu", "it", "ku", "lt", "ml", "ne", "nl",
		"pa", "pl", "pt", "ro", "ru", "sk", "sq", "sw", "ta", "te", "tr", "uk", "ur", "vi", "yue": // Debian's espeak-ng-data 1.51 has them
		return base, true
	default:
		return "", false
	}
}

// base is the language of a tag without its script and region.
func base(lang string) string {
	b, _, _ := strings.Cut(strings.ToLower(lang), "-")
	return b
}

// voice is the voice that u is spoken in.
func (c Config) voice(u Utterance) (string, error) {
	usual, _ := Voice(u.Lang)
	v := cmp.Or(u.Voice, c.Voices[u.Lang], c.Voices[base(u.Lang)], usual)
	if v == "" {
		return u.Lang, noVoice(u.Lang)
	}
	// A voice is the name of a file below espeak-ng's own directory, with
	// variants ("en-gb+f3"). It can be no flag and no way out of there.
	if strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-+_/") != "" || v[0] == '-' || v[0] == '/' {
		return v, noVoice(v)
	}
	return v, nil
}

// sound is what espeak-ng made of a text.
type sound struct {
	pcm    []byte
	format Format
}

func (s sound) length() time.Duration {
	return time.Duration(len(s.pcm)) * time.Second / time.Duration(s.format.bytesPerSecond())
}

// synthesise lets espeak-ng read one utterance. The text goes to its standard
// input: on the command line everybody on the computer could read it, and
// one that begins with a dash would be an option.
func (c Config) synthesise(ctx context.Context, u Utterance) (sound, error) {
	text := plain(u.Text)
	if text == "" {
		return sound{}, nil
	}
	voice, err := c.voice(u)
	if err != nil {
		return sound{}, err
	}
	rate, command := cmp.Or(c.Rate, usualRate), cmp.Or(c.Command, espeak)
	ctx, cancel := context.WithTimeout(ctx, synthesis)
	defer cancel()
	var out limited
	p := child(ctx, command, "--stdin", "--stdout", "-b", "1", "-v", voice, "-s", strconv.Itoa(rate)) // -b 1: UTF-8
	p.Stdin, p.Stdout = strings.NewReader(text), &out
	if err := p.run(ctx); err != nil {
		if strings.Contains(err.Error(), "voice does not exist") {
			return sound{}, noVoice(voice)
		}
		return sound{}, err
	}
	pcm, format, err := readWAV(out.Bytes())
	if err != nil {
		return sound{}, fmt.Errorf("%s: %w", command, err)
	}
	return sound{pcm, format}, nil
}

// Check lets espeak-ng say a word in each language, into nothing, and returns
// what went wrong. It is for a technician and needs no headset.
func (c Config) Check(ctx context.Context, langs ...string) error {
	var all []error
	for _, lang := range langs {
		_, err := c.synthesise(ctx, Utterance{Text: "1", Lang: lang})
		all = append(all, err)
	}
	return errors.Join(all...)
}

// limited is a buffer that refuses to grow without end.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxSound {
		return 0, errors.New("more sound than any text has")
	}
	return l.Buffer.Write(b)
}

// ReadFrom keeps io.Copy from going round Write.
func (l *limited) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{l}, r)
}

// plain takes out of a text whatever espeak-ng would obey instead of read:
// "[[" begins phoneme codes, character 1 begins a command. Control and format
// characters go too (the isolates around a title are for the eye), but not
// the joiners, which change how Indic and Arabic letters are read.
func plain(text string) string {
	const nonJoiner, joiner = '\u200c', '\u200d'
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '[':
			return '('
		case r == ']':
			return ')'
		case r == nonJoiner || r == joiner:
			return r
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	n := 0
	for i := range text {
		if n++; n > MaxText {
			return text[:i]
		}
	}
	return text
}
