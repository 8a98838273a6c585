package uplink

import (
	"context"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// feed is how far one of the two feeds has come.
type feed struct {
	have circ.FeedVersion // in the cache
	head circ.FeedVersion // at central, as far as heard
	ask  contract.Pull    // the pull that was sent last
	due  alarm            // when to pull, or to pull again
	try  int
}

// versions reads what the cache holds.
func (c *Conversation) versions(ctx context.Context) {
	items, own, err := c.u.feeds.Versions(ctx)
	if err != nil {
		c.u.trouble(err)
		return
	}
	c.feeds[contract.FeedItems].have, c.feeds[contract.FeedOwn].have = items, own
}

// head takes the shard's word on where the feeds stand.
func (c *Conversation) head(ctx context.Context, h contract.Head) error {
	if h.Shard != c.u.topics.Shard {
		c.u.refuse("b/hd", contract.ErrAudience)
		return nil
	}
	if h.Items.Before(c.feeds[contract.FeedItems].head) || h.Own.Before(c.feeds[contract.FeedOwn].head) {
		c.u.refuse("b/hd", errBack)
		return nil
	}
	return c.heads(ctx, h.Items, h.Own, h.Issued, headPause)
}

// heads notes where central's feeds stand, and pulls what the cache lacks, or
// tells the cache that it lacks nothing. All kiosks of a shard hear a head at
// once; the pause spreads their pulls, and lets one pull do for several changes.
func (c *Conversation) heads(ctx context.Context, items, own circ.FeedVersion, issued time.Time, pause time.Duration) error {
	if c.now()-c.noted >= noteEvery {
		c.versions(ctx) // a damaged cache is begun anew while we talk
	}
	for _, news := range []struct {
		feed contract.Feed
		head circ.FeedVersion
	}{{contract.FeedOwn, own}, {contract.FeedItems, items}} {
		f := c.feeds[news.feed]
		if f.head.Before(news.head) {
			f.head = news.head
		}
		if err := c.catchUp(ctx, news.feed, pause); err != nil {
			return err
		}
	}
	now := c.now()
	if c.feeds[contract.FeedItems].have != items || c.feeds[contract.FeedOwn].have != own || now-c.noted < noteEvery {
		return nil
	}
	c.noted = now
	if err := c.u.feeds.Confirm(ctx, items, own, issued); err != nil {
		c.u.trouble(err)
	}
	return nil
}

// catchUp pulls a feed that is behind, unless a pull is under way.
func (c *Conversation) catchUp(ctx context.Context, name contract.Feed, pause time.Duration) error {
	f := c.feeds[name]
	if f.due.on || !f.have.Before(f.head) {
		return nil
	}
	if pause > 0 {
		f.due.set(c.now() + jitter(pause))
		return nil
	}
	return c.pull(ctx, name)
}

// pull asks for one chunk, from where the cache stands.
func (c *Conversation) pull(ctx context.Context, name contract.Feed) error {
	f := c.feeds[name]
	f.due.set(c.now() + patience(c.u.cfg.AckTimeout, mostPatience, f.try))
	f.try++
	ask, err := c.u.feeds.Want(ctx, name)
	if err != nil {
		c.u.trouble(err)
		return nil
	}
	ask.V, ask.Kiosk = contract.Version, c.u.topics.Kiosk
	f.ask = ask
	return publish(ctx, c, c.u.topics.Hi(), 1, false, contract.KindPull, ask)
}

// broadcast takes a change of items that the whole shard hears.
func (c *Conversation) broadcast(ctx context.Context, chunk contract.Chunk) error {
	if chunk.Feed != contract.FeedItems || chunk.Reset {
		c.u.refuse("b/dt", fmt.Errorf("%w: only changes of items are for a shard", contract.ErrMalformed))
		return nil
	}
	return c.take(ctx, chunk, "b/dt")
}

// chunk takes an answer to a pull.
func (c *Conversation) chunk(ctx context.Context, chunk contract.Chunk) error {
	return c.take(ctx, chunk, "dn/dt")
}

// take gives a chunk to the cache, which passes over what it has had already,
// and asks for the next one. Until an answer brings the feed on, the pull in
// flight stays as it is and is repeated with patience.
func (c *Conversation) take(ctx context.Context, chunk contract.Chunk, channel string) error {
	f := c.feeds[chunk.Feed]
	if f == nil {
		c.u.refuse(channel, fmt.Errorf("%w: feed %q", contract.ErrMalformed, chunk.Feed))
		return nil
	}
	next, err := c.u.feeds.Apply(ctx, chunk)
	if err != nil {
		c.u.refuse(channel, fmt.Errorf("%w: %w", errRefuse, err))
		return nil
	}
	had := f.have
	c.versions(ctx)
	if f.have != had {
		nudge(c.u.changed)
	}
	if err := c.fold(ctx, chunk); err != nil {
		return err
	}
	if f.head.Before(chunk.To) {
		f.head = chunk.To
	}
	return c.carryOn(ctx, chunk.Feed, next, f.have != had)
}

// fold tells the outbox which events the cache contains by now.
func (c *Conversation) fold(ctx context.Context, chunk contract.Chunk) error {
	if chunk.Folded == nil || !chunk.Last || c.feeds[chunk.Feed].have != chunk.To {
		return nil
	}
	return c.u.out.Fold(ctx, chunk.Folded.Epoch, chunk.Folded.N)
}

// carryOn pulls what follows a chunk that brought the feed on.
func (c *Conversation) carryOn(ctx context.Context, name contract.Feed, next *contract.Pull, moved bool) error {
	f := c.feeds[name]
	if next != nil {
		next.V, next.Kiosk = contract.Version, c.u.topics.Kiosk
		if f.due.on && *next == f.ask {
			return nil
		}
		f.try = 0
		return c.pull(ctx, name)
	}
	if moved || !f.have.Before(f.head) {
		f.try = 0
		f.due.stop()
	}
	return c.catchUp(ctx, name, 0)
}
