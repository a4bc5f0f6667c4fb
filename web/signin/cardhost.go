package signin

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

const cardPath = "/card"

// CardHandler serves the card hosts. It believes only the TLS handshake: a certificate in a header is not
// looked at, and a connection that was made for another host name, or resumed, is misdirected (RFC 9110,
// section 15.5.20). Where CardSource is a proxy, handshake, host name and resumption are that proxy's business,
// and only its word about the certificate is heard. No cookie is set here, and every connection is closed after
// its answer.
func (s *SignIn) CardHandler() http.Handler {
	return s.Kit.Handler(web.Route{Name: "card_host", Class: web.Step, Handler: s.cardHost, MaxBody: 1})
}

func (s *SignIn) cardHost(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	w.Header().Set("Cache-Control", "no-store")
	label, ok := s.label(r)
	var a attempt
	var spent bool
	if ok {
		var err error
		spent, err = s.look(r.Context(), bridge.KindCardAttempt, bridge.Key(label), &a)
		if err != nil && !errors.Is(err, bridge.ErrNotFound) {
			s.cardRefused(w, r, attempt{}, err)
			return
		}
		ok = err == nil
	}
	switch {
	case !ok:
		http.Error(w, "This host is not served here.", http.StatusMisdirectedRequest)
	case r.URL.Path != cardPath:
		http.NotFound(w, r)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "Only GET is answered here.", http.StatusMethodNotAllowed)
	default:
		if a.Ref != "" {
			s.Kit.Refer(w, r, a.Ref)
		}
		if !spent {
			spent = s.take(r.Context(), bridge.KindCardAttempt, bridge.Key(label)) != nil
		}
		if spent {
			s.cardUsed(w, r, a)
			return
		}
		s.readCard(w, r, a)
	}
}

// label is the attempt that the host name carries, if handshake and request agree on it.
func (s *SignIn) label(r *http.Request) (string, bool) {
	name, ok := s.cardHostName(r)
	if !ok {
		return "", false
	}
	label, _, _ := strings.Cut(name, ".")
	if label != strings.ToLower(label) || len(label) != 26 {
		return "", false
	}
	own, err := url.Parse(s.CardURL(label))
	if err != nil || own.Hostname() != name {
		return "", false
	}
	return label, r.Host == own.Host || own.Port() == "" && r.Host == own.Host+":443"
}

// cardHostName is the host name that the client's handshake was for. A proxy tells it as that of the request.
func (s *SignIn) cardHostName(r *http.Request) (string, bool) {
	switch {
	case s.Cards == nil:
		return "", false
	case s.CardSource == web.FromProxy:
		name, _, _ := strings.Cut(r.Host, ":")
		return name, true
	case !shookHands(r):
		return "", false
	}
	return r.TLS.ServerName, true
}

// shown are the certificates of the card that a request shows, its own first; none if it shows none.
func (s *SignIn) shown(r *http.Request) ([]*x509.Certificate, error) {
	switch {
	case s.CardSource == web.FromProxy:
		return s.Kit.ClientCertificates(r, web.FromProxy)
	case !shookHands(r):
		return nil, nil
	}
	return r.TLS.PeerCertificates, nil
}

// shookHands reports whether the connection has a whole handshake of its own: a resumed one shows what an earlier one proved.
func shookHands(r *http.Request) bool {
	return r.TLS != nil && r.TLS.HandshakeComplete && !r.TLS.DidResume
}

// readCard checks the card of this handshake and leaves what it found for the browser.
func (s *SignIn) readCard(w http.ResponseWriter, r *http.Request, a attempt) {
	found, back := seen{Attempt: a}, "/signin/card/done?"
	now := s.Hub.Clock()
	certs, err := s.shown(r)
	if err != nil {
		s.cardRefused(w, r, a, err)
		return
	}
	if a.Enrolment != "" {
		back = "/enrol/card/done?"
		card, err := s.Cards.Inspect(r.Context(), certs, now)
		if err != nil {
			s.cardRefused(w, r, a, err)
			return
		}
		found.Card = &card
	} else {
		proof, err := s.Cards.Accept(r.Context(), certs, now)
		switch {
		case s.Hub.Emergency != nil && proof.ForEmergency(err):
			found.Refused = s.recordCard(r, a, bridge.AsRefusal(err)).Detail
		case err != nil:
			s.cardRefused(w, r, a, err)
			return
		}
		found.Proof = &proof
		back += s.flow(bridge.Transaction{ID: a.Tx}, bridge.StepAuthenticate).query() + "&"
	}
	secret := s.Hub.NewSecret()
	if err := s.keep(r.Context(), bridge.KindCardProof, secret, proofLife, found); err != nil {
		s.cardRefused(w, r, a, err)
		return
	}
	http.Redirect(w, r, s.Kit.URL(back+"proof="+url.QueryEscape(secret)), http.StatusSeeOther)
}
