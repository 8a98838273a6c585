package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"nightdesk/agent/visit"
)

// checker looks at values: ranges, and what must go together.
type checker struct {
	doc      *document
	told     func(path string) bool // something is known to be wrong with it
	problems []problem
}

func check(doc *document, told func(string) bool, c *Config) []problem {
	k := &checker{doc: doc, told: told}
	k.top(c)
	k.broker(c.Broker)
	for i, p := range c.Pads {
		k.pad(fmt.Sprintf("pad[%d]", i), p)
	}
	k.scanner(c.Scanner)
	k.together(c)
	k.rules("barcodes.card", c.Barcodes.Card)
	k.rules("barcodes.item", c.Barcodes.Item)
	k.apart(c.Barcodes)
	k.tags(c.Tags)
	k.screen(c.Screen)
	k.display(c.Display)
	k.visit(c.Visit)
	k.printer(c.Printer)
	k.speech(c.Speech)
	k.watch(c.Watch)
	return k.problems
}

// add tells of a key: at its value, else at its table, else at the top. What
// a broken file does not say may have stood behind the break.
func (k *checker) add(warn bool, path, hint, say string) {
	if k.told(path) || k.doc.broken != nil && !k.doc.has(path) {
		return
	}
	where := span{}
	for p := path; p != ""; p = p[:max(strings.LastIndexAny(p, ".["), 0)] {
		if i, ok := k.doc.byPath[p]; ok {
			where = k.doc.entries[i].value
			break
		}
	}
	p := k.doc.problem(where)
	p.warn, p.hint, p.say = warn, hint, path+": "+say
	k.problems = append(k.problems, p)
}

func (k *checker) bad(path, hint, format string, args ...any) {
	k.add(false, path, hint, fmt.Sprintf(format, args...))
}

func (k *checker) warn(path, hint, format string, args ...any) {
	k.add(true, path, hint, fmt.Sprintf(format, args...))
}

func (k *checker) top(c *Config) {
	k.words("name", c.Name, 60)
	if c.Name == "" {
		k.bad("name", `write what people call this desk: "Syston Library"`, "is empty")
	}
	if c.Credential == "" {
		k.bad("credential", `write the path of the file from central: "credential.json"`, "is empty")
	}
	if c.Data == "" {
		k.bad("data", `write a directory: "/var/lib/nightdesk"`, "is empty")
	}
}

// words are shown on the screen: one line, so many characters.
func (k *checker) words(path, s string, most int) {
	if n := utf8.RuneCountInString(s); n > most {
		k.bad(path, fmt.Sprintf("write at most %d characters", most), "is %d characters long", n)
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		k.bad(path, "write one line of text", "has a control character")
	}
}

func (k *checker) broker(b Broker) {
	const example = `write "mqtts://broker.example:8883", or "" for what the credential says`
	if b.URL == "" {
		return
	}
	u, err := url.Parse(b.URL)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		k.bad("broker.url", example, "is not an address")
	case u.Scheme != "mqtt" && u.Scheme != "mqtts":
		k.bad("broker.url", example, "%q is not a way to reach a broker", clip(u.Scheme))
	case u.User != nil:
		k.bad("broker.url", "take user and password out: they are in the credential file", "names a user")
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		k.bad("broker.url", example, "has something behind the address")
	case u.Port() != "" && !goodPort(u.Port(), 1):
		k.bad("broker.url", example, "%s is no port", u.Port())
	case u.Scheme == "mqtt" && !loopback(u.Hostname()):
		k.warn("broker.url", `use "mqtts://…"`, "goes over the network unencrypted")
	}
}

func goodPort(s string, least int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= least && n <= 65535
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

var (
	padName   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	unstableT = regexp.MustCompile(`^/dev/tty(USB|ACM)[0-9]+$`)
	language  = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)
)

func (k *checker) pad(path string, p Pad) {
	if !padName.MatchString(p.Name) {
		k.bad(path+".name", `write a short name of small letters, digits and "-": "left"`, "%q does not do as a name", clip(p.Name))
	}
	k.oneOf(path+".driver", p.Driver, "feig")
	k.oneOf(path+".parity", p.Parity, "none", "even", "odd")
	k.oneOf(path+".role", string(p.Role), string(visit.RoleBoth), string(visit.RoleBorrow), string(visit.RoleReturn), string(visit.RoleStaff))
	k.line(path, p.Path, p.Baud)
	if p.Path == "" {
		k.warn(path+".path", `write "/dev/serial/by-id/…", or take the pad out`, "is empty, so this pad is not used")
	}
}

func (k *checker) scanner(s Scanner) {
	k.line("scanner", s.Path, s.Baud)
	k.oneOf("scanner.suffix", s.Suffix, "cr", "lf", "crlf", "none")
	k.span("scanner.gap", s.Gap, 10*time.Millisecond, time.Second)
}

// line looks at what is common to devices on a serial line.
func (k *checker) line(path, device string, baud int) {
	speeds := []int{1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600}
	if !slices.Contains(speeds, baud) {
		k.bad(path+".baud", "write 9600, 19200, 38400, 57600 or 115200, as the device is set", "%d is no speed of a serial line", baud)
	}
	if unstableT.MatchString(device) {
		k.warn(path+".path", `use "/dev/serial/by-id/…": "ls /dev/serial/by-id" lists them`, "%q may be another device after a restart", device)
	}
}

