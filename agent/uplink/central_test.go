package uplink

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// central is the other end, as far as a kiosk can tell: it stores what it
// gets, answers as the contract says, and can be told to misbehave.
type central struct {
	now    func() time.Time
	birth  uuid.UUID
	key    ed25519.PrivateKey
	epoch  circ.Epoch
	stored []json.RawMessage
	gen    uint64
	rows   map[contract.Feed][]string // the version of a row is its place, from 1
	page   int                        // rows in a chunk

	said  []string                               // what kiosks said, in words
	drop  func(kind contract.Kind, up bool) bool // which messages get lost
	order contract.Order                         // said in every ack
	tell  func(Message)                          // sends a message towards the kiosk
	folds *contract.Folded
	asked func(contract.Ask) // hears a question

	answers func(contract.Hello, *contract.Ack) // what an ack says of the hello it answers; nil: nothing
	hi      *contract.Hello                     // being answered
}

func newCentral(now func() time.Time) *central {
	return &central{
		now: now, birth: uuid.New(), key: centralKey, gen: 1, page: 2, rows: map[contract.Feed][]string{},
		drop: func(contract.Kind, bool) bool { return false },
	}
}

func (c *central) says(kind contract.Kind, audience string) contract.Statement {
	return contract.Statement{V: 1, Audience: audience, Type: kind, Issued: c.now(), Expires: c.now().Add(10 * time.Minute), Birth: c.birth}
}

func (c *central) version(f contract.Feed) circ.FeedVersion {
	if len(c.rows[f]) == 0 {
		return circ.FeedVersion{}
	}
	return circ.FeedVersion{Generation: c.gen, Version: uint64(len(c.rows[f]))}
}

func send[T any](c *central, topic string, kind contract.Kind, v T) {
	msg, err := contract.Encode(kind, v, c.key)
	if err != nil {
		panic(err)
	}
	if !c.drop(kind, false) {
		c.tell(Message{Topic: topic, Payload: msg})
	}
}

