// Package ioerror lets the disk fail: one operation of SQLite after another, in
// each of the ways in which disks fail, once or until somebody mends it. What
// was answered with yes must be there, what was tried again must not be there
// twice, and all works again when the disk does.
package ioerror

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/mattn/go-sqlite3"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/central"
)

const (
	kiosk                = "syston-1"
	ada      circ.Card   = "21221012345671"
	novel    circ.ItemID = "31221012345601"
	set      circ.ItemID = "31221012345602"
	magazine circ.ItemID = "31221012345603" // without a tag
)

var (
	opened = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	boot   = uuid.UUID{7}
	visit  = circ.Visit{8}
)

// moment is so long after the library opened.
func moment(after time.Duration) circ.Moment {
	return circ.Moment{Wall: opened.Add(after), Mono: time.Minute + after, Boot: boot, Quality: circ.Synced}
}

// tape is what kiosk and central said to each other while no disk failed.
type tape struct {
	cred    contract.Credential
	central string // a folder with central as it was before
	said    []message
	chunks  []contract.Chunk
	facts   circ.Facts // of ada and all items
}

// message is one of the kiosk's.
type message struct {
	topic   string
	payload []byte
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// copyDir copies central's folder; its keys are nobody else's to read.
func copyDir(from, to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		body, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), body, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return err
}

// record has a kiosk and a central talk, and keeps what they say.
func record(t *testing.T) *tape {
	t.Helper()
	ctx := context.Background()
	p := &tape{central: filepath.Join(t.TempDir(), "central")}
	p.found(t)
	dir := t.TempDir()
	must(t, copyDir(p.central, filepath.Join(dir, "central")))
	c, err := p.openCentral(filepath.Join(dir, "central"))
	must(t, err)
	defer c.Close()
	l, err := ledger.Open(ctx, filepath.Join(dir, "ledger.db"), p.options())
	must(t, err)
	defer l.Close()
	ch, err := cache.Open(ctx, filepath.Join(dir, "cache.db"))
	must(t, err)
	defer ch.Close()
	u := uplink.New(uplink.Config{Credential: p.cred, Now: func() circ.Moment { return moment(0) }}, l, feeds{ch, p})
	must(t, p.talk(u, c))
	p.facts, err = ch.Facts(ctx, moment(0), p.cred.CardKey, p.ada(), []circ.ItemID{novel, set, magazine})
	must(t, err)
	_, steps := script(p, l)
	for _, s := range steps {
		must(t, s.do())
	}
	must(t, p.talk(u, c))
	return p
}

func (p *tape) options() ledger.Options {
	return ledger.Options{Kiosk: p.cred.Kiosk, Seal: p.cred.SealKey, Reserve: 4096}
}

func (p *tape) ada() circ.Borrower {
	return circ.Borrower{Card: ada, Key: contract.CardKey(p.cred.CardKey, ada)}
}

func (p *tape) openCentral(dir string) (*central.Central, error) {
	return central.Open(context.Background(), dir, central.Options{Now: func() time.Time { return opened }, Serving: true})
}

func (p *tape) found(t *testing.T) {
	ctx := context.Background()
	must(t, central.Create(ctx, p.central, "leics", opened))
	c, err := p.openCentral(p.central)
	must(t, err)
	data := t.TempDir()
	for name, text := range map[string]string{
		"items.csv": "item,title,class,owner,parts,age,not_for_loan\n" + string(novel) + ",Middlemarch,book,,,,\n" +
			string(set) + ",Under Milk Wood,book,,Disc 1;Disc 2,,\n" + string(magazine) + ",Private Eye,book,,,,\n",
		"borrowers.csv": "card,category,blocked,expires,age_band,messages\n" + string(ada) + ",adult,,,18,\n",
		"policy.toml": "[default]\nversion = \"r1\"\nvenue = \"Syston\"\ntimezone = \"Europe/London\"\n" +
			"[default.classes.book]\ndays = 21\nrenewals = 5\n[default.categories.adult]\nlimit = 24\n[default.unknown]\nissue_item = false\n",
		"calendar.toml": "[default]\n",
	} {
		must(t, os.WriteFile(filepath.Join(data, name), []byte(text), 0o600))
	}
	_, err = c.ImportFrom(ctx, data)
	must(t, err)
	p.cred, err = c.AddKiosk(ctx, central.Enrolment{Name: kiosk, Venue: "syston", BrokerURL: "mqtt://127.0.0.1:1883"})
	must(t, errors.Join(err, c.Close()))
}

// feeds is the cache, and what it is given.
type feeds struct {
	*cache.Cache
	p *tape
}

func (f feeds) Apply(ctx context.Context, c contract.Chunk) (*contract.Pull, error) {
	f.p.chunks = append(f.p.chunks, c)
	return f.Cache.Apply(ctx, c)
}

// link reaches central at once, and keeps what is said.
type link struct {
	p  *tape
	c  *central.Central
	in chan uplink.Message
}

func (l link) Messages() <-chan uplink.Message { return l.in }
func (l link) Done() <-chan struct{}           { return nil }
func (l link) Err() error                      { return nil }

func (l link) Publish(ctx context.Context, topic string, _ byte, _ bool, payload []byte) error {
	l.p.said = append(l.p.said, message{topic, payload})
	outs, err := l.c.Handle(ctx, topic, payload)
	for _, o := range outs {
		l.in <- uplink.Message{Topic: o.Topic, Payload: o.Payload}
	}
	return err
}

func (p *tape) talk(u *uplink.Uplink, c *central.Central) error {
	ctx := context.Background()
	l := link{p, c, make(chan uplink.Message, 64)}
	talk, err := u.Conversation(l)
	if err == nil {
		err = talk.Open(ctx)
	}
	for err == nil && len(l.in) > 0 {
		err = talk.Handle(ctx, <-l.in)
	}
	return err
}
