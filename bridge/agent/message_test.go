package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

func TestRead(t *testing.T) {
	w := newWorld(t)
	m, err := w.reader.Read(t.Context(), w.message("bay4", "event", object{"event": "removed", "reader": "Reader 1"}), "event")
	if err != nil {
		t.Fatal(err)
	}
	if reader, err := m.Claims.Text("reader"); err != nil || reader != "Reader 1" || m.Workstation.ID != "bay4" || m.Issued().Unix() != w.now.Unix() || len(m.Thumbprint) != 43 {
		t.Errorf("%+v %v", m, err)
	}
}

// TestClaims changes one claim of a good message at a time.
func TestClaims(t *testing.T) {
	at := func(d time.Duration) int64 { return time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC).Add(d).Unix() }
	const asked, other, clock, wrong = "", "agent_audience", "agent_clock", "agent_message"
	for name, c := range map[string]struct {
		changes object
		code    string
	}{
		"nothing":                    {nil, asked},
		"unknown members":            {object{"more": object{"a": 1}}, asked},
		"clock a minute ahead":       {object{"iat": at(time.Minute), "exp": at(2 * time.Minute)}, asked},
		"clock a minute behind":      {object{"iat": at(-119 * time.Second), "exp": at(-59 * time.Second)}, asked},
		"clock further ahead":        {object{"iat": at(61 * time.Second), "exp": at(90 * time.Second)}, clock},
		"over":                       {object{"iat": at(-120 * time.Second), "exp": at(-60 * time.Second)}, clock},
		"yesterday's":                {object{"iat": at(-24 * time.Hour), "exp": at(-24*time.Hour + 30*time.Second)}, clock},
		"for an hour":                {object{"exp": at(time.Hour)}, wrong},
		"of a life of 61 seconds":    {object{"exp": at(61 * time.Second)}, wrong},
		"over before it was made":    {object{"exp": at(-time.Second)}, wrong},
		"without iat":                {object{"iat": nil}, wrong},
		"without exp":                {object{"exp": nil}, wrong},
		"a time as text":             {object{"exp": "1795942860"}, wrong},
		"a time with a fraction":     {object{"iat": float64(at(0)) + 0.5}, wrong},
		"a time far away":            {object{"iat": 1e15, "exp": 1e15 + 1}, clock},
		"another issuer":             {object{"iss": "bay5"}, "agent_signature"},
		"another hub":                {object{"aud": "https://other.example"}, other},
		"this hub with a slash":      {object{"aud": hub + "/"}, other},
		"this hub in capitals":       {object{"aud": strings.ToUpper(hub)}, other},
		"two hubs":                   {object{"aud": []string{hub, "https://other.example"}}, other},
		"this hub in a list":         {object{"aud": []string{hub}}, other},
		"no hub":                     {object{"aud": nil}, other},
		"another act":                {object{"act": "status"}, wrong},
		"no act":                     {object{"act": nil}, wrong},
		"act in a list":              {object{"act": []string{"event"}}, wrong},
		"no jti":                     {object{"jti": nil}, wrong},
		"jti of too few bits":        {object{"jti": strings.Repeat("a", 21)}, wrong},
		"jti without end":            {object{"jti": strings.Repeat("a", 65)}, wrong},
		"jti that is a number":       {object{"jti": 1e25}, wrong},
		"one that fills the message": {object{"more": strings.Repeat("a", MaxMessage)}, wrong},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if name == "another issuer" { // named in the header too: the key decides
				_, err := w.reader.Read(t.Context(), w.sign(w.keys["bay4"], header("bay5"), w.claims("bay5", "event", nil)), "event")
				refusedWith(t, err, bridge.BadSignature, c.code)
				return
			}
			_, err := w.reader.Read(t.Context(), w.message("bay4", "event", c.changes), "event")
			switch {
			case c.code == asked && err != nil:
				t.Error(err)
			case c.code == clock:
				refusedWith(t, err, bridge.Stale, c.code)
			case c.code != asked:
				refusedWith(t, err, bridge.BadRequest, c.code)
			}
		})
	}
}

