package oidc

import (
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestProofIsToldAsOfItsTime: a stronger proof that another app asked for since is not put beside the auth_time of the first.
func TestProofIsToldAsOfItsTime(t *testing.T) {
	w := newWorld(t)
	w.method = bridge.MethodFIDO2
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	before, _ := w.verified(set.ID)
	w.advance(60e9)
	w.method = bridge.MethodSmartcard
	b.code("post", "prompt", "login")
	set = w.tokens(w.refresh("basic", set.Refresh))
	after, _ := w.verified(set.ID)
	for _, name := range []string{"auth_time", "acr", "authentication_assurance_level"} {
		if before[name] != after[name] {
			t.Errorf("%s was %v and is %v", name, before[name], after[name])
		}
	}
	if amr, ok := after["amr"].([]any); !ok || len(amr) != 1 || amr[0] != string(bridge.MethodFIDO2) {
		t.Errorf("amr %v", after["amr"])
	}
}
