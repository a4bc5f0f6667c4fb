package saml2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// attributeQuery is an AttributeQuery as written (SAML Core 3.3.2.3).
type attributeQuery struct {
	header
	Subject subject
	Asked   []askedAttribute // empty: all
}

// askedAttribute is one Attribute of a query. With values, only those are wanted.
type askedAttribute struct {
	Name, Format string
	Values       []string
}

// maxAsked bounds the attributes that one query may name.
const maxAsked = 200

func readAttributeQuery(e *xmlsec.Element) (attributeQuery, error) {
	if !e.Is(protocolSpace, "AttributeQuery") {
		return attributeQuery{}, badRequest("message_type", "The message does not ask for attributes.")
	}
	r := &reader{e: e}
	r.sequence("a:Issuer", "p:Extensions", "a:Subject", "a:Attribute*")
	q := attributeQuery{header: readHeader(r)}
	if s := readSubject(r, e.Child(assertionSpace, "Subject")); s != nil {
		q.Subject = *s
	} else {
		r.fail("AttributeQuery has no Subject.")
	}
	for _, a := range e.All(assertionSpace, "Attribute") {
		asked := askedAttribute{}
		asked.Name, _ = a.Attr("Name")
		asked.Format, _ = a.Attr("NameFormat")
		for _, v := range a.All(assertionSpace, "AttributeValue") {
			asked.Values = append(asked.Values, v.Text())
		}
		if slices.ContainsFunc(q.Asked, func(b askedAttribute) bool { return b.Name == asked.Name && b.Format == asked.Format }) {
			r.fail("AttributeQuery names an attribute twice.")
		}
		q.Asked = append(q.Asked, asked)
	}
	if len(q.Asked) > maxAsked {
		r.fail("AttributeQuery names too many attributes.")
	}
	if r.err != nil {
		return q, r.err
	}
	return q, nil
}

// attributes is the attribute service: it says again, as of now, what a partner may know of somebody who is signed in to it.
func (p *Provider) attributes(w http.ResponseWriter, r *http.Request) {
	m, err := decodeSOAP(r)
	var from sender
	var q attributeQuery
	if err == nil {
		from, q, err = p.examineQuery(r.Context(), m)
	}
	if p.faulted(w, r, from, q.ID, err) {
		return
	}
	st := state{ID: q.ID, Reply: reply{By: bySOAP}}
	var doc []byte
	if err == nil {
		doc, err = p.answerQuery(r.Context(), from.partner, st, q)
	}
	if err != nil {
		doc, err = p.encodeRefusal(from.partner, st, p.record(r, from.partner.ID, err), bridge.Ref(r.Context()))
	}
	if err != nil {
		p.fault(w, p.record(r, from.partner.ID, err))
		return
	}
	p.sendSOAP(w, doc)
}

// examineQuery verifies and judges a query, which works once. It must be signed: nothing else tells us who asks.
func (p *Provider) examineQuery(ctx context.Context, m message) (sender, attributeQuery, error) {
	root, from, err := p.verifySigned(m, "Attributes are told to a signed query alone.")
	if err != nil {
		return from, attributeQuery{}, err
	}
	q, err := readAttributeQuery(root)
	if err != nil {
		return from, q, err
	}
	issued, r := p.judgeHeader(q.header, m.by, p.Kit.URL(AttributesPath))
	if r == nil {
		r = p.checkMetadata(from.partner)
	}
	if r != nil {
		return from, q, r
	}
	return from, q, p.once(ctx, from.partner, q.ID, issued)
}

