package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/drivers"
)

// sum is a mutable row's checksum: the first 8 bytes of SHA-256 over its
// fields, each with its length in front. SQLite's own check passes most
// flipped bits.
func sum(table string, fields ...[]byte) []byte {
	h := sha256.New()
	for _, f := range append([][]byte{[]byte(table)}, fields...) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(f))))
		h.Write(f)
	}
	return h.Sum(nil)[:8]
}

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func damaged(table string, key any) error {
	return fmt.Errorf("%w: %s row %v does not fit its checksum", ErrDamaged, table, key)
}

// chain is one epoch's row.
type chain struct {
	epoch           circ.Epoch
	current         bool
	base, head      uint64
	acked           uint64
	baseHash, hHash contract.Hash
}

func (c chain) sum() []byte {
	return sum("chain", c.epoch[:], number(flag(c.current)), number(int64(c.base)), c.baseHash[:],
		number(int64(c.head)), c.hHash[:], number(int64(c.acked)))
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

const chainColumns = "epoch, current, base, base_hash, head, head_hash, acked, sum"

func scanChain(r row) (chain, error) {
	var c chain
	var epoch, base, head, check []byte
	if err := r.Scan(&epoch, &c.current, &c.base, &base, &c.head, &head, &c.acked, &check); err != nil {
		return c, err
	}
	if len(epoch) != 16 || len(base) != 32 || len(head) != 32 {
		return c, damaged("chain", "?")
	}
	c.epoch, c.baseHash, c.hHash = circ.Epoch(epoch), contract.Hash(base), contract.Hash(head)
	if !bytes.Equal(check, c.sum()) {
		return c, damaged("chain", c.epoch)
	}
	return c, nil
}

// currentChain reads the epoch that grows.
func currentChain(ctx context.Context, q querier) (chain, error) {
	return scanChain(q.QueryRowContext(ctx, "SELECT "+chainColumns+" FROM chain WHERE current = 1"))
}

func (w *writer) saveChain(c chain) {
	w.forget(tableChain, "epoch = ?", c.epoch[:])
	w.put(tableChain, c.sum(), `INSERT INTO chain (epoch, current, base, base_hash, head, head_hash, acked, sum)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (epoch) DO UPDATE SET current = excluded.current, base = excluded.base, base_hash = excluded.base_hash,
			head = excluded.head, head_hash = excluded.head_hash, acked = excluded.acked, sum = excluded.sum`,
		c.epoch[:], flag(c.current), int64(c.base), c.baseHash[:], int64(c.head), c.hHash[:], int64(c.acked), c.sum())
	if c.current {
		w.grown = c
	}
}

// loan is the last thing this kiosk did to an item.
type loan struct {
	item     circ.ItemID
	tx       circ.Tx
	open     bool
	who      circ.CardKey // zero once folded
	class    string
	due      int64 // Unix milliseconds; 0 for none
	renewals int
	epoch    circ.Epoch
	n        uint64
}

func (l loan) sum() []byte {
	return sum("loan", []byte(l.item), l.tx[:], number(flag(l.open)), l.who[:], []byte(l.class),
		number(l.due), number(int64(l.renewals)), l.epoch[:], number(int64(l.n)))
}

const loanColumns = "item, tx, open, who, class, due, renewals, epoch, n, sum"

func scanLoan(rows row) (loan, error) {
	var l loan
	var item string
	var tx, who, epoch, check []byte
	if err := rows.Scan(&item, &tx, &l.open, &who, &l.class, &l.due, &l.renewals, &epoch, &l.n, &check); err != nil {
		return l, err
	}
	l.item = circ.ItemID(item)
	copy(l.who[:], who)
	copy(l.tx[:], tx)
	copy(l.epoch[:], epoch)
	if !bytes.Equal(check, l.sum()) {
		return l, damaged("loan", item)
	}
	return l, nil
}

func (w *writer) loanOf(item circ.ItemID) (l loan, found bool) {
	if w.err != nil {
		return loan{}, false
	}
	w.err = each(w.ctx, w.tx, func(rows *sql.Rows) (err error) {
		l, err = scanLoan(rows)
		found = err == nil
		return err
	}, "SELECT "+loanColumns+" FROM loan WHERE item = ?", string(item))
	return l, found
}

func (w *writer) saveLoan(l loan) {
	var who any
	if l.who != (circ.CardKey{}) {
		who = l.who[:]
	}
	w.forget(tableLoan, "item = ?", string(l.item))
	w.put(tableLoan, l.sum(), `INSERT OR REPLACE INTO loan (`+loanColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(l.item), l.tx[:], flag(l.open), who, l.class, l.due, l.renewals, l.epoch[:], int64(l.n), l.sum())
}

// act is a transaction whose tags do not all say so yet.
type act struct {
	tx    circ.Tx
	kind  circ.Kind
	item  circ.ItemID
	visit circ.Visit
	who   circ.CardKey
	boots int64
	wall  int64
	mono  int64 // milliseconds since the boot
	draft draft
}

// draft is what an act's closing event will say. The card number is gone by
// then, so it is sealed beforehand for either end.
type draft struct {
	Decision   circ.Decision    `json:"decision"`
	Feed       circ.FeedVersion `json:"feed"`
	Tags       []circ.SeenTag   `json:"tags"`
	Done       contract.Sealed  `json:"done,omitempty"`
	Incomplete contract.Sealed  `json:"incomplete,omitempty"`
	Of         circ.Tx          `json:"of,omitzero"` // cancel: the issue taken back
	Class      string           `json:"class,omitempty"`
}

func (a act) sum(body []byte) []byte {
	return sum("act", a.tx[:], []byte(a.kind), []byte(a.item), a.visit[:], a.who[:], number(a.boots),
		number(a.wall), number(a.mono), body)
}

const actColumns = "tx, kind, item, visit, who, boots, wall, mono, body, sum"

func scanAct(rows row) (act, error) {
	a, body, err := scanActBody(rows)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(body, &a.draft)
}

func scanActBody(rows row) (a act, body []byte, err error) {
	var kind, item string
	var tx, visit, who, check []byte
	if err := rows.Scan(&tx, &kind, &item, &visit, &who, &a.boots, &a.wall, &a.mono, &body, &check); err != nil {
		return a, nil, err
	}
	a.kind, a.item = circ.Kind(kind), circ.ItemID(item)
	copy(a.tx[:], tx)
	copy(a.visit[:], visit)
	copy(a.who[:], who)
	if !bytes.Equal(check, a.sum(body)) {
		return a, nil, damaged("act", item)
	}
	return a, body, nil
}

func (w *writer) acts(where string, args ...any) (found []act) {
	if w.err != nil {
		return nil
	}
	w.err = each(w.ctx, w.tx, func(rows *sql.Rows) error {
		a, err := scanAct(rows)
		found = append(found, a)
		return err
	}, "SELECT "+actColumns+" FROM act WHERE "+where, args...)
	return found
}

func (w *writer) saveAct(a act) {
	body, err := json.Marshal(a.draft)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return
	}
	w.forget(tableAct, "tx = ? OR item = ?", a.tx[:], string(a.item))
	w.put(tableAct, a.sum(body), `INSERT OR REPLACE INTO act (`+actColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.tx[:], string(a.kind), string(a.item), a.visit[:], a.who[:], a.boots, a.wall, a.mono, body, a.sum(body))
}

