package words

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

//go:embed reviews/*.toml
var reviewFiles embed.FS

// review says that a person has read one text.
type review struct {
	By string `toml:"by"` // who
	On string `toml:"on"` // YYYY-MM-DD
	Of string `toml:"of"` // digest of what was read
}

// holds says whether the review is one of the text with this digest.
func (r review) holds(digest string) bool {
	_, err := time.Parse(time.DateOnly, r.On)
	return r.By != "" && err == nil && r.Of == digest
}

func parseReviews(b []byte) (map[string]review, error) {
	all := map[string]review{}
	if err := toml.NewDecoder(bytes.NewReader(b)).DisallowUnknownFields().Decode(&all); err != nil {
		return nil, fmt.Errorf("reviews: %w", err)
	}
	return all, nil
}

// reviewsOf reads the built-in reviews of a language. There are none for one
// whose file is missing; a file that cannot be read counts for nothing.
func reviewsOf(tag string) map[string]review {
	b, err := reviewFiles.ReadFile("reviews/" + tag + ".toml")
	if err != nil {
		return nil
	}
	all, err := parseReviews(b)
	if err != nil {
		return nil
	}
	return all
}

// Unreviewed lists the keys, in order, of the texts that no person has reviewed
// as they stand; nil for English. A language that does not exist has one, "".
func Unreviewed(tag string) []string {
	if tag == English {
		return nil
	}
	c, english, err := withEnglish(tag)
	if err != nil {
		return []string{""}
	}
	return unreviewed(c, english, reviewsOf(tag))
}

func unreviewed(c, english catalogue, reviews map[string]review) []string {
	var open []string
	for _, key := range c.reviewKeys() {
		if !reviews[key].holds(digest(key, c, english)) {
			open = append(open, key)
		}
	}
	return open
}

func withEnglish(tag string) (c, english catalogue, err error) {
	if c, err = open(tag); err != nil {
		return c, english, err
	}
	english, err = open(English)
	return c, english, err
}

// The parts of a catalogue that are no texts, but reviewed like one.
const (
	endonymKey  = "endonym"
	weekdaysKey = "date.weekdays"
	monthsKey   = "date.months"
)

// reviewKeys are all that a person has to read, in order.
func (c catalogue) reviewKeys() []string {
	return append([]string{endonymKey, weekdaysKey, monthsKey}, c.keys()...)
}

// lines is a text for a person and for the digest: one plural form a line.
func (c catalogue) lines(key string) []string {
	switch key {
	case endonymKey:
		return []string{c.endonym}
	case weekdaysKey:
		return []string{strings.Join(c.weekdays, ", ")}
	case monthsKey:
		return []string{strings.Join(c.months, ", ")}
	}
	t := c.texts[key]
	if len(t) == 1 {
		return []string{t["other"]}
	}
	var out []string
	for _, form := range forms {
		if s, ok := t[form]; ok {
			out = append(out, form+": "+s)
		}
	}
	return out
}

// digest names a text and the English that it says: 64 bits of SHA-256, which
// tells a changed text and is no defence against anybody.
func digest(key string, c, english catalogue) string {
	h := sha256.New()
	for _, lines := range [][]string{{c.tag, key}, c.lines(key), english.lines(key)} {
		fmt.Fprintf(h, "%q\n", lines)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// ReviewTemplate is reviews/TAG.toml to be filled in: every text beside its
// English, the reviews that hold, and empty ones for the rest. nil if there is
// no such language or it needs no review.
func ReviewTemplate(tag string) []byte {
	c, english, err := withEnglish(tag)
	if err != nil || tag == English {
		return nil
	}
	return reviewTemplate(c, english, reviewsOf(tag))
}

func reviewTemplate(c, english catalogue, reviews map[string]review) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Reviews of the words in %s (%s).\n", c.tag, c.endonym)
	b.WriteString("# Read each text. If it is right, put your name in by and the day in on (YYYY-MM-DD).\n")
	b.WriteString("# If it is not, correct it in catalogue/" + c.tag + ".toml and ask for this file again.\n")
	for _, key := range c.reviewKeys() {
		b.WriteByte('\n')
		for _, line := range english.lines(key) {
			fmt.Fprintf(&b, "# en  %s\n", line)
		}
		for _, line := range c.lines(key) {
			fmt.Fprintf(&b, "# %s  %s\n", c.tag, line)
		}
		r, now := reviews[key], digest(key, c, english)
		if !r.holds(now) {
			r = review{Of: now}
		}
		fmt.Fprintf(&b, "%q = { by = %s, on = %q, of = %q }\n", key, strconv.Quote(r.By), r.On, r.Of)
	}
	return b.Bytes()
}
