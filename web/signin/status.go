package signin

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/web"
)

const statusPath = "/status"

// Rung is how well a part of the hub does, on the ladder that policy declares.
type Rung string

// The rungs, best first.
const (
	Working   Rung = "working"   // as it should
	Reduced   Rung = "reduced"   // by information that is out of date, as policy permits
	Emergency Rung = "emergency" // for emergency access alone
	Down      Rung = "down"      // not at all
)

// rungWords are what people read.
func (r Rung) words() string {
	switch r {
	case Working:
		return "Working"
	case Reduced:
		return "Working, with older information"
	case Emergency:
		return "Emergency access only"
	case Down:
	}
	return "Not working"
}

// Part is one part of the hub that people notice. It says nothing of any person.
type Part struct {
	Name  string    `json:"name"`
	Rung  Rung      `json:"state"`
	Text  string    `json:"text,omitempty"` // what that means, in a sentence
	Since time.Time `json:"since,omitzero"` // of the information that is relied upon
	Until time.Time `json:"until,omitzero"` // when the next worse rung is reached
}

// Status is all of them.
type Status struct {
	Parts []Part `json:"parts"`
}

// Notice is the sentence for the sign-in pages: of the first part that is not at its best; empty if all are.
func (s Status) Notice() string {
	for _, p := range s.Parts {
		if p.Rung != Working {
			return strings.TrimSpace(p.Name + ": " + strings.ToLower(p.Rung.words()) + ". " + p.Text)
		}
	}
	return ""
}

type statusRow struct{ Name, State, Text, Since, Class string }

type statusPage struct {
	Rows []statusRow
	At   string
}

// status is for staff and for machines. It is public: it names no person, address, authority or app.
func (s *SignIn) status(w http.ResponseWriter, r *http.Request) {
	now, status := s.Hub.Clock(), s.Status(r.Context())
	w.Header().Add("Vary", "Accept")
	if wantsJSON(r) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(struct {
			Time time.Time `json:"time"`
			Status
		}{now.UTC(), status}) // the caller went away: nothing to do about it
		return
	}
	page := statusPage{At: s.Kit.Time(now)}
	for _, p := range status.Parts {
		row := statusRow{Name: p.Name, State: p.Rung.words(), Text: p.Text, Class: "good"}
		if p.Rung != Working {
			row.Class = "bad"
		}
		if !p.Since.IsZero() {
			row.Since = s.Kit.Time(p.Since)
		}
		page.Rows = append(page.Rows, row)
	}
	s.Kit.Page(w, r, "status", "How the service is doing", page, web.PageOptions{})
}

// wantsJSON reports whether a caller prefers JSON to a page, as programs do that name it and not HTML.
func wantsJSON(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
