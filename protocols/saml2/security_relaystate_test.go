package saml2

import (
	"net/url"
	"strings"
	"testing"
)

// TestSecurityRelayState: RelayState is the partner's own, opaque; it comes back as it was and leads nowhere.
func TestSecurityRelayState(t *testing.T) {
	t.Run("207", func(t *testing.T) {
		w := newWorld(t)
		b := w.browser()
		w.signOn(b, w.authn())
		for _, evil := range []string{"https://evil.example/", "//evil.example", "javascript:alert(1)", `"><script>`} {
			f := form("SAMLRequest", w.authn().xml())
			f.Set("RelayState", evil)
			rec := b.followed(b.do(newForm(SSOPath, f), false))
			page, ok := readPage(rec)
			if !ok || page.fields["RelayState"] != evil {
				t.Fatalf("%q came back as %q: %d", evil, page.fields["RelayState"], rec.Code)
			}
			to, err := url.Parse(page.action)
			if err != nil || to.Host == "" || strings.Contains(to.Host, "evil") || strings.Contains(rec.Header().Get("Location"), "evil") {
				t.Errorf("%q leads to %q", evil, page.action)
			}
			if strings.Contains(rec.Body.String(), `"><script>`) {
				t.Errorf("%q is not escaped", evil)
			}
		}
	})
}
