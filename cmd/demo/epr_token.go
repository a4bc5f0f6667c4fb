package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// tokens is the answer of the token endpoint.
type tokens struct {
	ID     string `json:"id_token"`
	Access string `json:"access_token"`
	Type   string `json:"token_type"`
}

// idClaims are the claims of an ID token that EPR looks at.
type idClaims struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audience   string   `json:"aud"`
	Party      string   `json:"azp"`
	Expires    int64    `json:"exp"`
	Issued     int64    `json:"iat"`
	Nonce      string   `json:"nonce"`
	AccessHash string   `json:"at_hash"`
	SID        string   `json:"sid"`
	Method     []string `json:"amr"`
	Role       string   `json:"selected_roleid"`
}

// userinfo is what EPR uses of the userinfo answer.
type userinfo struct {
	Subject string `json:"sub"`
	Name    string `json:"name"`
	UID     string `json:"nhsid_useruid"`
	Roles   []struct {
		ID   string `json:"person_roleid"`
		Org  string `json:"org_code"`
		Name string `json:"role_name"`
	} `json:"nhsid_nrbac_roles"`
}

const skew = time.Minute

// redeem turns the code into a visit: token endpoint, ID token, userinfo.
func (e *epr) redeem(ctx context.Context, code string, a attempt) (visit, error) {
	op, err := e.discover(ctx)
	if err != nil {
		return visit{}, err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {e.redirectURI()}, "code_verifier": {a.verifier}}
	e.ladder.add(message{From: e.Short, To: atHub, Title: "Token request", How: "server to server, client_secret_basic", Body: listed(form, "code", "code_verifier")})
	var got tokens
	basic := func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(e.ID), url.QueryEscape(e.secret)) }
	if _, err := e.fetch(ctx, http.MethodPost, op.Token, form, basic, &got); err != nil {
		return visit{}, err
	}
	raw, alg, err := e.verify(ctx, got.ID, "JWT")
	if err != nil {
		return visit{}, fmt.Errorf("ID token: %w", err)
	}
	var id idClaims
	if err := json.Unmarshal(raw, &id); err != nil {
		return visit{}, fmt.Errorf("ID token: %w", err)
	}
	if err := e.judge(id, got.Access, a.nonce); err != nil {
		return visit{}, fmt.Errorf("ID token: %w", err)
	}
	ticks := []tick{
		checked("ID token signed %s by a key in the hub's key set", alg), checked("Issuer is the hub, audience is this app"),
		checked("Nonce is that of this sign-in, and the token is in time"), checked("at_hash fits the access token"), checked("PKCE: the code was redeemed with this app's own verifier"),
	}
	e.ladder.add(message{From: atHub, To: e.Short, Title: "ID token", How: "server to server", Body: prettyJWT(got.ID), Ticks: ticks})
	var info userinfo
	doc, err := e.fetch(ctx, http.MethodGet, op.Userinfo, nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+got.Access) }, &info)
	if err != nil {
		return visit{}, fmt.Errorf("userinfo: %w", err)
	}
	if info.Subject != id.Subject {
		return visit{}, errors.New("userinfo is about someone else")
	}
	same := checked("Userinfo is about the subject of the ID token")
	e.ladder.add(message{From: atHub, To: e.Short, Title: "Userinfo", How: "server to server, with the access token", Body: prettyJSON(doc), Ticks: []tick{same}})
	v := visit{
		Name: info.Name, UID: info.UID, How: "by OpenID Connect, ID token signed " + alg, index: id.SID, subject: id.Subject, token: got.ID,
		Ticks: append(ticks, same), Received: []document{{"The ID token, decoded", prettyJWT(got.ID)}, {"Userinfo", prettyJSON(doc)}},
	}
	for _, r := range info.Roles {
		if r.ID == id.Role {
			v.Role, v.Org = lastQuoted(r.Name), r.Org
		}
	}
	return v, nil
}

