package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

//go:embed pages static
var appFiles embed.FS

// app is what the sample partners share: a name, a host, a desk, and one page.
type app struct {
	Short, Name string
	Protocol    string // as printed
	ID          string // entity id, client id or system name
	URL         string // of its first page
	Hub         string // of the hub's demo page
	Accent      string // CSS class

	secret string // of an OIDC client
	desk   *desk
	ladder *ladder
	log    *slog.Logger
	page   *template.Template
	mux    *http.ServeMux
	server *http.Server
}

// appView is what the page of a sample partner shows.
type appView struct {
	App     *app
	Banner  string
	Style   string
	Visit   *visit
	Notice  string // why nobody is signed in
	Problem string // what went wrong
	Breaks  []broken
}

// broken is something a visitor may try that the hub refuses.
type broken struct{ URL, Text string }

func newApp(a app, clock func() time.Time, l *ladder, log *slog.Logger) (*app, error) {
	page, err := template.ParseFS(appFiles, "pages/app.html")
	if err != nil {
		return nil, fmt.Errorf("demo: page of %s: %w", a.Short, err)
	}
	a.page, a.desk, a.ladder, a.log, a.mux = page, newDesk(clock), l, log, http.NewServeMux()
	a.mux.HandleFunc("GET "+stylePath(), serveStyle)
	a.mux.HandleFunc("GET /arrive", a.arrive)
	return &a, nil
}

// host is the app's host and port, the only ones it answers to.
func (a *app) host() string { return strings.TrimSuffix(strings.TrimPrefix(a.URL, "http://"), "/") }

// ServeHTTP implements http.Handler.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Host, a.host()) {
		http.Error(w, "This host is not served here.", http.StatusMisdirectedRequest)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
	a.mux.ServeHTTP(w, r)
}

// serve starts the server on a listener.
func (a *app) serve(l net.Listener) {
	a.server = &http.Server{Handler: a, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)}
	go func() {
		if err := a.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("sample partner stopped", "app", a.Short, "error", err.Error())
		}
	}()
}

func (a *app) close(ctx context.Context) error {
	if a.server == nil {
		return nil
	}
	if err := a.server.Shutdown(ctx); err != nil {
		return errors.Join(err, a.server.Close())
	}
	return nil
}

// show renders the page.
func (a *app) show(w http.ResponseWriter, status int, v appView) {
	v.App, v.Banner, v.Style = a, Banner, stylePath()
	var buf bytes.Buffer
	if err := a.page.Execute(&buf, v); err != nil {
		a.log.Error("page of sample partner", "app", a.Short, "error", err.Error())
		http.Error(w, "This page could not be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the browser went away: nothing to do about it
}

// refuse shows what is wrong with something received, and puts it on the ladder.
func (a *app) refuse(w http.ResponseWriter, title string, err error) {
	a.ladder.add(message{From: atBrowser, To: a.Short, Title: title, Ticks: []tick{failed("%v", err)}})
	a.show(w, http.StatusForbidden, appView{Problem: title + ": " + err.Error() + "."})
}

// arrive gives the browser the session that was parked for it.
func (a *app) arrive(w http.ResponseWriter, r *http.Request) {
	got, ok := a.desk.take(r, r.FormValue("state"))
	if !ok || got.result == nil {
		a.refuse(w, "Sign-in not finished", errNotBegun)
		return
	}
	a.desk.admit(w, r, *got.result)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

var errNotBegun = errors.New("it was not begun in this browser, or took too long")

func styleSheet() []byte {
	data, err := appFiles.ReadFile("static/app.css")
	if err != nil {
		panic("demo: embedded style sheet: " + err.Error()) // cannot happen: it is compiled in
	}
	return data
}

func stylePath() string {
	sum := sha256.Sum256(styleSheet())
	return "/app-" + hex.EncodeToString(sum[:6]) + ".css"
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(styleSheet()) // the browser went away: nothing to do about it
}
