package visit

func (n *turn) tapAccount(b Button) {
	switch n.Screen {
	case Renew:
		if b == TapOK || b == TapBack {
			n.open(Account)
			n.lookUp()
		}
		return
	case Pays:
		return // the terminal ends it
	}
	switch b {
	case TapRenew:
		n.askRenew()
	case TapPay:
		n.pay()
	case TapBorrow:
		n.tellMore()
		n.fromAccount()
	case TapFinish, TapBack:
		n.tellMore()
		n.afterWork()
	}
}

// tellMore says that what came while the account was open has been seen.
func (n *turn) tellMore() {
	if len(n.Standing.Notes) > 0 {
		n.told()
	}
}

// askRenew writes the wish down, once in a visit: central decides of each loan.
func (n *turn) askRenew() {
	if n.Devices.ReadOnly || n.Asks {
		return
	}
	n.Asks = true
	n.want(AskRenew{Visit: n.Visit, Who: n.Who})
}

func (n *turn) renewed(e Renewed) {
	switch {
	case e.Visit != n.Visit || n.Screen != Account:
	case e.OK:
		n.open(Renew)
	default:
		n.Asks, n.Note = false, NoteRenewLater
	}
}

func (n *turn) pay() {
	if !n.Devices.Online || !n.Devices.Terminal {
		return
	}
	n.open(Pays)
	n.want(Pay{Visit: n.Visit})
}

// paid says how a payment ended. One of which nobody knows is never begun again
// unasked.
func (n *turn) paid(e Paid) {
	if e.Visit != n.Visit || n.Screen != Pays {
		return
	}
	n.Owed = e.Result
	n.open(Account)
}

// fromAccount goes on to borrow.
func (n *turn) fromAccount() {
	if n.Devices.ReadOnly {
		n.wantBorrow()
		return
	}
	n.work(Borrowing, Borrow)
}
