package jose

import (
	"crypto/sha256"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

const proofTarget = "https://sso.rx1.example/oidc/token"

var proofTime = time.Unix(1_800_000_000, 0)

// asked is what the request of these tests expects of a proof.
func asked() ProofRules {
	return ProofRules{Algorithms: Algorithms(), Method: "POST", Targets: []string{proofTarget}, Now: proofTime}
}

// proofWith signs good claims, changed; a value of nil takes one out.
func proofWith(t testing.TB, alg keyring.Algorithm, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{"jti": "j", "htm": "POST", "htu": proofTarget, "iat": proofTime.Unix()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return forge(t, alg, headerOf(alg, `,"typ":"dpop+jwt","jwk":`+jwk(signerOf(alg), "")), written(t, claims))
}

func TestProofsOfEveryAlgorithm(t *testing.T) {
	for _, alg := range Algorithms() {
		got, err := VerifyProof(proofWith(t, alg, nil), asked())
		if err != nil || got.ID != "j" || !got.Issued.Equal(proofTime) || !got.Until.Equal(proofTime.Add(time.Minute+time.Second)) || got.Thumbprint != Thumbprint(signerOf(alg).Public()) {
			t.Errorf("%s: %+v, %v", alg, got, err)
		}
	}
}

// proofClaims breaks one claim at a time, at the value where the answer turns; want nil is accepted.
func proofClaims(t *testing.T) {
	sum := sha256.Sum256([]byte("token"))
	ath := b64.EncodeToString(sum[:])
	at := func(d time.Duration) int64 { return proofTime.Add(d).Unix() }
	good := func(n string) bool { return n == "fresh" }
	for _, c := range []struct {
		name   string
		change map[string]any
		rules  func(*ProofRules)
		want   error
	}{
		{"no jti", map[string]any{"jti": nil}, nil, ErrProofID},
		{"empty jti", map[string]any{"jti": ""}, nil, ErrProofID},
		{"jti is a number", map[string]any{"jti": 1}, nil, ErrProofID},
		{"longest jti", map[string]any{"jti": strings.Repeat("j", 256)}, nil, nil},
		{"too long a jti", map[string]any{"jti": strings.Repeat("j", 257)}, nil, ErrProofID},
		{"no htm", map[string]any{"htm": nil}, nil, ErrProofMethod},
		{"another method", map[string]any{"htm": "GET"}, nil, ErrProofMethod},
		{"method in small letters", map[string]any{"htm": "post"}, nil, ErrProofMethod},
		{"no htu", map[string]any{"htu": nil}, nil, ErrProofTarget},
		{"another path", map[string]any{"htu": proofTarget + "/"}, nil, ErrProofTarget},
		{"another host", map[string]any{"htu": "https://evil.example/oidc/token"}, nil, ErrProofTarget},
		{"http", map[string]any{"htu": "http://sso.rx1.example/oidc/token"}, nil, ErrProofTarget},
		{"query and fragment", map[string]any{"htu": proofTarget + "?a=b#c"}, nil, nil},
		{"capitals and port", map[string]any{"htu": "HTTPS://SSO.rx1.Example:443/oidc/token"}, nil, nil},
		{"second address", map[string]any{"htu": "https://two.example/t"}, func(r *ProofRules) { r.Targets = append(r.Targets, "https://two.example/t") }, nil},
		{"no address of ours", nil, func(r *ProofRules) { r.Targets = nil }, ErrProofTarget},
		{"no iat", map[string]any{"iat": nil}, nil, ErrProofTime},
		{"iat as text", map[string]any{"iat": "1"}, nil, ErrProofTime},
		{"30 s ahead", map[string]any{"iat": at(30 * time.Second)}, nil, nil},
		{"31 s ahead", map[string]any{"iat": at(31 * time.Second)}, nil, ErrProofTime},
		{"10 s ahead, where less is wished", map[string]any{"iat": at(10 * time.Second)}, func(r *ProofRules) { r.Ahead = time.Second }, nil},
		{"60 s ahead, where more is wished", map[string]any{"iat": at(60 * time.Second)}, func(r *ProofRules) { r.Ahead = time.Hour }, nil},
		{"61 s ahead, where more is wished", map[string]any{"iat": at(61 * time.Second)}, func(r *ProofRules) { r.Ahead = time.Hour }, ErrProofTime},
		{"60 s old", map[string]any{"iat": at(-60 * time.Second)}, nil, nil},
		{"61 s old", map[string]any{"iat": at(-61 * time.Second)}, nil, ErrProofTime},
		{"10 min old", map[string]any{"iat": at(-10 * time.Minute)}, nil, ErrProofTime},
		{"5 min old where that is allowed", map[string]any{"iat": at(-5 * time.Minute)}, func(r *ProofRules) { r.Age = 5 * time.Minute }, nil},
		{"fraction", map[string]any{"iat": float64(at(0)) + 0.5}, nil, nil},
		{"ath", map[string]any{"ath": ath}, func(r *ProofRules) { r.AccessToken = "token" }, nil},
		{"ath without need", map[string]any{"ath": "x"}, nil, nil},
		{"no ath", nil, func(r *ProofRules) { r.AccessToken = "token" }, ErrProofToken},
		{"ath of another token", map[string]any{"ath": ath}, func(r *ProofRules) { r.AccessToken = "token2" }, ErrProofToken},
		{"ath padded", map[string]any{"ath": ath + "="}, func(r *ProofRules) { r.AccessToken = "token" }, ErrProofToken},
		{"nonce without need", map[string]any{"nonce": "x"}, nil, nil},
		{"no nonce", nil, func(r *ProofRules) { r.Nonce = good }, ErrProofNonce},
		{"stale nonce", map[string]any{"nonce": "stale"}, func(r *ProofRules) { r.Nonce = good }, ErrProofNonce},
		{"nonce is a number", map[string]any{"nonce": 1}, func(r *ProofRules) { r.Nonce = func(string) bool { return true } }, ErrProofNonce},
		{"fresh nonce", map[string]any{"nonce": "fresh"}, func(r *ProofRules) { r.Nonce = good }, nil},
		{"algorithm that is not taken here", nil, func(r *ProofRules) { r.Algorithms = []keyring.Algorithm{keyring.PS256} }, ErrAlgorithm},
	} {
		r := asked()
		if c.rules != nil {
			c.rules(&r)
		}
		got, err := VerifyProof(proofWith(t, keyring.ES256, c.change), r)
		if !errors.Is(err, c.want) || (err != nil) != (got == Proof{}) {
			t.Errorf("%s: %+v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

// proofHeaders: the key in the header is public, of the algorithm, and its signature holds.
func proofHeaders(t *testing.T) {
	claims := written(t, map[string]any{"jti": "j", "htm": "POST", "htu": proofTarget, "iat": proofTime.Unix()})
	key := jwk(signers()[kindP256], "")
	with := func(more string) string { return forge(t, keyring.ES256, headerOf(keyring.ES256, more), claims) }
	good := with(`,"typ":"dpop+jwt","jwk":` + key)
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"good":                       {good, nil},
		"typ in capitals":            {with(`,"typ":"application/DPoP+JWT","jwk":` + key), nil},
		"kid beside the jwk":         {with(`,"typ":"dpop+jwt","kid":"k","jwk":` + jwk(signers()[kindP256], `"kid":"k","use":"sig","alg":"ES256",`)), nil},
		"no typ":                     {with(`,"jwk":` + key), ErrType},
		"typ JWT":                    {with(`,"typ":"JWT","jwk":` + key), ErrType},
		"no jwk":                     {with(`,"typ":"dpop+jwt"`), ErrProofKey},
		"jwk null":                   {with(`,"typ":"dpop+jwt","jwk":null`), ErrProofKey},
		"jwk is a text":              {with(`,"typ":"dpop+jwt","jwk":"x"`), ErrProofKey},
		"private jwk":                {with(`,"typ":"dpop+jwt","jwk":` + jwk(signers()[kindP256], `"d":"AQ",`)), ErrProofKey},
		"symmetric jwk":              {with(`,"typ":"dpop+jwt","jwk":{"kty":"oct","k":"AQ"}`), ErrProofKey},
		"jwk for encryption":         {with(`,"typ":"dpop+jwt","jwk":` + jwk(signers()[kindP256], `"use":"enc",`)), ErrProofKey},
		"jwk of another algorithm":   {with(`,"typ":"dpop+jwt","jwk":` + jwk(signers()[kindRSA], "")), ErrProofKey},
		"jwk of another key":         {with(`,"typ":"dpop+jwt","jwk":` + jwk(mustKey(t), "")), ErrSignature},
		"jwk twice":                  {with(`,"typ":"dpop+jwt","jwk":` + key + `,"jwk":` + key), ErrMalformed},
		"member of the jwk twice":    {with(`,"typ":"dpop+jwt","jwk":` + jwk(signers()[kindP256], `"kty":"EC",`)), ErrMalformed},
		"crit":                       {with(`,"typ":"dpop+jwt","crit":["jwk"],"jwk":` + key), ErrExtension},
		"alg none":                   {forge(t, "none", headerOf("none", `,"typ":"dpop+jwt","jwk":`+key), claims), ErrAlgorithm},
		"alg HS256":                  {forge(t, "HS256", headerOf("HS256", `,"typ":"dpop+jwt","jwk":`+key), claims), ErrAlgorithm},
		"two proofs in one header":   {good + "," + good, ErrMalformed},
		"proofs with a blank":        {good + " ", ErrMalformed},
		"payload is no object":       {forge(t, keyring.ES256, headerOf(keyring.ES256, `,"typ":"dpop+jwt","jwk":`+key), `[]`), ErrClaim},
		"a claim twice":              {forge(t, keyring.ES256, headerOf(keyring.ES256, `,"typ":"dpop+jwt","jwk":`+key), claims[:len(claims)-1]+`,"jti":"k"}`), ErrClaim},
		"empty":                      {"", ErrSize},
		"longer than a token may be": {good + strings.Repeat("A", MaxToken), ErrSize},
	} {
		if _, err := VerifyProof(c.token, asked()); !errors.Is(err, c.want) || err == nil != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestProofOfTheStandard is the example of RFC 9449, section 4.1, at the time it was made.
func TestProofOfTheStandard(t *testing.T) {
	const example = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19" +
		".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ" +
		".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	got, err := VerifyProof(example, ProofRules{Algorithms: Algorithms(), Method: "POST", Targets: []string{"https://server.example.com/token"}, Now: time.Unix(1562262616, 0)})
	if err != nil || got.ID != "-BwC3ESc6acc2lTc" || got.Thumbprint != "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"https://a.example", "https://a.example/", true},
		{"https://a.example:443/t", "https://A.EXAMPLE/t", true},
		{"https://a.example:/t", "https://a.example/t", true},
		{"http://a.example:80/t", "http://a.example/t", true},
		{"http://a.example:443/t", "http://a.example/t", false},
		{"https://a.example:8443/t", "https://a.example:8443/t", true},
		{"https://a.example:8443/t", "https://a.example/t", false},
		{"https://[2001:db8::443]/t", "https://[2001:db8::443]:443/t", true},
		{"https://a.example/T", "https://a.example/t", false},
		{"https://a.example/%74", "https://a.example/t", false},
		{"https://a.example/t/../t", "https://a.example/t", false},
		{"https://u@a.example/t", "https://a.example/t", false},
		{"//a.example/t", "//a.example/t", false},
		{"/t", "/t", false},
		{"urn:a", "urn:a", false},
		{"https:///t", "https:///t", false},
		{"https:a.example/t", "https:a.example/t", false},
		{"https://a.example/t%zz", "https://a.example/t%zz", false},
		{"", "", false},
	} {
		if sameTarget(c.a, c.b) != c.same || sameTarget(c.b, c.a) != c.same {
			t.Errorf("%s and %s", c.a, c.b)
		}
	}
}
