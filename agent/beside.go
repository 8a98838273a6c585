package agent

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/agent/screen"
	"nightdesk/agent/speech"
	"nightdesk/agent/visit"
	"nightdesk/agent/watch"
	"nightdesk/agent/words"
	"nightdesk/drivers"
	"nightdesk/drivers/barcode"
)

// openDesk makes the screen and what stands beside it.
func (k *kiosk) openDesk() (err error) {
	cfg := k.cfg
	if k.judge, err = barcodeRules(cfg.Barcodes); err != nil {
		return err
	}
	offered, refused := words.Offered(append([]string{cfg.Screen.Language}, cfg.Screen.Languages...), cfg.Screen.Unreviewed)
	for _, why := range refused {
		k.log.Warn("a language is not offered", "why", why)
	}
	var languages []string
	for _, l := range offered {
		languages = append(languages, l.Tag)
	}
	k.screen, err = screen.New(screen.Config{Listen: cfg.Screen.Listen, Venue: cfg.Name, Phone: cfg.Screen.Phone, Help: cfg.Screen.Help,
		Languages: languages, Display: screen.Display{DiagonalMM: float64(cfg.Display.Diagonal), ViewingMM: float64(cfg.Display.Viewing)},
		Volume: cfg.Screen.Volume, Keys: keys(cfg.Screen.Keys), Focused: k.focused, Fell: k.screenFell, Log: k.log}, k.tapped)
	if err != nil {
		return fmt.Errorf("open the screen: %w", err)
	}
	if k.voice, err = newVoice(cfg, speech.Config{Log: k.log}); err != nil {
		return err
	}
	k.desk = &Desk{Ledger: k.ledger, Facts: k.cache, CardKey: k.cred.CardKey, Quiet: cfg.Tags.OnLoan.AFI, Now: k.clock.Now,
		Online: func() bool { return k.uplink.Online(k.clock.Now()) }, Show: k.show, Poke: k.uplink.Poke, Log: k.log,
		House:  house(cfg, languages),
		Beside: Beside{PIN: k.askPIN, Judge: k.typed, Print: k.wantPrint, EndPrint: k.press.end}}
	return nil
}

// house is how this venue wants its visits.
func house(cfg config.Config, languages []string) visit.House {
	h := visit.House{Quiet: cfg.Visit.Quiet.Duration, Warning: cfg.Visit.Warning.Duration, Large: cfg.Visit.Large,
		Languages: languages, Plain: !cfg.Screen.Titles}
	if cfg.Visit.Count != "unstaffed" {
		h.Count = visit.CountWhen(cfg.Visit.Count)
	}
	if cfg.Visit.Receipt != "ask" {
		h.Receipt = visit.ReceiptWhen(cfg.Visit.Receipt)
	}
	return h
}

// keys are the keypad's own keys; where it says nothing, those that every
// keyboard has.
func keys(c config.Keys) screen.Keys {
	one := func(key string) []string {
		if key == "" {
			return nil
		}
		return []string{key}
	}
	return screen.Keys{Next: one(c.Next), Prev: one(c.Before), Select: one(c.Select), Back: one(c.Back)}
}

// startDesk starts what stands beside the screen, as far as it is there.
func (k *kiosk) startDesk(ctx context.Context, g *errgroup.Group) {
	start := func(there bool, name string, session func(context.Context) error) {
		if there {
			k.goes(g, name, func() error { return k.keep(ctx, name, cableWait, session) })
		}
	}
	start(k.cfg.Printer.Path != "", partPrinter, k.printerSession)
	start(k.hasLamp(), "lamp", k.lampSession)
	start(k.cfg.GPIO.Help != "", "help button", k.helpSession)
	if k.voice == nil {
		return
	}
	k.goes(g, "speech", func() error { return k.voice.speaker.Run(ctx) })
	start(k.cfg.Speech.Jack != "", "headset jack", k.jackSession)
	start(k.cfg.Speech.Jack == "" && k.cfg.GPIO.Headset != "", "headset switch", k.headsetSession)
	if k.cfg.Speech.Jack == "" && k.cfg.GPIO.Headset == "" {
		k.status.setHeadset(true) // nothing tells, and so it is always spoken to
	}
}

// beside does what would hold the desk up: one question to central after the
// other.
func (k *kiosk) beside(ctx context.Context) error {
	for {
		do := k.aside(ctx)
		if do == nil {
			return nil
		}
		watch.From(ctx).Beat()
		do(ctx)
	}
}

// aside is the next question, or nil when ctx is done.
func (k *kiosk) aside(ctx context.Context) (do func(context.Context)) {
	watch.From(ctx).Wait(func() {
		select {
		case <-ctx.Done():
		case do = <-k.asides:
		}
	})
	return do
}

// askPIN is Beside.PIN. A desk whose questions all wait is out of reach of
// central, and says so.
func (k *kiosk) askPIN(q PINQuestion, back func(context.Context, PINResult) error) {
	do := func(ctx context.Context) {
		r := checkPIN(ctx, k.uplink.Ask, q)
		k.send(ctx, func(ctx context.Context) error { return back(ctx, r) })
	}
	select {
	case k.asides <- do:
	default:
		k.log.Warn("too many questions wait for central, one was dropped")
	}
}

// typed is Beside.Judge.
func (k *kiosk) typed(text string) visit.Event {
	read := k.clock.Now().Mono
	if v := k.judge.Judge(drivers.Scan{Text: text}); v.Kind == barcode.Card {
		return visit.CardShown{Read: read, Who: k.desk.Borrower(circ.Card(v.Text))}
	}
	return visit.NotUnderstood{Read: read, Why: visit.WhyPattern}
}

// wantPrint is Beside.Print.
func (k *kiosk) wantPrint(e visit.Print) {
	if !k.press.begin(e) {
		k.log.Warn("the printer is busy, a receipt was dropped") // the visit gives up waiting by itself
	}
}
