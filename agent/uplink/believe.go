package uplink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Why a message with a good signature is not taken.
var (
	errBack   = errors.New("the message goes back in version")
	errTopic  = errors.New("the message came on another topic than it belongs to")
	errKept   = errors.New("the broker has kept a message where nothing is kept")
	errRefuse = errors.New("the cache refuses the chunk")
)

// refusal counts the messages refused for one reason.
type refusal struct {
	count  uint64
	logged time.Duration // circ.Moment.Mono of the last line about it
}

// statement is what every message of central can say of itself.
type statement interface{ Said() contract.Statement }

// believe opens a message of central: its signature, its audience, its kind
// and its expiry are good, or it is an error.
func believe[T statement](u *Uplink, kind contract.Kind, audience string, m Message) (T, error) {
	v, err := contract.Decode[T](kind, m.Payload, u.central)
	if err != nil {
		return v, err
	}
	return v, v.Said().Check(kind, audience, u.wall())
}

// listen notes a signed word: how late it must be at least, and, if the broker
// cannot have kept it, that central is there.
func (u *Uplink) listen(ctx context.Context, said contract.Statement, kept bool) {
	now := u.cfg.Now()
	save := u.raise(now, said.Issued)
	if !kept {
		u.hear(now, said.Issued)
	}
	if !save {
		return
	}
	if err := u.feeds.RaiseFloor(ctx, said.Issued); err != nil {
		u.trouble(err)
	}
}

// raise moves the floor, and says whether the cache should be told. A clock
// that is kept right and that central is far ahead of is believed more than
// central; one that only has a battery may be years late.
func (u *Uplink) raise(now circ.Moment, issued time.Time) (save bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Quality == circ.Synced && issued.After(now.Wall.Add(farFuture)) || !u.floor.Before(issued) {
		return false
	}
	u.floor = issued
	if issued.Sub(u.saved) < noteEvery {
		return false
	}
	u.saved = issued
	return true
}

// hear notes a word that is newer than all before it; a repeated one proves nothing.
func (u *Uplink) hear(now circ.Moment, issued time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.heard.ever && !issued.After(u.heard.issued) {
		return
	}
	if !u.heard.ever || now.Mono-u.heard.at >= onlineFor {
		nudge(u.changed)
	}
	u.heard = word{ever: true, at: now.Mono, issued: issued}
	if u.lapse == nil {
		u.lapse = time.AfterFunc(onlineFor, func() { nudge(u.changed) })
		return
	}
	u.lapse.Reset(onlineFor)
}

// silence is how long central has not been heard.
func (u *Uplink) silence(now circ.Moment) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.heard.ever {
		return onlineFor
	}
	return now.Mono - u.heard.at
}

// unwanted counts a message that cannot be central's whatever is in it: on a
// topic that is none of this kiosk's, or kept by the broker where nothing is
// kept. Thousands of those can lie there, and come all at once.
func (u *Uplink) unwanted(m Message) bool {
	t, err := contract.ParseTopic(m.Topic)
	if err != nil || !u.mine(t) {
		u.refuse("another topic", errTopic)
		return true
	}
	if m.Retained && !slices.ContainsFunc(contract.Channels(), func(c contract.Channel) bool { return c.Retain && c.Name == t.Channel }) {
		u.refuse(t.Channel, errKept)
		return true
	}
	return false
}

// mine says whether a topic is this kiosk's or its shard's.
func (u *Uplink) mine(t contract.Topic) bool {
	return t.Authority == u.topics.Authority && (t.Kiosk == u.topics.Kiosk || t.Shard == u.topics.Shard && t.Kiosk == "")
}

// refuse counts a message that is not believed, and logs the first of its
// sort; what a stranger can cause by the thousand must not fill the log.
func (u *Uplink) refuse(channel string, err error) {
	if count, say := u.count(channel + ": " + reasonOf(err)); say {
		u.cfg.Log.Warn("a message is not believed", "channel", channel, "err", err, "count", count)
	}
}

// trouble counts a failure of the cache. Events go on draining without it;
// whoever reads facts from the cache learns of it there.
func (u *Uplink) trouble(err error) {
	if count, say := u.count("cache: trouble"); say {
		u.cfg.Log.Error("the cache does not take what central says", "err", err, "count", count)
	}
}

// count adds one to a reason, and says whether the log should hear of it again.
func (u *Uplink) count(reason string) (count uint64, say bool) {
	now := u.cfg.Now().Mono
	u.mu.Lock()
	defer u.mu.Unlock()
	r, known := u.refused[reason]
	if !known {
		r = &refusal{}
		u.refused[reason] = r
	}
	r.count++
	if known && now-r.logged < logEvery {
		return r.count, false
	}
	r.logged = now
	return r.count, true
}

// Refused counts what was not believed, by channel and reason: "dn/ak: unsigned".
func (u *Uplink) Refused() map[string]uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := map[string]uint64{}
	for reason, r := range u.refused {
		out[reason] = r.count
	}
	return out
}

// reasonOf gives an error one of a few names, so that the counts stay few.
func reasonOf(err error) string {
	for _, known := range []struct {
		err  error
		name string
	}{
		{contract.ErrUnsigned, "unsigned"},
		{contract.ErrSignature, "signature"},
		{contract.ErrAudience, "audience"},
		{contract.ErrExpired, "expired"},
		{contract.ErrTooLarge, "too-large"},
		{contract.ErrKind, "kind"},
		{errBack, "back"},
		{errLate, "late"},
		{errTopic, "topic"},
		{errKept, "kept"},
		{errRefuse, "cache"},
	} {
		if errors.Is(err, known.err) {
			return known.name
		}
	}
	return "malformed"
}

// publish encodes, signs and sends a message of this kiosk.
func publish[T any](ctx context.Context, c *Conversation, topic string, qos byte, retain bool, kind contract.Kind, v T) error {
	msg, err := contract.Encode(kind, v, c.u.key)
	if err != nil {
		return err
	}
	return c.send(ctx, topic, qos, retain, kind, msg)
}

func (c *Conversation) send(ctx context.Context, topic string, qos byte, retain bool, kind contract.Kind, msg []byte) error {
	if err := c.link.Publish(ctx, topic, qos, retain, msg); err != nil {
		return fmt.Errorf("publish a %s: %w", kind, err)
	}
	return nil
}
