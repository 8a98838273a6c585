package malice

import (
	"bytes"
	"fmt"
	"testing"

	"nightdesk/cmd/internal/torture"
)

// retainedFlood has the broker keep thousands of messages under the kiosk's
// topics, all of which come at once whenever it connects.
func retainedFlood(t *testing.T, a *attacked) {
	r := torture.Start(t, torture.Rig{
		Harm: "100 kB messages kept by the broker on the kiosk's topics, and system topics", Unit: "messages",
		Target: "connected and served all the same, never above 128 MB", Short: 600, Long: 5_000,
	})
	was := a.belongings(t)
	var topics []string
	for i := range r.Count {
		topics = append(topics, fmt.Sprintf([]string{"nd/1/leics/k/syston-1/dn/x%d", "nd/1/leics/b/all/x%d", "nd/1/leics/k/syston-1/dn/ak/%d"}[i%3], i))
	}
	topics = append(topics, "nd/1/leics/k/syston-1/dn/ak", "nd/1/leics/k/syston-1/dn/dt", "nd/1/leics/k/syston-1/dn/answer", "nd/1/leics/b/all/dt")
	payload := bytes.Repeat([]byte(`{"payload":"AAAA"}`), 100_000/18)
	for _, topic := range topics {
		a.must(t, a.client.Publish(topic, 1, true, payload))
	}
	f := a.forger(t)
	for range 2 {
		here := a.said("syston-1/up/hi")
		a.line.turn(nil, nil) // the connection breaks, and the next one brings them all
		if err := a.await(t.Context(), here, "syston-1/up/hi"); err != nil {
			t.Fatalf("the kiosk does not come back: %v", err)
		}
		f.genuine(t, a)
	}
	for _, topic := range topics {
		a.must(t, a.client.Publish(topic, 1, true, []byte{}))
	}
	unharmed(t, was, a.belongings(t))
	took, err := peak(a.Kiosk.PID())
	if err != nil {
		t.Error(err)
	}
	r.Done(len(topics))
	r.Reached("twice in service among them, %s at most", mb(took))
}
