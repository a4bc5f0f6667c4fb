//go:build !openssl

package openssl

import (
	"errors"
	"testing"
)

func TestNotBuilt(t *testing.T) {
	if l, err := Open(); !errors.Is(err, ErrNotBuilt) || l != nil {
		t.Errorf("%v, %v", l, err)
	}
}