const wishColumns = "w.uid, w.tx, w.want, w.item, w.part, w.of, w.sum"

func wishSum(x circ.Wish) []byte {
	return sum("wish", x.UID[:], []byte(x.Want), x.Tx[:], []byte(x.Item), number(int64(x.Part)), number(int64(x.Of)))
}

func scanWish(rows row) (circ.Wish, error) {
	var x circ.Wish
	var want, item string
	var uid, tx, check []byte
	if err := rows.Scan(&uid, &tx, &want, &item, &x.Part, &x.Of, &check); err != nil {
		return x, err
	}
	copy(x.UID[:], uid)
	copy(x.Tx[:], tx)
	x.Want, x.Item = circ.Security(want), circ.ItemID(item)
	if !bytes.Equal(check, wishSum(x)) {
		return x, damaged("wish", x.UID)
	}
	return x, nil
}

func wishRow(x circ.Wish) []any {
	return []any{x.UID[:], string(x.Want), x.Tx[:], string(x.Item), x.Part, x.Of, wishSum(x)}
}

func (w *writer) saveWish(x circ.Wish) {
	w.put(tableWish, wishSum(x), "INSERT INTO wish (uid, want, tx, item, part, of, sum) VALUES (?, ?, ?, ?, ?, ?, ?)", wishRow(x)...)
}

// wishes reads rows of the table wish, or of the table doubt, which has the same.
func (w *writer) wishes(table, where string, args ...any) (found []circ.Wish) {
	if w.err != nil {
		return nil
	}
	w.err = each(w.ctx, w.tx, func(rows *sql.Rows) error {
		x, err := scanWish(rows)
		found = append(found, x)
		return err
	}, "SELECT "+wishColumns+" FROM "+table+" w WHERE "+where+" ORDER BY w.uid", args...)
	return found
}

// open lists the tags that a transaction still waits for.
func (w *writer) open(tx circ.Tx) (uids []drivers.UID) {
	for _, x := range w.wishes("wish", "w.tx = ?", tx[:]) {
		uids = append(uids, x.UID)
	}
	return uids
}

// startEpoch makes the first epoch, if there is none.
func (w *writer) startEpoch() error {
	c, err := currentChain(w.ctx, w.tx)
	if errors.Is(err, sql.ErrNoRows) {
		w.saveChain(chain{epoch: uuid.New(), current: true})
		return w.err
	}
	w.grown = c
	return err
}
