package ticket

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// Signer signs with the card of the workstation, once its holder gave the PIN.
type Signer interface {
	Sign(ctx context.Context, purpose string, message []byte) (card.Certificate, []byte, error)
}

// Broker is the server of the agent protocol.
type Broker struct {
	URL     string // scheme and host, without a path; empty: none is configured
	Client  *http.Client
	Signer  Signer
	Chooser Chooser
	Device  string // id of this device, and its address: "b02edd23,ClientIP=192.0.2.7"
	Now     func() time.Time
}

// Paths of the protocol, and what its agents call themselves.
const (
	pathActivate = "/login/authactivate"
	pathValidate = "/login/authvalidate"
	pathRole     = "/saml/RoleSelectionGP.jsp"
	pathUpdate   = "/sessionmanager/session/update"
	pathLogout   = "/login/authlogout"
	gacVersion   = "GACv10. 0. 0. 1"
	userAgent    = "Mozilla/4.0(compatible;IE;" + gacVersion + ")"
)

// okDocument is the answer to what is not a login.
const okDocument = "<HTML><STATUS>OK</STATUS></HTML>"

// opened is a session that the broker opened for a card.
type opened struct {
	ticket         string
	certificate    []byte // DER
	uid, id        string // of the person, if the certificate names them; log_session_id
	update, logout string // addresses
	life           time.Duration
}

// maxTicket is one more than the longest ticket, in bytes: programs of the field have buffers of that size.
const maxTicket = 256

// open signs in: activation, the card's signature over the challenge, validation, role.
func (b *Broker) open(ctx context.Context, role string) (opened, error) {
	if b.URL == "" {
		return opened{}, Error{NoServerFound, nil}
	}
	id, err := sessionID()
	if err != nil {
		return opened{}, err
	}
	activated, err := b.post(ctx, b.URL+pathActivate, b.common(id, "ACTIVATION"))
	if err != nil {
		return opened{}, err
	}
	challenge, err := base64.StdEncoding.DecodeString(activated.text("challenge"))
	if err != nil || len(challenge) < 8 || len(challenge) > 4096 {
		return opened{}, Error{DataSyntax, errors.New("ticket: no challenge of 8 to 4096 bytes")}
	}
	response, cert, err := b.answer(ctx, challenge)
	if err != nil {
		return opened{}, err
	}
	uid := uidOf(cert)
	validated, err := b.post(ctx, b.URL+pathValidate, append(b.common(id, "AUTHENTICATION"),
		param{name: "challenge", text: activated.text("challenge")}, param{name: "signature", text: activated.text("signature")},
		param{name: "uid", text: uid}, param{name: "card_type", text: "p11"},
		param{name: "response", text: response, attributes: map[string]string{"encoding": "base64"}}, param{name: "mobility", text: "0"}))
	if err != nil {
		return opened{}, err
	}
	s := opened{ticket: validated.text("sso_ticket"), certificate: cert.Raw, uid: uid, id: id}
	if !isTicket(s.ticket) {
		return opened{}, Error{UserNotValid, errors.New("ticket: validated without a ticket")}
	}
	s.update, s.logout = b.ours(validated.text("sso_session_url"), pathUpdate), b.ours(validated.text("sso_logout_url"), pathLogout)
	s.life = life(validated.text("sso_session_time"))
	if err := b.takeRole(ctx, s, validated.roles(), role); err != nil {
		return opened{}, errors.Join(err, b.close(ctx, s))
	}
	return s, nil
}

// sessionID is a log_session_id: eight characters.
func sessionID() (string, error) {
	var raw [6]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(raw[:]), nil
}

// common are the parameters that every message has.
func (b *Broker) common(id, service string) object {
	return object{
		{name: "auth_method", text: "3"}, {name: "app_url", text: "NHST"}, {name: "log_session_id", text: id},
		{name: "device_id", text: b.Device}, {name: "service", text: service},
	}
}

// smime is the header that agents put before the base64 of their CMS.
const smime = "MIME-Version: 1.0\nContent-Disposition: attachment; filename=\"smime.p7m\"\n" +
	"Content-Type: application/x-pkcs7-mime; name=\"smime.p7m\"\nContent-Transfer-Encoding: base64\n\n"

