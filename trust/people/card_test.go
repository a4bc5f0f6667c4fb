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

func TestParseCardHandle(t *testing.T) {
	for _, handle := range []string{"0aff:1f", ":0", "01:ffffffffffffffffffff"} {
		key, serial, ok := ParseCardHandle(handle)
		if !ok || CardHandle(key, serial) != handle {
			t.Errorf("%s: %x %v %v", handle, key, serial, ok)
		}
	}
	for _, handle := range []string{"", "0aff", "0aff:", "0AFF:1f", "0aff:01f", "0aff:-1", "0af:1f", "0aff:1g", "0aff:1f:2", "0aff:+1"} {
		if _, _, ok := ParseCardHandle(handle); ok {
			t.Errorf("%q was taken", handle)
		}
	}
}
