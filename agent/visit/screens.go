package visit

// Screen names what is shown.
type Screen string

// The screens: the states of the table in states.txt.
const (
	Home     Screen = "home"     // nothing is going on
	PadFull  Screen = "pad-full" // items lie there, nobody said what for
	CardAsk  Screen = "card"     // show your card
	PIN      Screen = "pin"      // type your PIN
	Check    Screen = "check"    // the card is being looked up
	Tell     Screen = "note"     // something to tell this borrower first
	Stop     Screen = "stop"     // this card cannot borrow today
	Borrow   Screen = "borrow"
	GiveBack Screen = "return"
	Count    Screen = "count"   // we found so many: is that right?
	Fix      Screen = "fix"     // something is unfinished
	Account  Screen = "account" // what this card has on loan
	Renew    Screen = "renew"   // more time has been asked for
	Pays     Screen = "pay"     // the payment terminal is at work
	Receipt  Screen = "receipt" // do you want the list on paper?
	Printing Screen = "print"
	Warn     Screen = "warn"   // do you need more time?
	Settle   Screen = "settle" // finishing what is in hand
	Bye      Screen = "bye"
)

// Screens lists every screen, in the order of a visit.
func Screens() []Screen {
	return []Screen{Home, PadFull, CardAsk, PIN, Check, Tell, Stop, Borrow, GiveBack, Count, Fix, Account, Renew, Pays,
		Receipt, Printing, Warn, Settle, Bye}
}

// Mode is what the kiosk as a whole is for.
type Mode string

// The modes. Emergency beats everything and waits for nothing; the others wait
// for the visit that is going on to end.
const (
	InService Mode = "service"
	Closed    Mode = "closed"
	Out       Mode = "out" // neither borrowing nor returning is possible
	Tech      Mode = "tech"
	Emergency Mode = "emergency"
)

// Cause is why the kiosk itself said Out, for whoever stands before it.
type Cause string

// The causes. Nobody is told more: doctor is.
const (
	NoCause    Cause = ""      // a technician said it, or nothing can be read
	CauseEnds  Cause = "ends"  // it stopped by itself, again and again
	CauseBooks Cause = "books" // its own records do not open
)

// Overlay lies on top of a screen and changes nothing under it.
type Overlay string

// The overlays. Each stops the clock of its screen for a minute at most.
const (
	NoOverlay Overlay = ""
	Help      Overlay = "help"
	Languages Overlay = "languages"
	Easier    Overlay = "ease" // "Easier to use"
)

// Button is what a borrower can press.
type Button string

// The buttons.
const (
	TapBorrow      Button = "borrow"
	TapReturn      Button = "return"
	TapAccount     Button = "account"
	TapFinish      Button = "finish"
	TapBack        Button = "back"
	TapOK          Button = "ok"
	TapMoreTime    Button = "more-time"
	TapLeave       Button = "leave" // "leave it here instead": on Fix, and of one item
	TapYes         Button = "yes"   // parked items: they are mine; Count: that is right
	TapNo          Button = "no"
	TapFinishOther Button = "finish-other" // second card: finish and start with the new one
	TapCarryOn     Button = "carry-on"     // second card: ignore it; Tell: go on
	TapType        Button = "type"         // type my number instead of showing the card
	TapDigit       Button = "digit"
	TapClear       Button = "clear"
	TapEnter       Button = "enter"
	TapForgot      Button = "forgot"    // I forgot my PIN
	TapWhy         Button = "why"       // Stop: show why
	TapTryAgain    Button = "try-again" // Stop: show the card once more
	TapRenew       Button = "renew"
	TapPay         Button = "pay"
	TapPrint       Button = "print"
	TapEmail       Button = "email"
	TapNone        Button = "none" // no receipt
	TapList        Button = "list" // show the list instead
	TapHelp        Button = "help"
	TapLanguages   Button = "languages"
	TapEase        Button = "ease"
	TapClose       Button = "close"  // the overlay
	TapChoose      Button = "choose" // one setting of Ease: Value says which
	TapCall        Button = "call"   // Help: ask for somebody to come
)

// PINAnswer is what is known of a card and its PIN.
type PINAnswer string

// The answers.
const (
	PINRight   PINAnswer = "right"
	PINWrong   PINAnswer = "wrong"
	PINShut    PINAnswer = "locked"  // too often wrong
	PINSilent  PINAnswer = "silent"  // central is silent, and the venue lends without
	PINRefused PINAnswer = "refused" // central is silent, and the venue does not
)

// PrinterFault is why nothing comes out on paper; "" is a printer that is ready.
type PrinterFault string

// What printers have.
const (
	PrinterReady   PrinterFault = ""
	PrinterPaper   PrinterFault = "paper" // no paper
	PrinterCover   PrinterFault = "cover" // open
	PrinterOffline PrinterFault = "offline"
	PrinterWords   PrinterFault = "words" // the list cannot be printed in this language
)

// PayResult is how a payment ended.
type PayResult string

// How a payment ends. Unknown is told as such, and never tried again unasked.
const (
	PayDone     PayResult = "paid"
	PayDeclined PayResult = "declined"
	PayUnknown  PayResult = "unknown"
)
