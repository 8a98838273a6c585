package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/wrong"
)

// authorityName is the demonstration's library authority.
const authorityName = "demo"

// authority is central with its directory, and the kiosk that it has enrolled.
type authority struct {
	*central.Central
	dir   string
	kiosk contract.Credential
	fed   chan struct{} // closed when the kiosk has been given everything once
}

// openAuthority makes central's directory and enrols the kiosk, or opens what
// an earlier run made.
func openAuthority(ctx context.Context, dir string, stock table.Stock, v table.Venue, log *slog.Logger) (*authority, error) {
	a := &authority{dir: filepath.Join(dir, "central"), fed: make(chan struct{})}
	fresh := !exists(a.dir)
	if fresh {
		if err := central.Create(ctx, a.dir, authorityName, time.Now()); err != nil {
			return nil, err
		}
	}
	var err error
	if a.Central, err = central.Open(ctx, a.dir, central.Options{Now: time.Now, Log: log, Serving: true}); err != nil {
		return nil, err
	}
	if err := a.stock(ctx, dir, stock, v); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if err := a.enrol(ctx, filepath.Join(dir, "credential.json"), v); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (a *authority) stock(ctx context.Context, dir string, stock table.Stock, v table.Venue) error {
	paths, err := stock.Export(filepath.Join(dir, "export"), v)
	if err != nil {
		return err
	}
	_, err = a.Import(ctx, paths...)
	return err
}

// enrol enrols the kiosk as any other: central makes its keys and knows only
// their public halves.
func (a *authority) enrol(ctx context.Context, path string, v table.Venue) error {
	var err error
	a.kiosk, err = contract.LoadCredential(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	a.kiosk, err = a.AddKiosk(ctx, central.Enrolment{Name: v.Slug + "-1", Venue: v.Slug})
	if err != nil {
		return err
	}
	return a.kiosk.Save(path)
}

// logins are the broker's users, as central writes them for Mosquitto.
func (a *authority) logins() []login {
	user, password := a.BrokerLogin()
	t := a.kiosk.Topics()
	up := fmt.Sprintf("nd/1/%s/k/%s/up/#", t.Authority, t.Kiosk)
	return []login{
		{user: user, password: password},
		{user: a.kiosk.Broker.User, password: a.kiosk.Broker.Password, read: t.Filters(), write: []string{up}},
	}
}

// serve answers the kiosk through the broker until ctx is done.
func (a *authority) serve(ctx context.Context, at string, breaks string, log *slog.Logger) error {
	b := receiver.Broker{URL: "mqtt://" + at}
	b.User, b.Password = a.BrokerLogin()
	var desk receiver.Desk = a.Central
	if breaks == wrong.AckEarly {
		var err error
		if desk, err = wrong.Forgetful(desk, a.dir, a.kiosk, time.Now); err != nil {
			return err
		}
	}
	r, err := receiver.New(&listener{Desk: desk, central: a.PublicKey(), fed: a.fed}, b, a.Authority(), "central-demo", log)
	if err != nil {
		return err
	}
	return r.Run(ctx)
}

// listener hears when the kiosk has been given the whole of both feeds. It is
// used by the receiver's goroutine alone.
type listener struct {
	receiver.Desk
	central ed25519.PublicKey
	whole   map[contract.Feed]bool
	fed     chan struct{} // closed when both have been given
}

// Handle looks at what central answers to a pull.
func (l *listener) Handle(ctx context.Context, topic string, payload []byte) ([]receiver.Out, error) {
	outs, err := l.Desk.Handle(ctx, topic, payload)
	if len(l.whole) < 2 {
		for _, o := range outs {
			l.hear(o.Payload)
		}
	}
	return outs, err
}

func (l *listener) hear(msg []byte) {
	if kind, err := contract.PeekKind(msg); err != nil || kind != contract.KindChunk {
		return
	}
	c, err := contract.Decode[contract.Chunk](contract.KindChunk, msg, l.central)
	if err != nil || !c.Last {
		return
	}
	if l.whole == nil {
		l.whole = map[contract.Feed]bool{}
	}
	l.whole[c.Feed] = true
	if len(l.whole) == 2 {
		close(l.fed)
	}
}

// reread opens central's database afresh, to read it and nothing else.
func reread(ctx context.Context, dir string) (*central.Central, error) {
	return central.Open(ctx, filepath.Join(dir, "central"), central.Options{Now: time.Now})
}
