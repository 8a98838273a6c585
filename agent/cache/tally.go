package cache

import (
	"database/sql"
	"fmt"
)

// How many rows a table has is kept beside it: a row that damage has hidden has
// no sum that could be wrong.

// count counts the rows of the table itself, not of an index.
func count(tx *sql.Tx, name string) (n int64, err error) {
	err = tx.QueryRow("SELECT count(*) FROM " + name + " NOT INDEXED").Scan(&n)
	return n, err
}

// recount keeps how many rows the tables have now.
func recount(tx *sql.Tx, names ...string) error {
	for _, name := range names {
		n, err := count(tx, name)
		if err != nil {
			return err
		}
		if err := tallyTable.store(tx, name, n); err != nil {
			return err
		}
	}
	return nil
}

// counts holds what was kept against what is there.
func counts(tx *sql.Tx) error {
	for _, t := range counted {
		kept, err := t.kept(tx)
		if err != nil {
			return err
		}
		n, err := count(tx, t.name)
		if err != nil {
			return err
		}
		if n != kept {
			return fmt.Errorf("%w: the table %s has %d rows, and %d were written", ErrDamaged, t.name, n, kept)
		}
	}
	return nil
}

// kept is how many rows a table should have.
func (t table) kept(tx *sql.Tx) (int64, error) {
	row, err := tallyTable.must(tx, t.name)
	if err != nil {
		return 0, err
	}
	return row.number(1), nil
}

// grow keeps that a table has got more rows, or fewer.
func (t table) grow(tx *sql.Tx, by int64) error {
	if by == 0 {
		return nil
	}
	n, err := t.kept(tx)
	if err != nil {
		return err
	}
	return tallyTable.store(tx, t.name, n+by)
}

// thin takes rows out of the table in use.
func (t table) thin(tx *sql.Tx, where string, args ...any) error {
	done, err := tx.Exec("DELETE FROM "+t.name+" WHERE "+where, args...)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err != nil {
		return err
	}
	return t.grow(tx, -n)
}

// holds says whether there is a row of the key.
func (t table) holds(tx *sql.Tx, key ...any) (yes bool, err error) {
	err = tx.QueryRow("SELECT EXISTS (SELECT 1 FROM "+t.name+" WHERE "+t.is()+")", key...).Scan(&yes)
	return yes, err
}
