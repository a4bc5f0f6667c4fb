package oidc

import "testing"

// TestOneSpelling: a token has one spelling. Another of the same bytes is not taken, nor one sealed as something else.
func TestOneSpelling(t *testing.T) {
	w := newWorld(t)
	var out map[string]int
	token, err := w.p.sealer.seal(sealAccess, map[string]int{"abc": 1})
	must(t, err)
	if !w.p.sealer.open(sealAccess, token, &out) {
		t.Fatal("does not open")
	}
	last := token[len(token)-1]
	for _, other := range []string{token + "\n", token[:10] + "\r\n" + token[10:], token[:len(token)-1] + string(last+1), token + "=", token[:len(token)-2], ""} {
		if w.p.sealer.open(sealAccess, other, &out) {
			t.Errorf("%q opens", other)
		}
	}
	for _, kind := range []sealKind{sealCode, sealRefresh, sealTokenID, ""} {
		if w.p.sealer.open(kind, token, &out) {
			t.Errorf("opens as %q", kind)
		}
	}
}
