package signin

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

type appErrorPage struct {
	Lead, Advice       string
	App, Said, TID, At string // as the app says; App only if it is registered here
	Code               string
	RA                 bool
}

// appError is where apps send a person when something failed there (REFEDS SAML V2.0 errorURL profile).
// Everything in the query is hostile text; placeholders that the app did not fill count as nothing.
func (s *SignIn) appError(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	said := func(name, placeholder string) string {
		v := web.Plain(q.Get(name))
		if v == placeholder {
			return ""
		}
		return v
	}
	page := appErrorPage{Said: said("ctx", "ERRORURL_CTX"), TID: said("tid", "ERRORURL_TID"), Code: "OTHER_ERROR"}
	title := "The app could not let you in"
	page.Lead, page.Advice = "Something went wrong in the app after you signed in.", "Go back to the app and try once more. If it happens again, call the help line and read out what is printed below."
	switch code := strings.ToUpper(q.Get("code")); code {
	case "IDENTIFICATION_FAILURE":
		page.Code, page.RA = code, true
		page.Lead, page.Advice = "The app did not get what it needs to know who you are.", "Ask your Registration Authority to check your record, and call the help line."
	case "AUTHENTICATION_FAILURE":
		page.Code = code
		page.Lead, page.Advice = "The app asks for another way of signing in than you used.", "Sign out, then start again from the app and use your strongest way to sign in."
	case "AUTHORIZATION_FAILURE":
		page.Code, page.RA = code, true
		page.Lead, page.Advice = "The app does not let you in with your present role.", "Change your role on the first page and open the app again, or ask your Registration Authority."
	}
	if p, err := s.Hub.Partners.Partner(trust.SAML2, q.Get("rp")); err == nil {
		page.App = web.Plain(p.Name)
	}
	if n, err := strconv.ParseInt(q.Get("ts"), 10, 64); err == nil && n > 0 && n < 1<<33 {
		page.At = s.Kit.Time(time.Unix(n, 0))
	}
	b, who := s.Kit.Browser(r), ""
	if session, person, err := s.Hub.Live(r.Context(), b); err == nil {
		who = s.who(session, person)
	}
	s.Kit.PageWho(w, r, b, who, "apperror", title, page, web.PageOptions{})
}
