package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// ErrNoChannel says that a client cannot be told of a sign-out.
var ErrNoChannel = errors.New("oidc: the terms name neither backchannel_logout_uri nor frontchannel_logout_uri")

// LogoutTest is how a client took a logout token about nobody.
type LogoutTest struct {
	Address string // where it was told; of the front channel, what a browser would have to visit
	Front   bool   // it has a front channel alone: nothing was sent
	Subject string // nobody's
	SID     string // no session's
	Token   string
	Status  int    // of the answer; 0: none came
	Code    string // the error of a JSON answer
	Text    string // its error_description
	Failure string // why no answer came
	Took    time.Duration
	Hints   []string // for the client's makers
}

// OK reports whether the client's endpoint does what OpenID Connect Back-Channel Logout 1.0 wants of it: it ends what it is told to end, or
// says with 400 that it knows of nothing to end.
func (t LogoutTest) OK() bool {
	return t.Status == http.StatusOK || t.Status == http.StatusNoContent || t.Status == http.StatusBadRequest
}

// TestLogout sends a client one logout token as at a sign-out, with a subject and a session that nobody has, and says what came back. It
// ends nothing and records nothing: it is about no person.
func (f Faces) TestLogout(ctx context.Context, partner trust.Partner) (LogoutTest, error) {
	if p := f.of(partner); p != nil {
		return p.testLogout(ctx, partner)
	}
	return LogoutTest{}, ErrNoChannel
}

func (p *Provider) testLogout(ctx context.Context, partner trust.Partner) (LogoutTest, error) {
	t := LogoutTest{Address: partner.OIDC.BackchannelLogoutURI, Subject: "nobody-" + p.hub.NewID(), SID: p.hub.NewID()}
	if t.Address == "" {
		address, err := p.frontTarget(bridge.Delivery{Participant: bridge.Participant{Partner: partner.ID, Index: t.SID}})
		if err != nil {
			return t, ErrNoChannel
		}
		t.Address, t.Front = address, true
		t.Hints = []string{"This app has a front channel alone, which only a browser can try: open the address there and see whether the app's own session ends. Whether it does in a frame depends on its cookies: they must be SameSite=None, and many browsers keep them from frames all the same. A back channel depends on neither."}
		return t, nil
	}
	if p.poster == nil {
		return t, ErrNoChannel
	}
	var err error
	if t.Token, err = p.logoutToken(partner, t.Subject, t.SID); err != nil {
		return t, fmt.Errorf("oidc: test logout: %w", err)
	}
	begun := p.hub.Clock()
	status, body, err := p.poster.PostForm(ctx, t.Address, url.Values{"logout_token": {t.Token}})
	t.Status, t.Took = status, p.hub.Clock().Sub(begun)
	if err != nil {
		t.Status, t.Failure = 0, err.Error()
	}
	said := readLogoutError(body)
	t.Code, t.Text = said.Code, said.Description
	t.Hints = p.logoutHints(t, string(body))
	return t, nil
}

// logoutHints say what an answer means and what to look at, with the section of Back-Channel Logout 1.0 where there is one.
func (p *Provider) logoutHints(t LogoutTest, body string) []string {
	var out []string
	switch {
	case t.Status == 0:
		out = append(out, "No answer came. From the hub's machine: does the name resolve, is the port open, is the certificate by an authority that this machine trusts, and for this name?")
	case t.Status == http.StatusOK && strings.HasPrefix(strings.TrimSpace(body), "<"):
		out = append(out, "The answer is a page. If it is a sign-in page of something in front of the app, the app never saw the token, and yet every sign-out would count as confirmed.")
	case t.Status == http.StatusOK || t.Status == http.StatusNoContent:
		out = append(out, "The app took the token. There was nothing to end.")
	case t.Status == http.StatusBadRequest:
		out = append(out, "The app refused the token, as it may (section 2.8): it knows nobody of this name. If that is not the reason it gives, compare what it expects: iss is "+p.issuer+", the key is one of "+p.url(jwksPath)+
			", typ is logout+jwt, aud is its client id, exp is two minutes after iat, and there is no nonce (section 2.6).")
	case t.Status >= 300 && t.Status < 400:
		out = append(out, "The hub follows no redirect with a logout token. The terms must name the address that answers itself; a redirect to a sign-in page means that something wants a session there.")
	case t.Status == http.StatusUnauthorized || t.Status == http.StatusForbidden:
		out = append(out, "Something wants a session, a CSRF token or another sender's address. The token is the only authentication there is (section 2.5): exempt this address.")
	case t.Status == http.StatusNotFound || t.Status == http.StatusMethodNotAllowed:
		out = append(out, "Nothing takes a POST at this address.")
	case t.Status == http.StatusUnsupportedMediaType || t.Status == http.StatusNotAcceptable:
		out = append(out, "The token comes as application/x-www-form-urlencoded, in the field logout_token (section 2.5).")
	case t.Status == http.StatusNotImplemented:
		out = append(out, "Some apps answer 501 to a session that they do not know. Section 2.8 wants 400; the hub takes anything else for no answer, and tells the app again for about a day.")
	default:
		out = append(out, "The hub takes this for no answer, and tells the app again for about a day. Section 2.8 wants 200, or 400 if the app could not end the session.")
	}
	if wait := p.hub.Limits.PerPartner; wait > 0 && t.Took > wait {
		out = append(out, fmt.Sprintf("It took %s. A sign-out waits %s for an app, and then says that there was no answer.", t.Took.Round(100*time.Millisecond), wait))
	}
	return out
}
