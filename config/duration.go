package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads a length of time: whole or decimal numbers, each with a
// unit from d, h, m, s, ms, as in "1h30m". example lends its unit to the
// remedy when there is none.
func parseDuration(text, example string) (time.Duration, error) {
	if text == "" {
		return 0, errors.New(`is empty, write a duration such as "15m"`)
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return 0, fmt.Errorf("%q has no unit, write %q", text, text+unitOf(example))
	}
	var total time.Duration
	for rest := text; rest != ""; {
		part, left, err := onePart(rest)
		if err != nil || total+part < total {
			return 0, fmt.Errorf(`%q is not a duration, write it like "15m" or "1h30m" (units d, h, m, s, ms)`, text)
		}
		total, rest = total+part, left
	}
	return total, nil
}

// onePart reads one number with its unit from the front of a duration.
func onePart(text string) (time.Duration, string, error) {
	digits := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if digits <= 0 {
		return 0, "", strconv.ErrSyntax
	}
	number, rest := text[:digits], text[digits:]
	end := strings.IndexFunc(rest, func(r rune) bool { return r < 'a' || r > 'z' })
	if end < 0 {
		end = len(rest)
	}
	unit, rest := rest[:end], rest[end:]
	switch unit {
	case "d":
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || n > 36500 {
			return 0, "", strconv.ErrRange
		}
		return time.Duration(n * float64(24*time.Hour)), rest, nil
	case "h", "m", "s", "ms":
		d, err := time.ParseDuration(number + unit)
		return d, rest, err
	default:
		return 0, "", strconv.ErrSyntax
	}
}

// unitOf is the unit at the end of a duration, minutes when there is none.
func unitOf(example string) string {
	if unit := strings.TrimLeft(example, "0123456789."); unit != "" && !strings.ContainsAny(unit, "0123456789") {
		return unit
	}
	return "m"
}

// formatDuration prints a duration as one would write it in the file.
func formatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