// judge checks an ID token (OpenID Connect Core 1.0, section 3.1.3.7).
func (e *epr) judge(id idClaims, access, nonce string) error {
	now, hash := e.desk.clock(), sha256.Sum256([]byte(access))
	switch {
	case id.Issuer != e.issuer:
		return errors.New("another issuer")
	case id.Audience != e.ID, id.Party != "" && id.Party != e.ID:
		return errors.New("for another app")
	case !now.Before(time.Unix(id.Expires, 0).Add(skew)):
		return errors.New("expired")
	case time.Unix(id.Issued, 0).After(now.Add(skew)):
		return errors.New("from the future")
	case id.Nonce != nonce:
		return errors.New("of another sign-in")
	case id.AccessHash != base64.RawURLEncoding.EncodeToString(hash[:16]):
		return errors.New("at_hash does not fit")
	case id.Subject == "":
		return errors.New("names nobody")
	}
	return nil
}

// verify checks a token's signature against the hub's key set and returns its claims and algorithm.
func (e *epr) verify(ctx context.Context, token, kind string) ([]byte, string, error) {
	sig, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		return nil, "", fmt.Errorf("demo: %w", err)
	}
	header := sig.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); typ != kind {
		return nil, "", fmt.Errorf("is of type %q", typ)
	}
	key, err := e.keyFor(ctx, header.KeyID)
	if err != nil {
		return nil, "", err
	}
	if key.Algorithm != "" && key.Algorithm != header.Algorithm {
		return nil, "", errors.New("algorithm does not fit the key")
	}
	payload, err := sig.Verify(key.Key)
	if err != nil {
		return nil, "", fmt.Errorf("demo: %w", err)
	}
	return payload, header.Algorithm, nil
}

// keyFor finds a key of the hub, asking it again once for a key that is not known.
func (e *epr) keyFor(ctx context.Context, kid string) (jose.JSONWebKey, error) {
	op, err := e.discover(ctx)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.keys == nil || len(e.keys.Key(kid)) == 0 {
		var set jose.JSONWebKeySet
		if _, err := e.fetch(ctx, http.MethodGet, op.JWKS, nil, nil, &set); err != nil {
			return jose.JSONWebKey{}, err
		}
		e.keys = &set
	}
	if found := e.keys.Key(kid); len(found) == 1 {
		return found[0], nil
	}
	return jose.JSONWebKey{}, errors.New("signed with a key that is not the hub's")
}

// logoutClaims are those of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4).
type logoutClaims struct {
	Issuer   string                     `json:"iss"`
	Subject  string                     `json:"sub"`
	Audience string                     `json:"aud"`
	Issued   int64                      `json:"iat"`
	Expires  int64                      `json:"exp"`
	ID       string                     `json:"jti"`
	SID      string                     `json:"sid"`
	Events   map[string]json.RawMessage `json:"events"`
	Nonce    *json.RawMessage           `json:"nonce"`
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backchannel takes a logout token from the hub's server (section 2.6).
func (e *epr) backchannel(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("logout_token")
	raw, alg, err := e.verify(r.Context(), token, "logout+jwt")
	var c logoutClaims
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err == nil {
		err = e.judgeLogout(c)
	}
	if err != nil {
		e.ladder.add(message{From: atHub, To: e.Short, Title: "Logout token", How: "server to server", Ticks: []tick{failed("%v", err)}})
		http.Error(w, `{"error":"invalid_request"}`, http.StatusBadRequest)
		return
	}
	n := e.desk.end(func(v visit) bool { return v.subject == c.Subject && (c.SID == "" || v.index == c.SID) })
	e.ladder.add(message{
		From: atHub, To: e.Short, Title: "Logout token", How: "server to server", Body: prettyJWT(token),
		Ticks: []tick{checked("Signed %s by a key in the hub's key set", alg), checked("Issuer, audience, event and time are right, and it is new"), checked("%d session of this app ended", n)},
	})
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (e *epr) judgeLogout(c logoutClaims) error {
	now := e.desk.clock()
	event, ok := c.Events[logoutEvent]
	switch {
	case c.Issuer != e.issuer, c.Audience != e.ID:
		return errors.New("not from the hub to this app")
	case !ok || !bytes.HasPrefix(bytes.TrimSpace(event), []byte("{")):
		return errors.New("not about a sign-out")
	case c.Nonce != nil:
		return errors.New("has a nonce, as only ID tokens have")
	case c.Subject == "" && c.SID == "":
		return errors.New("names nobody")
	case time.Unix(c.Issued, 0).After(now.Add(skew)), !now.Before(time.Unix(c.Expires, 0).Add(skew)):
		return errors.New("out of time")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.ID == "" || e.jtis[c.ID] {
		return errors.New("used before")
	}
	e.jtis[c.ID] = true
	return nil
}
