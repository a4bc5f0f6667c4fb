package agent

import (
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
)

// TestDated: whatever the clock said when a removal was noted, the hub is told times that it takes: it drops nothing that is ahead, or begins
// after it ended.
func TestDated(t *testing.T) {
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		at, since         time.Time // as they were noted
		age               time.Duration
		wantAt, wantSince time.Time
	}{
		"late":                              {ago(time.Minute), time.Time{}, time.Minute, ago(time.Minute), time.Time{}},
		"at once":                           {now, time.Time{}, time.Second, time.Time{}, time.Time{}},
		"nobody saw":                        {ago(time.Minute), ago(time.Hour), time.Minute, ago(time.Minute), ago(time.Hour)},
		"by a clock an hour fast":           {now.Add(time.Hour), time.Time{}, time.Minute, ago(time.Minute), time.Time{}},
		"by one six years slow":             {ago(6 * 365 * 24 * time.Hour), time.Time{}, time.Minute, ago(time.Minute), time.Time{}},
		"seen by a fast one":                {ago(time.Minute), now.Add(time.Hour), time.Minute, ago(time.Minute), ago(time.Minute)},
		"seen by a fast one, told at once":  {now, now.Add(time.Hour), 0, time.Time{}, now},
		"of tomorrow, by a file of before":  {now.Add(24 * time.Hour), time.Time{}, -24 * time.Hour, time.Time{}, time.Time{}},
		"seen tomorrow, by a file likewise": {now.Add(24 * time.Hour), now.Add(25 * time.Hour), -24 * time.Hour, time.Time{}, now},
	} {
		got := dated(channel.Event{At: c.at, Since: c.since}, c.age, now)
		if !got.At.Equal(c.wantAt) || !got.Since.Equal(c.wantSince) {
			t.Errorf("%s: at %v, since %v", name, got.At, got.Since)
		}
	}
	if d := age(ago(time.Hour), now); d != time.Hour {
		t.Errorf("an hour ago: %v", d)
	}
	real := time.Now()
	if d := age(real.Round(0).Add(-48*time.Hour), real); d != 48*time.Hour {
		t.Errorf("of a file, two days ago: %v", d)
	}
}
