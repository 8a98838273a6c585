package record

import (
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// rightEnough is how far a kiosk's clock may be from what central works out,
// and still be left as it is: a hello's way through the network.
const rightEnough = 2 * time.Second

// moment is when an act was, as well as is known.
type moment struct {
	at       time.Time
	doubtful bool // the kiosk's clock was not to be trusted
	sure     bool // at is worked out, or the kiosk's clock was as good as any
}

// when is the best known time of an act (design D9). In a boot that has said
// hello it is certain: so long after the boot's beginning. In another one it
// is the kiosk's clock; if that is in doubt, the act came at least after the
// kiosk's events before it, and at most when it arrived.
func when(tx Tx, e Event, ev contract.Event) (t moment, err error) {
	t = moment{at: ev.At, doubtful: !ev.Clock.Trusted(), sure: ev.Clock.Trusted()}
	began, known, err := tx.Boot(ev.Boot)
	if err != nil {
		return t, err
	}
	if known && ev.Mono > 0 {
		right := earlier(began.Add(time.Duration(ev.Mono)*time.Millisecond), e.Received)
		if off := right.Sub(ev.At).Abs(); off > rightEnough && !(off < clockAhead && ev.Clock == circ.Synced) {
			t.at, t.doubtful = right, t.doubtful || off >= clockAhead
		}
		t.sure = true
		return t, nil
	}
	if ev.At.After(e.Received.Add(clockAhead)) {
		return moment{at: e.Received, doubtful: true}, nil
	}
	if t.doubtful {
		var reached time.Time
		reached, err = tx.Reached()
		t.at = earlier(later(ev.At, reached), e.Received)
	}
	return t, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