// hear takes what a kiosk published.
func (c *central) hear(_ context.Context, topic string, msg []byte) {
	kind, err := contract.PeekKind(msg)
	if err != nil {
		panic(err)
	}
	if c.drop(kind, true) {
		c.said = append(c.said, string(kind)+" lost")
		return
	}
	switch kind {
	case contract.KindHello:
		h := must(contract.Decode[contract.Hello](kind, msg, kioskKey.Public().(ed25519.PublicKey)))
		c.said = append(c.said, fmt.Sprintf("hello %d-%d", h.First, h.Last))
		c.hello(h)
	case contract.KindBatch:
		b := must(contract.Decode[contract.Batch](kind, msg, kioskKey.Public().(ed25519.PublicKey)))
		c.said = append(c.said, fmt.Sprintf("batch %d-%d", b.From, b.To))
		c.batch(b)
	case contract.KindPull:
		p := must(contract.Decode[contract.Pull](kind, msg, kioskKey.Public().(ed25519.PublicKey)))
		c.said = append(c.said, fmt.Sprintf("pull %s from %d at %q", p.Feed, p.Have.Version, p.Cursor))
		c.pull(p)
	case contract.KindStatus:
		s := must(contract.Decode[contract.Status](kind, msg, kioskKey.Public().(ed25519.PublicKey)))
		c.said = append(c.said, fmt.Sprintf("online %v", s.Online))
	case contract.KindAsk:
		c.said = append(c.said, "ask")
		if c.asked != nil {
			c.asked(must(contract.Decode[contract.Ask](kind, msg, kioskKey.Public().(ed25519.PublicKey))))
		}
	default:
		c.said = append(c.said, string(kind))
	}
	if t, err := contract.ParseTopic(topic); err != nil || t.Kiosk != own.Kiosk {
		panic("published on " + topic)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (c *central) hashAt(n uint64) contract.Hash {
	return contract.Hash{}.Walk(1, contract.Batch{Events: c.stored[:n]}.Raw())
}

func (c *central) ack(epoch circ.Epoch, edit func(*contract.Ack)) {
	n := uint64(len(c.stored))
	a := contract.Ack{
		Statement: c.says(contract.KindAck, own.Kiosk), Kiosk: own.Kiosk, Epoch: epoch, Through: n, Hash: c.hashAt(n),
		Items: c.version(contract.FeedItems), Own: c.version(contract.FeedOwn), Order: c.order,
	}
	if edit != nil {
		edit(&a)
	}
	if c.hi != nil && c.answers != nil {
		c.answers(*c.hi, &a)
	}
	send(c, own.Ak(), contract.KindAck, a)
}

func differs(a *contract.Ack) { a.Through, a.Hash, a.Order = 0, contract.Hash{}, contract.NewEpoch }

func (c *central) hello(h contract.Hello) {
	c.hi = &h
	defer func() { c.hi = nil }()
	c.enter(h.Epoch)
	n := uint64(len(c.stored))
	switch {
	case h.Last < n || h.Last == n && h.Hash != c.hashAt(n):
		c.ack(h.Epoch, differs)
	case h.Acked > n && h.First <= n+1:
		c.ack(h.Epoch, func(a *contract.Ack) { a.Need = &contract.Range{From: n + 1, To: h.Last} })
	default:
		c.ack(h.Epoch, nil)
	}
}

func (c *central) enter(epoch circ.Epoch) {
	if epoch != c.epoch {
		c.epoch, c.stored = epoch, nil
	}
}

func (c *central) batch(b contract.Batch) {
	c.enter(b.Epoch)
	n := uint64(len(c.stored))
	switch {
	case b.From > n+1:
		c.ack(b.Epoch, func(a *contract.Ack) { a.Need = &contract.Range{From: n + 1, To: b.From - 1} })
		return
	case c.hashAt(b.From-1) != b.Prev:
		c.ack(b.Epoch, differs)
		return
	}
	for i, e := range b.Events {
		at := b.From - 1 + uint64(i)
		if at < n && string(c.stored[at]) != string(e) {
			c.ack(b.Epoch, differs)
			return
		}
		if at >= n {
			c.stored = append(c.stored, e)
		}
	}
	c.ack(b.Epoch, nil)
}

// pull answers with a page of rows.
func (c *central) pull(p contract.Pull) {
	ch := contract.Chunk{
		Statement: c.says(contract.KindChunk, own.Kiosk), Feed: p.Feed, From: p.Have, To: c.version(p.Feed), After: p.Cursor, Rows: []contract.Row{},
	}
	rows := c.rows[p.Feed]
	at := int(p.Have.Version)
	if p.Have.Generation != c.gen {
		ch.Reset, ch.From, at = true, circ.FeedVersion{}, 0
	}
	if p.Cursor != "" {
		at = must(strconv.Atoi(p.Cursor))
		ch.To = p.To
	}
	end := min(at+c.page, int(ch.To.Version))
	for i := at; i < end; i++ {
		ch.Rows = append(ch.Rows, contract.Row{Kind: contract.RowItem, Key: rows[i], Ver: uint64(i + 1)})
	}
	if ch.Last = end == int(ch.To.Version); !ch.Last {
		ch.Cursor = strconv.Itoa(end)
	} else if p.Feed == contract.FeedOwn {
		ch.Folded = c.folds
	}
	send(c, own.Dt(), contract.KindChunk, ch)
}

func (c *central) head(edit func(*contract.Head)) {
	h := contract.Head{
		Statement: c.says(contract.KindHead, contract.ShardAudience(own.Shard)), Shard: own.Shard,
		Items: c.version(contract.FeedItems), Own: c.version(contract.FeedOwn),
	}
	if edit != nil {
		edit(&h)
	}
	send(c, own.ShardHd(), contract.KindHead, h)
}

// change adds a row, and tells the shard of it if it is an item.
func (c *central) change(f contract.Feed, key string) {
	from := c.version(f)
	c.rows[f] = append(c.rows[f], key)
	if f == contract.FeedItems && from.Version > 0 {
		send(c, own.ShardDt(), contract.KindChunk, contract.Chunk{
			Statement: c.says(contract.KindChunk, contract.ShardAudience(own.Shard)), Feed: f, From: from, To: c.version(f), Last: true,
			Rows: []contract.Row{{Kind: contract.RowItem, Key: key, Ver: c.version(f).Version}},
		})
	}
	c.head(nil)
}
