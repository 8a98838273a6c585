package cache

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// authority is central as these tests need it: rows with versions from one
// counter, tombstones, and pages by key of what is current when they are asked.
type authority struct {
	generation, version uint64
	rows                map[string]contract.Row
}

func (a *authority) set(key, title string) {
	a.version++
	a.rows[key] = item(key, a.version, title)
}

func (a *authority) remove(key string) {
	a.version++
	a.rows[key] = gone(contract.RowItem, key, a.version)
}

// answer is one page of what a pull asks for.
func (a *authority) answer(p contract.Pull, size int) contract.Chunk {
	if p.To.Generation != a.generation {
		p.Cursor = "" // a transfer of another life goes on nowhere
	}
	c := contract.Chunk{Feed: contract.FeedItems, From: p.Have, To: v(a.generation, a.version), After: p.Cursor,
		Statement: contract.Statement{V: 1, Issued: noon}}
	c.Reset = p.Have.Generation != a.generation
	if c.Reset {
		c.From = circ.FeedVersion{}
	}
	if p.Cursor != "" {
		c.To = p.To
	}
	come, after := cursor(p.Cursor)
	for _, key := range slices.Sorted(mapKeys(a.rows)) {
		r := a.rows[key]
		if c.Reset && r.Deleted || !c.Reset && r.Ver <= p.Have.Version || key <= after {
			continue
		}
		if len(c.Rows) == size {
			c.Cursor = fmt.Sprintf("%d %s", come+size, c.Rows[size-1].Key)
			return c
		}
		c.Rows = append(c.Rows, r)
	}
	c.Last, c.Total = true, come+len(c.Rows)
	return c
}

// cursor is where a page ended and how many rows had come by then: central
// keeps nothing of a transfer, so its count travels with the cursor.
func cursor(s string) (come int, after string) {
	fmt.Sscanf(s, "%d %s", &come, &after)
	return come, after
}

func mapKeys(m map[string]contract.Row) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// kiosk is a cache, and what a kiosk knows of its transfer.
type kiosk struct {
	*Cache
	path  string
	asked contract.Pull
	past  []contract.Chunk
	vers  map[string]uint64
}

func newKiosk(t *rapid.T, dir string) *kiosk {
	k := &kiosk{path: filepath.Join(dir, "cache.db"), vers: map[string]uint64{}}
	k.reopen(t)
	return k
}

func (k *kiosk) reopen(t *rapid.T) {
	if k.Cache != nil {
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if k.Cache, err = Open(context.Background(), k.path); err != nil {
		t.Fatal(err)
	}
	if k.Rebuilt != nil {
		t.Fatal(k.Rebuilt.Why)
	}
	k.want(t)
}

// want asks the cache where to go on.
func (k *kiosk) want(t *rapid.T) {
	p, err := k.Want(context.Background(), contract.FeedItems)
	if err != nil {
		t.Fatal(err)
	}
	k.asked = p
}

// ask takes one page.
func (k *kiosk) ask(t *rapid.T, a *authority, size int) (more bool) {
	next := k.take(t, a.answer(k.asked, size))
	if next == nil {
		k.want(t)
		return false
	}
	k.asked = *next
	return true
}

// take applies a chunk and looks whether a row went back (I9).
func (k *kiosk) take(t *rapid.T, c contract.Chunk) *contract.Pull {
	before, _, _ := k.Versions(context.Background())
	next, err := k.Apply(context.Background(), c)
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	k.past = append(k.past, c)
	after, _, _ := k.Versions(context.Background())
	if after.Before(before) {
		t.Fatalf("the feed went back from %v to %v", before, after)
	}
	now := rowVersions(t, k.Cache)
	for key, was := range k.vers {
		if is, ok := now[key]; ok && is < was && before.Generation == after.Generation {
			t.Fatalf("row %s went back from %d to %d", key, was, is)
		}
	}
	k.vers = now
	return next
}

func rowVersions(t rapid.TB, c *Cache) map[string]uint64 {
	rows, err := c.r.Query("SELECT item, ver FROM item")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	vers := map[string]uint64{}
	for rows.Next() {
		var key string
		var ver uint64
		if err := rows.Scan(&key, &ver); err != nil {
			t.Fatal(err)
		}
		vers[key] = ver
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return vers
}

func (k *kiosk) catchUp(t *rapid.T, a *authority) {
	for range 1000 {
		k.ask(t, a, 3)
		if have, _, _ := k.Versions(context.Background()); have == v(a.generation, a.version) && k.asked.Cursor == "" {
			return
		}
	}
	t.Fatal("the kiosk never catches up")
}

// I9 and I10: whatever happened on the way (pages lost, doubled and late,
// changes between pages, broadcasts, power cuts, a restored central), a kiosk
// that has caught up holds what a fresh one holds, and no row ever went back.
func TestAnyWayLeadsToTheFreshSnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir := memoryDir(t)
		defer os.RemoveAll(dir)
		a := &authority{generation: 1, rows: map[string]contract.Row{}}
		k := newKiosk(t, dir)
		defer func() { _ = k.Close() }()
		key := rapid.StringMatching(`[a-h]`)
		t.Repeat(map[string]func(*rapid.T){
			"change": func(t *rapid.T) { a.set(key.Draw(t, "key"), fmt.Sprint("v", a.version+1)) },
			"remove": func(t *rapid.T) { a.remove(key.Draw(t, "key")) },
			"ask":    func(t *rapid.T) { k.ask(t, a, rapid.IntRange(1, 4).Draw(t, "size")) },
			"broadcast": func(t *rapid.T) {
				from := v(a.generation, a.version)
				changed := key.Draw(t, "key")
				a.set(changed, "broadcast")
				k.take(t, delta(contract.FeedItems, from, v(a.generation, a.version), a.rows[changed]))
				k.want(t)
			},
			"once more": func(t *rapid.T) {
				if len(k.past) == 0 {
					t.Skip()
				}
				c := k.past[rapid.IntRange(0, len(k.past)-1).Draw(t, "past")]
				_, _ = k.Apply(context.Background(), c) // refused or passed over
				k.want(t)
			},
			"power cut": k.reopen,
			"restore": func(t *rapid.T) {
				a.generation++
				a.version = max(a.version, 1) - 1
				for key, r := range a.rows {
					if r.Ver > a.version {
						delete(a.rows, key)
					}
				}
			},
		})
		a.set("a", "the last word")
		k.want(t)
		k.catchUp(t, a)
		fresh, err := os.MkdirTemp(dir, "fresh")
		if err != nil {
			t.Fatal(err)
		}
		f := newKiosk(t, fresh)
		defer func() { _ = f.Close() }()
		f.catchUp(t, a)
		if d := cmp.Diff(dump(t, f.Cache), dump(t, k.Cache)); d != "" {
			t.Fatal(d)
		}
	})
}

