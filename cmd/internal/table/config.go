package table

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"nightdesk/agent/config"
	"nightdesk/agent/words"
)

// WriteConfig writes the configuration of a kiosk with a pad and a scanner,
// which asks nothing on the way out, into dir, and reads it as the kiosk will.
// The pseudo-terminals, the credential and the data lie beside it.
func WriteConfig(dir string, v Venue, broker string) (path string, c config.Config, err error) {
	return writeConfig(dir, configText(v, broker)+"\n[visit]\ncount = \"never\"\n")
}

// WriteWholeConfig is WriteConfig for a kiosk that asks whatever there is to
// ask, has a receipt printer, and offers every language, whether or not anybody
// has reviewed it.
func WriteWholeConfig(dir string, v Venue, broker string) (path string, c config.Config, err error) {
	var others []string
	for _, l := range words.Languages() {
		if l.Tag != words.English {
			others = append(others, fmt.Sprintf("%q", l.Tag))
		}
	}
	return writeConfig(dir, configText(v, broker)+fmt.Sprintf(`languages = [%s]
unreviewed = true
help = "Staff are at the desk on the ground floor on weekdays."
phone = "0116 496 0000"

[printer]
path = %q
`, strings.Join(others, ", "), filepath.Join(dir, "printer")))
}

// configText ends inside its [screen].
func configText(v Venue, broker string) string {
	return fmt.Sprintf(`name = %q
credential = "credential.json"
data = "kiosk"

[broker]
url = "mqtt://%s"

[[pad]]
name = "pad"
path = "pad"

[scanner]
path = "scanner"
suffix = "cr"

[screen]
listen = "127.0.0.1:0"
`, v.Name, broker)
}

func writeConfig(dir, text string) (path string, c config.Config, err error) {
	path = filepath.Join(dir, "kiosk.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return path, c, fmt.Errorf("write the kiosk's configuration: %w", err)
	}
	c, err = config.Load(path)
	return path, c, err
}
