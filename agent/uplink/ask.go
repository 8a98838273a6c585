package uplink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// ErrNoAnswer says that central is silent: it has not been heard lately, or
// nothing came in time. The offline rule decides then (design D7).
var ErrNoAnswer = errors.New("central did not answer")

// errLate marks an answer to no question that anybody waits for: it came too
// late, it came before, or it was never asked for.
var errLate = errors.New("nobody waits for this answer")

// askAgain is when a question is said again: a broker says that it has a
// message and loses it all the same (design D3). Central looks once.
const askAgain = 2500 * time.Millisecond

// question is one question on its way.
type question struct {
	id     uuid.UUID
	msg    []byte
	answer chan contract.Answer // one place, for the one answer
}

// Ask puts the one question to central: is this PIN this card's? It waits for
// the answer with its own id until ctx is done, and for contract.AskFor at
// most; answers to older questions are dropped. One question is asked at a
// time, and another waits for its turn. Card and PIN are sealed before anything
// else is done with them. ErrNoAnswer if central is not heard, or too late.
func (u *Uplink) Ask(ctx context.Context, at circ.Moment, who circ.Borrower, pin string) (contract.Answer, error) {
	a, err := u.ask(ctx, at, who, pin)
	if err != nil {
		return contract.Answer{}, fmt.Errorf("ask about a card: %w", err)
	}
	return a, nil
}

func (u *Uplink) ask(ctx context.Context, at circ.Moment, who circ.Borrower, pin string) (contract.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, contract.AskFor)
	defer cancel()
	q, err := u.question(at, who, pin)
	if err != nil {
		return contract.Answer{}, err
	}
	select {
	case u.asking <- struct{}{}:
		defer func() { <-u.asking }()
	case <-ctx.Done():
		return contract.Answer{}, ErrNoAnswer
	}
	u.wait(q)
	defer u.wait(nil)
	nudge(u.asks)
	select {
	case a := <-q.answer:
		return a, nil
	case <-ctx.Done():
		return contract.Answer{}, ErrNoAnswer
	}
}

// question seals and signs. Its times are by central's clock, as far as it has
// been heard: the kiosk's own may be wrong (design D9).
func (u *Uplink) question(at circ.Moment, who circ.Borrower, pin string) (*question, error) {
	if !u.Online(at) {
		return nil, ErrNoAnswer
	}
	heard, since, _ := u.Heard()
	sent := heard.Add(at.Mono - since).UTC().Truncate(time.Millisecond)
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, err
	}
	sealed, err := contract.SealAsk(u.cfg.Credential.SealKey, u.topics.Kiosk, id, who.Card, pin)
	if err != nil {
		return nil, err
	}
	msg, err := contract.Encode(contract.KindAsk, contract.Ask{
		V: contract.Version, Kiosk: u.topics.Kiosk, ID: id, Who: sealed, Sent: sent, Expires: sent.Add(contract.AskFor),
	}, u.key)
	return &question{id: id, msg: msg, answer: make(chan contract.Answer, 1)}, err
}

// wait makes a question the one that is waited for; nil: none is.
func (u *Uplink) wait(q *question) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked = q
}

// waiting is the question that is waited for, or nil.
func (u *Uplink) waiting() *question {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked
}

// deliver hands an answer to whoever waits for it, once.
func (u *Uplink) deliver(a contract.Answer) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.asked == nil || u.asked.id != a.ID {
		return false
	}
	u.asked.answer <- a
	u.asked = nil
	return true
}

// Asked says the question that is waited for, if there is one.
func (c *Conversation) Asked(ctx context.Context) error {
	q := c.u.waiting()
	if q == nil {
		c.ask.stop()
		return nil
	}
	c.ask.set(c.now() + askAgain)
	return c.send(ctx, c.u.topics.Ask(), 1, false, contract.KindAsk, q.msg)
}

// answered takes central's answer.
func (c *Conversation) answered(_ context.Context, a contract.Answer) error {
	if !c.u.deliver(a) {
		c.u.refuse("dn/answer", errLate)
	}
	return nil
}
