package uplink

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

var ada = circ.Borrower{Card: "21221012345671", Key: circ.CardKey{1}}

const adasPIN = "4711"

// inquiry is a room where questions are asked: what central got, and how it answers.
type inquiry struct {
	*Uplink
	t      *testing.T
	p      *pipe
	unseal contract.UnsealKey
	log    bytes.Buffer
	asked  []contract.Ask     // guarded by the pipe's lock, as what follows is
	answer func(contract.Ask) // called with the lock held; nil: silence
	end    func() error
}

func inquire(t *testing.T) *inquiry {
	u, _, p := room(0)
	unseal, seal, err := contract.NewSealKeys()
	if err != nil {
		t.Fatal(err)
	}
	q := &inquiry{Uplink: u, t: t, p: p, unseal: unseal}
	u.cfg.Credential.SealKey = seal
	u.cfg.Log = slog.New(slog.NewTextHandler(&q.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p.central.asked = func(a contract.Ask) {
		q.asked = append(q.asked, a)
		if q.answer != nil {
			q.answer(a)
		}
	}
	q.end = converse(t, u, p)
	return q
}

// answers says what central does about questions from now on.
func (q *inquiry) answers(do func(contract.Ask)) {
	q.p.mu.Lock()
	defer q.p.mu.Unlock()
	q.answer = do
}

// questions are what central has got.
func (q *inquiry) questions() []contract.Ask {
	q.p.mu.Lock()
	defer q.p.mu.Unlock()
	return slices.Clone(q.asked)
}

// close ends the conversation and looks for secrets in the log.
func (q *inquiry) close() {
	q.t.Helper()
	if err := q.end(); err != nil {
		q.t.Error(err)
	}
	if s := q.log.String(); strings.Contains(s, adasPIN) || strings.Contains(s, string(ada.Card)) {
		q.t.Errorf("the log tells a secret: %s", s)
	}
}

// says answers a question.
func (q *inquiry) says(a contract.Ask, r contract.Result) {
	send(q.p.central, own.Answer(), contract.KindAnswer, contract.Answer{
		Statement: q.p.central.says(contract.KindAnswer, own.Kiosk), ID: a.ID, Result: r,
	})
}

func (q *inquiry) ask() (contract.Answer, error) {
	return q.Ask(q.t.Context(), q.cfg.Now(), ada, adasPIN)
}

func (q *inquiry) refused(reason string) uint64 { return q.Refused()["dn/answer: "+reason] }

func TestAskAndAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := inquire(t)
		defer q.close()
		q.answers(func(a contract.Ask) {
			card, pin, err := contract.UnsealAsk(q.unseal, own.Kiosk, a.ID, a.Who)
			if err != nil || card != ada.Card || pin != adasPIN {
				t.Errorf("central reads another question: %v", err)
			}
			q.says(a, contract.AskWrong)
		})
		a, err := q.ask()
		if err != nil || a.Result != contract.AskWrong || a.ID != q.questions()[0].ID {
			t.Errorf("got %+v, %v", a, err)
		}
		q.answers(func(a contract.Ask) { q.says(a, contract.AskOK) })
		if a, err := q.ask(); err != nil || a.Result != contract.AskOK {
			t.Errorf("got %+v, %v", a, err)
		}
		if got := q.questions(); len(got) != 2 || got[0].ID == got[1].ID {
			t.Errorf("central heard %d questions, want two with ids of their own", len(got))
		}
	})
}

// A question's times are central's, whatever the kiosk's clock says.
func TestAskByCentralsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := inquire(t)
		defer q.close()
		q.answers(func(a contract.Ask) { q.says(a, contract.AskOK) })
		right := q.cfg.Now
		q.cfg.Now = func() circ.Moment {
			m := right()
			m.Wall, m.Quality = m.Wall.AddDate(-1, 0, 0), circ.Unknown
			return m
		}
		time.Sleep(20 * time.Second)
		if _, err := q.ask(); err != nil {
			t.Fatal(err)
		}
		got := q.questions()[0]
		if off := time.Since(got.Sent).Abs(); off > time.Second {
			t.Errorf("sent %v from central's time", off)
		}
		if life := got.Expires.Sub(got.Sent); life != contract.AskFor {
			t.Errorf("it lives for %v", life)
		}
	})
}

// Silence ends after 8 s. Meanwhile the same bytes are said again, for the
// first may have been lost.
func TestAskIntoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := inquire(t)
		defer q.close()
		began := time.Now()
		_, err := q.ask()
		if !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "central did not answer") {
			t.Errorf("got %v, want %v", err, ErrNoAnswer)
		}
		if took := time.Since(began); took != contract.AskFor {
			t.Errorf("it took %v", took)
		}
		if got := q.questions(); len(got) != 4 || got[0].ID != got[3].ID || !bytes.Equal(got[0].Who, got[3].Who) {
			t.Errorf("central heard %d questions, want one, four times", len(got))
		}
		time.Sleep(time.Minute)
		if len(q.questions()) != 4 {
			t.Error("it is said although nobody waits any more")
		}
		q.answers(func(a contract.Ask) {
			if len(q.asked) == 6 { // the first got lost
				q.says(a, contract.AskOK)
			}
		})
		if a, err := q.ask(); err != nil || a.Result != contract.AskOK {
			t.Errorf("got %+v, %v", a, err)
		}
	})
}

