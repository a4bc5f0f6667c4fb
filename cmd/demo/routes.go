package demo

import (
	"io/fs"
	"net/http"
	"strconv"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

// Paths on the hub's host.
const (
	startPath = "/demo"
	cardPath  = "/demo/card"
	keyPath   = "/demo/key"
	tracePath = "/demo/trace"
)

func (d *Demo) routes() []web.Route {
	get := func(path, name string, h http.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodGet, Path: path, Name: name, Handler: h}
	}
	post := func(path, name string, h http.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodPost, Path: path, Name: name, Handler: h}
	}
	return []web.Route{
		get(startPath, "demo", d.start),
		get(startPath+"/ladder", "demo_ladder", d.ladderPart),
		get(tracePath, "demo_trace", d.trace),
		get(startPath+"/static/:file", "demo_static", d.static),
		get(cardPath, "demo_card", d.choose(cardPath, "card")),
		post(cardPath, "demo_card_use", d.useCard),
		get(keyPath, "demo_key", d.choose(keyPath, "key")),
		post(keyPath, "demo_key_use", d.useKey),
	}
}

// startPage is what /demo shows.
type startPage struct {
	Apps   []*app
	People []Persona
	Ladder ladderView
	Dir    string
}

type ladderView struct {
	Stories []story
	Changes int
}

func (d *Demo) view() ladderView {
	stories, n := d.ladder.read()
	return ladderView{stories, n}
}

func (d *Demo) start(w http.ResponseWriter, r *http.Request) {
	page := startPage{Apps: d.apps(), People: d.people, Ladder: d.view()}
	if !d.temporary {
		page.Dir = d.dir
	}
	d.hub.Kit().Page(w, r, "demo-start", "See the hub at work", page, web.PageOptions{})
}

// ladderPart answers the page's script: with the page again, or 204 while nothing has changed.
func (d *Demo) ladderPart(w http.ResponseWriter, r *http.Request) {
	if _, n := d.ladder.read(); r.FormValue("have") == strconv.Itoa(n) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	d.start(w, r)
}

func (d *Demo) static(w http.ResponseWriter, r *http.Request) {
	name := "static/" + r.PathValue("file")
	kind := map[string]string{"static/demo.css": "text/css; charset=utf-8", "static/demo.js": "text/javascript; charset=utf-8"}[name]
	data, err := fs.ReadFile(appFiles, name)
	if kind == "" || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data) // the browser went away: nothing to do about it
}

// choosePage asks whose card or key to use.
type choosePage struct {
	Tx, V  string
	Action string
	What   string // card or key
	People []Persona
}

// choose shows the people, when the hub wants a proof.
func (d *Demo) choose(action, what string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		kit := d.hub.Kit()
		_, tx, err := kit.Transaction(w, r, bridge.StepAuthenticate)
		if err != nil {
			kit.Refuse(w, r, err)
			return
		}
		title := map[string]string{"card": "Whose smartcard?", "key": "Whose security key?"}[what]
		page := choosePage{Tx: r.FormValue("tx"), V: r.FormValue("v"), Action: action, What: what, People: d.people}
		kit.Page(w, r, "demo-choose", title, page, web.PageOptions{FormAction: []string{tx.Request.ReturnTo}})
	}
}

// persona finds the person that a form names.
func (d *Demo) persona(uid string) (Persona, bool) {
	for _, p := range d.people {
		if p.Person.UID == uid {
			return p, true
		}
	}
	return Persona{}, false
}

// chosen checks a form of choose and finds its person; false: answered already.
func (d *Demo) chosen(w http.ResponseWriter, r *http.Request) (Persona, bool) {
	if err := d.hub.Kit().CheckCSRF(r); err != nil {
		d.hub.Kit().Refuse(w, r, err)
		return Persona{}, false
	}
	p, ok := d.persona(r.PostFormValue("uid"))
	if !ok {
		d.hub.Kit().Refuse(w, r, bridge.Refuse(bridge.BadRequest, "There is no such person in the demo."))
	}
	return p, ok
}
