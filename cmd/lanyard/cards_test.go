package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
)

func TestCardStates(t *testing.T) {
	now := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	states := []revocation.State{
		{Authority: "national", Issuer: "CN=Root", Mode: revocation.ModeLists, Then: revocation.Deny, Expires: now.AddDate(5, 0, 0)},
		{
			Authority: "national", Issuer: "CN=Level 1D", Mode: revocation.ModeBoth, Standing: bridge.StandingStale, Then: revocation.Emergency, Number: "41", Delta: "43", Entries: 7,
			ThisUpdate: now.Add(-26 * time.Hour), NextUpdate: now.Add(-2 * time.Hour), Cards: 12, Answers: 11, Expires: now.AddDate(0, 0, 89),
		},
		{Authority: "old", Issuer: "CN=Old", Mode: revocation.ModeOff, Standing: bridge.StandingOff, Then: revocation.Deny, Expires: now.Add(-time.Hour)},
	}
	var out bytes.Buffer
	p := &program{out: &out}
	if err := p.printCardStates(states, now); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{
		"AUTHORITY ISSUER MODE RUNG THEN CRL DELTA REVOKED OCSP AGE NEXT UPDATE CERTIFICATE",
		"national CN=Root crl - deny - - 0 - - - until 1 Nov 2031",
		"national CN=Level 1D crl+ocsp stale emergency 41 43 7 11/12 26h0m0s 1 Nov 06:00 EXPIRES IN 89 DAYS",
		"old CN=Old off off deny - - 0 - - - EXPIRED 1 Nov 2026",
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); got != want {
			t.Errorf("line %d: %s\nwant %s", i, got, want)
		}
	}
	out.Reset()
	p.json = true
	if err := p.printCardStates(states[1:2], now); err != nil || !strings.Contains(out.String(), `"Rung":"stale"`) || !strings.Contains(out.String(), `"NextUpdate":"2026-11-01T06:00:00Z"`) {
		t.Errorf("%s %v", out.String(), err)
	}
}
