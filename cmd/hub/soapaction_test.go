package hub

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/httpsource"
)

// TestSOAPAction: what partners are sent by SOAP says what it is for (SAML Bindings 3.2.3.1); other calls do not.
func TestSOAPAction(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.Header.Get("SOAPAction")) }))
	t.Cleanup(s.Close)
	o := outgoing{httpsource.New(httpsource.Options{AllowLocalhost: true})}
	t.Cleanup(o.client.Close)
	if _, _, err := o.Post(t.Context(), s.URL, "text/xml", []byte("<x/>")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.PostForm(t.Context(), s.URL, nil); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != `"http://www.oasis-open.org/committees/security"` || got[1] != "" {
		t.Errorf("%q", got)
	}
}
