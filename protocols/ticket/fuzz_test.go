package ticket

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/protocols/ticket/gpobject"
)

func FuzzReadAnswer(f *testing.F) {
	f.Add(smime([]byte("0card")), true)
	f.Add(base64.StdEncoding.EncodeToString([]byte("0card")), false)
	f.Add("MIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\n\nMDA=", false)
	f.Add("a: b\n c: d\n", true)
	f.Fuzz(func(t *testing.T, text string, encoded bool) {
		p := gpobject.Param{Value: text}
		if encoded {
			p.Encoding = "base64"
		}
		der, err := readAnswer(p)
		if err == nil && (len(der) == 0 || len(der) > maxAnswer || der[0] != derSequence) {
			t.Errorf("accepted %q as %x", text, der)
		}
	})
}

// TestAskedAbout: the ticket comes once, in the address or in a form of whatever content type.
func TestAskedAbout(t *testing.T) {
	for name, tc := range map[string]struct {
		method, query, body, want string
		ok                        bool
	}{
		"address":              {http.MethodGet, "tokenid=a%2B", "", "a+", true},
		"form":                 {http.MethodPost, "", "tokenid=a%2B", "a+", true},
		"both":                 {http.MethodPost, "tokenid=a", "tokenid=a", "", false},
		"twice":                {http.MethodGet, "tokenid=a&tokenid=a", "", "", false},
		"body of a GET":        {http.MethodGet, "", "tokenid=a", "", false},
		"none":                 {http.MethodGet, "subjectid=a", "", "", false},
		"not well formed":      {http.MethodGet, "tokenid=%zz", "", "", false},
		"beside what is known": {http.MethodPost, "x=1", "tokenid=a&refresh=true", "a", true},
	} {
		r := httptest.NewRequest(tc.method, "/identity/isTokenValid?"+tc.query, strings.NewReader(tc.body))
		if got, err := askedAbout(r, "tokenid"); got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

func FuzzAskedAbout(f *testing.F) {
	f.Add("tokenid=AQIC", "")
	f.Add("", "tokenid=AQIC%2B")
	f.Add("tokenid=a", "tokenid=b")
	f.Add("tokenid=%zz", "&&")
	f.Fuzz(func(t *testing.T, query, body string) {
		r := httptest.NewRequest(http.MethodPost, "/identity/isTokenValid", strings.NewReader(body))
		r.URL.RawQuery = query
		token, err := askedAbout(r, "tokenid")
		if err == nil && !strings.Contains(query+body, "=") && token != "" {
			t.Errorf("%q and %q are %q", query, body, token)
		}
	})
}

// FuzzTakeChallenge: no challenge but the hub's own is taken, whatever is made of it.
func FuzzTakeChallenge(f *testing.F) {
	w := newWorld(f)
	w.hub.Rand = &steady{} // the processes that share the work must make the same challenge
	a := attempt{"Zt+J9/7TQ", "device"}
	challenge, signature := w.room.challenge(a)
	f.Add(challenge, signature)
	f.Add([]byte(challengePurpose), signature)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, text, mac []byte) {
		got, err := w.room.takeChallenge(t.Context(), a, base64.StdEncoding.EncodeToString(text), base64.StdEncoding.EncodeToString(mac))
		if err == nil && (string(got) != string(challenge) || string(mac) != string(signature)) {
			t.Errorf("took %q", text)
		}
	})
}
