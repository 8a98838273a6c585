package table

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/central/store"
)

// shelfOnly is a central that knows one loan and one event.
type shelfOnly struct{ b Book }

func (s shelfOnly) Loans(context.Context, bool) ([]record.Loan, error) {
	return []record.Loan{{Item: s.b.ID, Card: people()[0].Card, Due: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)}}, nil
}

func (s shelfOnly) Events(context.Context, string, int) ([]store.Event, error) {
	body := fmt.Sprintf(`{"n":1,"t":"loan.issued","d":{"item":%q}}`, s.b.ID)
	return []store.Event{{N: 1, Body: []byte(body), Out: record.Accepted}}, nil
}

func (shelfOnly) Cases(context.Context, bool) ([]record.Case, error) { return nil, nil }

// newPage is a table's page, and a browser that knows its name.
func newPage(t *testing.T) (*Page, func(method, path, form string, change func(*http.Request)) *httptest.ResponseRecorder) {
	t.Helper()
	ctx, s := withTimeout(t), newStock(t)
	room, err := NewRoom(t.TempDir(), s, false)
	if err != nil {
		t.Fatal(err)
	}
	cable, err := NewCable(ctx, "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	d := &Desk{Room: room, Cable: cable, Power: NewPower([]string{"/nowhere/kiosk"}, io.Discard), Central: shelfOnly{s.Books[0]},
		Log: slog.New(slog.DiscardHandler)}
	p, err := NewPage(ctx, d, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.listener.Close(); cable.Close(); room.Close() })
	h := p.handler()
	return p, func(method, path, form string, change func(*http.Request)) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(form))
		r.Host = p.listener.Addr().String()
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if change != nil {
			change(r)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
}

func TestThePageIsForThisBrowserOnly(t *testing.T) {
	p, ask := newPage(t)
	for _, c := range []struct {
		name, method string
		change       func(*http.Request)
		want         int
	}{
		{"its own name", "GET", nil, 200},
		{"localhost", "GET", func(r *http.Request) { r.Host = strings.Replace(r.Host, "127.0.0.1", "localhost", 1) }, 200},
		{"another name for this address", "GET", func(r *http.Request) { r.Host = "evil.example" }, 403},
		{"another port", "GET", func(r *http.Request) { r.Host = "127.0.0.1:9" }, 403},
		{"a form of another site", "POST", func(r *http.Request) { r.URL.Path = "/do"; r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
	} {
		if got := ask(c.method, "/", "act=power-off", c.change).Code; got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
	if !strings.HasPrefix(p.URL(), "http://127.0.0.1:") {
		t.Errorf("the page is at %s", p.URL())
	}
}

func TestHandsAtTheTable(t *testing.T) {
	p, ask := newPage(t)
	set := p.desk.Room.Stock.Books[0]
	for _, b := range p.desk.Room.Stock.Books {
		if len(b.Tags) == 2 {
			set = b
		}
	}
	do := func(act, id string, want int) stateView {
		t.Helper()
		if w := ask("POST", "/do", "act="+act+"&id="+id, nil); w.Code != want {
			t.Fatalf("%s: got %d, %s", act, w.Code, w.Body)
		}
		var s stateView
		if err := json.Unmarshal(ask("GET", "/state.json", "", nil).Body.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := do("put", string(set.ID), 204); len(s.Pad) != 2 {
		t.Errorf("on the pad: %v, want two tags", s.Pad)
	}
	if s := do("lift", set.Tags[0].String(), 204); len(s.Pad) != 1 || s.Pad[0] != set.Tags[1].String() {
		t.Errorf("on the pad: %v, want the second disc", s.Pad)
	}
	if s := do("lift", string(set.ID), 204); len(s.Pad) != 0 {
		t.Errorf("on the pad: %v, want nothing", s.Pad)
	}
	if s := do("network-off", "", 204); s.Network {
		t.Error("the network is not cut")
	}
	if s := do("network-on", "", 204); !s.Network {
		t.Error("the network is not restored")
	}
	do("put", "39999999999999", 409)
	do("burn", "", 409)
	s := do("power-off", "", 204)
	if s.Power || len(s.Loans) != 1 || s.Loans[0].Who != "Amira" || s.Loans[0].Due != "2027-01-02" {
		t.Errorf("state %+v", s)
	}
	if len(s.Events) != 1 || s.Events[0].Type != contract.LoanIssued || s.Events[0].Out != "accepted" || s.Events[0].Title == "" {
		t.Errorf("events %+v", s.Events)
	}
	if w := ask("GET", "/screen", "", nil); w.Code != 409 {
		t.Errorf("the screen of a dark kiosk: got %d, want 409", w.Code)
	}
	if w := ask("POST", "/do", "act=power-on", nil); w.Code != 409 || !strings.Contains(w.Body.String(), "start the kiosk") {
		t.Errorf("a kiosk that cannot start: got %d, %s", w.Code, w.Body)
	}
}
