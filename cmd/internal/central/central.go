// Package central is the library authority's side of Nightdesk as one piece:
// it opens the database and the keys of a directory and wires the rooms below
// it together. It does not decide anything itself.
package central

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/catalogue"
	"nightdesk/cmd/internal/central/feeds"
	"nightdesk/cmd/internal/central/inbox"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/central/store"
)

// Out is a message to be published.
type Out = receiver.Out

// Options are what Open needs beside the directory.
type Options struct {
	Now func() time.Time // required
	Log *slog.Logger     // nil: nothing is logged
	// Serving says that kiosks will be answered: what an unclean stop has left
	// is settled and processed first.
	Serving bool
	// Step is called around every commit (store.Options); tests cut the power there.
	Step func(name string) error
}

// Central is an open directory.
type Central struct {
	dir       string
	authority string
	keys      keys
	birth     uuid.UUID // of this run; kiosks say hello to a new one
	now       func() time.Time
	log       *slog.Logger

	store  *store.Store
	inbox  *inbox.Inbox
	record *record.Record
	feeds  *feeds.Feeds
	voice  feeds.Voice

	mu     sync.Mutex
	counts map[string]uint64 // guarded by mu
}

// Create makes a directory for an authority: its keys, readable to nobody
// else, the database, and the broker's files. It is an error if there is one.
func Create(ctx context.Context, dir, authority string, now time.Time) error {
	if err := contract.CheckName("authority", authority); err != nil {
		return err
	}
	if err := createKeys(dir); err != nil {
		return err
	}
	if err := store.Create(ctx, filepath.Join(dir, databaseFile), authority, now); err != nil {
		return err
	}
	c, err := Open(ctx, dir, Options{Now: func() time.Time { return now }})
	if err != nil {
		return err
	}
	return errors.Join(c.writeBroker(ctx), c.Close())
}

// Open opens a directory that Create made.
func Open(ctx context.Context, dir string, o Options) (*Central, error) {
	k, err := loadKeys(dir)
	if err != nil {
		return nil, err
	}
	birth, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("name this run: %w", err)
	}
	s, err := store.Open(ctx, filepath.Join(dir, databaseFile), store.Options{Step: o.Step, Serving: o.Serving})
	if err != nil {
		return nil, err
	}
	c := &Central{
		dir: dir, keys: k, birth: birth, now: o.Now, log: o.Log, store: s,
		voice: feeds.Voice{Key: k.sign, Birth: birth}, counts: map[string]uint64{},
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if err := c.wire(ctx, o.Serving); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return c, nil
}

func (c *Central) wire(ctx context.Context, serving bool) error {
	var err error
	if c.authority, err = c.store.Authority(ctx); err != nil {
		return err
	}
	c.inbox = inbox.New(c.authority, c.store)
	c.record = record.New(c.store, c.keys.unseal)
	c.feeds = feeds.New(c.store, c.voice)
	if serving {
		return c.record.Repair(ctx)
	}
	return nil
}

// Close closes the database.
func (c *Central) Close() error { return c.store.Close() }

// Authority is the authority's name.
func (c *Central) Authority() string { return c.authority }

// PublicKey is what central's messages are checked with.
func (c *Central) PublicKey() ed25519.PublicKey { return c.keys.sign.Public().(ed25519.PublicKey) }

// Run serves kiosks through a broker until ctx is done.
func (c *Central) Run(ctx context.Context, b receiver.Broker) error {
	id := "central-" + c.authority + "-" + c.birth.String()[24:]
	r, err := receiver.New(c, b, c.authority, id, c.log)
	if err != nil {
		return err
	}
	return r.Run(ctx)
}

// Import reads an export's files and brings the record to what they say. A
// fault in any of them changes nothing (catalogue.Problems).
func (c *Central) Import(ctx context.Context, paths ...string) (catalogue.Summary, error) {
	set, err := catalogue.Read(paths)
	if err != nil {
		return nil, err
	}
	if set.PINs != nil { // slow, so before the transaction that nothing else can write beside
		if set.NewPINs, err = c.record.HashPINs(ctx, set.PINs); err != nil {
			return nil, err
		}
	}
	return catalogue.Import(ctx, c.store, set, c.now())
}

// ImportFrom imports whatever known files a directory holds.
func (c *Central) ImportFrom(ctx context.Context, dir string) (catalogue.Summary, error) {
	paths, err := catalogue.Find(dir)
	if err != nil {
		return nil, err
	}
	return c.Import(ctx, paths...)
}

// RestoreGeneration tells the kiosks that the database is an older copy: they
// fetch everything again.
func (c *Central) RestoreGeneration(ctx context.Context) error {
	return c.store.Renew(ctx, c.now())
}

// Backup copies the database into a new file while it is in use.
func (c *Central) Backup(ctx context.Context, path string) error { return c.store.Backup(ctx, path) }

// Counts says how often what happened since Open, by name.
func (c *Central) Counts() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]uint64, len(c.counts))
	for k, n := range c.counts {
		all[k] = n
	}
	return all
}

func (c *Central) count(name string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[name] += uint64(n)
}