// TestForged: what is not signed by the key of the workstation that it names, in the one way that is taken, is nothing.
func TestForged(t *testing.T) {
	w := newWorld(t)
	b64 := base64.RawURLEncoding.EncodeToString
	mine, other := w.keys["bay4"], w.keys["bay5"]
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	hs := part(t, object{"typ": Type, "alg": "HS256", "kid": "bay4"}) + "." + part(t, w.claims("bay4", "event", nil))
	public, err := w.store.Workstation(t.Context(), "bay4")
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, public.Key)
	mac.Write([]byte(hs))
	good := w.message("bay4", "event", nil)
	claims := func() object { return w.claims("bay4", "event", nil) }
	with := func(more object) object {
		h := header("bay4")
		for k, v := range more {
			h[k] = v
		}
		return h
	}
	duplicated := func() string {
		text, err := json.Marshal(claims())
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(string(text), "}") + `,"act":"event"}`
	}
	for name, c := range map[string]struct {
		token  string
		reason bridge.Reason
		code   string
	}{
		"by another workstation":      {w.sign(other, header("bay4"), claims()), bridge.BadSignature, "agent_signature"},
		"by a stranger":               {w.sign(stranger, header("bay4"), claims()), bridge.BadSignature, "agent_signature"},
		"kid of another workstation":  {w.sign(other, header("bay5"), claims()), bridge.BadRequest, "agent_message"},
		"without kid":                 {w.sign(mine, object{"typ": Type, "alg": "ES256"}, claims()), bridge.BadRequest, "agent_message"},
		"with a key of its own":       {w.sign(stranger, with(object{"jwk": object{"kty": "EC"}}), claims()), bridge.BadSignature, "agent_signature"},
		"alg none":                    {part(t, with(object{"alg": "none"})) + "." + part(t, claims()) + ".", bridge.BadRequest, "agent_message"},
		"HS256 with the public key":   {hs + "." + b64(mac.Sum(nil)), bridge.BadRequest, "agent_message"},
		"alg in other letters":        {w.sign(mine, with(object{"alg": "es256"}), claims()), bridge.BadRequest, "agent_message"},
		"another alg":                 {w.sign(mine, with(object{"alg": "ES384"}), claims()), bridge.BadRequest, "agent_message"},
		"a DPoP proof":                {w.sign(mine, with(object{"typ": "dpop+jwt"}), claims()), bridge.BadRequest, "agent_message"},
		"an offline proof":            {w.sign(mine, with(object{"typ": "lanyard-proof+jwt"}), claims()), bridge.BadRequest, "agent_message"},
		"without typ":                 {w.sign(mine, with(object{"typ": ""}), claims()), bridge.BadRequest, "agent_message"},
		"with an extension":           {w.sign(mine, with(object{"crit": []string{"exp"}}), claims()), bridge.BadRequest, "agent_message"},
		"a name twice":                {w.sign(mine, header("bay4"), duplicated()), bridge.BadRequest, "agent_message"},
		"claims that are a list":      {w.sign(mine, header("bay4"), "[]"), bridge.BadRequest, "agent_message"},
		"signature cut":               {good[:len(good)-6], bridge.BadSignature, "agent_signature"},
		"signature in another letter": {flip(good), bridge.BadSignature, "agent_signature"},
		"padded":                      {good + "==", bridge.BadRequest, "agent_message"},
		"with a line end":             {good + "\n", bridge.BadRequest, "agent_message"},
		"empty":                       {"", bridge.BadRequest, "agent_message"},
		"nobody's":                    {w.sign(mine, header("bay9"), w.claims("bay9", "event", nil)), bridge.BadClient, "workstation_unknown"},
		"of an id without end":        {w.sign(mine, header("bay4"), w.claims(strings.Repeat("b", 65), "event", nil)), bridge.BadRequest, "agent_message"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.reader.Read(t.Context(), c.token, "event")
			refusedWith(t, err, c.reason, c.code)
		})
	}
	if _, err := w.reader.Read(t.Context(), good, "event"); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// flip changes a letter in the middle of the signature.