func (k *checker) oneOf(path, got string, want ...string) {
	if !slices.Contains(want, got) {
		k.bad(path, "write "+quoted(want...), "%q is not known here", clip(got))
	}
}

func (k *checker) span(path string, d Duration, least, most time.Duration) {
	if d.Duration < least || d.Duration > most {
		k.bad(path, fmt.Sprintf(`write %q to %q`, brief(least), brief(most)), "%s is out of range", d)
	}
}

// brief writes 3m0s as people do.
func brief(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

// together looks for devices that two parts of the file lay claim to.
func (k *checker) together(c *Config) {
	names, paths := map[string]string{}, map[string]string{}
	claim := func(taken map[string]string, path, value, hint string) {
		if first, ok := taken[value]; ok && value != "" {
			k.bad(path, hint, "%q is taken by %s", clip(value), first)
			return
		}
		taken[value] = path
	}
	for i, p := range c.Pads {
		claim(names, fmt.Sprintf("pad[%d].name", i), p.Name, "give each pad its own name")
		claim(paths, fmt.Sprintf("pad[%d].path", i), p.Path, "give each device its own path")
	}
	claim(paths, "scanner.path", c.Scanner.Path, "give each device its own path")
	claim(paths, "printer.path", c.Printer.Path, "give each device its own path")
	lines := map[string]string{}
	for _, l := range c.GPIO.lines() {
		claim(lines, "gpio."+l[0], l[1], "give each thing its own line")
	}
}

func (k *checker) rules(path string, rules []Rule) {
	for i, r := range rules {
		at := fmt.Sprintf("%s[%d]", path, i)
		k.pattern(at+".pattern", r.Pattern)
		k.oneOf(at+".check", r.Check, "none", "luhn", "mod11", "mod43")
	}
}

// pattern must be a regular expression, and must not fit the empty number.
func (k *checker) pattern(path, s string) {
	const example = `write a regular expression in single quotes: '2\d{13}'`
	if s == "" {
		k.bad(path, example, "is empty")
		return
	}
	if len(s) > 200 {
		k.bad(path, "write at most 200 characters", "is too long")
		return
	}
	_, err := regexp.Compile(s)
	switch {
	case err != nil:
		k.bad(path, example, "is not a regular expression: %s", reason(err))
	case regexp.MustCompile(`^(?:` + s + `)$`).MatchString(""):
		k.bad(path, example, "fits everything, even nothing")
	}
}

// reason takes the package's prefix and the repeated expression off.
func reason(err error) string {
	s := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	s, _, _ = strings.Cut(s, ": `")
	return s
}

// apart: no form of number may be both a card and an item.
func (k *checker) apart(b Barcodes) {
	for i, item := range b.Item {
		for _, card := range b.Card {
			if item.Pattern == card.Pattern && item.Pattern != "" && overlap(item.Symbologies, card.Symbologies) {
				k.bad(fmt.Sprintf("barcodes.item[%d].pattern", i), "give cards and items different patterns or symbologies", "is a pattern of cards too")
			}
		}
	}
}

func overlap(a, b []Symbology) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(s Symbology) bool { return slices.Contains(b, s) })
}

func (k *checker) tags(t Tags) {
	if t.InStock == t.OnLoan {
		k.bad("tags.on_loan", `write two different values: in_stock = "07", on_loan = "C2"`, "is the same as tags.in_stock: the gate could not tell them apart")
	}
	for i, p := range t.Card501 {
		k.pattern(fmt.Sprintf("tags.card_501[%d]", i), p)
	}
}

func (k *checker) screen(s Screen) {
	const example = `write "127.0.0.1:8017"`
	host, port, err := net.SplitHostPort(s.Listen)
	switch {
	case err != nil || !goodPort(port, 0):
		k.bad("screen.listen", example, "%q is not an address and a port", clip(s.Listen))
	case !loopback(host):
		k.bad("screen.listen", example+`: only this computer's own browser may see the screen`, "%q is not a loopback address", clip(host))
	}
	if !language.MatchString(s.Language) {
		k.bad("screen.language", `write "en-GB"`, "%q is not a language", clip(s.Language))
	}
	for i, l := range s.Languages {
		if !language.MatchString(l) {
			k.bad(fmt.Sprintf("screen.languages[%d]", i), `write "gu", "pa-Guru", "pl", "ro" or "ur"`, "%q is not a language", clip(l))
		}
	}
	k.number("screen.volume", s.Volume, 0, 100)
	for name, key := range map[string]string{"next": s.Keys.Next, "before": s.Keys.Before, "select": s.Keys.Select, "back": s.Keys.Back} {
		if len(key) > 32 {
			k.bad("screen.keys."+name, `write the key's name, such as "F13" or "ArrowDown"`, "%q is no key", clip(key))
		}
	}
	k.words("screen.phone", s.Phone, 30)
	k.words("screen.help", s.Help, 120)
}
