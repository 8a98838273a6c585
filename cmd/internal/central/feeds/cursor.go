package feeds

import (
	"fmt"
	"strconv"
	"strings"

	"nightdesk/agent/contract"
)

// cursor is where a chunk ended: "COUNT.SECTION.POSITION". The position is an
// item number or a row's id, never a card. The count makes the total known at
// the end without any memory of the beginning.
type cursor struct {
	count   int
	section int
	after   string
}

func (c cursor) String() string {
	return strconv.Itoa(c.count) + "." + strconv.Itoa(c.section) + "." + c.after
}

func parseCursor(s string, sections int) (cursor, error) {
	if s == "" {
		return cursor{}, nil
	}
	parts := strings.SplitN(s, ".", 3)
	if len(parts) == 3 {
		count, err1 := strconv.Atoi(parts[0])
		section, err2 := strconv.Atoi(parts[1])
		if err1 == nil && err2 == nil && count >= 0 && section >= 0 && section < sections {
			return cursor{count, section, parts[2]}, nil
		}
	}
	return cursor{}, fmt.Errorf("%w: a cursor that central never gave out", contract.ErrMalformed)
}

// number is the position as a row's id; 0 at the beginning.
func (c cursor) number() (int64, error) {
	if c.after == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(c.after, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: a cursor that central never gave out", contract.ErrMalformed)
	}
	return n, nil
}
