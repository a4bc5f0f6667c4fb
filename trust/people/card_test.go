package people

import (
	"math/big"
	"testing"
)

func TestCardHandle(t *testing.T) {
	for want, got := range map[string]string{
		"0aff:1f":                 CardHandle([]byte{0x0a, 0xff}, big.NewInt(31)),
		":0":                      CardHandle(nil, nil),
		"01:ffffffffffffffffffff": CardHandle([]byte{1}, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 80), big.NewInt(1))),
	} {
		if got != want {
			t.Errorf("handle %q, want %q", got, want)
		}
	}
}
