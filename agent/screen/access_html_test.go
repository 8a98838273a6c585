package screen_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nightdesk/agent/visit"
	"nightdesk/agent/visit/gallery"
	"nightdesk/agent/words"
)

// TestAX31PagesAreValid gives every page to the W3C's checker of HTML, in one go.
func TestAX31PagesAreValid(t *testing.T) {
	java, err := exec.LookPath("java")
	need(t, err, "this test needs Java; run: make deps")
	jar := web(t, "vnu-jar", "build", "dist", "vnu.jar")
	s := served(t, func(visit.Event) {})
	dir := t.TempDir()
	args := []string{"-jar", jar, "--format", "json", "--exit-zero-always"}
	for _, p := range gallery.All() {
		for _, lang := range []string{words.English, words.Mirrored} {
			st := p.State
			st.House.Languages, st.Ease.Lang = everyLanguage(), lang
			st.Ease.Low = lang != words.English
			s.Show(st, p.At)
			file := filepath.Join(dir, p.Name+"."+lang+".html")
			if err := os.WriteFile(file, []byte(get(t, s, "/")[1]), 0o644); err != nil {
				t.Fatal(err)
			}
			args = append(args, file)
		}
	}
	statement := filepath.Join(dir, "accessibility.html")
	if err := os.WriteFile(statement, []byte(get(t, s, "/accessibility")[1]), 0o644); err != nil {
		t.Fatal(err)
	}
	args = append(args, statement)
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), java, args...)
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("vnu: %v\n%s", err, said.Bytes())
	}
	var report struct {
		Messages []struct{ Type, SubType, URL, Message, Extract string }
	}
	if err := json.Unmarshal(said.Bytes(), &report); err != nil {
		t.Fatalf("vnu: %v\n%.500s", err, said.Bytes())
	}
	var f findings
	for _, m := range report.Messages {
		if m.Type == "error" || m.Type == "non-document-error" {
			f.add("AX31", m.Type+" "+m.Message+" at "+strings.Join(strings.Fields(m.Extract), " "), filepath.Base(m.URL))
		}
	}
	f.report(t, "AX31")
}

// TestAX33ThereIsAStatement: what is met, what is not, since when, and whom to
// tell (the Public Sector Bodies (Websites and Mobile Applications)
// Accessibility Regulations 2018, regulation 8).
func TestAX33ThereIsAStatement(t *testing.T) {
	s := served(t, func(visit.Event) {})
	page := get(t, s, "/accessibility")[1]
	if page == "" {
		t.Fatal("AX33: nothing is served at /accessibility")
	}
	for what, form := range map[string]string{
		"the standard":          `WCAG 2\.2`,
		"its European standard": `EN 301 549`,
		"whom to tell":          `0116 496 0123`,
		"the gap of the PIN":    `PIN`,
		"a date":                `\b20[0-9]{2}\b`,
		"who enforces it":       `(?i)equality and human rights commission`,
	} {
		if !regexp.MustCompile(form).MatchString(page) {
			t.Errorf("AX33: the statement does not name %s", what)
		}
	}
}