// The visit ends while its question is under way. What comes then reaches
// nobody, and is no answer to the next visit's question.
func TestLateAndRepeatedAnswersAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := inquire(t)
		defer q.close()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := q.Ask(ctx, q.cfg.Now(), ada, adasPIN); !errors.Is(err, ErrNoAnswer) {
			t.Fatalf("got %v", err)
		}
		old := q.questions()[0]
		q.p.mu.Lock()
		q.says(old, contract.AskOK)
		q.p.mu.Unlock()
		synctest.Wait()
		if q.refused("late") != 1 {
			t.Errorf("refused: %v", q.Refused())
		}
		q.answers(func(a contract.Ask) {
			q.says(old, contract.AskOK) // again, while somebody waits for another
			q.says(a, contract.AskWrong)
			q.says(a, contract.AskOK) // a second answer to one question
		})
		if a, err := q.ask(); err != nil || a.Result != contract.AskWrong {
			t.Errorf("got %+v, %v", a, err)
		}
		synctest.Wait()
		if q.refused("late") != 3 {
			t.Errorf("refused: %v", q.Refused())
		}
	})
}

func TestForgedAnswersAreRefused(t *testing.T) {
	for reason, forge := range map[string]func(*contract.Answer) (ed25519.PrivateKey, string){
		"signature": func(*contract.Answer) (ed25519.PrivateKey, string) { return strangeKey, own.Answer() },
		"audience": func(a *contract.Answer) (ed25519.PrivateKey, string) {
			a.Audience = "kiosk-2"
			return centralKey, own.Answer()
		},
		"expired": func(a *contract.Answer) (ed25519.PrivateKey, string) {
			a.Issued, a.Expires = a.Issued.Add(-time.Hour), a.Expires.Add(-time.Hour)
			return centralKey, own.Answer()
		},
	} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := inquire(t)
				defer q.close()
				q.answers(func(ask contract.Ask) {
					a := contract.Answer{Statement: q.p.central.says(contract.KindAnswer, own.Kiosk), ID: ask.ID, Result: contract.AskOK}
					key, topic := forge(&a)
					q.p.central.tell(Message{Topic: topic, Payload: must(contract.Encode(contract.KindAnswer, a, key))})
				})
				if a, err := q.ask(); !errors.Is(err, ErrNoAnswer) {
					t.Errorf("got %+v, %v", a, err)
				}
				if q.refused(reason) == 0 {
					t.Errorf("refused: %v", q.Refused())
				}
			})
		})
	}
}

func TestNothingIsAskedWhileCentralIsNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := inquire(t)
		defer q.close()
		q.p.lose(func(_ contract.Kind, up bool) bool { return !up })
		time.Sleep(2 * time.Minute)
		began := time.Now()
		if _, err := q.ask(); !errors.Is(err, ErrNoAnswer) || time.Since(began) != 0 {
			t.Errorf("got %v after %v, want it at once", err, time.Since(began))
		}
		if len(q.questions()) != 0 {
			t.Error("a PIN was sent to nobody")
		}
		if _, err := q.Ask(t.Context(), q.cfg.Now(), ada, "47"); err == nil {
			t.Error("half a PIN is no error")
		}
	})
}

// The link breaks under a question. The next session says it again.
func TestAskOverABrokenLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := inquire(t)
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			if a, err := q.ask(); err != nil || a.Result != contract.AskOK {
				t.Errorf("got %+v, %v", a, err)
			}
		}()
		time.Sleep(500 * time.Millisecond)
		if err := q.end(); err != nil {
			t.Error(err)
		}
		time.Sleep(1500 * time.Millisecond)
		q.answers(func(a contract.Ask) { q.says(a, contract.AskOK) })
		q.end = converse(t, q.Uplink, q.p)
		<-answered
		if got := q.questions(); len(got) != 2 || got[0].ID != got[1].ID {
			t.Errorf("central heard %d questions, want one, twice", len(got))
		}
		q.close()
	})
}

// Two ask at once: the second waits, and both get their own answer.
func TestQuestionsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := inquire(t)
		defer q.close()
		q.answers(func(a contract.Ask) {
			go func() {
				time.Sleep(time.Second)
				q.p.mu.Lock()
				defer q.p.mu.Unlock()
				q.says(a, contract.AskOK)
			}()
		})
		var all sync.WaitGroup
		var mu sync.Mutex
		var took []time.Duration
		began := time.Now()
		for range 3 {
			all.Go(func() {
				if a, err := q.ask(); err != nil || a.Result != contract.AskOK {
					t.Errorf("got %+v, %v", a, err)
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(began))
			})
		}
		all.Wait()
		slices.Sort(took)
		if !slices.Equal(took, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}) {
			t.Errorf("they took %v", took)
		}
		time.Sleep(2 * time.Second) // for the goroutines
	})
}