// memoryDir is a directory that costs no disk where there is one: this is a
// law of logic, and thousands of synced commits prove nothing more of it.
func memoryDir(t rapid.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "cache")
	if err != nil {
		dir, err = os.MkdirTemp("", "cache")
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func dump(t rapid.TB, c *Cache) []string {
	rows, err := c.r.Query("SELECT item || ' ' || ver || ' ' || title FROM item ORDER BY item")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// I11: while resets are loaded and swapped, a reader sees one of them whole.
func TestReadersSeeOneSnapshot(t *testing.T) {
	const rounds, size = 12, 40
	c := newCache(t)
	load := func(gen uint64) {
		var items, books []contract.Row
		for i := range size {
			items = append(items, item(fmt.Sprintf("item-%02d", i), gen, fmt.Sprint(gen)))
			books = append(books, row(contract.RowCirc, fmt.Sprintf("item-%02d", i), gen, contract.CircRow{Renewals: int(gen)}))
		}
		apply(t, c, pages(snapshot(contract.FeedItems, v(gen, 1), items...), 7)...)
		apply(t, c, pages(snapshot(contract.FeedOwn, v(gen, 1), books...), 7)...)
	}
	load(1)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for reads := 0; ; reads++ {
				select {
				case <-stop:
					if reads == 0 {
						t.Error("nothing was read")
					}
					return
				default:
				}
				f, err := c.Facts(t.Context(), moment, testKey, circ.Borrower{}, []circ.ItemID{"item-00", "item-19", "item-39"})
				if err != nil {
					t.Error(err)
					return
				}
				for id, i := range f.Items {
					if i.Title != f.Items["item-00"].Title || i.Title == "" {
						t.Errorf("%s: title %q beside %q", id, i.Title, f.Items["item-00"].Title)
					}
					if uint64(i.Renewals) != f.Version.Generation {
						t.Errorf("%s: renewals %d in generation %d", id, i.Renewals, f.Version.Generation)
					}
				}
			}
		})
	}
	for gen := uint64(2); gen < rounds; gen++ {
		load(gen)
	}
	close(stop)
	wg.Wait()
}

// A county's items, in pages as they come over the air, in a few seconds.
func TestHundredThousandItems(t *testing.T) {
	const total, size = 100_000, 500
	c := newCache(t)
	chunk := contract.Chunk{Feed: contract.FeedItems, To: v(1, total), Reset: true,
		Statement: contract.Statement{V: 1, Issued: noon}}
	for n := 0; n < total; n += size {
		chunk.Rows = chunk.Rows[:0]
		for i := n; i < n+size; i++ {
			chunk.Rows = append(chunk.Rows, item(fmt.Sprintf("3122%010d", i), uint64(i+1), fmt.Sprint("A book of middling length, volume ", i)))
		}
		chunk.After, chunk.Cursor = chunk.Cursor, chunk.Rows[size-1].Key
		if chunk.Last = n+size == total; chunk.Last {
			chunk.Total = total
		}
		apply(t, c, chunk)
	}
	s, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows["item"] != total || s.Items.Version != v(1, total) || s.Items.Loaded != 0 {
		t.Errorf("got %+v", s)
	}
	if got := titleOf(t, c, "31220000099999"); got != "A book of middling length, volume 99999" {
		t.Errorf("got %q", got)
	}
}
