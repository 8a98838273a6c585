package paper

import (
	"bytes"
	"fmt"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"golang.org/x/image/math/fixed"

	"nightdesk/agent/fonts"
)

// faceSet is the faces of one weight, in the order in which a letter is looked
// for. It tells the shaper which face draws what.
type faceSet struct {
	faces  []face
	script language.Script // of the run at hand
}

type face struct {
	*font.Face
	script language.Script // the one that it was made for
}

// face gives the faces of a weight, and reads them the first time.
func (a *artist) face(bold bool) (*faceSet, error) {
	set, weight := &a.regular, fonts.Regular
	if bold {
		set, weight = &a.bold, fonts.Bold
	}
	if set.faces != nil {
		return set, nil
	}
	for _, f := range a.faces(weight) {
		parsed, err := font.ParseTTF(bytes.NewReader(f.Data)) // reads WOFF too
		if err != nil {
			return nil, fmt.Errorf("reading typeface %s: %w", f.Name, err)
		}
		set.faces = append(set.faces, face{parsed, scriptOf(f.Subset)})
	}
	if set.faces == nil {
		return nil, ErrNoTypefaces
	}
	return set, nil
}

// scriptOf says which script a subset was made for.
func scriptOf(subset string) language.Script {
	switch subset {
	case "cyrillic":
		return language.Cyrillic
	case "devanagari":
		return language.Devanagari
	case "gujarati":
		return language.Gujarati
	case "gurmukhi":
		return language.Gurmukhi
	case "arabic":
		return language.Arabic
	}
	return language.Latin
}

// SetScript says of which script the next letters are (shaping.FontmapScript).
func (s *faceSet) SetScript(script language.Script) { s.script = script }

// ResolveFace gives the face for a letter (shaping.Fontmap). A sign that
// several scripts share, such as the danda, is drawn as the run's script draws
// it. If no face has it, the first is given and the letter comes out as .notdef.
func (s *faceSet) ResolveFace(r rune) *font.Face {
	for _, own := range []bool{true, false} {
		for _, f := range s.faces {
			if _, ok := f.NominalGlyph(r); ok && (!own || f.script == s.script) {
				return f.Face
			}
		}
	}
	return s.faces[0].Face
}

// sizeOf makes Arabic letters a fifth larger: at the same size they look much
// smaller than the Latin letters and the digits beside them.
func (s *faceSet) sizeOf(f *font.Face, size fixed.Int26_6) fixed.Int26_6 {
	for _, known := range s.faces {
		if known.Face == f && known.script == language.Arabic {
			return size * 6 / 5
		}
	}
	return size
}
