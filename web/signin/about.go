package signin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/trust"
)

// logoPath is where the logos of clients are.
const logoPath = "/signin/logo"

// Sizes of a logo on a page, in CSS pixels: it stands beside the name of the app and never in its place.
const (
	logoWidth  = 144
	logoHeight = 48
)

// about is what the sign-in page shows of an app beside its name.
type about struct {
	Logo          string // path; empty: none
	Width, Height int    // of the logo
	Links         []aboutLink
}

// aboutLink leads to a page of the app, on its own server.
type aboutLink struct{ Text, Host, URL string }

func aboutOf(p trust.Partner) about {
	var out about
	pages := p.Pages()
	if l := pages.Logo; l != nil {
		out.Logo = logoPath + "?" + url.Values{"client": {p.ID}, "v": {l.Digest}}.Encode()
		out.Width, out.Height = within(l.Width, l.Height)
	}
	for _, link := range [...]aboutLink{{Text: "Privacy policy", URL: pages.Policy}, {Text: "Terms of use", URL: pages.Terms}} {
		if u, err := url.Parse(link.URL); err == nil && link.URL != "" {
			link.Host = strings.ToLower(u.Hostname())
			out.Links = append(out.Links, link)
		}
	}
	return out
}

// within is a size that fits beside a name, of the same shape and no larger than it was.
func within(width, height int) (w, h int) {
	w, h = width, height
	if w > logoWidth {
		w, h = logoWidth, height*logoWidth/width
	}
	if h > logoHeight {
		w, h = width*logoHeight/height, logoHeight
	}
	return max(w, 1), max(h, 1)
}

// logo serves the logo that was kept with the terms of a client. Its address changes when the picture does, so that it may be cached for ever.
func (s *SignIn) logo(w http.ResponseWriter, r *http.Request) {
	p, err := s.Hub.Partner(trust.OIDC, r.FormValue("client"))
	l := p.Pages().Logo
	if err != nil || l == nil || r.FormValue("v") != l.Digest {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", l.Kind)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // it is somebody else's, whatever it is opened as
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(l.Data) // the browser went away: nothing to do about it
}
