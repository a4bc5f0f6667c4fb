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
func (k *Kit) CSRF(b bridge.Browser) string {
	m := hmac.New(sha256.New, k.Secret)
	m.Write([]byte("csrf\x00" + b.Binding))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// CheckCSRF refuses a POST that does not come from a form of ours in the same browser: by token, and by
// what the browser says of the request's origin (Sec-Fetch-Site, Origin).
func (k *Kit) CheckCSRF(r *http.Request) error {
	b := k.Browser(r)
	refused := bridge.Refuse(bridge.BadRequest, "This form is out of date. Go back and try again.").WithCode("csrf")
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return refused
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != k.Issuer.Scheme+"://"+k.Issuer.Host {
		return refused
	}
	if b.Binding == "" || !hmac.Equal([]byte(r.PostFormValue(CSRFField)), []byte(k.CSRF(b))) {
		return refused
	}
	return nil
}
