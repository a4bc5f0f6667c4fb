package decode

import (
	"encoding/base64"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/protocols/ticket/gpobject"
)

// saml11 is the namespace of the protocol of SAML 1.x, in which role assertions are.
const saml11 = "urn:oasis:names:tc:SAML:1.0:protocol"

// agent is a document of Smartcard agents and their broker. What an agent sends has to pass the reader of the hub; of what a broker answers,
// which the hub never reads, the parameters are shown line by line.
func (r *Report) agent(name, text string, _ Options) bool {
	if !strings.HasPrefix(strings.TrimPrefix(text, "\uFEFF"), "<") || !strings.Contains(text, "<gpOBJECT") {
		return false
	}
	part := Part{Name: name, Kind: "gpOBJECT of a Smartcard agent"}
	o, err := gpobject.Read([]byte(text))
	if answer := readAnswer(text); err != nil && answer != nil {
		part.Kind, o, err = "gpOBJECT of a broker", answer, nil
	}
	if err != nil {
		part.problem("the hub refuses this document before it reads anything: %v", err)
	}
	for _, p := range o {
		label := p.Name
		if p.ID != "" {
			label += fmt.Sprintf(" (%s at %s)", p.ID, p.OrgCode)
		}
		part.fact(label, p.Value, parameterMeaning(p))
	}
	r.Parts = append(r.Parts, part)
	return true
}

// readAnswer takes the parameters of a broker's answer out, as agents do; nil if it is none: only a broker writes these.
func readAnswer(text string) gpobject.Object {
	if !strings.Contains(text, `name="sso_ticket"`) && !strings.Contains(text, `name="reply_url"`) && !strings.Contains(text, `name="error_code"`) {
		return nil
	}
	answered := regexp.MustCompile(`<gpPARAM name="([^"]*)"(?: id="([^"]*)")?(?: orgcode="([^"]*)")?>([^<]*)</gpPARAM>`)
	var o gpobject.Object
	for _, m := range answered.FindAllStringSubmatch(text, -1) {
		o = append(o, gpobject.Param{Name: m[1], ID: m[2], OrgCode: m[3], Value: html.UnescapeString(m[4])})
	}
	return o
}

// parameterMeaning says what a parameter is for.
func parameterMeaning(p gpobject.Param) string {
	switch p.Name {
	case "challenge":
		if raw, err := base64.StdEncoding.DecodeString(p.Value); err == nil {
			return "the card signs: " + strings.ReplaceAll(printable(string(raw)), "\uFFFD", " | ")
		}
		return "not base64"
	case "signature":
		return "the broker's own, over the challenge"
	case "response":
		return "what the card signed: CMS, in an S/MIME message, in base64"
	case "auth_method":
		return "3 is a Smartcard"
	case "sso_ticket":
		return "the ticket; must be URL-encoded in addresses"
	case "sso_session_time", "sso_max_session_time":
		return "minutes"
	case "error_code":
		return "as the Ticket API numbers it"
	}
	return ""
}

// roles judges the blocks of a role assertion as readers of the field find them: each nhsIdCode begins one.
func (p *Part) roles(lines []xmlsec.Line) {
	var session string
	var ids []string
	blocks := 0
	for i, l := range lines {
		if l.Local != "Attribute" || i+1 == len(lines) {
			continue
		}
		value := lines[i+1].Text
		for _, a := range l.Attrs {
			switch {
			case a.Local != "AttributeName":
			case a.Value == "nhsIdCode":
				blocks++
			case a.Value == "ssbSessionRoleUid":
				session = value
			case a.Value == "uniqueIdentifier":
				ids = append(ids, value)
				if value == session {
					p.good("the role in use is block %d", blocks)
				}
			}
		}
	}
	if len(ids) != blocks {
		p.problem("%d blocks begin with nhsIdCode, %d have a uniqueIdentifier", blocks, len(ids))
	}
}
