package screen

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"nightdesk/agent/earcon"
	"nightdesk/agent/fonts"
)

// shell is what the page has around <main>, and what it loads: the same for
// every state of this program.
type shell struct {
	display string
	fonts   string // the stylesheet
	faces   map[string][]byte
	Volume  int // of the sounds, in percent
	keys    Keys
}

func newShell(cfg Config) shell {
	s := shell{display: cfg.Display.css(), Volume: min(max(cfg.Volume, 0), 100), keys: cfg.Keys.orUsual(), faces: map[string][]byte{}}
	sum := sha256.New()
	for _, f := range fonts.Web() {
		s.faces[f.Name] = f.Data
		sum.Write(f.Data)
	}
	// The version in the path makes it true that a file never changes.
	s.fonts = fonts.Stylesheet("/fonts/" + hex.EncodeToString(sum.Sum(nil))[:12])
	return s
}

// Keys names the keys of a keypad that acts as a keyboard, by KeyboardEvent.code
// or .key, for each thing that four keys or more can do.
type Keys struct {
	Next, Prev, Select, Back []string
	Help, Louder, Quieter    []string
}

// orUsual fills in the keys that every keyboard has. The arrows that point
// sideways are turned round by the page where the text runs from right to left.
func (k Keys) orUsual() Keys {
	or := func(have *[]string, usual ...string) {
		if len(*have) == 0 {
			*have = usual
		}
	}
	or(&k.Next, "ArrowDown", "ArrowRight")
	or(&k.Prev, "ArrowUp", "ArrowLeft")
	or(&k.Select, "Enter", "NumpadEnter", "Space")
	or(&k.Back, "Escape", "BrowserBack")
	or(&k.Help, "F1", "Help")
	or(&k.Louder, "AudioVolumeUp")
	or(&k.Quieter, "AudioVolumeDown")
	return k
}

// KeyCodes is the keys as attributes of the page carry them.
func (s shell) KeyCodes() map[string]string {
	k, out := s.keys, map[string]string{}
	for name, codes := range map[string][]string{"next": k.Next, "prev": k.Prev, "select": k.Select, "back": k.Back,
		"help": k.Help, "louder": k.Louder, "quieter": k.Quieter} {
		out[name] = strings.Join(codes, " ")
	}
	return out
}

// styles are the parts of /style.css, in order: the later win.
var styles = [...]string{"page/base.css", "page/list.css", "page/panels.css", "page/ease.css", "page/low.css"}

func stylesheet() ([]byte, error) {
	var all bytes.Buffer
	for _, name := range styles {
		b, err := assets.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("style of the page: %w", err)
		}
		all.Write(b)
	}
	return all.Bytes(), nil
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	b, err := stylesheet()
	if err != nil {
		http.Error(w, "not in this program", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Write(b)
}

func serveText(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write([]byte(text))
	}
}

func serveAsset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := assets.ReadFile(name)
		if err != nil {
			http.Error(w, "not in this program", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Write(b)
	}
}

// serveFont may be kept by the browser for ever: a font says nothing of anybody.
func (s shell) serveFont(w http.ResponseWriter, r *http.Request) {
	b, ok := s.faces[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	keep(w.Header())
	w.Header().Set("Content-Type", "font/woff2")
	w.Write(b)
}

func serveSound(w http.ResponseWriter, r *http.Request) {
	name, _ := strings.CutSuffix(r.PathValue("name"), ".wav")
	b := earcon.WAV(earcon.Name(name))
	if b == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "audio/wav")
	w.Write(b)
}

func keep(h http.Header) { h.Set("Cache-Control", "private, max-age=31536000, immutable") }
