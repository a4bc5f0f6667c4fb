package jose

import "testing"

// TestSecurity runs the rows of the attack catalogue that are about tokens and keys themselves, each by its number.
func TestSecurity(t *testing.T) {
	t.Run("059", rsaKeys)
	t.Run("066", forms)
	t.Run("184", func(t *testing.T) {
		t.Run("claims", proofClaims)
		t.Run("header", proofHeaders)
	})
	t.Run("186", headers)
	t.Run("187", func(t *testing.T) {
		t.Run("confusion", kindsAreNotMixed)
		t.Run("r and s", ecdsaValues)
		t.Run("small order", ed25519Points)
	})
	t.Run("188", keySets)
}
