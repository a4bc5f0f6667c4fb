package saml2

import (
	"errors"
	"time"
)

var errInstant = errors.New("saml2: not a UTC instant")

// instantLayout writes xs:dateTime in UTC to the second.
const instantLayout = "2006-01-02T15:04:05Z"

// parseInstant reads xs:dateTime in UTC (SAML Core 1.3.3): four-digit year, capital T and Z, at most nine decimals.
func parseInstant(s string) (time.Time, error) {
	const shape = "0000-00-00T00:00:00"
	if len(s) < len(shape)+1 || s[len(s)-1] != 'Z' {
		return time.Time{}, errInstant
	}
	for i := range len(shape) {
		digit := s[i] >= '0' && s[i] <= '9'
		if shape[i] == '0' && !digit || shape[i] != '0' && s[i] != shape[i] {
			return time.Time{}, errInstant
		}
	}
	if fraction := s[len(shape) : len(s)-1]; !isFraction(fraction) {
		return time.Time{}, errInstant
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, errInstant
	}
	return t, nil
}

func isFraction(s string) bool {
	if s == "" {
		return true
	}
	if len(s) < 2 || len(s) > 10 || s[0] != '.' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func appendInstant(w []byte, t time.Time) []byte { return t.UTC().AppendFormat(w, instantLayout) }
