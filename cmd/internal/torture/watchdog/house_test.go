package watchdog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/config"
	"nightdesk/agent/screen"
	"nightdesk/cmd/internal/torture/house"
)

// limit is how long a part may stand still here, the least that can be set.
const limit = 10 * time.Second

// patience is how much later than that it may be noticed: a look a second, the
// last words, and a busy machine.
const patience = 20 * time.Second

// build is a house whose kiosk.toml is changed before anything runs.
func build(t *testing.T, o house.Options, change ...string) *house.House {
	t.Helper()
	h := house.New(t, o)
	text, err := os.ReadFile(h.ConfigPath)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(change...).Replace(string(text))
	if len(change) > 0 && changed == string(text) {
		t.Fatalf("kiosk.toml has no %q", change[0])
	}
	if err := os.WriteFile(h.ConfigPath, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if h.Config, err = config.Load(h.ConfigPath); err != nil {
		t.Fatal(err)
	}
	return h
}

// watched is what kiosk.toml says of the watchdog.
func watched(stuck time.Duration, restarts int) string {
	return fmt.Sprintf("[watch]\nstuck = %q\nrestarts = %d\n", stuck, restarts)
}

// visitor looks at a kiosk's screen and touches it.
type visitor struct {
	client *http.Client
	base   string
}

func look(ctx context.Context, h *house.House) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	address := h.Kiosk.Address()
	base, _, _ := strings.Cut(address, "/?")
	v := &visitor{client: &http.Client{Jar: jar, Timeout: patience}, base: base}
	_, err = v.get(ctx, address)
	return v, err
}

func (v *visitor) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func (v *visitor) sees(ctx context.Context) (now screen.View, err error) {
	body, err := v.get(ctx, v.base+"/state.json")
	if err == nil {
		err = json.Unmarshal(body, &now)
	}
	return now, err
}

// tap touches a button of the screen as it is.
func (v *visitor) tap(ctx context.Context, button string) error {
	now, err := v.sees(ctx)
	if err != nil {
		return err
	}
	form := url.Values{"button": {button}, "serial": {now.Serial}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+"/tap", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", v.base)
	resp, err := v.client.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode >= 400 {
		return fmt.Errorf("touch %s: %s", button, resp.Status)
	}
	return nil
}

// comes waits until the screen is one.
func comes(ctx context.Context, h *house.House, want string) (screen.View, error) {
	v, err := look(ctx, h)
	if err != nil {
		return screen.View{}, err
	}
	var now screen.View
	err = until(ctx, patience, func() error {
		if now, err = v.sees(ctx); err != nil || string(now.Screen) != want {
			return fmt.Errorf("the screen is %q, want %q: %w", now.Screen, want, errors.Join(err))
		}
		return nil
	})
	return now, err
}

// until tries again and again.
func until(ctx context.Context, d time.Duration, try func() error) error {
	ctx, cancel := house.Within(ctx, d)
	defer cancel()
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return err
		}
		house.Pause(ctx.Done(), 50*time.Millisecond)
	}
}

// ends waits until the kiosk has ended by itself, and gives its exit code.
func ends(ctx context.Context, h *house.House, within time.Duration) (code int, err error) {
	var exit *exec.ExitError
	err = until(ctx, within, func() error {
		if !errors.As(h.Kiosk.Fell(), &exit) {
			return errors.New("the kiosk has not ended")
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return exit.ExitCode(), nil
}

// says looks for words in what the kiosk logged, or in what doctor says.
func says(what, text string, words ...string) error {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return fmt.Errorf("%s does not say %q:\n%s", what, w, text)
		}
	}
	return nil
}

func logged(h *house.House, words ...string) error {
	text, err := os.ReadFile(h.Kiosk.Log)
	if err != nil {
		return err
	}
	return says("the log", string(text), words...)
}

// doctor waits until doctor says it all.
func doctor(ctx context.Context, h *house.House, words ...string) error {
	return until(ctx, patience, func() error {
		said, _ := h.KioskCommand(ctx, "doctor") // the exit code speaks of the clock, too
		return says("doctor", said, words...)
	})
}
