package web

import (
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Paths of the steps; web/signin serves them, a front end its own resume path.
const (
	SignInPath    = "/signin"
	RolePath      = "/role"
	EmergencyPath = "/emergency"
)

// ErrorURL is the path for the errorURL attribute of our metadata, with the placeholders of the REFEDS
// errorURL profile; web/signin serves it.
const ErrorURL = "/error?code=ERRORURL_CODE&ts=ERRORURL_TS&rp=ERRORURL_RP&tid=ERRORURL_TID&ctx=ERRORURL_CTX"

// StepURL is where the browser goes for a step.
func (k *Kit) StepURL(next bridge.Next) string {
	path := SignInPath
	switch next.Step {
	case bridge.StepAuthenticate:
	case bridge.StepRole:
		path = RolePath
	case bridge.StepEmergency:
		path = EmergencyPath
	case bridge.StepIssue:
		path = next.Transaction.Request.Resume
	}
	id := next.Transaction.ID
	return path + "?" + url.Values{"tx": {id}, "v": {k.Hub.StepMAC(id, next.Step)}}.Encode()
}

// Go sends the browser to a step: always 303, so that a POST is never repeated elsewhere.
func (k *Kit) Go(w http.ResponseWriter, r *http.Request, next bridge.Next) {
	http.Redirect(w, r, k.StepURL(next), http.StatusSeeOther)
}

// Transaction loads the transaction that the request names, for a browser sent to step by Go.
// The names are read from the URL, or from the form of a POST. From here on the request carries the
// reference of the transaction, so that every page of one sign-in prints the same one.
func (k *Kit) Transaction(w http.ResponseWriter, r *http.Request, step bridge.Step) (bridge.Browser, bridge.Transaction, error) {
	b := k.Browser(r)
	if b.Binding == "" && r.Method == http.MethodGet {
		b = k.BindBrowser(w, r)
	}
	tx, err := k.Hub.Transaction(r.Context(), b, r.FormValue("tx"), step, r.FormValue("v"))
	if err == nil {
		k.Refer(w, r, tx.Ref)
	}
	return b, tx, err
}

// Refer makes ref the reference of this request and its pages.
func (k *Kit) Refer(w http.ResponseWriter, r *http.Request, ref string) {
	*r = *r.WithContext(bridge.WithRef(r.Context(), ref))
	w.Header().Set("X-Reference", ref)
}
