package cache

import (
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// expiresSoon is how long before its last day a membership is spoken of.
const expiresSoon = 30 * 24 * time.Hour

// tell puts a borrower's messages in order, with those that the day alone
// brings: something late, a membership that ends soon. Central does not send
// these, or every midnight would change thousands of rows, and a kiosk out of
// its reach would not say them. A clock that is not to be trusted says neither.
func tell(b *circ.BorrowerFacts, at circ.Moment) {
	if at.Quality.Trusted() {
		if !b.Oldest.IsZero() && at.Wall.After(b.Oldest) {
			b.Messages = append(b.Messages, contract.MsgOverdue)
		}
		if left := b.Expires.Sub(at.Wall); !b.Expires.IsZero() && left >= 0 && left < expiresSoon {
			b.Messages = append(b.Messages, contract.MsgCardExpires)
		}
	}
	b.Messages = contract.SortMessages(b.Messages)
}
