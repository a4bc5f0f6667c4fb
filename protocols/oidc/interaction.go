package oidc

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
)

// interactionHeader ties a call of a resource to what either side has in its log (FAPI 1.0 Part 1, section 6.2.1, item 11).
const interactionHeader = "X-Fapi-Interaction-Id"

// interactions are of the form of RFC 9562, section 4: what a stranger may have repeated is no longer than that.
var interactions = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// interaction repeats the client's identifier of a call in the answer, or makes one where it sent none that can be repeated.
func (p *Provider) interaction(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get(interactionHeader)
	if !interactions.MatchString(id) {
		id = uuid(p.hub.NewID())
	}
	w.Header().Set(interactionHeader, id)
}

// uuid writes an identifier of ours as a UUID of version 8 (RFC 9562, section 5.8).
func uuid(id string) string {
	sum := sha256.Sum256([]byte(id))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	text := hex.EncodeToString(b)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
