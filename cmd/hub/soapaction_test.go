package hub

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/httpsource"
)

// TestSOAPAction: what partners are sent by SOAP says what it is for (SAML Bindings 3.2.3.1), and that no cache may keep it (3.2.3.2);
// other calls do not.
func TestSOAPAction(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("SOAPAction")+r.Header.Get("Cache-Control")+r.Header.Get("Pragma"))
	}))
	t.Cleanup(s.Close)
	o := outgoing{httpsource.New(httpsource.Options{AllowLocalhost: true})}
	t.Cleanup(o.client.Close)
	if _, _, err := o.Post(t.Context(), s.URL, "text/xml", []byte("<x/>")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.PostForm(t.Context(), s.URL, nil); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != `"http://www.oasis-open.org/committees/security"no-cache, no-storeno-cache` || got[1] != "" {
		t.Errorf("%q", got)
	}
}

// TestSOAPRedirect: a partner that answers SOAP with a redirect is not followed, and counts as one that answered.
func TestSOAPRedirect(t *testing.T) {
	elsewhere := 0
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	t.Cleanup(trap.Close)
	s := httptest.NewServer(http.RedirectHandler(trap.URL, http.StatusFound))
	t.Cleanup(s.Close)
	o := outgoing{httpsource.New(httpsource.Options{AllowLocalhost: true, Redirects: 3})}
	t.Cleanup(o.client.Close)
	code, answer, err := o.Post(t.Context(), s.URL, "text/xml", []byte("<x/>"))
	if err != nil || code != http.StatusSeeOther || len(answer) != 0 || elsewhere != 0 {
		t.Errorf("%d %q %v, %d elsewhere", code, answer, err, elsewhere)
	}
	s.Close()
	if _, _, err := o.Post(t.Context(), s.URL, "text/xml", []byte("<x/>")); err == nil {
		t.Error("nobody there, and no error")
	}
}
