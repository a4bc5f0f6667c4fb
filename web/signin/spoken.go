package signin

import (
	"strconv"
	"time"
)

// spoken prints a time span as people say it: "15 minutes", "12 hours".
func spoken(d time.Duration) string {
	n, unit := int(d/time.Minute), "minute"
	if d >= time.Hour && d%time.Hour == 0 {
		n, unit = int(d/time.Hour), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}
