package agent

import (
	"context"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// memory is the cache as the pads need it. Only items are kept: a borrower
// card's number is never written down.
type memory struct{ k *kiosk }

func (m memory) Recall(ctx context.Context, at circ.Moment, uid drivers.UID) (label.Label, bool, error) {
	s, known, err := m.k.cache.Recall(ctx, uid)
	if err != nil {
		m.k.log.Error("the cache cannot be read, so the tag is", "err", err)
		return label.Label{}, false, nil
	}
	if !known || !s.Usable(at.Wall) {
		return label.Label{}, false, nil
	}
	return label.Label{Model: s.Model, Kind: label.KindItem, Item: string(s.Item), Owner: s.Owner, Usage: s.Usage,
		Parts: s.Of, Part: s.Part}, true, nil
}

func (m memory) Learn(ctx context.Context, at circ.Moment, uid drivers.UID, l label.Label, data []byte) error {
	if l.Kind != label.KindItem {
		return nil
	}
	changed, was, err := m.k.cache.Learn(ctx, cache.Seen{UID: uid, Item: circ.ItemID(l.Item), Part: l.Part, Of: l.Parts,
		Digest: cache.Digest(data), Usage: l.Usage, Owner: l.Owner, Model: l.Model, ReadAt: at.Wall})
	if err != nil {
		m.k.log.Error("the cache cannot be written: the tag will be read again next time", "err", err)
		return nil
	}
	if !changed {
		return nil
	}
	defer m.k.uplink.Poke()
	return m.k.ledger.Note(ctx, at, m.k.desk.Visit(), contract.TagChanged, contract.TagNote{Item: circ.ItemID(l.Item), Was: was,
		Tags: []contract.TagRef{{UID: uid, Part: l.Part, Of: l.Parts}}})
}
