package words

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed catalogue/*.toml
var catalogues embed.FS

const spokenSuffix = "_spoken"

// catalogue is the words of one language as the file has them.
type catalogue struct {
	tag, dir, endonym, voice string
	texts                    map[string]text // under their dotted keys
	weekdays                 []string        // Sunday first
	months                   []string        // as they stand in date.form
}

// text is one text: its plural forms by CLDR's names. A text that does not
// depend on a number has "other" alone.
type text map[string]string

// Load reads a built-in language by its BCP 47 tag, the two made from English
// included.
func Load(tag string) (Words, error) {
	c, err := open(tag)
	if err != nil {
		return Words{}, fmt.Errorf("words for %s: %w", tag, err)
	}
	plural, err := pluralsOf(c.tag)
	if err != nil {
		return Words{}, fmt.Errorf("words for %s: %w", tag, err)
	}
	return Words{catalogue: c, phrases: phrases(c), plural: plural}, nil
}

func open(tag string) (catalogue, error) {
	if tag == Accented || tag == Mirrored {
		english, err := open(English)
		if err != nil {
			return catalogue{}, err
		}
		return pseudo(english, tag)
	}
	b, err := catalogues.ReadFile("catalogue/" + tag + ".toml")
	if err != nil {
		return catalogue{}, err
	}
	return parse(b)
}

func parse(b []byte) (catalogue, error) {
	var tree map[string]any
	if err := toml.Unmarshal(b, &tree); err != nil {
		return catalogue{}, err
	}
	c := catalogue{texts: map[string]text{}}
	for name, to := range map[string]*string{"lang": &c.tag, "dir": &c.dir, "endonym": &c.endonym, "voice": &c.voice} {
		s, ok := tree[name].(string)
		if !ok {
			return catalogue{}, fmt.Errorf("%s is missing or no word", name)
		}
		*to = s
		delete(tree, name)
	}
	if err := c.gather("", tree); err != nil {
		return catalogue{}, err
	}
	if len(c.weekdays) != 7 || len(c.months) != 12 {
		return catalogue{}, fmt.Errorf("%d weekdays and %d months", len(c.weekdays), len(c.months))
	}
	if c.dir != "ltr" && c.dir != "rtl" {
		return catalogue{}, fmt.Errorf("dir is %q, not ltr or rtl", c.dir)
	}
	return c, nil
}

// gather flattens a catalogue's tables into texts under dotted keys. "_" in a
// table is the text under the table's own name.
func (c *catalogue) gather(under string, tree map[string]any) error {
	for key, v := range tree {
		name := strings.TrimSuffix(strings.TrimPrefix(under+"."+key, "."), "._")
		switch v := v.(type) {
		case string:
			if v == "" {
				return fmt.Errorf("%s is empty", name)
			}
			c.texts[name] = text{"other": v}
		case map[string]any:
			if err := c.table(name, v); err != nil {
				return err
			}
		case []any:
			if err := c.list(name, v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is neither words nor a table", name)
		}
	}
	return nil
}

// table is a text in its plural forms, or more keys. "other" alone does not
// make a text of a table: a key may be called that.
func (c *catalogue) table(name string, tree map[string]any) error {
	isForm := func(key string) bool { return slices.Contains(forms[:], key) }
	all, counts := true, false
	for key := range tree {
		all = all && isForm(key)
		counts = counts || isForm(key) && key != "other"
	}
	switch {
	case !counts:
		return c.gather(name, tree)
	case !all:
		return fmt.Errorf("%s has plural forms beside other keys", name)
	case tree["other"] == nil:
		return fmt.Errorf("%s has plural forms and not the form other", name)
	}
	t := text{}
	for form, v := range tree {
		s, ok := v.(string)
		if !ok || s == "" {
			return fmt.Errorf("%s.%s is no words", name, form)
		}
		t[form] = s
	}
	c.texts[name] = t
	return nil
}

func (c *catalogue) list(name string, v []any) error {
	var names []string
	for _, one := range v {
		s, ok := one.(string)
		if !ok || s == "" {
			return fmt.Errorf("%s holds something that is no word", name)
		}
		names = append(names, s)
	}
	switch name {
	case "date.weekdays":
		c.weekdays = names
	case "date.months":
		c.months = names
	default:
		return fmt.Errorf("%s is not a list of a catalogue", name)
	}
	return nil
}

// keys are all keys in order.
func (c catalogue) keys() []string { return slices.Sorted(maps.Keys(c.texts)) }