// answer has the card sign the challenge and returns the response parameter.
func (b *Broker) answer(ctx context.Context, challenge []byte) (string, *card.Certificate, error) {
	attributes, err := signedAttributes(challenge, b.Now())
	if err != nil {
		return "", nil, err
	}
	cert, signature, err := b.Signer.Sign(ctx, "Sign in to "+hostOf(b.URL)+".", attributes)
	if err != nil {
		return "", nil, err
	}
	cms, err := signedMessage(challenge, attributes, signature, cert.Certificate)
	if err != nil {
		return "", nil, err
	}
	return base64.StdEncoding.EncodeToString([]byte(smime + base64.StdEncoding.EncodeToString(cms))), &cert, nil
}

// uidOf is the person's uid where the common name is one: twelve digits. Else the hub finds it.
func uidOf(cert *card.Certificate) string {
	if cn := cert.Subject.CommonName; len(cn) == 12 && strings.Trim(cn, "0123456789") == "" {
		return cn
	}
	return ""
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// isTicket: printable ASCII that fits into the field's buffers.
func isTicket(s string) bool {
	return s != "" && len(s) < maxTicket && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// ours is an address that the broker gave, if it is one of the broker's own.
func (b *Broker) ours(given, path string) string {
	u, err := url.Parse(given)
	base, wrong := url.Parse(b.URL)
	if err != nil || wrong != nil || u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return b.URL + path
	}
	return given
}

// life of a session, from minutes; that of a long working day, the field's own, if the broker does not say.
func life(minutes string) time.Duration {
	d, err := time.ParseDuration(minutes + "m")
	if err != nil || d < time.Minute || d > 24*time.Hour {
		return 10 * time.Hour
	}
	return d
}

// takeRole tells the broker the role; people without roles have none to tell.
func (b *Broker) takeRole(ctx context.Context, s opened, roles []Role, wanted string) error {
	if len(roles) == 0 && wanted == "" {
		return nil
	}
	role, err := b.Chooser.choose(ctx, roles, wanted)
	if err != nil {
		return Error{NotPossible, err}
	}
	query := url.Values{"token": {s.ticket}, "selectedRoleUid": {role.ID}, "ssbMode": {"0"}, "fallbackStatus": {"0"}, "gacVersion": {gacVersion}}
	return b.ok(ctx, http.MethodGet, b.URL+pathRole+"?"+query.Encode(), nil)
}

// keep gives a sign of life.
func (b *Broker) keep(ctx context.Context, s opened) error {
	return b.ok(ctx, http.MethodGet, s.update+"?"+url.Values{"token": {s.ticket}}.Encode(), nil)
}

// close logs out.
func (b *Broker) close(ctx context.Context, s opened) error {
	message := append(b.common(s.id, "LOGOUT"), param{name: "sso_ticket", text: s.ticket}, param{name: "uid", text: s.uid})
	return b.ok(context.WithoutCancel(ctx), http.MethodPost, s.logout, message.document())
}

func (b *Broker) ok(ctx context.Context, method, address string, body []byte) error {
	text, err := b.send(ctx, method, address, body)
	if err == nil && !strings.Contains(string(text), okDocument) {
		return Error{DataSyntax, errors.New("ticket: not the OK document")}
	}
	return err
}

func (b *Broker) post(ctx context.Context, address string, o object) (object, error) {
	text, err := b.send(ctx, http.MethodPost, address, o.document())
	if err != nil {
		return nil, err
	}
	out, err := readObject(text)
	if err != nil {
		return nil, Error{DataSyntax, err}
	}
	return out, nil
}

// send makes one request. Errors never hold the address: it may have the ticket in it.
func (b *Broker) send(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, Error{Internal, errors.New("ticket: an address that is none")}
	}
	req.Header.Set("User-Agent", userAgent)
	if body != nil {
		req.Header.Set("Content-Type", "text/xml; charset=UTF-8")
	}
	resp, err := b.Client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return nil, Error{ServerUnavailable, err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, Error{ServerUnavailable, err}
	case resp.StatusCode == http.StatusOK:
		return text, nil
	}
	return nil, refusal(resp.StatusCode, text)
}

// refusal is what a broker answered instead: its own code of the table where it has one.
func refusal(status int, text []byte) error {
	err := fmt.Errorf("ticket: status %d", status)
	o, _ := readObject(text) // of what is no document there is no code
	if code := CodeNamed(o.text("error_code")); code != Internal {
		return Error{code, err}
	}
	if status >= 500 || status == http.StatusTooManyRequests {
		return Error{ServerUnavailable, err}
	}
	return Error{UserNotValid, err}
}
