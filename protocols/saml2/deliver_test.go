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

// TestRelayStateIsThereOrNot: an empty RelayState and none are two things, for the partner gets back what it sent.
func TestRelayStateIsThereOrNot(t *testing.T) {
	for _, c := range []struct {
		relay         relayState
		query, octets string
	}{
		{relayState{}, "https://a.example/?SAMLart=x", "SAMLResponse=d&SigAlg=a"},
		{relayState{Present: true}, "https://a.example/?SAMLart=x&RelayState=", "SAMLResponse=d&RelayState=&SigAlg=a"},
		{relayState{Present: true, Value: "&b"}, "https://a.example/?SAMLart=x&RelayState=%26b", "SAMLResponse=d&RelayState=&b&SigAlg=a"},
	} {
		if got := artifactURL("https://a.example/", "x", c.relay); got != c.query {
			t.Errorf("%s, want %s", got, c.query)
		}
		if got := string(simpleOctets("SAMLResponse", []byte("d"), c.relay, "a")); got != c.octets {
			t.Errorf("%s, want %s", got, c.octets)
		}
	}
}