func flip(token string) string {
	at := len(token) - 20
	c := byte('A')
	if token[at] == c {
		c = 'B'
	}
	return token[:at] + string(c) + token[at+1:]
}

// TestOnce: a message is taken once, as long as anybody would take it, whichever of two asks first.
func TestOnce(t *testing.T) {
	w := newWorld(t)
	token := w.message("bay4", "event", object{"exp": w.now.Add(MaxLife).Unix()})
	if _, err := w.reader.Read(t.Context(), token, "event"); err != nil {
		t.Fatal(err)
	}
	for _, d := range []time.Duration{0, time.Minute, 59 * time.Second} {
		w.now = w.now.Add(d)
		_, err := w.reader.Read(t.Context(), token, "event")
		refusedWith(t, err, bridge.Replayed, "agent_replayed")
	}
	w.now = w.now.Add(time.Second)
	_, err := w.reader.Read(t.Context(), token, "event")
	refusedWith(t, err, bridge.Stale, "agent_clock")
	// The ids of two workstations have nothing to do with each other.
	same := object{"jti": strings.Repeat("j", 22)}
	for _, id := range []string{"bay4", "bay5"} {
		if _, err := w.reader.Read(t.Context(), w.message(id, "event", same), "event"); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestNotBelieved: a workstation that was revoked, or never enrolled, says nothing.
func TestNotBelieved(t *testing.T) {
	w := newWorld(t)
	w.add(trust.Workstation{ID: "gone", Key: w.newKey("gone"), Revoked: w.now})
	w.newKey("new")
	w.add(trust.Workstation{ID: "new", Hash: []byte("open"), Until: w.now.Add(time.Hour)})
	for id, code := range map[string]string{"gone": "workstation_revoked", "new": "workstation_not_enrolled"} {
		_, err := w.reader.Read(t.Context(), w.message(id, "event", nil), "event")
		refusedWith(t, err, bridge.BadClient, code)
	}
}

// TestStoredKeyIsRead: what is stored and is no key on P-256 is the hub's own fault, and nothing is believed.
func TestStoredKeyIsRead(t *testing.T) {
	w := newWorld(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for id, key := range map[string][]byte{"other curve": publicKey(t, p384.Public()), "no key": []byte("key")} {
		w.newKey(id)
		w.add(trust.Workstation{ID: id, Key: key})
		_, err := w.reader.Read(t.Context(), w.message(id, "event", nil), "event")
		refusedWith(t, err, bridge.Internal, "internal")
	}
}

// TestJudge: what people are told of a message is what a hub would say, and all of it.
func TestJudge(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		changes object
		want    int
	}{
		"good":           {nil, 0},
		"another hub's":  {object{"aud": "https://another.example"}, 0}, // which is only its own to say
		"two hubs'":      {object{"aud": []string{hub}}, 1},
		"of nobody":      {object{"iss": "bay5"}, 1},
		"about nothing":  {object{"act": "dance"}, 1},
		"long":           {object{"exp": w.now.Add(time.Hour).Unix()}, 1},
		"old":            {object{"iat": w.now.Add(-time.Hour).Unix(), "exp": w.now.Add(-time.Hour + time.Minute).Unix()}, 1},
		"short jti":      {object{"jti": "1"}, 1},
		"user, and card": {object{"user": 1, "certificate": "AAAA"}, 2},
		"nothing right":  {object{"iss": nil, "aud": nil, "act": nil, "iat": nil, "exp": nil, "jti": nil}, 6},
	} {
		claims, err := json.Marshal(w.claims("bay4", "event", c.changes))
		if err != nil {
			t.Fatal(err)
		}
		read, err := jose.ReadClaims(claims)
		if err != nil {
			t.Fatal(err)
		}
		if got := Judge(read, "bay4", w.now); len(got) != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
