package revocation

import (
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// TestNews: whoever ends sessions is told of what may revoke a card when it counts already, and of nothing else.
func TestNews(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	told, revoked := 0, false
	policy := Policy{Mode: ModeBoth, Fresh: 24 * time.Hour}
	var d *desk
	d = newDesk(t, issuer.list(t, listTemplate(5)), policy, func(d *desk) {
		d.o.News = func() {
			if told++; d.Cache != nil {
				revoked = d.decide(issuer, 77).Evidence.Revoked
			}
		}
	}, issuer)
	expect := func(what string, want int, counts bool) {
		t.Helper()
		if told != want || revoked != counts {
			t.Errorf("%s: told %d times, revoked %v", what, told, revoked)
		}
		told, revoked = 0, false
	}
	expect("a list at the start", 1, false)
	d.Refresh(t.Context())
	expect("the same file", 0, false)
	d.write(issuer.list(t, listTemplate(6, 77)))
	d.Refresh(t.Context())
	expect("a newer list", 1, true)
	d.write(issuer.list(t, listTemplate(5)))
	d.Refresh(t.Context())
	expect("an older list", 0, false)
	good := answerTemplate(78, ocsp.Good)
	if err := d.Staple(issuer.cert, big.NewInt(78), issuer.answer(t, issuer, good), d.now); err != nil {
		t.Fatal(err)
	}
	expect("a good answer", 0, false)
	bad := answerTemplate(78, ocsp.Revoked)
	bad.ThisUpdate = start
	raw := issuer.answer(t, issuer, bad)
	if err := d.Staple(issuer.cert, big.NewInt(78), raw, d.now); err != nil {
		t.Fatal(err)
	}
	expect("a revocation by an answer", 1, true)
	if err := d.Staple(issuer.cert, big.NewInt(78), raw, d.now); err != nil {
		t.Fatal(err)
	}
	expect("the same answer", 0, false)
}
