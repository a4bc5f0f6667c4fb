package saml2

import (
	"bytes"
	"encoding/base64"
	"testing"
)

func TestEncodeBase64(t *testing.T) {
	for n := range 2000 {
		doc := bytes.Repeat([]byte{0xFB, 0x01, 0xFF, 0x7E, 0x20}, n/5+1)[:n]
		if got := encodeBase64(doc); got != base64.StdEncoding.EncodeToString(doc) {
			t.Fatalf("%d bytes: %s", n, got)
		}
	}
}
