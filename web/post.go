package web

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Field is a hidden form field, in order.
type Field struct{ Name, Value string }

// postPage is what templates/post.html is given.
type postPage struct {
	Action, Partner string
	Fields          []Field
	who             string // for the header; see View
}

// PostPage answers with a page that posts fields to a partner: by script at once, by its button without. Partners often send the
// browser on to another host of theirs, and browsers hold that redirect to the page's policy: it names the scheme too.
// It is the page of every SAML sign-on, and so it is pasted together from the template's own output. The header says who is signed
// in, as Who writes it; empty: nobody is told about.
func (k *Kit) PostPage(w http.ResponseWriter, r *http.Request, who, action, partner string, fields ...Field) {
	data, o := postPage{action, Plain(partner), fields, who}, PageOptions{FormAction: FormEnds(action), Message: true}
	title := "Continue to " + data.Partner
	if page, ok := k.pastePost(data, title, bridge.Ref(r.Context())); ok {
		k.send(w, r, page, o)
		return
	}
	k.PageWho(w, r, k.Browser(r), who, "post", title, data, o)
}

// Who is the header of a page: name, role and organisation, each on a line. A role without an id is none.
func Who(p people.Person, role people.RoleProfile) string {
	if role.ID == "" {
		return Plain(p.Name)
	}
	return Plain(p.Name) + "\n" + Plain(role.JobRoleName()) + "\n" + Plain(role.OrgName+" ("+role.OrgCode+")")
}

// What the placeholders of a sketch stand for, and the placeholders: texts that no escaper changes.
const (
	slotTitle   = "0slot0title0"
	slotRef     = "0slot0ref0"
	slotWho     = "0slot0who0" // and a number: the line
	slotPartner = "0slot0partner0"
	slotAction  = "https://slot.invalid/0slot0action0"
	slotName    = "0slot0name0"
	slotValue   = "0slot0value0"
)

// sketch is the page cut at its placeholders: texts of ours and, in between, slots. field is one hidden field.
type sketch struct {
	once        sync.Once
	page, field []string // text, slot, text, slot, ... text
	usable      bool
}

const slotFields = "fields" // all of them, each as field says

// pastePost fills the sketch. It reports false when the template has to do it: an address that its escapers might change,
// or no reference.
func (k *Kit) pastePost(data postPage, title, ref string) ([]byte, bool) {
	var who []string
	if data.who != "" {
		who = lines(data.who)
	}
	if len(who) >= len(k.pages.post) {
		return nil, false
	}
	s := &k.pages.post[len(who)]
	s.once.Do(func() { s.usable = k.sketchPost(s, len(who)) == nil })
	if !s.usable || ref == "" || !plainAddress(data.Action) {
		return nil, false
	}
	size := 2048
	for _, f := range data.Fields {
		size += len(f.Name) + len(f.Value) + len(f.Value)/8
	}
	buf := bytes.NewBuffer(make([]byte, 0, size))
	for i, part := range s.page {
		switch {
		case i%2 == 0:
			buf.WriteString(part)
		case part == slotFields:
			for _, f := range data.Fields {
				s.pasteField(buf, f)
			}
		default:
			escapeHTML(buf, s.fill(part, data, who, title, ref))
		}
	}
	return buf.Bytes(), true
}

// fill says what stands in a slot of the page.
func (s *sketch) fill(slot string, data postPage, who []string, title, ref string) string {
	switch slot {
	case slotTitle:
		return title
	case slotRef:
		return ref
	case slotPartner:
		return data.Partner
	case slotAction:
		return data.Action
	}
	return Plain(who[slot[len(slot)-1]-'0'])
}

func (s *sketch) pasteField(buf *bytes.Buffer, f Field) {
	for i, part := range s.field {
		switch {
		case i%2 == 0:
			buf.WriteString(part)
		case part == slotName:
			escapeHTML(buf, f.Name)
		default:
			escapeHTML(buf, f.Value)
		}
	}
}

// sketchPost renders the template once with placeholders, so many lines in its header, and cuts it up.
func (k *Kit) sketchPost(s *sketch, header int) error {
	set, ok := k.pages.byName["post"]
	if !ok {
		return errors.New("web: no post page")
	}
	var buf bytes.Buffer
	known := []string{slotTitle, slotRef, slotPartner, slotAction}
	var who []string
	for i := range header {
		who = append(who, slotWho+strconv.Itoa(i))
	}
	data := postPage{Action: slotAction, Partner: slotPartner, Fields: []Field{{slotName, slotValue}}}
	if err := set.Execute(&buf, k.view(bridge.Browser{}, slotRef, strings.Join(who, "\n"), slotTitle, data, PageOptions{})); err != nil {
		return err
	}
	before, rest, _ := strings.Cut(buf.String(), `<input type="hidden" name="`+slotName)
	field, after, ok := strings.Cut(rest, "\n")
	if !ok {
		return errors.New("web: post page has no fields")
	}
	s.field = cut(`<input type="hidden" name="`+slotName+field+"\n", slotName, slotValue)
	known = append(known, who...)
	s.page = append(append(cut(before, known...), slotFields), cut(after, known...)...)
	return nil
}

// cut splits a text at placeholders, and keeps them.
func cut(text string, slots ...string) []string {
	var out []string
	for {
		at, slot := len(text), ""
		for _, s := range slots {
			if i := strings.Index(text, s); i >= 0 && i < at {
				at, slot = i, s
			}
		}
		out = append(out, text[:at])
		if slot == "" {
			return out
		}
		out = append(out, slot)
		text = text[at+len(slot):]
	}
}

// plainAddress reports that html/template prints the address as it is.
func plainAddress(action string) bool {
	if !strings.HasPrefix(action, "https://") && !strings.HasPrefix(action, "http://") {
		return false
	}
	for _, c := range []byte(action) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("-._~:/?=", rune(c)) {
			return false
		}
	}
	return true
}

// escaped is what html/template writes for a byte in text, titles and quoted attributes; empty: the byte itself.
var escaped = [256]string{0: "\uFFFD", '"': "&#34;", '&': "&amp;", '\'': "&#39;", '+': "&#43;", '<': "&lt;", '>': "&gt;"}

// escapeHTML escapes text, titles and quoted attributes as html/template does.
func escapeHTML(buf *bytes.Buffer, s string) {
	last := 0
	for i := range len(s) {
		if as := escaped[s[i]]; as != "" {
			buf.WriteString(s[last:i])
			buf.WriteString(as)
			last = i + 1
		}
	}
	buf.WriteString(s[last:])
}
