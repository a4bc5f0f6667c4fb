package agent

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Bounds of what a message tells.
const (
	maxUser        = 64       // bytes
	maxCertificate = 16 << 10 // bytes of DER
)

// Presence is that a page and an agent are on one computer.
type Presence struct {
	Message
	User        string            // session of the operating system, opaque; may be empty
	Certificate *x509.Certificate // of the card in the reader; nil: there is none
}

// ReadPresence believes that the agent at a page's side signed the nonce that the page was given.
func (r *Reader) ReadPresence(ctx context.Context, token, nonce string) (Presence, error) {
	m, err := r.Read(ctx, token, "presence")
	if err != nil {
		return Presence{}, err
	}
	said, err := m.Claims.Text("nonce")
	if err != nil || nonce == "" || subtle.ConstantTimeCompare([]byte(said), []byte(nonce)) != 1 {
		return Presence{}, bridge.Refuse(bridge.BadRequest, "The agent of this computer answered for another page.").WithCode("presence_nonce")
	}
	if err := r.ours(m); err != nil {
		return Presence{}, err
	}
	p := Presence{Message: m}
	if p.User, err = m.User(); err != nil {
		return Presence{}, err
	}
	p.Certificate, err = m.Certificate()
	return p, err
}

// ours refuses what an agent said to a page of another origin than the hub's, which may have been given the nonce by anybody. A message
// without an origin was said to a program of the workstation.
func (r *Reader) ours(m Message) error {
	origin, err := m.Claims.Text("origin")
	if errors.Is(err, jose.ErrMissing) {
		return nil
	}
	scheme, rest, _ := strings.Cut(r.Issuer, "://")
	host, _, _ := strings.Cut(rest, "/")
	if err != nil || origin != scheme+"://"+host {
		return bridge.Refuse(bridge.BadRequest, "The agent of this computer answered for a page of another site.").WithCode("presence_origin")
	}
	return nil
}

// Place is where a browser is, by this presence.
func (p Presence) Place() bridge.Place {
	return bridge.Place{Workstation: p.Workstation.ID, User: p.User, Card: Fingerprint(p.Certificate), Key: p.Thumbprint}
}

// User is the session of the operating system that a message is about; empty if it does not say.
func (m Message) User() (string, error) {
	user, err := m.Claims.Text("user")
	switch {
	case errors.Is(err, jose.ErrMissing):
		return "", nil
	case err != nil || len(user) > maxUser || !utf8.ValidString(user):
		return "", malformed("user of the message is not a string of at most 64 bytes")
	}
	return user, nil
}

// Certificate is that of the card that a message is about; nil if it does not say.
func (m Message) Certificate() (*x509.Certificate, error) {
	text, err := m.Claims.Text("certificate")
	if errors.Is(err, jose.ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, malformed("certificate of the message is not a string")
	}
	return ReadCertificate(text)
}

// ReadCertificate reads the certificate of a card: DER in padded base64. It is read, not trusted.
func ReadCertificate(text string) (*x509.Certificate, error) {
	if len(text) > base64.StdEncoding.EncodedLen(maxCertificate) {
		return nil, malformed("the certificate of the card is too long")
	}
	der, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil && strings.ContainsAny(text, "\r\n") {
		err = errors.New("agent: line end in base64")
	}
	if err != nil {
		return nil, malformed("the certificate of the card is not base64").Because(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, malformed("the certificate of the card cannot be read").Because(err)
	}
	return c, nil
}

// Handle is by what a card is registered, as its own certificate has it; empty if it does not name its issuer's key. It finds a
// card and its sessions. It proves nothing.
func Handle(c *x509.Certificate) string {
	if c == nil || len(c.AuthorityKeyId) == 0 {
		return ""
	}
	return people.CardHandle(c.AuthorityKeyId, c.SerialNumber)
}

// Fingerprint is the SHA-256 of a certificate, hexadecimal; empty for none.
func Fingerprint(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// SignedText is what a card signs to sign in through the agent: the value of the Origin header that the agent saw, so that what a page
// of another origin was given is of no use here, and the hub's challenge.
func SignedText(origin, challenge string) []byte {
	return []byte("lanyard card sign-in 1\n" + origin + "\n" + challenge)
}
