package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

// CSRFField is the name of the hidden form field.
const CSRFField = "csrf"

// CSRF is the token for forms shown to this browser.
func (k *Kit) CSRF(b bridge.Browser) string { return k.Seal("csrf", b.Binding) }

// Seal is a 128-bit code over a value that only this hub can make, separated by purpose.
func (k *Kit) Seal(purpose, value string) string {
	m := hmac.New(sha256.New, k.Secret)
	m.Write([]byte(purpose + "\x00" + value))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// CheckCSRF refuses a POST that does not come from a form of ours in the same browser: by token, and by
// what the browser says of the request's origin (Sec-Fetch-Site, Origin). A form on a page with
// Referrer-Policy: no-referrer is sent with "Origin: null" (Fetch, append a request Origin header):
// that says nothing, and the token decides. A body that is too large is its own error.
func (k *Kit) CheckCSRF(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return bridge.Refuse(bridge.BadRequest, "The form could not be read.").WithCode("form").Because(err)
	}
	b := k.Browser(r)
	refused := bridge.Refuse(bridge.BadRequest, "This form is out of date, or this browser did not send its cookie. Go back, reload the page and try again.").WithCode("csrf")
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return refused
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != "null" && origin != k.Issuer.Scheme+"://"+k.Issuer.Host {
		return refused
	}
	if b.Binding == "" || !hmac.Equal([]byte(r.PostFormValue(CSRFField)), []byte(k.CSRF(b))) {
		return refused
	}
	return nil
}
