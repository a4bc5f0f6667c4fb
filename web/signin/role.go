package signin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

// manyRoles is how many roles are shown without a box to find one.
const manyRoles = 5

type roleRow struct {
	ID, Name, Org, ODS, Areas string
	Refused                   string // why the partner's terms do not accept it
	Current, Last, Checked    bool
}

type rolePage struct {
	flow
	App        string
	Change     bool
	Error      string
	Filter     string
	ShowFilter bool
	Clear      string // the page without the filter
	Total      int
	Roles      []roleRow
	First      string // id of the first element of the choice, where the message of a problem leads
}

func rowOf(c bridge.Choice) roleRow {
	row := roleRow{
		ID: c.Role.ID, Name: c.Role.JobRoleName(), Org: c.Role.OrgName, ODS: c.Role.OrgCode,
		Current: c.Current, Refused: c.Refused,
	}
	if row.Org == "" {
		row.Org, row.ODS = c.Role.OrgCode, ""
	}
	row.Areas = strings.Join(names(c.Role.AreasOfWork), ", ")
	return row
}

func names(coded []people.Coded) []string {
	var out []string
	for _, c := range coded {
		out = append(out, c.Name)
	}
	return out
}

// fits reports whether a row holds every word that is looked for.
func (row roleRow) fits(filter string) bool {
	text := strings.ToLower(strings.Join([]string{row.Name, row.Org, row.ODS, row.Areas}, " "))
	for word := range strings.FieldsSeq(strings.ToLower(filter)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func (s *SignIn) rolePage(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("tx") == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if b, next, ok := s.atRole(w, r); ok {
		s.showRoles(w, r, b, next, r.FormValue("filter"), "")
	}
}

// atRole finds the transaction for which a role is to be chosen. If it is elsewhere by now (signed out meanwhile, or chosen in
// another tab) the browser has been sent there.
func (s *SignIn) atRole(w http.ResponseWriter, r *http.Request) (bridge.Browser, bridge.Next, bool) {
	b, tx, err := s.Kit.Transaction(w, r, bridge.StepRole)
	if err != nil {
		s.gone(w, r, err)
		return b, bridge.Next{}, false
	}
	next, err := s.Hub.Next(r.Context(), b, tx)
	switch {
	case err != nil:
		s.refused(w, r, b, tx, err)
	case next.Step != bridge.StepRole:
		s.Kit.Go(w, r, next)
	default:
		return b, next, true
	}
	return b, next, false
}

func (s *SignIn) showRoles(w http.ResponseWriter, r *http.Request, b bridge.Browser, next bridge.Next, filter, problem string) {
	tx := next.Transaction
	choices, person, err := s.Hub.Choices(r.Context(), b, tx)
	if err != nil {
		s.refused(w, r, b, tx, err)
		return
	}
	if !slices.ContainsFunc(choices, func(c bridge.Choice) bool { return c.Refused == "" }) {
		s.refused(w, r, b, tx, bridge.Refuse(bridge.RoleNotAllowed, "You have no role you can use for %s.", next.Partner.Name))
		return
	}
	page := rolePage{
		flow: s.flow(tx, bridge.StepRole), App: next.Partner.Name, Change: tx.Request.ChangeRole, Error: problem,
		Filter: web.Plain(filter), Total: len(choices), ShowFilter: len(choices) > manyRoles,
	}
	page.Clear = web.RolePath + "?" + page.query()
	page.Roles = s.rows(r, person.UID, choices, page.Filter)
	page.First = "filter"
	if i := slices.IndexFunc(page.Roles, func(row roleRow) bool { return row.Refused == "" }); i >= 0 {
		page.First = "role-" + page.Roles[i].ID
	}
	options := web.PageOptions{FormAction: s.endings(tx)}
	if problem != "" {
		options.Status = http.StatusUnprocessableEntity
	}
	s.Kit.PageWho(w, r, b, s.who(next.Session, person), "role", "Choose your role", page, options)
}

// rows of the page; the role used last on this workstation comes chosen, else the present one.
func (s *SignIn) rows(r *http.Request, uid string, choices []bridge.Choice, filter string) []roleRow {
	last, current := -1, -1
	var rows []roleRow
	habits := s.habits(r)
	best := len(habits)
	for _, c := range choices {
		row := rowOf(c)
		if !row.fits(filter) {
			continue
		}
		if i := slices.Index(habits, s.habit(uid, row.ID)); i >= 0 && i < best && row.Refused == "" {
			best, last = i, len(rows)
		}
		if row.Current && row.Refused == "" {
			current = len(rows)
		}
		rows = append(rows, row)
	}
	switch {
	case last >= 0:
		rows[last].Last, rows[last].Checked = true, true
	case current >= 0:
		rows[current].Checked = true
	}
	return rows
}

func (s *SignIn) chooseRole(w http.ResponseWriter, r *http.Request) {
	b, next, ok := s.atRole(w, r)
	if !ok {
		return
	}
	tx, id := next.Transaction, r.PostFormValue("role")
	choices, person, err := s.Hub.Choices(r.Context(), b, tx)
	if err != nil {
		s.refused(w, r, b, tx, err)
		return
	}
	i := slices.IndexFunc(choices, func(c bridge.Choice) bool { return c.Role.ID == id })
	switch {
	case id == "":
		s.showRoles(w, r, b, next, r.PostFormValue("filter"), "Choose one of your roles.")
		return
	case i >= 0 && choices[i].Refused != "":
		s.showRoles(w, r, b, next, "", "That role cannot be used for this app. Choose another one.")
		return
	}
	secret, err := s.Hub.ChooseRole(r.Context(), b, tx, id)
	if err != nil {
		s.refused(w, r, b, tx, err)
		return
	}
	s.Kit.SetSession(w, r, secret)
	s.rememberRole(w, r, person.UID, id)
	b.Session = secret
	s.proceed(w, r, b, tx.ID, bridge.StepRole)
}

// changeRole starts the choice of another role, without a new proof.
func (s *SignIn) changeRole(w http.ResponseWriter, r *http.Request) {
	s.beginLocal(w, r, bridge.Request{Resume: "/", RoleNeeded: true, ChangeRole: true})
}

// heldRoles lists the open roles and why this app does not accept them.
func (s *SignIn) heldRoles(r *http.Request, b bridge.Browser, tx bridge.Transaction) []roleRow {
	choices, _, err := s.Hub.Choices(r.Context(), b, tx)
	if err != nil {
		return nil // the page is about something else, and says it without this list
	}
	var rows []roleRow
	for _, c := range choices {
		rows = append(rows, rowOf(c))
	}
	return rows
}

// habitCookie remembers which roles were chosen on this workstation, newest first, as seals: whoever reads
// the cookie learns nothing about anybody.
const (
	habitCookie = "lanyard-roles"
	habitsKept  = 12
)

func (s *SignIn) habit(uid, role string) string { return s.Kit.Seal("habit", uid+" "+role) }

func (s *SignIn) habits(r *http.Request) []string {
	kept := strings.Split(s.Kit.Remembered(r, habitCookie), ".")
	return kept[:min(len(kept), habitsKept)]
}

func (s *SignIn) rememberRole(w http.ResponseWriter, r *http.Request, uid, role string) {
	mine := s.habit(uid, role)
	kept := slices.DeleteFunc(s.habits(r), func(h string) bool { return h == mine || h == "" })
	kept = append([]string{mine}, kept...)
	s.Kit.Remember(w, habitCookie, strings.Join(kept[:min(len(kept), habitsKept)], "."))
}
