package oidc

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// TestAssertionClaimsAtTheirLimits judges claims each at the value where the answer turns; want "" is good.
func TestAssertionClaimsAtTheirLimits(t *testing.T) {
	w := newWorld(t)
	now := float64(w.clock().Unix())
	good := assertion{issuer: "jwt", subject: "jwt", id: "j", audience: []string{issuer}, expires: now + 60}
	for name, c := range map[string]struct {
		change func(*assertion)
		want   string
	}{
		"good":                      {func(*assertion) {}, ""},
		"issuer":                    {func(a *assertion) { a.issuer = "jwt2" }, "assertion_subject"},
		"subject":                   {func(a *assertion) { a.subject = "jwt2" }, "assertion_subject"},
		"both of another client":    {func(a *assertion) { a.issuer, a.subject = "jwt2", "jwt2" }, "assertion_subject"},
		"no audience":               {func(a *assertion) { a.audience = nil }, "assertion_aud"},
		"two audiences":             {func(a *assertion) { a.audience = []string{issuer, issuer} }, "assertion_aud"},
		"another audience":          {func(a *assertion) { a.audience = []string{issuer + "/"} }, "assertion_aud"},
		"token endpoint":            {func(a *assertion) { a.audience = []string{issuer + tokenPath} }, ""},
		"endpoint for pushing":      {func(a *assertion) { a.audience = []string{issuer + pushPath} }, ""},
		"backchannel endpoint":      {func(a *assertion) { a.audience = []string{issuer + backAuthPath} }, ""},
		"userinfo endpoint":         {func(a *assertion) { a.audience = []string{issuer + userinfoPath} }, "assertion_aud"},
		"no jti":                    {func(a *assertion) { a.id = "" }, "assertion_jti"},
		"longest jti":               {func(a *assertion) { a.id = strings.Repeat("j", maxJTI) }, ""},
		"too long a jti":            {func(a *assertion) { a.id = strings.Repeat("j", maxJTI+1) }, "assertion_jti"},
		"expired within the skew":   {func(a *assertion) { a.expires = now - 29 }, ""},
		"expired":                   {func(a *assertion) { a.expires = now - 30 }, "assertion_expired"},
		"longest life":              {func(a *assertion) { a.expires = now + 330 }, ""},
		"too long a life":           {func(a *assertion) { a.expires = now + 331 }, "assertion_exp"},
		"issued within the skew":    {func(a *assertion) { a.hasIssued, a.issued = true, now+30 }, ""},
		"issued in the future":      {func(a *assertion) { a.hasIssued, a.issued = true, now+31 }, "assertion_iat"},
		"valid from within skew":    {func(a *assertion) { a.hasSince, a.since = true, now+30 }, ""},
		"valid from in the future":  {func(a *assertion) { a.hasSince, a.since = true, now+31 }, "assertion_nbf"},
		"issued long ago, says not": {func(a *assertion) { a.issued, a.since = now, now }, ""},
	} {
		a := good
		c.change(&a)
		got := ""
		if why := w.p.assertionRules(&client{id: "jwt", terms: &trust.OIDCTerms{}}).first(a, w.clock()); why != nil {
			got = why.AuditCode()
			if why.Reason != bridge.BadClient {
				t.Errorf("%s: reason %s", name, why.Reason)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestAssertionIsJudgedTheSame: what a client is told offline is what its assertion would be refused for, all of it at once.
func TestAssertionIsJudgedTheSame(t *testing.T) {
	w := newWorld(t)
	c := &client{id: "jwt", terms: &trust.OIDCTerms{}}
	rules := Face{}.AssertionRules("jwt", "", w.p.kit.Issuer, nil)
	for in, want := range map[string]int{
		`"iss":"jwt","sub":"jwt","aud":"` + issuer + pushPath + `","jti":"j","exp":NOW`:                         0,
		`"iss":"jwt","sub":"jwt","aud":["` + issuer + `"],"jti":"j","exp":NOW`:                                  0,
		`"iss":"jwt","sub":"x","aud":"https://other.example","jti":"","exp":1,"iat":99999999999`:                5,
		`"iss":"jwt","sub":"jwt","aud":"` + issuer + userinfoPath + `","jti":"j","exp":NOW`:                     1,
		`"iss":"jwt","sub":"jwt","aud":"` + issuer + `","jti":"j","exp":NOW,"redirect_uri":"https://a.example"`: 1,
		`"iss":"jwt","sub":"jwt","aud":"` + issuer + `","jti":"j"`:                                              1,
		`"iss":"jwt","sub":"jwt","aud":[],"jti":"j","exp":NOW`:                                                  1,
	} {
		payload := "{" + strings.ReplaceAll(in, "NOW", fmt.Sprint(w.clock().Unix()+60)) + "}"
		claims, err := jose.Verified{Payload: []byte(payload)}.Claims()
		must(t, err)
		broken := rules.Judge(claims, w.clock())
		a, err := readAssertion(claims)
		first := ""
		if err != nil {
			first = refuseClaims(err).Detail
		} else if why := w.p.assertionRules(c).first(a, w.clock()); why != nil {
			first = why.Detail
		}
		if len(broken) != want || want > 0 && broken[0] != first || want == 0 && first != "" {
			t.Errorf("%s: %q, the endpoint says %q", in, broken, first)
		}
	}
	for name, c := range map[string]struct {
		rules AssertionRules
		aud   string
		fine  bool
	}{
		"nothing is known":           {AssertionRules{}, `"https://any.example"`, true},
		"nothing is known, two":      {AssertionRules{}, `["https://any.example","https://b.example"]`, false},
		"FAPI, the issuer":           {Face{}.AssertionRules("jwt", trust.ProfileFAPI2, w.p.kit.Issuer, nil), `"` + issuer + `"`, true},
		"FAPI, a list":               {Face{}.AssertionRules("jwt", trust.ProfileFAPI2, w.p.kit.Issuer, nil), `["` + issuer + `"]`, false},
		"FAPI, the token endpoint":   {Face{}.AssertionRules("jwt", trust.ProfileFAPI2, w.p.kit.Issuer, nil), `"` + issuer + tokenPath + `"`, false},
		"CIS2, its endpoint":         {CIS2Face("/cis2", true).AssertionRules("jwt", trust.ProfileCIS2, w.p.kit.Issuer, nil), `"` + issuer + `:443/cis2/access_token"`, true},
		"CIS2, the other's endpoint": {CIS2Face("/cis2", true).AssertionRules("jwt", trust.ProfileCIS2, w.p.kit.Issuer, nil), `"` + issuer + tokenPath + `"`, false},
		"basic, CIS2's endpoint":     {rules, `"` + issuer + `/cis2/access_token"`, false},
	} {
		claims, err := jose.Verified{Payload: fmt.Appendf(nil, `{"iss":"jwt","sub":"jwt","jti":"j","exp":%d,"aud":%s}`, w.clock().Unix()+60, c.aud)}.Claims()
		must(t, err)
		if broken := c.rules.Judge(claims, w.clock()); (len(broken) == 0) != c.fine {
			t.Errorf("%s: %q", name, broken)
		}
	}
}

// TestAssertionClaimsAreStrict lists JSON that readers disagree about; want "" is read.
func TestAssertionClaimsAreStrict(t *testing.T) {
	claims := func(more string) string { return `{"iss":"a","sub":"a","jti":"j","aud":"x","exp":1` + more + `}` }
	for in, want := range map[string]string{
		claims(""): "", claims(`,"iat":1.5,"nbf":0`): "", claims(`,"other":{"iss":1}`): "", `{"iss":"a","sub":"a","jti":"j","exp":1,"aud":["x","y"]}`: "",
		claims(`,"iss":"b"`): "twice", claims(`,"other":1,"other":1`): "twice", claims(`,"iat":null`): "iat is not", claims(`,"nbf":"1"`): "nbf is not",
		claims(`,"iat":1e11`): "", claims(`,"iat":1.0001e11`): "iat is not", claims(`,"nbf":-1.0001e11`): "nbf is not", claims(`,"iat":1e999`): "iat is not",
		`{"iss":"a","sub":"a","jti":"j","aud":"x"}`: "exp is missing", `{"sub":"a","jti":"j","aud":"x","exp":1}`: "iss is missing",
		`{"iss":"a","jti":"j","aud":"x","exp":1}`: "sub is missing", `{"iss":"a","sub":"a","aud":"x","exp":1}`: "jti is missing",
		`{"iss":1,"sub":"a","jti":"j","aud":"x","exp":1}`: "iss is not a string", `{"iss":"a","sub":"a","jti":"j","aud":1,"exp":1}`: "aud is not",
		`{"iss":"a","sub":"a","jti":"j","exp":1}`: "aud is missing", claims("") + "x": "follows", claims("") + "{}": "follows", claims("") + " ": "",
		`[]`: "not a JSON object", `"x"`: "not a JSON object", `{`: "not a JSON object", `{"iss"}`: "not a JSON object", `{"iss":}`: "not a JSON object", ``: "not a JSON object", `{"iss":"a"`: "not a JSON object",
	} {
		var a assertion
		claims, err := jose.Verified{Payload: []byte(in)}.Claims()
		if err == nil {
			a, err = readAssertion(claims)
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
		if want == "" && (a.issuer != "a" || a.subject != "a" || a.id != "j" || a.audience[0] != "x" || a.expires != 1 || a.hasIssued != strings.Contains(in, "iat") || a.hasSince != strings.Contains(in, "nbf")) {
			t.Errorf("%s is read as %+v", in, a)
		}
	}
}

func TestDefaultPorts(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example:443": "https://a.example", "https://a.example:443/t": "https://a.example/t", "https://a.example:80": "https://a.example:80",
		"http://a.example:80/": "http://a.example/", "http://a.example:443/": "http://a.example:443/", "https://a.example": "https://a.example",
		"https://[2001:db8::1]:443/t": "https://[2001:db8::1]/t", "https://192.0.2.1:443": "https://192.0.2.1", "https://a.example:": "https://a.example:",
		"https://a.example:8443": "https://a.example:8443", "::": "::", "ftp://a.example:443": "ftp://a.example:443",
	} {
		if got := withoutDefaultPort(in); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

// TestAssertionTokens is about the outside of an assertion: its length, and the type its header states.
func TestAssertionTokens(t *testing.T) {
	w := newWorld(t)
	c := &client{id: "jwt", terms: &trust.OIDCTerms{}}
	for _, token := range []string{"", strings.Repeat("a", maxToken+1)} {
		if _, err := w.p.verifyAssertion(t.Context(), c, token); bridge.AsRefusal(err).AuditCode() != "assertion_malformed" || !strings.Contains(bridge.AsRefusal(err).Detail, "too long") {
			t.Errorf("%d bytes: %v", len(token), err)
		}
	}
	for typ, want := range map[string]int{"JWT": 200, "jwt": 200, "client-authentication+jwt": 200, "at+jwt": 401, "logout+jwt": 401} {
		if got := w.tryAssertion("jwt", w.assertion("jwt", header("typ", typ))); got.status != want {
			t.Errorf("typ %s: %d %s, want %d", typ, got.status, got.body, want)
		}
	}
	for token, want := range map[string]string{
		"a." + b64.EncodeToString([]byte(`{"iss":"jwt"}`)) + ".c": "jwt", b64.EncodeToString([]byte(`{"iss":"jwt"}`)): "", "a.!.c": "", "a.e30.c": "",
		"a." + b64.EncodeToString([]byte(`{"iss":"jwt"}`)): "", "a." + b64.EncodeToString([]byte(`{"iss":"jwt"}`)) + ".c.d": "",
		"a." + b64.EncodeToString([]byte(`{"iss":1}`)) + ".c": "", "a." + b64.EncodeToString([]byte(`{"iss":"jwt"}`)) + "." + strings.Repeat("c", maxToken): "",
	} {
		if got := jose.ClaimedIssuer(token); got != want {
			t.Errorf("%.40s of %q, want %q", token, got, want)
		}
	}
}

// An assertion may be used until it expires, and its mark is kept as long as it could be shown again.
func TestAssertionIsRememberedUntilItCannotBeUsed(t *testing.T) {
	w := newWorld(t)
	a := w.assertion("jwt", set("exp", w.clock().Add(5*time.Minute).Unix()))
	if got := w.tryAssertion("jwt", a); got.status != 200 {
		t.Fatal(got.body)
	}
	for _, wait := range []time.Duration{0, 5 * time.Minute, 29 * time.Second, time.Second} {
		w.advance(wait)
		f := url.Values{"grant_type": {trust.GrantCode}, "code": {"x"}, "client_assertion_type": {assertionType}, "client_assertion": {a}}
		if got := w.form(tokenPath, f); got.status == 200 || !strings.Contains(got.body, "invalid_client") {
			t.Errorf("again at %v: %s", fmt.Sprint(w.clock()), got.body)
		}
	}
}
