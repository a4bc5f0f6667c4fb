package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

//go:embed templates/*.html
var templateFiles embed.FS

type templates struct{ byName map[string]*template.Template }

// parseTemplates makes one set per page: layout.html and the page.
func parseTemplates() (*templates, error) {
	t := &templates{byName: map[string]*template.Template{}}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		if base == "layout" {
			continue
		}
		set, err := template.New("layout.html").Funcs(template.FuncMap{"asset": Asset}).ParseFS(templateFiles, "templates/layout.html", name)
		if err != nil {
			return nil, fmt.Errorf("web: template %s: %w", base, err)
		}
		t.byName[base] = set
	}
	return t, nil
}

// View is what every template receives.
type View struct {
	Title        string
	Organisation Organisation
	Banner       string
	Ref          string
	CSRF         string
	Who          string // name, role and organisation of the person signed in; empty: nobody
	Data         any
}

// PageOptions change a page's policy.
type PageOptions struct {
	Status     int
	FormAction []string // origins besides our own that a form may end at
	FrameSrc   []string // origins the page may frame (front-channel logout)
}

// Page renders a template. It is never cached.
func (k *Kit) Page(w http.ResponseWriter, r *http.Request, name, title string, data any, o PageOptions) {
	v := View{
		Title: title, Organisation: k.Organisation, Banner: k.Banner, Ref: bridge.Ref(r.Context()),
		CSRF: k.CSRF(k.Browser(r)), Data: data,
	}
	k.render(w, r, name, v, o)
}

// PageWho is Page with the signed-in person in the header, and forms bound to browser b.
func (k *Kit) PageWho(w http.ResponseWriter, r *http.Request, b bridge.Browser, who, name, title string, data any, o PageOptions) {
	v := View{
		Title: title, Organisation: k.Organisation, Banner: k.Banner, Ref: bridge.Ref(r.Context()),
		CSRF: k.CSRF(b), Who: who, Data: data,
	}
	k.render(w, r, name, v, o)
}

func (k *Kit) render(w http.ResponseWriter, r *http.Request, name string, v View, o PageOptions) {
	var buf bytes.Buffer
	set, ok := k.pages.byName[name]
	if !ok {
		http.Error(w, "page missing", http.StatusInternalServerError)
		return
	}
	if err := set.Execute(&buf, v); err != nil {
		k.Log.ErrorContext(r.Context(), "render page", "page", name, "error", err.Error())
		http.Error(w, "This page could not be shown. Reference "+v.Ref, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy(o))
	h.Set("Cache-Control", "no-store")
	if o.Status == 0 {
		o.Status = http.StatusOK
	}
	w.WriteHeader(o.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(buf.Bytes()) // the browser went away: nothing to do about it
	}
}

func policy(o PageOptions) string {
	p := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
	for _, origin := range o.FormAction {
		p += " " + cspSource(origin)
	}
	if len(o.FrameSrc) > 0 {
		p += "; frame-src"
		for _, origin := range o.FrameSrc {
			p += " " + cspSource(origin)
		}
	}
	return p
}

// cspSource keeps an origin from breaking out of its directive.
func cspSource(origin string) string {
	if origin == "" || strings.ContainsAny(origin, "; ,'\"\n\r") {
		return ""
	}
	return origin
}

// Origin is the scheme and host of a URL, for policies.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Field is a hidden form field, in order.
type Field struct{ Name, Value string }

// PostPage answers with a page that posts fields to a partner: by script at once, by its button without.
func (k *Kit) PostPage(w http.ResponseWriter, r *http.Request, action, partner string, fields ...Field) {
	k.Page(w, r, "post", "Continue to "+partner, struct {
		Action, Partner string
		Fields          []Field
	}{action, partner, fields}, PageOptions{FormAction: []string{Origin(action)}})
}
