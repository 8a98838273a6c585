package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
)

// Hand looks at a kiosk's screen and taps on it, by HTTP as a browser does.
type Hand struct {
	base   string
	client *http.Client
}

// lookEvery is the pause between two looks at the screen.
const lookEvery = 25 * time.Millisecond

// NewHand opens a screen's start address, and keeps its cookie.
func NewHand(ctx context.Context, start string) (*Hand, error) {
	u, err := url.Parse(start)
	if err != nil {
		return nil, fmt.Errorf("the screen's address: %w", err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	h := &Hand{base: u.Scheme + "://" + u.Host, client: &http.Client{Jar: jar, Timeout: 5 * time.Second}}
	if err := h.do(ctx, http.MethodGet, start, nil, nil); err != nil {
		return nil, fmt.Errorf("open the screen: %w", err)
	}
	return h, nil
}

// errMoved says that a tap came too late for what it was meant for.
var errMoved = errors.New("the screen has moved on")

func (h *Hand) do(ctx context.Context, method, address string, form url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusConflict:
		return errMoved
	case resp.StatusCode >= 300:
		return fmt.Errorf("the screen answers %s", resp.Status)
	case into == nil:
		return nil
	}
	return json.Unmarshal(body, into)
}

// Look reads what is on the screen.
func (h *Hand) Look(ctx context.Context) (screen.View, error) {
	var v screen.View
	if err := h.do(ctx, http.MethodGet, h.base+"/state.json", nil, &v); err != nil {
		return v, fmt.Errorf("look at the screen: %w", err)
	}
	return v, nil
}

// Until looks until the screen is as wanted. When ctx ends, the error says
// what was waited for and what was seen last.
func (h *Hand) Until(ctx context.Context, what string, wanted func(screen.View) bool) (screen.View, error) {
	for {
		v, err := h.Look(ctx)
		if err == nil && wanted(v) {
			return v, nil
		}
		if !pause(ctx, lookEvery) {
			return v, fmt.Errorf("waited for %s; the screen shows %s", what, brief(v))
		}
	}
}

// Tap taps a button until the screen is as wanted: a finger taps again when
// nothing happens.
func (h *Hand) Tap(ctx context.Context, b visit.Button, item circ.ItemID, what string, wanted func(screen.View) bool) (screen.View, error) {
	for {
		v, err := h.Look(ctx)
		if err == nil && wanted(v) {
			return v, nil
		}
		if err == nil && offers(v, b, item) {
			form := url.Values{"button": {string(b)}, "item": {string(item)}, "serial": {v.Serial}}
			if err := h.do(ctx, http.MethodPost, h.base+"/tap", form, nil); err != nil && !errors.Is(err, errMoved) {
				return v, fmt.Errorf("tap %s: %w", b, err)
			}
		}
		if !pause(ctx, 4*lookEvery) {
			return v, fmt.Errorf("tapped %s and waited for %s; the screen shows %s", b, what, brief(v))
		}
	}
}

func offers(v screen.View, b visit.Button, item circ.ItemID) bool {
	for _, x := range v.Buttons {
		if x.Button == b && x.Item == item {
			return true
		}
	}
	return false
}

func brief(v screen.View) string {
	s := fmt.Sprintf("%q, %q", v.Screen, strings.TrimSpace(v.Count+" "+v.Heading))
	if v.Ask != nil {
		s += fmt.Sprintf(", asks %q", v.Ask.Heading)
	}
	for _, l := range v.Lines {
		s += fmt.Sprintf(", %s is %s", l.Title, l.State)
	}
	return s
}

// pause waits, and says whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
