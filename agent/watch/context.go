package watch

import "context"

// turning is a context that takes whoever asks it whether to go on for
// somebody who is moving. Drivers ask at every turn of their loops, as they
// must to end in time; so they are watched without knowing it, and a read that
// waits for a barcode all day is told from a write that never comes back.
type turning struct {
	context.Context
	loop *Loop
}

type key struct{}

// In is a context for what a loop does in its turn.
func (l *Loop) In(ctx context.Context) context.Context {
	if l == nil {
		return ctx
	}
	return turning{ctx, l}
}

// From is the loop in whose turn something is done; nil: it is watched by nobody.
func From(ctx context.Context) *Loop {
	l, _ := ctx.Value(key{}).(*Loop)
	return l
}

func (t turning) Err() error {
	t.loop.Beat()
	return t.Context.Err()
}

func (t turning) Value(k any) any {
	if k == (key{}) {
		return t.loop
	}
	return t.Context.Value(k)
}
