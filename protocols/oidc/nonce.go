package oidc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
)

// nonceWindow is how long a nonce is handed out. It is accepted for as long again: every node makes the same of the same window.
const nonceWindow = 5 * time.Minute

// nonces makes the nonces of DPoP proofs (RFC 9449, section 8) out of a secret and the time: none is stored.
type nonces struct {
	key   []byte
	clock func() time.Time
}

// now is the nonce to hand out.
func (n nonces) now() string { return n.of(n.window()) }

func (n nonces) window() int64 { return n.clock().Unix() / int64(nonceWindow/time.Second) }

func (n nonces) of(window int64) string {
	m := hmac.New(sha256.New, n.key)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(window)))
	return b64.EncodeToString(m.Sum(nil)[:16])
}

// good reports whether a nonce is that of this window or of the one before.
func (n nonces) good(nonce string) bool {
	at := n.window()
	return hmac.Equal([]byte(nonce), []byte(n.of(at))) || hmac.Equal([]byte(nonce), []byte(n.of(at-1)))
}

// wantsNonce reports whether the proofs of a client need a nonce.
func (p *Provider) wantsNonce(c *client) bool { return p.nonce || c.terms.Nonce }

// announceNonce hands out the nonce for the next proof (RFC 9449, section 8.2) to a client that sends them, or should.
func (p *Provider) announceNonce(w http.ResponseWriter, c *client, shown bool) {
	if p.wantsNonce(c) && (shown || c.terms.Bind == trust.BindDPoP) {
		w.Header().Set("DPoP-Nonce", p.nonces.now())
	}
}
