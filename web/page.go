package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

//go:embed templates/*.html
var templateFiles embed.FS

type templates struct {
	byName map[string]*template.Template
	post   [4]sketch // by the number of lines in the header
	busy   waitPage
	toll   waitPage
}

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
		funcs := template.FuncMap{"plain": Plain, "lines": lines}
		set, err := template.New("layout.html").Funcs(funcs).Option("missingkey=error").ParseFS(templateFiles, "templates/layout.html", name)
		if err != nil {
			return nil, fmt.Errorf("web: template %s: %w", base, err)
		}
		t.byName[base] = set
	}
	return t, nil
}

func lines(s string) []string { return strings.Split(s, "\n") }

// View is what every template receives.
type View struct {
	Title        string
	Organisation Organisation
	Banner       string
	BannerLink   string // seen from this page
	Ref          string
	CSRF         string
	Who          string // the person signed in, then, each on a line of its own, role and organisation; empty: nobody
	Problem      bool   // the page says that something went wrong
	Refresh      string // path to reload at without script, and after how many seconds: "2; url=/path"; empty: never
	Data         any
	base         string
}

// Asset is the address of an embedded file, seen from this page.
func (v View) Asset(name string) string { return v.base + Asset(name) }

// Home is the address of the hub's first page.
func (v View) Home() string { return v.base + "/" }

// PageOptions change a page's policy.
type PageOptions struct {
	Status     int
	FormAction []string // origins besides our own that a form may end at
	ConnectSrc []string // origins besides our own that its scripts may ask: the agent of the workstation
	FrameSrc   []string // origins the page may frame (front-channel logout)
	Refresh    string   // see View
	Message    bool     // it carries one: see Uncached
	Away       bool     // served from another host than the hub's (a card host): links and assets are the hub's
}

// Page renders a template. It is never cached.
func (k *Kit) Page(w http.ResponseWriter, r *http.Request, name, title string, data any, o PageOptions) {
	k.PageWho(w, r, k.Browser(r), "", name, title, data, o)
}

// PageWho is Page with the signed-in person in the header, and forms bound to browser b.
func (k *Kit) PageWho(w http.ResponseWriter, r *http.Request, b bridge.Browser, who, name, title string, data any, o PageOptions) {
	k.render(w, r, name, k.view(b, bridge.Ref(r.Context()), who, title, data, o), o)
}

// view is what every page is given.
func (k *Kit) view(b bridge.Browser, ref, who, title string, data any, o PageOptions) View {
	v := View{
		Title: title, Organisation: k.Organisation, Banner: k.Banner, Ref: ref,
		CSRF: k.CSRF(b), Who: who, Problem: o.Status >= http.StatusBadRequest, Refresh: o.Refresh, Data: data,
	}
	if o.Away {
		v.base, v.CSRF = k.Issuer.String(), ""
	}
	if k.BannerLink != "" {
		v.BannerLink = v.base + k.BannerLink
	}
	return v
}

func (k *Kit) render(w http.ResponseWriter, r *http.Request, name string, v View, o PageOptions) {
	var buf bytes.Buffer
	set, ok := k.pages.byName[name]
	if !ok {
		k.Log.ErrorContext(r.Context(), "page missing", "page", name)
		http.Error(w, "This page could not be shown. Reference "+v.Ref, http.StatusInternalServerError)
		return
	}
	if err := set.Execute(&buf, v); err != nil {
		k.Log.ErrorContext(r.Context(), "render page", "page", name, "error", err.Error())
		http.Error(w, "This page could not be shown. Reference "+v.Ref, http.StatusInternalServerError)
		return
	}
	k.send(w, r, buf.Bytes(), o)
}

// Uncached forbids caches to keep an answer that carries a message or a token, in the words of SAML Bindings 3.4.5.1 and 3.5.5.1 and of OAuth
// 2.0 Form Post Response Mode: those that know no Cache-Control as well.
func Uncached(h http.Header) {
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("Pragma", "no-cache")
}

// send answers with a page that is written already.
func (k *Kit) send(w http.ResponseWriter, r *http.Request, page []byte, o PageOptions) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(page))) // else it is sent in chunks
	h.Set("Content-Security-Policy", k.policy(o))
	h.Set("Cache-Control", "no-store")
	if o.Message {
		Uncached(h)
	}
	if o.Status == 0 {
		o.Status = http.StatusOK
	}
	w.WriteHeader(o.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page) // the browser went away: nothing to do about it
	}
}

// Origin is that of the hub's own pages.
func (k *Kit) Origin() string { return k.Issuer.Scheme + "://" + k.Issuer.Host }

// policy is the page's Content-Security-Policy. A form may end at our own host and at the origins named for
// this page only; browsers hold redirects that follow a form to the same list.
func (k *Kit) policy(o PageOptions) string {
	self := "'self'"
	if o.Away {
		self = k.Origin()
	}
	p := fmt.Sprintf("default-src 'none'; script-src %[1]s; style-src %[1]s; img-src %[1]s; connect-src %[1]s%[2]s; frame-ancestors 'none'; base-uri 'none'; form-action %[1]s", self, sources(o.ConnectSrc))
	p += sources(o.FormAction)
	if list := sources(o.FrameSrc); list != "" {
		p += "; frame-src " + self + list // ours too: a partner's answer comes back to us inside the frame
	}
	return p
}

func sources(origins []string) string {
	var b strings.Builder
	for _, origin := range origins {
		if s := cspSource(origin); s != "" {
			b.WriteString(" " + s)
		}
	}
	return b.String()
}

// cspSource keeps an origin from breaking out of its directive.
func cspSource(origin string) string {
	if strings.ContainsAny(origin, "; ,'\"\t\n\r") {
		return ""
	}
	return origin
}

// Origin is the scheme and host of a URL, for policies; empty if it is none, or a policy would read it as something else.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || strings.Contains(u.Host, "*") {
		return ""
	}
	return cspSource(u.Scheme + "://" + u.Host)
}

// FormEnds are the sources, for a policy, of where a form that is sent to a partner may end. A scheme alone, with its colon, is one:
// an app on a device may have claimed it.
func FormEnds(action string) []string {
	if scheme, ok := strings.CutSuffix(action, ":"); ok && !strings.Contains(scheme, ":") {
		return []string{action}
	}
	origin := Origin(action)
	scheme, _, ok := strings.Cut(origin, "//")
	if !ok {
		return nil
	}
	return []string{origin, scheme}
}

// Pages lists the names of the templates, in order.
func (k *Kit) Pages() []string { return slices.Sorted(maps.Keys(k.pages.byName)) }
