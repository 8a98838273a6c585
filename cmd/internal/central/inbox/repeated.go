package inbox

import "nightdesk/agent/contract"

// repeated says whether a hello of before is being said again, by somebody who
// has kept it, and gives the current stream. Within one boot time only goes on:
// whatever a kiosk says itself, it says later than all before. Without this,
// whoever owns the broker could have a kiosk number anew what central has
// already.
func repeated(tx Tx, m contract.Hello) (Stream, bool, error) {
	s, any, err := tx.Current()
	if err != nil || !any || s.Epoch == m.Epoch && m.Last >= s.Stored {
		return s, false, err
	}
	if s.Epoch != m.Epoch {
		known, err := tx.Known(m.Epoch)
		if err != nil || !known {
			return s, false, err
		}
	}
	heard, err := tx.Heard(m.Boot)
	return s, heard > 0 && m.Mono <= heard, err
}
