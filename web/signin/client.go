package signin

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Clients without pages, such as a SAML enhanced client, show a card in one request: by the client certificate of the connection (or of the one that a
// proxy ended), or by the HTTP authentication scheme Card, in which the card signs a challenge of ours (docs/how-to/sign-on-without-a-browser.md).

// kindClientChallenge is a challenge that waits for its answer.
const kindClientChallenge bridge.ArtifactKind = "signin-client-challenge"

// StrangerKinds are the artifacts that a request without a session can make this room store, for whoever bounds their number.
func StrangerKinds() []bridge.ArtifactKind {
	return []bridge.ArtifactKind{kindClientChallenge, kindChallenge}
}

const (
	clientChallengeLife = time.Minute
	maxCertificate      = 16 << 10 // DER, in bytes
	maxAuthorization    = 48 << 10
	clientScheme        = "Card"
)

// ClientMessage is what a card signs to answer a challenge: separated from all else that it may be asked to sign, and of use at
// this hub alone.
func ClientMessage(issuer, challenge string) []byte {
	return []byte("lanyard card authentication 1\n" + issuer + "\n" + challenge)
}

// ClientChallenge makes a challenge and returns it as the value of WWW-Authenticate. It is good for one answer within a minute.
func (s *SignIn) ClientChallenge(ctx context.Context) (string, error) {
	challenge := s.Hub.NewSecret()
	if err := s.keep(ctx, kindClientChallenge, challenge, clientChallengeLife, struct{}{}); err != nil {
		return "", err
	}
	return clientScheme + ` realm="` + s.Kit.Issuer.Host + `", challenge="` + challenge + `"`, nil
}

// ClientProof returns what a request proves about who sent it; CredentialMissing if it shows no card.
func (s *SignIn) ClientProof(r *http.Request) (bridge.Proof, error) {
	if s.Cards == nil {
		return bridge.Proof{}, noCards()
	}
	now := s.Hub.Clock()
	certs, err := s.shown(r)
	if err != nil {
		return bridge.Proof{}, err //nolint:wrapcheck // a refusal
	}
	if len(certs) > 0 {
		return s.Cards.Accept(r.Context(), certs, now)
	}
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialMissing, "No card was shown.")
	}
	a, ok := readAnswer(values)
	if !ok {
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialUntrusted, "The Authorization header is not one of the scheme Card.").WithCode("card_authorization")
	}
	if err := s.take(r.Context(), kindClientChallenge, bridge.Key(a.challenge)); err != nil {
		return bridge.Proof{}, challengeGone(err)
	}
	return s.Cards.AcceptSigned(r.Context(), a.certificate, ClientMessage(s.Kit.Issuer.String(), a.challenge), a.signature, now)
}

func challengeGone(err error) error {
	if errors.Is(err, bridge.ErrNotFound) || errors.Is(err, bridge.ErrSpent) {
		return bridge.Refuse(bridge.CredentialUntrusted, "The challenge is not known any more. Sign the one in this answer.").WithCode("card_challenge")
	}
	return err
}

// answer is an Authorization header of the scheme Card.
type answer struct {
	challenge   string
	certificate *x509.Certificate
	signature   []byte
}

// readAnswer reads challenge, certificate and signature, each once, quoted, the last two in base64 (RFC 9110, section 11.4).
func readAnswer(headers []string) (answer, bool) {
	var a answer
	if len(headers) != 1 || len(headers[0]) > maxAuthorization {
		return a, false
	}
	scheme, rest, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, clientScheme) {
		return a, false
	}
	params := map[string]string{}
	for piece := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(piece), "=")
		name = strings.ToLower(name)
		inner, quoted := strings.CutPrefix(value, `"`)
		inner, closed := strings.CutSuffix(inner, `"`)
		if _, again := params[name]; !ok || again || !quoted || !closed {
			return a, false
		}
		params[name] = inner
	}
	der, err1 := base64.StdEncoding.DecodeString(params["certificate"])
	signature, err2 := base64.StdEncoding.DecodeString(params["signature"])
	if err1 != nil || err2 != nil || len(der) > maxCertificate || params["challenge"] == "" {
		return a, false
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return a, false
	}
	return answer{params["challenge"], certificate, signature}, true
}
