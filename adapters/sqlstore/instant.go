package sqlstore

import (
	"math"
	"time"
)

// nano is how an instant is stored: nanoseconds since 1970, 0 for the zero time. Instants beyond what 64 bits
// hold (years 1678 to 2262) become the nearest that they do.
func nano(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Year() > 2261:
		return math.MaxInt64
	case t.Year() < 1679:
		return math.MinInt64
	}
	return t.UnixNano()
}

func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
