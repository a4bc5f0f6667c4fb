package workstation

import (
	"crypto/elliptic"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/bridge/agent/softagent"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// FuzzReadEnrolment: what is read has a key on P-256, and both texts.
func FuzzReadEnrolment(f *testing.F) {
	a := softagent.New("bay4", issuer, nil)
	f.Add([]byte(`{"secret":"bay4.s","key":` + string(a.JWK()) + `,"proof":"a.b.c"}`))
	for _, seed := range []string{`{}`, `{"key":{}}`, `{"secret":"s","proof":"p","key":{"kty":"oct","k":"AA"}}`, `{"secret":"s","secret":"t"}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := readEnrolment(data); err == nil && (e.key == nil || e.key.Curve != elliptic.P256()) {
			t.Errorf("%+v", e)
		}
	})
}

// FuzzEvent: an event that keeps the rules is one of four, and of the last day.
func FuzzEvent(f *testing.F) {
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	for _, seed := range []string{
		`{"event":"removed","at":1795856400,"reader":"r","user":"2"}`, `{"event":"inserted","certificate":"MAA="}`, `{"event":null}`, `{"event":"removed","at":1e300}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		claims, err := jose.ReadClaims(data)
		if err != nil {
			return
		}
		o := occasion{Message: agent.Message{Claims: claims}}
		for _, rule := range eventRules {
			if rule.check(&o, now) != nil {
				return
			}
		}
		if !slices.Contains([]string{inserted, removed, started, stopping}, o.event) || o.at.Before(now.Add(-lateEvent)) || o.at.After(now.Add(agent.Skew)) {
			t.Errorf("%+v", o)
		}
	})
}