// answerQuery finds the session that the subject's name stands for and decides anew. Nothing to tell is no assertion.
func (p *Provider) answerQuery(ctx context.Context, partner trust.Partner, st state, q attributeQuery) ([]byte, error) {
	told, role, err := p.queried(ctx, partner, q.Subject)
	if err != nil {
		return nil, err
	}
	grant := bridge.Grant{
		Session: told.Session, Partner: partner.ID, Protocol: trust.SAML2, RoleID: role, Ref: bridge.Ref(ctx),
		Subject: trust.SubjectKind(told.Format),
	}
	grant.Wants, _ = wanted(partner, nil)
	iss, err := p.Hub.Reissue(ctx, grant, ledger.AttributesRead)
	if err != nil {
		return nil, err
	}
	if iss.Subject != told.Subject { // the terms name people in another way by now
		return nil, unknownQueried()
	}
	if iss.Attributes, err = selected(iss.Attributes, q.Asked); err != nil {
		return nil, err
	}
	var doc []byte
	if len(iss.Attributes) > 0 {
		doc, err = p.encode(partner, st, iss)
	} else {
		doc, err = p.signResponse(partner, response{element: responseElement, id: p.newID(), at: p.Hub.Clock(), request: st.ID, status: status{top: successTop}}, nil)
	}
	if err != nil {
		return nil, err
	}
	return doc, p.Hub.Deliver(ctx, iss)
}

func unknownQueried() *bridge.Refusal {
	return bridge.Refuse(bridge.UnknownSubject, "Nobody of this name is signed in to this system.").WithCode("subject_name")
}

// queried finds the newest living session in which the partner was told the name, and the role that it acts in.
func (p *Provider) queried(ctx context.Context, partner trust.Partner, s subject) (bridge.Participant, string, error) {
	if s.Confirmed && !s.Vouched { // what is answered must match one of them (SAML Core 3.3.4)
		return bridge.Participant{}, "", bridge.Refuse(bridge.UnsupportedRequest, "Attributes are told on the hub's own word: their subject is not confirmed in another way.").WithCode("subject_confirmation")
	}
	if s.sealed != nil && !p.open(&s, partner) {
		return bridge.Participant{}, "", unknownQueried().WithCode(codeEncryptedID)
	}
	if s.Encrypted || s.NameID.Value == "" {
		return bridge.Participant{}, "", bridge.Refuse(bridge.UnsupportedRequest, "A query must name its subject by a NameID.").WithCode("subject_form")
	}
	all, err := p.Hub.Participants.ParticipantsOf(ctx, trust.SAML2, partner.ID, s.NameID.Value)
	if err != nil {
		return bridge.Participant{}, "", fmt.Errorf("saml2: find sessions: %w", err)
	}
	var found bridge.Participant
	for _, c := range all {
		if p.toldAs(c, s.NameID) && (found.Session == "" || c.Since.After(found.Since)) {
			found = c
		}
	}
	if found.Session == "" {
		return found, "", unknownQueried()
	}
	session, err := p.Hub.Sessions.Session(ctx, found.Session)
	if errors.Is(err, bridge.ErrNotFound) {
		return found, "", unknownQueried()
	}
	if err != nil {
		return found, "", fmt.Errorf("saml2: load session: %w", err)
	}
	return found, session.RoleID, nil
}

// selected keeps what was asked for: by name, by format if one is given, and of its values those that were named.
func selected(all []bridge.Attribute, asked []askedAttribute) ([]bridge.Attribute, error) {
	if len(asked) == 0 {
		return all, nil
	}
	var out []bridge.Attribute
	for _, a := range all {
		i := slices.IndexFunc(asked, func(q askedAttribute) bool {
			return q.Name == a.Name && (q.Format == "" || q.Format == nameFormatPrefix+"unspecified" || q.Format == nameFormat(a))
		})
		if i < 0 {
			continue
		}
		if len(asked[i].Values) > 0 {
			var kept []any
			for _, v := range a.Values {
				text, err := valueText(v)
				if err != nil {
					return nil, fmt.Errorf("saml2: attribute %s: %w", a.Name, err)
				}
				if slices.Contains(asked[i].Values, text) {
					kept = append(kept, v)
				}
			}
			if a.Values = kept; len(kept) == 0 {
				continue
			}
		}
		out = append(out, a)
	}
	return out, nil
}
